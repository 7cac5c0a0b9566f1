"""The optional second-order declarations, and a cost's Hessian with its root."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from bpframe.core.component import contract_of
from bpframe.core.operators import Operator
from bpframe.derivatives.curvature.bending import written_out
from bpframe.derivatives.second_order.declared import Blocks, block_product, second_order
from bpframe.errors import OperatorError
from bpframe.measured.by_number import Measured, measured_along
from bpframe.testing.checks.base import Check, Failure, Setting
from bpframe.testing.diagnosis import explained
from bpframe.testing.measuring import by_rows
from bpframe.testing.point import Point
from bpframe.testing.probe import CostProbe, LayerProbe
from bpframe.validation.plain_arrays import Array, place_of

__all__ = ["second_order_checks"]


#: How many examples a layer's second order is looked at on; of two, batch statistics leave hardly anything.
BATCH = 3


def second_order_checks(setting: Setting) -> list[Check]:
    """Return the checks of what is declared beyond the Jacobian."""
    methods, probe = contract_of(type(setting.component)).methods, setting.probe
    if isinstance(probe, CostProbe):
        of_costs = {"hessian": _hessian, "root": _root} if "hessian" in methods else {}
        return [Check(name, partial(check, setting, probe)) for name, check in of_costs.items()]
    if isinstance(probe, LayerProbe):
        of_layers = {"second_derivative": _second_derivative, "second_order": _second_order}
        return [Check(name, partial(check, setting, probe)) for name, check in of_layers.items() if name in methods]
    return []


def _compare(
    what: str,
    declared: Array,
    measured: Measured,
    transpose: tuple[int, ...] | None = None,
    named: Callable[[tuple[int, ...]], str] = place_of,
) -> None:
    """Fail where an entry is wrong; `named` writes an entry's place."""
    value = measured.value
    scale = float(np.max(np.abs(value), initial=0.0))
    relative = 1e-8 if measured.method == "complex step" else 1e-5
    allowed = relative * np.maximum(np.abs(value), 1e-3 * scale) + 8 * measured.error + 1e-12 * (scale + 1e-3)
    with np.errstate(invalid="ignore"):
        wrong = ~(np.abs(declared - value) <= allowed) & measured.settled_for(declared)
    if wrong.any():
        place = tuple(int(i) for i in np.unravel_index(int(np.argmax(wrong)), wrong.shape))
        raise Failure(
            f"{what}: {int(wrong.sum())} of {wrong.size} entries disagree with the Jacobian's derivative",
            diagnosis=explained(declared, value, what, transpose),
            rows=[("worst", f"{named(place)}: declared {declared[place]:.6g}, measured {value[place]:.6g}")],
        )


def _second_derivative(setting: Setting, probe: LayerProbe) -> None:
    """σ'' against the derivative of σ'."""
    (key,) = probe.inputs
    for training in setting.modes():
        point = setting.point("second derivative", training=training)
        ones = np.ones_like(point.arrays[key])

        def slope(x: Array, point: Point = point) -> Array:
            base = point.mapped(lambda each: each.astype(x.dtype))
            return probe.operators(base.with_array(key, x))[key].vjp(np.ones(x.shape, x.dtype))

        measured = _alone(measured_along(slope, point.arrays[key], ones[None], by_rows(probe, point, key)))
        declared = second_order(probe.trace(point), probe.plan.steps[0], ones)[key, key].jvp(ones)
        _compare("second_derivative", declared, measured)


def _second_order(setting: Setting, probe: LayerProbe) -> None:
    """Every block of H_u = Σ_k u_k ∂²y_k/∂s∂t against the derivative of Jᵀu; what is left out must vanish."""
    for training in setting.modes():
        point = setting.point("second order", batch=BATCH, training=training)
        rng = setting.rng("second order, u")
        u = rng.standard_normal((BATCH, *probe.output_shape))
        blocks = second_order(probe.trace(point), probe.plan.steps[0], u)
        for s in probe.shapes:
            for t in probe.shapes:
                direction: Array = np.asarray(rng.standard_normal(point.arrays[t].shape))

                def pulled(x: Array, s: str = s, t: str = t, point: Point = point, u: Array = u) -> Array:
                    base = point.mapped(lambda each: each.astype(x.dtype))
                    return probe.operators(base.with_array(t, x))[s].vjp(u.astype(x.dtype))

                measured = _alone(measured_along(pulled, point.arrays[t], direction[None], by_rows(probe, point, t)))
                value = _block_times(probe, blocks, s, t, direction)
                _compare(f"second_order[{s}, {t}]", value, measured)
                _compare_sums(probe, blocks, s, t, direction, value)


