"""An operator's products against one another: they must all be of one linear map."""

from __future__ import annotations

from typing import Any

import numpy as np

from bpframe.core.operators import KroneckerForm, Operator, PulledVectors
from bpframe.testing.checks.base import Failure, Setting, require_shape, shown
from bpframe.validation.plain_arrays import Array

__all__ = ["check_adjoint", "paired"]


BATCH = 5


def check_adjoint(setting: Setting, key: str) -> None:
    """⟨u, J v⟩ = ⟨Jᵀ u, v⟩, linear, with stacks, and every other product equal to what these two make of it."""
    probe = setting.need_probe()
    # A stream of its own: vectors equal to the point would be special, as for functions that do not depend on scale.
    rng = setting.rng(f"adjoint {key}, vectors")
    for training in setting.modes():
        point = setting.point(f"adjoint {key}", batch=BATCH, training=training)
        operator = probe.operators(point)[key]
        for stack in ((), (2,), (2, 3)):
            v = rng.standard_normal((*stack, BATCH, *probe.shapes[key]))
            u = rng.standard_normal((*stack, BATCH, *probe.output_shape))
            handed = v.copy(), u.copy()
            pushed, pulled = operator.jvp(v).copy(), operator.vjp(u).copy()
            for name, argument, before in zip(("jvp", "vjp"), (v, u), handed, strict=True):
                if not np.array_equal(argument, before):
                    raise Failure(f"{name} writes into its argument")
            require_shape(f"jvp of {v.shape} has another shape", pushed, u.shape)
            require_shape(f"vjp of {u.shape} has another shape", pulled, v.shape)
            _transposes(u, v, pushed, pulled)
            _linear("jvp", operator.jvp, v, pushed)
            _linear("vjp", operator.vjp, u, pulled)
            _stacked("jvp", operator.jvp, v, pushed, len(stack))
            _stacked("vjp", operator.vjp, u, pulled, len(stack))
            _laid_out("jvp", operator.jvp, v, pushed)
            _laid_out("vjp", operator.vjp, u, pulled)
            _close("sum_vjp is not vjp added over the examples", operator.sum_vjp(u), np.sum(pulled, axis=len(stack)))
            shared = rng.standard_normal((*stack, *probe.shapes[key]))
            spread = np.broadcast_to(np.expand_dims(shared, len(stack)), v.shape)
            _close("shared_jvp is not jvp of equal tangents", operator.shared_jvp(shared, BATCH), operator.jvp(spread))
            _with_buffers(operator, u, v, pushed, pulled)
            _as_outer_products(operator, u, pulled)
        _places_apart(operator, u[0, 0], pulled[0, 0])


def paired(u: Array, v: Array, pushed: Array, pulled: Array) -> tuple[float, float, float]:
    """Return ⟨u, J v⟩ and ⟨Jᵀ u, v⟩ from J v and Jᵀ u, which are equal, and how large they could be."""
    lengths = [float(np.linalg.norm(each)) for each in (u, pushed, pulled, v)]
    scale = lengths[0] * lengths[1] + lengths[2] * lengths[3]
    return float(np.sum(u * pushed)), float(np.sum(pulled * v)), scale


def _transposes(u: Array, v: Array, pushed: Array, pulled: Array) -> None:
    left, right, scale = paired(u, v, pushed, pulled)
    if not abs(left - right) <= 1e-11 * scale + np.finfo(float).tiny:
        raise Failure(
            "vjp is not the transpose of jvp",
            diagnosis="one of the operator's products is wrong; the entries check says whether it is jvp",
            rows=[("⟨u, J v⟩", f"{left:.12g}"), ("⟨Jᵀ u, v⟩", f"{right:.12g}")],
        )


def _linear(name: str, function: Any, argument: Array, expected: Array) -> None:
    """J(−2 v) = −2 J v; and J(i v) = i J v, where the operator takes complex numbers at all."""
    _close(f"{name} is not linear: {name}(-2 v) is not -2 {name}(v)", function(-2 * argument), -2 * expected)
    try:
        turned = function(1j * argument)
    except Exception:  # products in real arithmetic only: nothing asks for more
        return
    if turned.dtype.kind == "c":
        _close(f"{name} conjugates: {name}(i v) is not i {name}(v), and the complex step fails", turned, 1j * expected)


def _stacked(name: str, function: Any, argument: Array, expected: Array, depth: int) -> None:
    """A stack gives what its vectors give one by one."""
    for place in np.ndindex(argument.shape[:depth]):
        _close(f"{name} of a stack is not {name} of its vectors", expected[place], function(argument[place]))


