"""The optional second-order declarations, and a cost's Hessian with its root."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from bpframe.component import Activation, contract_of
from bpframe.numerical import Measured, measured_along
from bpframe.testing.checks.base import Check, Failure, Setting
from bpframe.testing.diagnosis import explained
from bpframe.testing.probe import CostProbe, LayerProbe, Point

__all__ = ["second_order_checks"]

Array = np.ndarray[Any, Any]


def second_order_checks(setting: Setting) -> list[Check]:
    """Return the checks of what is declared beyond the Jacobian."""
    methods = contract_of(type(setting.component)).methods
    checks = []
    if isinstance(setting.probe, CostProbe) and "hessian" in methods:
        checks.append(Check("hessian", lambda: _hessian(setting)))
        checks.append(Check("root", lambda: _root(setting)))
    if isinstance(setting.component, Activation) and "second_derivative" in methods:
        checks.append(Check("second_derivative", lambda: _second_derivative(setting)))
    if isinstance(setting.probe, LayerProbe) and "second_order" in methods:
        checks.append(Check("second_order", lambda: _second_order(setting)))
    return checks


def _compare(
    what: str,
    declared: Array,
    measured: Measured,
    transpose: tuple[int, ...] | None = None,
    named: Callable[[tuple[int, ...]], str] = lambda place: f"[{', '.join(map(str, place))}]",
) -> None:
    """Fail where an entry is wrong; `named` writes an entry's place."""
    value = measured.value
    scale = float(np.max(np.abs(value), initial=0.0))
    relative = 1e-8 if measured.method == "complex step" else 1e-5
    allowed = relative * np.maximum(np.abs(value), 1e-3 * scale) + 8 * measured.error + 1e-12 * (scale + 1e-3)
    with np.errstate(invalid="ignore"):
        wrong = ~(np.abs(declared - value) <= allowed) & measured.settled
    if wrong.any():
        place = tuple(int(i) for i in np.unravel_index(int(np.argmax(wrong)), wrong.shape))
        raise Failure(
            f"{what}: {int(wrong.sum())} of {wrong.size} entries disagree with the Jacobian's derivative",
            diagnosis=explained(declared, value, what, transpose),
            rows=[
                (
                    "worst",
                    f"{named(place)}: declared {declared[place]:.6g}, measured {value[place]:.6g}",
                )
            ],
        )


def _second_derivative(setting: Setting) -> None:
    """σ'' against the derivative of σ'."""
    probe = setting.need_probe()
    if not isinstance(probe, LayerProbe):
        raise TypeError("activations are layers")
    (key,) = probe.inputs
    for training in setting.modes():
        point = setting.point("second derivative", training=training)
        ones = np.ones_like(point.arrays[key])

        def slope(x: Array, point: Point = point) -> Array:
            base = point.mapped(lambda each: each.astype(x.dtype))
            return probe.operators(base.with_array(key, x))[key].vjp(np.ones(x.shape, x.dtype))

        measured = measured_along(slope, point.arrays[key], ones[None])
        trace = probe.trace(point)
        declared = _ask(probe, trace, "second_derivative", {})
        _compare(
            "second_derivative", np.asarray(declared), Measured(measured.value[0], measured.error[0], measured.method)
        )


def _ask(probe: LayerProbe, trace: Any, method: str, extra: dict[str, Any]) -> Any:
    """Call an optional method of a layer with the words that it asks for, at a trace."""
    step = probe.plan.steps[0]
    contract = probe.node.contract
    signature = contract.methods[method]
    inputs = [trace.slots[slot] for slot in step.input_slots]
    words: dict[str, Any] = {
        "y": trace.slots[step.slot],
        "p": trace.slots[step.parameter_slot],
        "state": trace.slots[step.state_slot],
        "saved": trace.slots[step.saved_slot] if step.saved_slot is not None else {},
        "training": trace.slots[0],
        **extra,
    }
    if contract.inputs is not None:
        words.update(zip(contract.inputs, inputs, strict=True))
    leading = [words[word] for word in signature.positional]
    variadic = inputs if signature.variadic else []
    return getattr(probe.component, method)(
        *leading, *variadic, **{word: words[word] for word in signature.keyword_only}
    )


