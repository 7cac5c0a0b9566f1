"""The Jacobian of a recurrence: a loop over time, and back-propagation through it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import NoReturn, Self, TypeAlias

import numpy as np

from bpframe.core.operators import IdentityMap
from bpframe.core.operators.base import Operator, Shape
from bpframe.errors import OperatorError
from bpframe.validation.plain_arrays import Array

__all__ = ["Recomputed", "Scan", "both_sides"]

#: A_t, or (A_t, B_t).
Step: TypeAlias = Operator | tuple[Operator, Operator]
_Pair: TypeAlias = tuple[Operator, Operator | None]


class Recomputed:
    """The steps of a `Scan` where they are not kept: made anew, a segment at a time, when a product goes through them.

    `make(start, stop)` returns the steps from number `start` up to `stop`, out of what the author kept: a state at the
    beginning of each segment, say, from which the segment is computed again. No more than `every` steps are held at
    once. It is called in every product, so that it has to return the same steps each time.

    Errors: OperatorError where `every` is no whole number from 1 on, or `times` none from 0 on.

    Source: Chen, Xu, Zhang and Guestrin, Training Deep Nets with Sublinear Memory Cost (2016), for √T segments.
    """

    __slots__ = ("every", "make", "times")

    def __init__(self, make: Callable[[int, int], Sequence[Step]], times: int, every: int) -> None:
        if every < 1 or times < 0:
            raise OperatorError(
                "steps cannot be made again in these segments",
                expected="times >= 0, in segments of every >= 1",
                received=f"times={times}, every={every}",
            )
        self.make = make
        self.times = times
        self.every = every


class Scan(Operator):
    """Apply one step after another along the first feature axis, each to the state that the last one left.

        h_t = A_t h_{t−1} + B_t v_t,  h_0 = 0;      transposed, backwards:  e_t = u_t + A_{t+1}ᵀ e_{t+1},  B_tᵀ e_t

    `steps` holds one A_t for every t, or a pair (A_t, B_t): operators, local Jacobians of the step in the state and in
    what enters, without the axis of time. Where B is left out, v_t enters as it is, and one operator for all times can
    stand behind: `compose(Scan(steps), Diagonal(d))`. A_1 meets h_0 = 0 and is not applied; a change of h_0 enters as
    v_1 = A_1 ḣ_0.

    Memory: a list of steps is kept. `Recomputed` in its place makes them again, a segment at a time.

    Shapes: A_t (*state) -> (*state), B_t (*entering) -> (*state); inputs (T, *entering), outputs (T, *state). They
    follow from the steps of a list where these know theirs; for `Recomputed`, `bind` states them. Cost: that of the
    steps, and the additions.

    Errors: OperatorError for steps that are no operators. `check` refuses steps of other shapes, and whatever a step
    refuses.

    Source: back-propagation through time; Werbos, Backpropagation Through Time (1990), eqs. (13)–(15).
    """

    __slots__ = ("_bindings", "_told", "steps")

    structure = "scan"
    steps: tuple[_Pair, ...] | Recomputed
    _told: tuple[int | None, bool, Array | None] | None
    #: The steps that were bound, and what they became, by shapes. Copies have it in common, so that they hold the same.
    _bindings: dict[tuple[Shape, Shape], tuple[tuple[_Pair, ...], tuple[_Pair, ...]]]

    def __init__(self, steps: Sequence[Step] | Recomputed) -> None:
        self.steps = steps if isinstance(steps, Recomputed) else _pairs(steps)
        self._told = None
        self._bindings = {}

    def jvp(self, v: Array, out: Array | None = None) -> Array:
        """Run forward: (*S, N, T, *entering) -> (*S, N, T, *state)."""
        axis = v.ndim - len(self.in_shape)
        entering = np.moveaxis(v, axis, 0)
        states: list[Array] = []
        for t, (a, b) in self._each():
            state = entering[t] if b is None else b.jvp(entering[t])
            states.append(np.add(state, a.jvp(states[-1])) if states else state)
        return self._joined(states, v, axis, self.out_shape, out)

    def vjp(self, u: Array, out: Array | None = None) -> Array:
        """Run backwards: (*S, N, T, *state) -> (*S, N, T, *entering)."""
        axis = u.ndim - len(self.out_shape)
        errors = np.moveaxis(u, axis, 0)
        pulled: list[Array] = []
        carried: Array | None = None
        for t, (a, b) in self._each(backwards=True):
            error = errors[t] if carried is None else np.add(errors[t], carried)
            pulled.append(error if b is None else b.vjp(error))
            carried = a.vjp(error) if t else None
        return self._joined(pulled[::-1], u, axis, self.in_shape, out)

    def pulled_moments(self, moments: Array) -> Iterator[tuple[int, Array]]:
        """Carry second moments back in place of vectors: E_t = Σ u uᵀ + A_{t+1}ᵀ E_{t+1} A_{t+1}, and B_tᵀ E_t B_t."""
        carried: Array | None = None
        for t, (a, b) in self._each(backwards=True):
            here = moments[:, t] if carried is None else np.add(moments[:, t], carried)
            yield t, here if b is None else both_sides(b, here)
            carried = both_sides(a, here) if t else None

    def check(self, batch: int) -> None:
        """Refuse steps that do not fit, each by its own check and by its shapes."""
        self._check_shapes(self.in_shape, self.out_shape)
        told = self._tell()
        for t, pair in self._each():
            for name, part in zip("AB", pair, strict=True):
                if part is None:
                    part = IdentityMap().bind(self.in_shape[1:], self.in_shape[1:])
                part.check(batch)
                wanted = (self.in_shape if name == "B" else self.out_shape)[1:], self.out_shape[1:]
                if (part.in_shape, part.out_shape) != wanted:
                    self._refuse(
                        f"has steps that do not fit its shapes, {name} of step {t + 1}",
                        f"{wanted[0]} -> {wanted[1]}",
                        f"'{part.structure}' {part.in_shape} -> {part.out_shape}",
                    )
                if (part.batch is not None and told[0] is None) or (part.couples_batch and not told[1]):
                    self._refuse(
                        f"has steps that are not all alike, {name} of step {t + 1}",
                        "arrays that hold the examples, or couple them, in the first segment's steps too",
                        f"'{part.structure}', which does",
                    )

    @property
    def times(self) -> int:
        """T: the number of steps."""
        return self.steps.times if isinstance(self.steps, Recomputed) else len(self.steps)

    @property
    def batch(self) -> int | None:
        """The number of examples that the steps hold."""
        return self._tell()[0]

    @property
    def couples_batch(self) -> bool:  # type: ignore[override]  # a constant of the class elsewhere
        """Whether a step couples the batch."""
        return self._tell()[1]

    @property
    def cost(self) -> int:
        """The sum of the steps' costs, and one addition for each entry of the state from the second step on."""
        size = int(np.prod(self.out_shape[1:]))
        steps = ((a.cost + size) * (t > 0) + (0 if b is None else b.cost) for t, (a, b) in self._each())
        return sum(steps)

    def bind(self, in_shape: Shape, out_shape: Shape) -> Self:
        """Set the shapes, here and in the steps that have none."""
        self.in_shape = in_shape
        self.out_shape = out_shape
        if not isinstance(self.steps, Recomputed):
            given, bound = self._bindings.get((in_shape, out_shape), ((), ()))
            if self.steps is not given and self.steps is not bound:
                given, bound = self.steps, self._bound(self.steps)
                self._bindings[in_shape, out_shape] = given, bound
            self.steps = bound
        return self

    @property
    def _parts(self) -> tuple[Operator, ...]:
        return () if isinstance(self.steps, Recomputed) else tuple(_operators(self.steps))

    @property
    def _ignores_examples(self) -> bool:
        return bool(self._parts) and all(part._ignores_examples for part in self._parts)

    def _array(self) -> Array | None:
        return self._tell()[2]

    def _tell(self) -> tuple[int | None, bool, Array | None]:
        """The examples, whether they are coupled, and a kind of array, asked once: a network asks in every pass."""
        if self._told is None:
            recomputed = isinstance(self.steps, Recomputed)
            parts = tuple(_operators(next(self._segments(), ()) if recomputed else self.steps))  # type: ignore[arg-type]
            batch = next((part.batch for part in parts if part.batch is not None), None)
            array = next((found for part in parts if (found := part._array()) is not None), None)
            kind = None if array is None else np.empty_like(array, shape=0)  # which keeps no step alive
            self._told = batch, any(part.couples_batch for part in parts), kind
        return self._told

    def _each(self, backwards: bool = False) -> Iterator[tuple[int, _Pair]]:
        """Number every step, from 0, and return it; forward in time or backwards."""
        t = self.times - 1 if backwards else 0
        for segment in self._segments(backwards):
            for pair in reversed(segment) if backwards else segment:
                yield t, pair
                t += -1 if backwards else 1

    def _segments(self, backwards: bool = False) -> Iterator[tuple[_Pair, ...]]:
        steps = self.steps
        if not isinstance(steps, Recomputed):
            yield steps
            return
        starts = range(0, steps.times, steps.every)
        for start in reversed(starts) if backwards else starts:
            stop = min(start + steps.every, steps.times)
            made = _pairs(steps.make(start, stop))
            if len(made) != stop - start:
                self._refuse(
                    "got another number of steps", f"{stop - start} from make({start}, {stop})", f"{len(made)}"
                )
            yield self._bound(made)

    def _bound(self, steps: tuple[_Pair, ...]) -> tuple[_Pair, ...]:
        entering, state = (None if shape is None else shape[1:] for shape in self._known_shapes())
        return tuple(
            (a._with_shapes(state, state), None if b is None else b._with_shapes(entering, state)) for a, b in steps
        )

    def _joined(self, parts: list[Array], given: Array, axis: int, shape: Shape, out: Array | None) -> Array:
        """Put what belongs to each time side by side."""
        if parts:
            return np.stack(parts, axis=axis, out=out)
        return np.zeros_like(given, shape=(*given.shape[:axis], *shape))

    def _infer(self, in_shape: Shape | None, out_shape: Shape | None) -> tuple[Shape | None, Shape | None]:
        if isinstance(self.steps, Recomputed) or not self.steps:
            return in_shape, out_shape
        state = None if out_shape is None else out_shape[1:]
        entering = None if in_shape is None else in_shape[1:]
        a, b = self.steps[0]
        if state is None:
            state = next((shape for shape in a._known_shapes() if shape is not None), None)
        if b is None:
            entering, state = (state if entering is None else entering), (entering if state is None else state)
        else:
            b_in, b_out = b._known_shapes()
            b_in, b_out = b._infer(entering if b_in is None else b_in, state if b_out is None else b_out)
            entering, state = (b_in if entering is None else entering), (b_out if state is None else state)
        if in_shape is None and entering is not None:
            in_shape = (self.times, *entering)
        if out_shape is None and state is not None:
            out_shape = (self.times, *state)
        return in_shape, out_shape

    def _assumed_shapes(self) -> tuple[Shape | None, Shape | None]:
        if isinstance(self.steps, Recomputed) or not self.steps:
            return None, None
        state, _ = self.steps[0][0]._assumed_shapes()
        return self._infer(None, None if state is None else (self.times, *state))

    def _check_shapes(self, in_shape: Shape, out_shape: Shape) -> None:
        times = (self.times,)
        if in_shape[:1] != times or out_shape[:1] != times:
            self._refuse(
                "has another number of steps than its shapes",
                f"({self.times}, ...) -> ({self.times}, ...), one entry for each step",
                f"{in_shape} -> {out_shape}",
            )


