"""Products with the Hessian of the cost as differences of gradients, for networks without second order."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import numpy as np

from bpframe.core.backprop.engine import Engine
from bpframe.core.graph.parameters import ParameterVector, views_of
from bpframe.derivatives.first_order.pull_back import pull_back
from bpframe.derivatives.first_order.spaces import Space
from bpframe.derivatives.points.linearisation import Linearisation
from bpframe.errors import DerivativeError
from bpframe.measured.differences import by_differences
from bpframe.measured.line import Line, sizes
from bpframe.validation.plain_arrays import Array

__all__ = ["DifferenceProduct"]


#: Entries whose sizes, relative to what the vector changes, differ by more than so many octaves take steps apart.
APART = 12

#: What a product may be off by, relative to the largest entry of a parameter, before it is refused.
KNOWN = 0.01


class DifferenceProduct:
    """The map v ↦ Σ_n ∂²C_n/∂θ² v from six gradients for each vector, in the inputs likewise.

        D(h) = (g(θ + h d) − g(θ − h d)) / 2h,    H d ≈ (4 D(h/2) − D(h)) / 3,    d = v ‖θ‖∞ / ‖v‖∞

    with h = ε^{1/5} and ε the dtype's rounding unit, where the formula's error h⁴ and the rounding error ε/h balance:
    7e-4 in float64 and 0.04 in float32, as the largest change of an entry relative to the largest entry (to 1 where all
    are zero). A step of ε^{3/5} must show the same, but for its rounding; where it does not, steps are searched by
    their error (see `bpframe.measured.differences`). Parameters whose sizes, relative to v, are further apart than 2¹²
    take steps of their own. The result is good to about ε^{4/5} where gradients are smooth within h.

    Random components draw the same numbers each time. No hessian and no second order is asked for.

    Errors: DerivativeError where the gradient jumps at these values, however short the steps.

    Source: Richardson (1927), for the extrapolation; Griewank and Walther, Evaluating Derivatives (2nd ed., 2008),
    section 3.1, for the balance of errors.
    """

    def __init__(
        self,
        engine: Engine,
        inputs: Mapping[str, Array],
        targets: Mapping[str, Array],
        space: Space,
        training: bool,
        parameters: ParameterVector,
    ) -> None:
        self.space = space
        self.batch = len(next(iter(inputs.values())))
        self._engine = engine
        self._inputs = inputs
        self._targets = targets
        self._training = training
        self._parameters = parameters
        at = parameters.views if space.wrt == "parameters" else inputs
        self._at = {name: at[name] for name in space.shapes}
        random = [step.node.name for step in engine.plan.steps if step.generator_slot is not None]
        self._generators = [engine.generator(name, "evaluation") for name in random]
        self._states = [generator.bit_generator.state for generator in self._generators]

    def __call__(self, change: Mapping[str, Array], stack: tuple[int, ...] = ()) -> dict[str, Array]:
        """Multiply: (*S, *shape) by name, where what is left out does not change -> the same."""
        space = self.space
        found = {name: np.zeros((*stack, *shape), space.dtype) for name, shape in space.shapes.items()}
        for place in np.ndindex(*stack):
            for name, value in self._along({name: array[place] for name, array in change.items()}).items():
                found[name][place] = value
        return found

    def _along(self, change: Mapping[str, Array]) -> dict[str, Array]:
        """Return the product with one vector, the sum of those with its parts."""
        found: dict[str, Array] = {}
        for part in self._parts(change):
            for name, array in self._along_part(part).items():
                found[name] = found[name] + array if name in found else array
        return found

    def _parts(self, change: Mapping[str, Array]) -> list[dict[str, Array]]:
        """Return vectors that add up to this one, each of entries that one step suits: mostly it is the one itself."""
        groups: list[tuple[float, dict[str, Array]]] = []
        for name, array in change.items():
            size = np.log2(sizes(self._at[name], self.space.wrt == "inputs"))
            octaves = (np.max(size, initial=-np.inf) - size) // APART
            for each in np.unique(octaves[array != 0]):
                part = np.where(octaves == each, array, 0).astype(array.dtype)
                reach = float(np.max(size[octaves == each]) - np.log2(np.abs(part).max()))
                for other, group in groups:
                    if name not in group and abs(other - reach) < APART:
                        group[name] = part
                        break
                else:
                    groups.append((reach, {name: part}))
        return [group for _, group in groups]

    def _along_part(self, change: Mapping[str, Array]) -> dict[str, Array]:
        shapes = {name: array.shape for name, array in change.items()}
        at = np.concatenate([self._at[name].ravel() for name in change])
        direction = np.concatenate([array.ravel() for array in change.values()])

        def gradient(point: Array) -> Array:
            return self.space.join(self._gradient(views_of(point, shapes)))

        line = Line(gradient, at, direction, by_rows=False)
        value = self._plain(line)
        if value is None:
            value = self._searched(line)
        return self.space.split((value / line.unit(value)).astype(self.space.dtype))

    def _plain(self, line: Line) -> Array | None:
        """Return the slope of the gradient from the usual steps; None where a shorter one shows another."""
        eps = float(np.finfo(self.space.dtype).eps)
        with np.errstate(all="ignore"):
            *_, wide, _ = line.difference(eps**0.2)
            *_, narrow, rounding = line.difference(eps**0.2 / 2)
            *_, short, noise = line.difference(eps**0.6)
            value = narrow + (narrow - wide) / 3
            allowed = 30 * eps**0.4 * self._largest(value)
            near = np.abs(narrow - wide) <= allowed + 16 * self._rounding(rounding)
            near &= np.abs(short - value) <= allowed + 16 * self._rounding(noise)
        return value if near.all() else None

    def _searched(self, line: Line) -> Array:
        found = by_differences(line)
        with np.errstate(all="ignore"):
            known = found.error <= KNOWN * self._largest(found.value) + 64 * self._rounding(found.noise)
        if not known.all():
            unknown = [name for name, each in self.space.split(known).items() if not each.all()]
            raise DerivativeError(
                "the gradient has no slope along this vector that differences find: it jumps or turns at these values",
                received=f"no product in {', '.join(unknown)}",
                hint="method='exact', or values beside the kink",
            )
        return found.value

    def _rounding(self, noise: Array) -> Array:
        """Return the largest noise, per size, of all parameters or inputs: where terms cancel, theirs is left."""
        return np.asarray(np.max(noise * self._sizes, initial=0.0) / self._sizes)

    @cached_property
    def _sizes(self) -> Array:
        """How large a parameter or input is, in the places of all of its entries."""
        return self.space.join(
            {name: np.full_like(each, sizes(each).max(initial=0.0)) for name, each in self._at.items()}
        )

    def _largest(self, vector: Array) -> Array:
        """Return the largest magnitude in each parameter or input, in the places of all of its entries."""
        arrays = self.space.split(np.abs(vector))
        return self.space.join({name: np.full_like(each, each.max(initial=0.0)) for name, each in arrays.items()})

    def _gradient(self, moved: Mapping[str, Array]) -> dict[str, Array]:
        """Return Σ_n g_n with these arrays in the place of their own."""
        parameters, inputs = self._parameters, self._inputs
        if self.space.wrt == "parameters":
            parameters = parameters.copy()
            for path, array in moved.items():
                parameters[path] = array
        else:
            inputs = {**inputs, **moved}
        for generator, state in zip(self._generators, self._states, strict=True):
            generator.bit_generator.state = state
        point = Linearisation.at(self._engine, inputs, self._targets, self._training, parameters)
        return pull_back(point.trace, self.space, point.errors)