def _second_order(setting: Setting) -> None:
    """Every block of H_u = Σ_k u_k ∂²y_k/∂s∂t against the derivative of Jᵀu; what is left out must vanish."""
    probe = setting.need_probe()
    if not isinstance(probe, LayerProbe):
        raise TypeError("second_order is for layers")
    point = setting.point("second order", batch=2)
    rng = setting.rng("second order, u")
    u = rng.standard_normal((2, *probe.output_shape))
    declared = _ask(probe, probe.trace(point), "second_order", {"u": u})
    for s in probe.shapes:
        for t in probe.shapes:
            direction: Array = np.asarray(rng.standard_normal(point.arrays[t].shape))

            def pulled(x: Array, s: str = s, t: str = t) -> Array:
                base = point.mapped(lambda each: each.astype(x.dtype))
                return probe.operators(base.with_array(t, x))[s].vjp(u.astype(x.dtype))

            measured = measured_along(pulled, point.arrays[t], direction[None])
            value = _block_times(probe, declared, s, t, direction)
            _compare(
                f"second_order[{s}, {t}]",
                np.broadcast_to(value, measured.value[0].shape),
                Measured(measured.value[0], measured.error[0], measured.method),
            )


def _block_times(probe: LayerProbe, declared: Any, s: str, t: str, direction: Array) -> Array:
    """Return (block s, t) · direction, per example of s; a missing block is its transpose's transpose, or zero."""
    batch = 2
    tangent = direction if t not in probe.parameters else np.broadcast_to(direction, (batch, *direction.shape))
    if (s, t) in declared:
        operator = declared[s, t].bind(probe.shapes[t], probe.shapes[s])
        return np.asarray(operator.jvp(np.ascontiguousarray(tangent)))
    if (t, s) in declared:
        operator = declared[t, s].bind(probe.shapes[s], probe.shapes[t])
        return np.asarray(operator.vjp(np.ascontiguousarray(tangent)))
    return np.zeros((batch, *probe.shapes[s]))


def _hessian_dense(probe: CostProbe, point: Point) -> tuple[Any, Array]:
    operator = probe.ask("hessian", probe.words(point))
    shape = probe.shapes["a"]
    operator = operator.bind(shape, shape)
    count = int(np.prod(shape, dtype=int))
    batch = len(point.arrays["a"])
    basis = np.broadcast_to(np.eye(count).reshape(count, 1, *shape), (count, batch, *shape))
    return operator, np.asarray(operator.jvp(np.ascontiguousarray(basis))).reshape(count, batch, count)


def _hessian(setting: Setting) -> None:
    """H against the derivative of ∇_a C, and symmetric."""
    probe = setting.need_probe()
    if not isinstance(probe, CostProbe):
        raise TypeError("hessian is for costs")
    point = setting.point("hessian")
    _, dense = _hessian_dense(probe, point)
    count, batch, _ = dense.shape
    shape = probe.shapes["a"]

    def gradient(a: Array) -> Array:
        base = point.mapped(lambda each: each.astype(a.dtype)).with_array("a", a)
        return np.asarray(probe.ask("jacobian", probe.words(base)))

    basis = np.broadcast_to(np.eye(count).reshape(count, 1, *shape), (count, batch, *shape))
    measured = measured_along(gradient, point.arrays["a"], basis)
    value = measured.value.reshape(count, batch, count)
    found = Measured(value, measured.error.reshape(value.shape), measured.method)

    def named(place: tuple[int, ...]) -> str:
        column, example, row = place
        i, j = (", ".join(map(str, (example, *np.unravel_index(flat, shape)))) for flat in (row, column))
        return f"∂²C[{example}]/∂a[{i}]∂a[{j}]"

    _compare("hessian", dense, found, transpose=(2, 1, 0), named=named)
    if not np.allclose(
        dense, dense.transpose(2, 1, 0), rtol=1e-10, atol=1e-12 * float(np.max(np.abs(dense), initial=0.0))
    ):
        raise Failure("hessian is not symmetric")


def _root(setting: Setting) -> None:
    """S Sᵀ = H."""
    probe = setting.need_probe()
    if not isinstance(probe, CostProbe):
        raise TypeError("hessian is for costs")
    point = setting.point("root")
    operator, dense = _hessian_dense(probe, point)
    count, batch, _ = dense.shape
    shape = probe.shapes["a"]
    root = operator.root()
    basis = np.ascontiguousarray(np.broadcast_to(np.eye(count).reshape(count, 1, *shape), (count, batch, *shape)))
    product = np.asarray(root.jvp(root.vjp(basis))).reshape(count, batch, count)
    if not np.allclose(product, dense, rtol=1e-9, atol=1e-11 * (float(np.max(np.abs(dense), initial=0.0)) + 1e-300)):
        raise Failure("the Hessian's root S does not give S Sᵀ = H")
