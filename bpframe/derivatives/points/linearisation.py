"""A network at one point, with its cost: what products, curvature and least squares are computed from."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from functools import cached_property

import numpy as np

from bpframe.core.backprop.backward import output_errors
from bpframe.core.backprop.engine import Engine
from bpframe.core.backprop.forward import costs
from bpframe.core.backprop.plan import Plan
from bpframe.core.backprop.results import failed, misfit
from bpframe.core.backprop.steps import CostStep
from bpframe.core.backprop.trace import Trace
from bpframe.core.backprop.weights import counting, scaled
from bpframe.core.graph.graph import Node
from bpframe.core.graph.parameters import ParameterVector
from bpframe.core.operators import Diagonal, Operator, PulledVectors, compose, dense_operator
from bpframe.derivatives.points.walk_back import walk_back
from bpframe.errors import BatchCoupledError, BpframeError, DerivativeError, OperatorError
from bpframe.validation.plain_arrays import Array

__all__ = ["Linearisation", "by_slot", "refuse_coupled", "refuse_coupling"]


class Linearisation:
    """A batch that was run forward, and the cost's derivatives in the outputs.

    Everything here is per example and not divided by their number: the mean cost's derivatives are 1/N of the sums.
    An example's costs, errors and Hessians are those of its own cost times its factor, where the examples are weighted.

    Attributes: `trace` (its arrays are this object's own), `costs` (N,), `batch` N.
    """

    def __init__(self, trace: Trace, targets: Mapping[str, Array]) -> None:
        self.trace = trace
        self.batch = trace.batch
        self.costs: Array = costs(trace.workspace, targets)
        self._factors = {each.output: trace.slots[each.factor_slot] for each in trace.plan.costs}
        self._counting = None
        if len(targets) > len(self._factors):
            each_output = [counting(output, targets, trace.batch) for output in self._factors]
            self._counting = np.mean(each_output, axis=0).astype(trace.dtype)

    @classmethod
    def at(
        cls,
        engine: Engine,
        inputs: Mapping[str, Array],
        targets: Mapping[str, Array],
        training: bool = False,
        parameters: ParameterVector | None = None,
    ) -> Linearisation:
        """Run checked inputs forward; `parameters` are the engine's own where none are given, read where they are."""
        return cls(engine.trace(inputs, training, parameters), targets)

    @cached_property
    def errors(self) -> dict[str, Array]:
        """BP1: ∇_a C of every output that has a cost, (N, *output)."""
        deltas = output_errors(self.trace.workspace)
        found = {}
        for each in self.trace.plan.costs:
            delta = deltas[each.value_slot]
            if delta is not None:
                found[each.output] = delta.copy()
        return found

    @property
    def counting(self) -> Array | None:
        """How much each example counts, (N,), as the mean over the outputs; None where all count alike."""
        return self._counting

    @cached_property
    def root_errors(self) -> dict[str, Array]:
        """√f_n ∇_a C of every output, (N, *output): the outer product of what is pulled back counts f_n times."""
        found = {}
        for output, error in self.errors.items():
            root = None if self._factors[output] is None else np.sqrt(self._factors[output])
            inverse = None if root is None else np.divide(1, root, out=np.zeros_like(root), where=root > 0)
            found[output] = error if inverse is None else scaled(error, inverse, 1.0)
        return found

    @cached_property
    def hessians(self) -> dict[str, Operator]:
        """∂²C/∂a² of every output that has a cost, as an operator on its features.

        Errors: DerivativeError that names a cost without `hessian`; ContractError for one that does not fit.
        """
        return {output: self._times(1, output, hessian) for output, hessian in self._hessians.items()}

    @cached_property
    def _hessians(self) -> dict[str, Operator]:
        return {each.output: self._hessian(each) for each in self.trace.plan.costs}

    @cached_property
    def roots(self) -> dict[str, Operator]:
        """S with S Sᵀ = ∂²C/∂a², of every output that has a cost.

        Errors: DerivativeError that names a cost whose Hessian has no root.
        """
        found = {}
        for each in self.trace.plan.costs:
            hessian = self._hessians[each.output]
            try:
                root = hessian.root()
                root = root if root._is_bound() else root._with_shapes(None, hessian.in_shape)
                found[each.output] = self._times(0.5, each.output, root)
            except OperatorError as error:
                raise DerivativeError(
                    f"{each.where}: its hessian has no root S with S Sᵀ = H",
                    expected=error.expected,
                    received=error.received or str(error.problem),
                    hint="return an operator from hessian that implements root()",
                ) from error
        return found

    @property
    def root_count(self) -> int:
        """R: how many columns the roots of all outputs have together."""
        return sum(math.prod(root.in_shape) for root in self.roots.values())

    def root_columns(self, first: int = 0, last: int | None = None) -> dict[str, Array]:
        """Return the columns of the roots, `first` to `last` of R: (R, N, *output) by output.

        The cost's Hessian is block diagonal over the outputs: a column is zero in all outputs but its own.
        """
        last = self.root_count if last is None else min(last, self.root_count)
        shapes = self.trace.plan.graph.shapes
        found, offset = {}, 0
        for output, root in self.roots.items():
            size = math.prod(root.in_shape)
            low, high = max(first, offset), min(last, offset + size)
            columns = self._root_columns(root, low - offset, high - offset) if low < high else None
            if columns is None or len(columns) < last - first:
                some, columns = columns, np.zeros((last - first, self.batch, *shapes[output]), self.trace.dtype)
                if some is not None:
                    columns[low - first : high - first] = some
            found[output] = columns
            offset += size
        return found

    def random_columns(self, count: int, rng: np.random.Generator) -> dict[str, Array]:
        """Return `count` random vectors S ε per example, ε of ±1: (count, N, *output) by output.

        Their outer products have the mean S Sᵀ: what they estimate has the exact value as its expectation.
        """
        found = {}
        for output, root in self.roots.items():
            signs = rng.integers(0, 2, (count, self.batch, *root.in_shape), dtype=np.int8)
            found[output] = root.jvp((2 * signs - 1).astype(self.trace.dtype))
        return found

    def parameter_forms(self, seeds: Mapping[str, Array], reuse: bool = False) -> Iterator[tuple[str, PulledVectors]]:
        """Pull vectors of the outputs back to every parameter, one example apart from another.

        `seeds` are (*S, N, *output) by output. Yields each parameter's path with J_nᵀ u_n as outer products; what
        several nodes share comes once, joined. A parameter that no seed reaches is left out. With `reuse` a form is
        valid until the next such walk: memory is used again.

        Errors: BatchCoupledError that names a node whose component couples the examples.
        """
        plan = self.trace.plan
        waiting: dict[str, PulledVectors] = {}
        for each, delta, jacobian in walk_back(self.trace, plan.to_parameters, by_slot(plan, seeds), reuse):
            node = each.step.node
            refuse_coupling(node, jacobian)
            for name, _ in each.parameters:
                yield node.parameter_path(name), jacobian[name].kronecker_form(delta)
            for name, _ in each.shared:
                path, form = node.parameter_path(name), jacobian[name].kronecker_form(delta)
                waiting[path] = waiting[path].joined(form) if path in waiting else form
        yield from waiting.items()

    def _times(self, power: float, output: str, operator: Operator) -> Operator:
        """Multiply an operator's results with powers of the examples' factors."""
        factor = self._factors[output]
        if factor is None:
            return operator
        shape = self.trace.plan.graph.shapes[output]
        each = np.asarray(factor**power, self.trace.dtype).reshape(-1, *(1,) * len(shape))
        if isinstance(operator, Diagonal):  # it may be infinite where an example does not count
            entries = np.broadcast_to(operator.d, (self.batch, *shape))
            return Diagonal(scaled(entries, each.reshape(-1), 1.0)).bind(shape, shape)
        return compose(Diagonal(np.broadcast_to(each, (self.batch, *shape))), operator)

    def _root_columns(self, root: Operator, first: int, last: int) -> Array:
        """Push unit vectors through one root: (last - first, N, *output)."""
        basis = np.eye(last - first, math.prod(root.in_shape), first, self.trace.dtype)
        spread = basis.reshape(last - first, 1, *root.in_shape)
        pushed = root.jvp(np.broadcast_to(spread, (last - first, self.batch, *root.in_shape)))
        return pushed.astype(self.trace.dtype, copy=False)

    def _hessian(self, each: CostStep) -> Operator:
        where = each.where
        if each.hessian is None:
            raise DerivativeError(
                f"{where} declares no hessian",
                expected="hessian(self, a, y): ∂²C/∂a² as an operator with a root",
                hint="quadratic declares it; or declare it in your cost",
            )
        shape = self.trace.plan.graph.shapes[each.output]
        try:
            raw = each.hessian.function(*each.hessian.arguments(self.trace.workspace.handed_to(each)))
            operator = raw.bind(shape, shape) if isinstance(raw, Operator) else dense_operator(raw, shape, shape)
            operator.check(self.batch)
        except OperatorError as error:
            raise misfit(f"{where}: hessian", error) from error
        except BpframeError:
            raise
        except Exception as error:
            raise failed(where, "hessian", error) from error
        return operator


def by_slot(plan: Plan, seeds: Mapping[str, Array]) -> list[Array | None]:
    """Return vectors of the outputs in the slots from which they are pulled back."""
    found: list[Array | None] = [None] * plan.size
    for output, seed in seeds.items():
        found[plan.value_slots[output]] = seed
    return found


def refuse_coupling(node: Node, jacobian: Mapping[str, Operator]) -> None:
    """Refuse a node whose local Jacobian couples the examples: BatchCoupledError that names it."""
    for key, operator in jacobian.items():
        if operator.couples_batch:
            raise BatchCoupledError(
                f"{node.where}: it couples the examples of a batch, which have no gradients of their own",
                received=f"jacobian['{key}'] is {operator.structure}",
                hint="training=False, where examples do not depend on one another",
            )


def refuse_coupled(trace: Trace) -> None:
    """Refuse components that couple the examples wherever they stand, also where no error passes through them.

    Errors: BatchCoupledError that names the node.
    """
    for node in trace.plan.graph.nodes:
        if node.component.couples_batch:
            refuse_coupling(node, trace.jacobian(node.name))