def _laid_out(name: str, function: Any, argument: Array, expected: Array) -> None:
    """Neighbours hand on views: another order of the axes in memory gives the same numbers."""
    try:
        found = function(np.array(argument, order="F"))
    except Exception as error:
        raise Failure(
            f"{name} fails where its argument is no C-contiguous array",
            rows=[("raised", f"{type(error).__name__}: {error}")],
        ) from error
    _close(f"{name} depends on how its argument lies in memory", found, expected)


def _with_buffers(operator: Operator, u: Array, v: Array, pushed: Array, pulled: Array) -> None:
    """Products with `out` return the same numbers and leave their argument alone."""
    for name, function, argument, expected in (("jvp", operator.jvp, v, pushed), ("vjp", operator.vjp, u, pulled)):
        before = argument.copy()
        result = function(argument, np.full(expected.shape, np.nan))
        _close(f"{name} with a buffer gives other numbers", result, expected)
        if not np.array_equal(argument, before):
            raise Failure(f"{name} writes into its argument")


def _as_outer_products(operator: Operator, u: Array, pulled: Array) -> None:
    """Hold what kronecker_form keeps to the vectors that vjp pulls back."""
    form = operator.kronecker_form(u)
    if not isinstance(form, PulledVectors):
        raise Failure(
            "kronecker_form returns no form of pulled-back vectors",
            rows=[("expected", "KroneckerForm(left, right, shape)"), ("received", type(form).__name__)],
        )
    rows: list[tuple[str, str]] = []
    if isinstance(form, KroneckerForm):
        rows = [("left", f"{form.left.shape}, e (*S, N, L, m)"), ("right", f"{form.right.shape}, a (N, L, n)")]
    message = "kronecker_form is not vjp: Σ_l e_l a_lᵀ is another vector"
    try:
        written = form.vectors()
    except ValueError as error:
        raise Failure(
            "kronecker_form has sides that do not fit", diagnosis=str(error), rows=[*rows, ("shape", str(form.shape))]
        ) from error
    try:
        _close(message, written, pulled)
    except Failure as failure:
        diagnosis = _mistaken_sides(form, written, pulled) if isinstance(form, KroneckerForm) else ""
        raise Failure(message, diagnosis=diagnosis, rows=[*rows, *failure.rows]) from None


def _places_apart(operator: Operator, u: Array, pulled: Array) -> None:
    """Of a vector that is zero but at one place, nothing reaches others, where `mixed_axes` says so."""
    if operator.mixed_axes is None:
        return
    count = min(len(operator.in_shape), len(operator.out_shape)) - operator.mixed_axes
    places = operator.out_shape[: max(0, count)]
    if operator.in_shape[: len(places)] != places:
        return  # nobody takes these for places
    for place in np.ndindex(places):
        alone, expected = np.zeros_like(u), np.zeros_like(pulled)
        here = (slice(None), *place)
        alone[here], expected[here] = u[here], pulled[here]
        _close(f"mixed_axes = {operator.mixed_axes}, and yet places are mixed", operator.vjp(alone), expected)


def _mistaken_sides(form: KroneckerForm, written: Array, pulled: Array) -> str:
    """Say which slip would make these outer products of the right ones."""
    m, n = form.left.shape[-1], form.right.shape[-1]
    if written.size != pulled.size:
        return f"vectors of shape {form.shape} are not those of this parameter"
    turned = written.reshape(*form.left.shape[:-2], m, n).swapaxes(-1, -2).reshape(pulled.shape)
    if np.allclose(turned, pulled, rtol=1e-10, atol=1e-12):
        return "the sides are exchanged: left counts the parameter's first axes, right the last ones, in C order"
    norm = float(np.vdot(pulled, pulled))
    factor = float(np.vdot(pulled, written)) / norm if norm else 0.0
    if factor and np.allclose(written, factor * pulled, rtol=1e-8, atol=1e-10):
        return f"a constant factor: the form is {factor:.4g} times what vjp returns"
    return "left is the error of each place, right what the parameter multiplies there; every place once"


def _close(message: str, got: Array, expected: Array) -> None:
    scale = float(np.max(np.abs(expected), initial=0.0))
    if np.shape(got) != np.shape(expected) or not np.allclose(got, expected, rtol=1e-10, atol=1e-12 * scale):
        raise Failure(
            message,
            rows=[
                (name, f"{np.shape(each)}: {shown(each)}") for name, each in (("expected", expected), ("received", got))
            ],
        )
