"""What cannot be merged is refused, and says which shapes were expected."""

from __future__ import annotations

import pytest
from bpframe_merges import (
    Concatenate,
    Encoder,
    GatherLayer,
    Matmul,
    Maximum,
    Mean,
    PermuteLayer,
    Repeat,
    ReshapeLayer,
    Residual,
    Slice,
    Subtract,
    SumLayer,
)
from bpframe_reference import Dense, QuadraticCost

import bpframe as bp
from bpframe.errors import BpframeError, ShapeMismatch


@pytest.mark.parametrize(
    ("layer", "shapes", "words"),
    [
        (Concatenate(), [(2, 3), (4, 3)], "differ along other axes"),
        (Concatenate(axis=2), [(2, 3), (2, 3)], "no feature axis 2"),
        (Concatenate(), [(), ()], "no feature axis -1"),
        (Subtract(), [(3,), (4,)], "differ in shape"),
        (Maximum(), [(3,), (1,)], "differ in shape"),
        (Matmul(), [(2, 3), (2, 3)], "cannot be multiplied"),
        (Matmul(transpose_b=True), [(2, 3), (3, 2)], "cannot be multiplied"),
        (Matmul(), [(3,), (3,)], "cannot be multiplied"),
        (Matmul(), [(2, 3, 4), (4, 5)], "cannot be multiplied"),
        (Slice(start=3), [(3,)], "leaves nothing"),
        (Slice(step=0), [(3,)], "goes nowhere"),
        (Slice(axis=1), [(3,)], "no feature axis 1"),
        (ReshapeLayer(shape=(4,)), [(3,)], "cannot give"),
        (ReshapeLayer(shape=(-1, -1)), [(4,)], "cannot give"),
        (ReshapeLayer(shape=(-1, 3)), [(4,)], "cannot give"),
        (ReshapeLayer(shape=(-2, -2)), [(4,)], "cannot give"),
        (ReshapeLayer(shape=(0, -1)), [(4,)], "cannot give"),
        (PermuteLayer(axes=(0, 0)), [(2, 3)], "no order"),
        (PermuteLayer(axes=(0, 1)), [(2,)], "no order"),
        (Repeat(times=2, axis=3), [(2,)], "no feature axis 3"),
        (GatherLayer(indices=(3,)), [(3,)], "reads beyond"),
        (GatherLayer(indices=(-4,)), [(3,)], "reads beyond"),
        (SumLayer(axes=(1,)), [(3,)], "no feature axis 1"),
        (Mean(axes=(-2,)), [(3,)], "no feature axis -2"),
        (Residual(body=(Dense(units=2),)), [(3,)], "differ in shape"),
    ],
    ids=lambda each: getattr(each, "kind", None),
)
def test_what_does_not_fit_is_refused_by_name(layer, shapes, words):
    inputs = {f"x{i}": shape for i, shape in enumerate(shapes)}
    with pytest.raises(ShapeMismatch, match=words):
        bp.Network([bp.node(layer, *inputs)], cost=QuadraticCost(), inputs=inputs)


@pytest.mark.parametrize(
    "make", [lambda: Encoder(widths=()), lambda: Residual(body=()), lambda: GatherLayer(indices=())]
)
def test_composites_of_nothing_are_refused(make):
    with pytest.raises(BpframeError):
        make()