def both_sides(operator: Operator, moments: Array) -> Array:
    """Return Jᵀ E J for symmetric E of every example: (N, m, m)."""
    for _ in range(2):
        columns = np.moveaxis(moments, -1, 0)
        pulled = operator.vjp(columns.reshape(*columns.shape[:2], *operator.out_shape))
        moments = np.moveaxis(pulled.reshape(*columns.shape[:2], -1), 0, 1)
    return moments


def _pairs(steps: Sequence[Step]) -> tuple[_Pair, ...]:
    """Return (A_t, B_t) for every step, with None where B is left out."""
    pairs = tuple((step if isinstance(step, tuple) else (step, None)) for step in steps)
    for t, pair in enumerate(pairs):
        a, b = pair if len(pair) == 2 else (None, None)
        if not isinstance(a, Operator) or not isinstance(b, Operator | None):
            _refuse_step(t, pair)
    return pairs


def _refuse_step(t: int, pair: tuple[object, ...]) -> NoReturn:
    raise OperatorError(
        f"operator 'scan' cannot take its step {t + 1}",
        expected="an operator A_t, or a pair of operators (A_t, B_t)",
        received=", ".join(type(each).__name__ for each in pair if each is not None) or "None",
        hint="BatchMatrix(a[:, t]) for Jacobians a (N, T, state, state) that are written out",
    )


def _operators(steps: tuple[_Pair, ...]) -> Iterator[Operator]:
    return (part for part in chain.from_iterable(steps) if part is not None)
