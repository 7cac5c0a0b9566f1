"""What recurrent layers have in common: fields, parameters, masks, both directions, Jacobians and second order."""

from __future__ import annotations

import itertools
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, NamedTuple

import numpy as np

from bpframe.extend import (
    Array,
    BatchMatMul,
    Broadcast,
    ContractError,
    Field,
    Initializer,
    Layer,
    Matrix,
    Operator,
    Parameter,
    PositiveInt,
    ScaledNormal,
    ShapeMismatch,
    add,
    compose,
    transposed,
)
from bpframe_sequence.by_step import WeightTimesByStep, by_step, by_time
from bpframe_sequence.masks import counting
from bpframe_sequence.through_time import BeforeSteps, Bends, Loop, Shown, ThroughTime

__all__ = ["Masked", "Ran", "Recurrent", "mask_of"]


class Ran(NamedTuple):
    """What one direction computed, in the order of its steps: h_0 = 0, h_1, ..., h_T, and what its loop needs."""

    hidden: Array
    kept: tuple[Array, ...]


class Way(NamedTuple):
    """One direction: its linearised loop, as an operator, and what stands behind it, by input and parameter."""

    loop: Loop
    through: ThroughTime
    inner: dict[str, Operator]


class Recurrent(Layer):
    """The fields and all that does not depend on what one step computes."""

    units: PositiveInt = Field(description="How many numbers the hidden state has.")
    return_sequences: bool = Field(False, description="Whether the output has the hidden state of every step.")
    bidirectional: bool = Field(
        False, description="Whether a second loop goes from the end, its output beside the first."
    )
    truncate: PositiveInt | None = Field(
        None, description="Derivatives go back through at most so many steps: the state is held every so many."
    )
    weights: Initializer = Field(ScaledNormal(), description="Where both weight matrices start.")

    pure: ClassVar[bool | None] = True  # the loop writes into arrays of its own alone

    #: The rows of w and u are these many times `units`.
    blocks: ClassVar[int] = 1

    @property
    def wide(self) -> int:
        """How many blocks of `units` what the gates are computed from has, and b."""
        return self.blocks

    @abstractmethod
    def _run(self, rows: Array, p: Mapping[str, Array], keeps: Array | None) -> Ran:
        """Run all steps over x in their order, (T, N, features)."""

    @abstractmethod
    def _loop(self, ran: Ran, p: Mapping[str, Array], keeps: Array | None, backward: bool) -> Loop:
        """Linearise."""

    def _from_input(self, like: Array) -> Operator | None:
        """Return the map from w x_t to what the gates are computed from, None where it is the identity."""
        return None

    def _from_state(self, like: Array) -> Operator | None:
        """Return the map from u h_{t−1} to what the gates are computed from, None where it is the identity."""
        return None

    def _with_u(self, ran: Ran, like: Array, backward: bool) -> Operator:
        """Return how what the gates are computed from moves with u."""
        return _after(self._from_state(like), WeightTimesByStep(by_time(ran.hidden[:-1], backward)))

    def _errors_with_u(self, error: Array) -> Operator:
        """Return how the errors of what u is multiplied with move with u, for errors of the gates, (T, width)."""
        return BatchMatMul(_pulled(self._from_state(error), error), "left")

    def _biases(self) -> float | Initializer:
        return 0.0

    def output_shape(self, shapes: tuple[tuple[int, ...], ...]) -> tuple[int, ...]:
        """Return (units,), or (T, units)."""
        x, *masks = shapes
        if len(x) != 2 or any(mask not in ((), x[:1]) for mask in masks):
            raise ShapeMismatch(
                f"{self.kind} goes through sequences",
                expected="(N, T, features)" + ", and a mask (N, T) or lengths (N,)" * len(masks),
                received=f"{', '.join(map(str, shapes))} after N",
            )
        return (x[0], self._width) if self.return_sequences else (self._width,)

    def parameters(self, shapes: tuple[tuple[int, ...], ...]) -> dict[str, Parameter]:
        """Return w, u and b, of each direction."""
        rows, features, found = self.blocks * self.units, shapes[0][-1], {}
        for end in self._ends():
            found[f"w{end}"] = Parameter((rows, features), init=self.weights)
            found[f"u{end}"] = Parameter((rows, self.units), init=self.weights)
            found[f"b{end}"] = Parameter((self.wide * self.units,), init=self._biases())
        return found

    def jacobian(self, x: Array, p: Mapping[str, Array], saved: dict[str, Any]) -> dict[str, Operator]:
        """Return the loop after w, (· x), (· h_{t−1}) and 1."""
        found: dict[str, Operator] = {}
        for end, way in self._linear(x, p, saved):
            for key, each in way.inner.items():
                if key == "x":
                    found[key] = add(found[key], compose(way.through, each)) if end else compose(way.through, each)
                else:
                    found[key + end] = compose(way.through, each)
        return found

    def second_order(
        self, x: Array, u: Array, p: Mapping[str, Array], saved: dict[str, Any]
    ) -> dict[tuple[str, str], Operator]:
        """Return H[s, t] = D_sᵀ Pᵀ K P D_t, and what the products w x and u h add.

        D_s is how what the gates are computed from moves with s, without what comes through h. A change ẇ changes the
        error of x_t by ẇᵀ e_t, a change u̇ that of h_{t−1} by u̇ᵀ e_t.
        """
        if self.truncate is not None and x.shape[1] > self.truncate:
            raise ContractError(
                f"{self.kind} has no second order where derivatives are cut off: a truncated gradient is no gradient",
                expected=f"at most truncate={self.truncate} steps",
                received=f"{x.shape[1]} steps",
                hint='truncate=None, which has the same parameters, or method="difference" for hvp',
            )
        found: dict[tuple[str, str], Operator] = {}
        for end, way in self._linear(x, p, saved):
            for (s, t), block in self._blocks(x, u, way).items():
                pair = (s if s == "x" else s + end, t if t == "x" else t + end)
                found[pair] = add(found[pair], block) if pair in found else block
        return found

    def _ends(self) -> tuple[str, ...]:
        return ("", "_backward") if self.bidirectional else ("",)

    def _forward(self, x: Array, mask: Array | None, p: Mapping[str, Array], saved: dict[str, Any]) -> Array:
        keeps = None if mask is None else mask_of(mask, x)
        rows = by_step(x, backward=False).copy()
        saved["keeps"], saved["rows"], outputs = keeps, rows, []
        for end, own in self._directions(p):
            backward = bool(end)
            held = None if keeps is None else by_step(keeps, backward)
            saved[f"ran{end}"] = ran = self._run(rows[::-1] if backward else rows, own, held)
            shown = Shown(not self.return_sequences, backward, 0, self.units, None if keeps is None else 1 - keeps)
            outputs.append(shown.of(by_time(ran.hidden[1:], backward)))
        return outputs[0].copy() if len(outputs) == 1 else np.concatenate(outputs, axis=-1)

    def _directions(self, p: Mapping[str, Array]) -> list[tuple[str, dict[str, Array]]]:
        return [(end, {key: p[key + end] for key in "wub"}) for end in self._ends()]

    def _linear(self, x: Array, p: Mapping[str, Array], saved: dict[str, Any]) -> Iterator[tuple[str, Way]]:
        """Yield the ending of a direction's parameters, and its linearised loop."""
        keeps = saved["keeps"]
        for place, (end, own) in enumerate(self._directions(p)):
            backward, ran = bool(end), saved[f"ran{end}"]
            loop = self._loop(ran, own, None if keeps is None else by_step(keeps, backward), backward)
            shows = None if keeps is None else 1 - keeps
            shown = Shown(not self.return_sequences, backward, place * self.units, self._width, shows)
            inner = {
                "x": _after(self._from_input(x), Matrix(own["w"])),
                "w": _after(self._from_input(x), WeightTimesByStep(by_time(saved["rows"], backward=False))),
                "u": self._with_u(ran, x, backward),
                "b": Broadcast(),
            }
            yield end, Way(loop, ThroughTime(loop, shown), inner)

    def _blocks(self, x: Array, u: Array, way: Way) -> dict[tuple[str, str], Operator]:
        loop, (_, times, features) = way.loop, x.shape
        rows, units = self.blocks * self.units, self.units
        error, *total = loop.pull(way.through.shown.back(u, times, units))
        shapes = {"x": (times, features), "w": (rows, features), "u": (rows, units), "b": (self.wide * units,)}
        bends, before = Bends(loop, tuple(total)), BeforeSteps(loop)
        ways = {key: each.bind(shapes[key], bends.in_shape) for key, each in way.inner.items()}
        back = {key: transposed(each) for key, each in ways.items()}
        found = {
            (s, t): compose(back[s], bends, ways[t])
            for s, t in itertools.combinations_with_replacement(("x", "w", "b", "u"), 2)
        }
        of_u = self._errors_with_u(error).bind(shapes["u"], before.out_shape)
        for s in ways:
            found[s, "u"] = add(found[s, "u"], compose(back[s], transposed(before), of_u))
        found["u", "u"] = add(found["u", "u"], compose(transposed(of_u), before, ways["u"]))
        found["x", "w"] = add(found["x", "w"], BatchMatMul(_pulled(self._from_input(x), error), "left"))
        return found

    @property
    def _width(self) -> int:
        return self.units * (2 if self.bidirectional else 1)


def _after(outer: Operator | None, inner: Operator) -> Operator:
    return inner if outer is None else compose(outer, inner)


def _pulled(outer: Operator | None, error: Array) -> Array:
    return error if outer is None else outer.vjp(error)


def mask_of(mask: Array, x: Array) -> Array:
    """Return 1 where a step is masked, else 0, (N, T, 1), of a mask (N, T) or of lengths (N,)."""
    return (~counting(mask, x.shape[1])).astype(x.real.dtype)[..., None]


class Masked(Recurrent):
    """What the recurrent layers with a mask have in common."""

    integer_inputs: ClassVar[tuple[str, ...]] = ("mask",)

    def forward(self, x: Array, mask: Array, p: Mapping[str, Array], saved: dict[str, Any]) -> Array:
        """Return the last hidden state, or all."""
        return self._forward(x, mask, p, saved)