def _block_times(probe: LayerProbe, blocks: Blocks, s: str, t: str, direction: Array) -> Array:
    """Return (block s, t) · direction, per example of s; a missing block is its transpose's transpose, or zero."""
    tangent = direction if t not in probe.parameters else np.broadcast_to(direction, (BATCH, *direction.shape))
    if (s, t) in blocks:
        return np.asarray(blocks[s, t].jvp(np.ascontiguousarray(tangent)))
    if (t, s) in blocks:
        return np.asarray(blocks[t, s].vjp(np.ascontiguousarray(tangent)))
    return np.zeros((BATCH, *probe.shapes[s]))


def _compare_sums(probe: LayerProbe, blocks: Blocks, s: str, t: str, direction: Array, value: Array) -> None:
    """Hold the products that parameters are moved and added up with against those of one example after another."""
    found = block_product(blocks, probe.node, s, t, direction, BATCH)
    expected = value.sum(axis=0) if s in probe.parameters else value
    scale = float(np.max(np.abs(value), initial=0.0))
    if found is not None and not np.allclose(found, expected, rtol=1e-9, atol=1e-11 * (scale + 1e-300)):
        raise Failure(f"second_order[{s}, {t}]: shared_jvp or sum_vjp disagrees with jvp and vjp")


def _hessian(setting: Setting, probe: CostProbe) -> None:
    """H against the derivative of ∇_a C, and symmetric."""
    point = setting.point("hessian")
    a = point.arrays["a"]
    dense = written_out(_declared_hessian(probe, point), len(a), a.dtype).transpose(2, 0, 1)
    count, batch, _ = dense.shape
    shape = probe.shapes["a"]

    def gradient(a: Array) -> Array:
        base = point.mapped(lambda each: each.astype(a.dtype)).with_array("a", a)
        return np.asarray(probe.ask("jacobian", probe.words(base)))

    basis = np.broadcast_to(np.eye(count).reshape(count, 1, *shape), (count, batch, *shape))
    measured = measured_along(gradient, a, basis)
    value = measured.value.reshape(count, batch, count)
    found = Measured(value, measured.error.reshape(value.shape), measured.method)

    def named(place: tuple[int, ...]) -> str:
        column, example, row = place
        i, j = (", ".join(map(str, (example, *np.unravel_index(flat, shape)))) for flat in (row, column))
        return f"∂²C[{example}]/∂a[{i}]∂a[{j}]"

    _compare("hessian", dense, found, transpose=(2, 1, 0), named=named)
    largest = float(np.max(np.abs(dense), initial=0.0))
    if not np.allclose(dense, dense.transpose(2, 1, 0), rtol=1e-10, atol=1e-12 * largest):
        raise Failure("hessian is not symmetric")


def _root(setting: Setting, probe: CostProbe) -> None:
    """S Sᵀ = H; an H with a negative eigenvalue has none, and has to say so."""
    point = setting.point("root")
    a, shape = point.arrays["a"], probe.shapes["a"]
    hessian = _declared_hessian(probe, point)
    dense = written_out(hessian, len(a), a.dtype)
    try:
        operator = hessian.root()
    except OperatorError:
        values = np.linalg.eigvalsh(dense)
        if values.min(initial=0.0) < -1e-9 * np.abs(values).max(initial=0.0):
            return
        raise
    root = written_out(operator._with_shapes(None, shape), len(a), a.dtype)
    largest = float(np.max(np.abs(dense), initial=0.0))
    if not np.allclose(root @ root.swapaxes(1, 2), dense, rtol=1e-9, atol=1e-11 * (largest + 1e-300)):
        raise Failure("the Hessian's root S does not give S Sᵀ = H")


def _alone(measured: Measured) -> Measured:
    """Return what was measured along one direction, without the axis of the directions."""
    return Measured(measured.value[0], measured.error[0], measured.method)


def _declared_hessian(probe: CostProbe, point: Point) -> Operator:
    operator: Operator = probe.ask("hessian", probe.words(point))
    return operator.bind(probe.shapes["a"], probe.shapes["a"])
