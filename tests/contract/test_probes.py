"""Layers, a block, costs and a rule that once fought the contract: each is short, and passes the kit whole."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from bpframe_optimizers import Cosine
from bpframe_reference import Dense, QuadraticCost, Sigmoid

from bpframe import Network
from bpframe.extend import Component
from bpframe.testing import check_component
from tests.components import attention, batch_norm, blocks, conv1d, gated, masked_cross_entropy, optimizers

#: What is checked, with the shapes of its inputs, and what its author writes: whole modules, or some names of one.
PROBES: dict[str, tuple[Component, list[tuple[int, ...]], ModuleType, tuple[str, ...]]] = {
    "lstm": (
        gated.Lstm(units=3), [(4, 2)], gated,
        ("Gates", "shifted", "sigmoid", "Sequential", "cell_slopes", "Lstm"),
    ),
    "attention": (attention.Attention(), [(3, 2), (4, 2), (4, 3)], attention, ()),
    "batch normalisation": (batch_norm.BatchNorm(), [(4,)], batch_norm, ()),
    "convolution": (conv1d.Conv1d(units=3, size=2, stride=2), [(7, 2)], conv1d, ()),
    "residual block": (blocks.Residual(units=5), [(3,)], blocks, ("Residual",)),
    "weighted cross-entropy": (
        masked_cross_entropy.SequenceCrossEntropy(), [(4, 3)], masked_cross_entropy,
        ("WeightedSoftmaxHessian", "over_positions", "log_softmax", "SequenceCrossEntropy"),
    ),
    "masked squares": (masked_cross_entropy.MaskedSquares(), [(4, 3)], masked_cross_entropy, ("MaskedSquares",)),
    "Adam with a schedule": (
        optimizers.Adam(learning_rate=Cosine(start=0.01, over=20, by="step")), [], optimizers, ("Adam",),
    ),
}  # fmt: skip

#: Two thirds of the 773 lines that the same took on version 1 of the contract.
MOST_LINES = 515


def lines(module: ModuleType, names: tuple[str, ...]) -> int:
    """Lines of these definitions of a module, or of the whole module."""
    source = Path(str(module.__file__)).read_text(encoding="utf-8")
    if not names:
        return len(source.splitlines())
    found = {each.name: each for each in ast.parse(source).body if isinstance(each, ast.ClassDef | ast.FunctionDef)}
    return sum(int(found[name].end_lineno or 0) - found[name].lineno + 1 for name in names)


@pytest.mark.parametrize("name", PROBES)
def test_the_kit_finds_nothing_and_skips_nothing(name: str) -> None:
    component, shapes, _, _ = PROBES[name]
    report = check_component(component, shapes)
    assert report.ok, str(report)
    assert not report.skipped, report.text(verbose=True)


def test_they_take_two_thirds_of_the_lines_that_they_took() -> None:
    taken = {name: lines(module, names) for name, (_, _, module, names) in PROBES.items()}
    assert sum(taken.values()) <= MOST_LINES, taken


def test_adam_takes_its_rate_from_a_schedule_and_its_fields_by_pattern() -> None:
    """Against the algorithm written out, per parameter: biases have a rate of their own, and no decay."""
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((6, 3)), rng.random((6, 2))
    rate = Cosine(start=0.02, over=12, by="step")
    network = Network([Dense(units=2), Sigmoid()], cost=QuadraticCost(), input_shape=(3,), seed=1)
    theta = {path: array.copy() for path, array in network.parameters.items()}
    moments: dict[str, Any] = dict.fromkeys(theta, (0.0, 0.0))
    other = Network([Dense(units=2), Sigmoid()], cost=QuadraticCost(), input_shape=(3,), seed=1)
    for step in range(5):
        for path, array in theta.items():
            other.parameters[path] = array
        for path, g in other.gradient(x, y).items():
            eta, decay = (0.1, 0.0) if path.endswith(".b") else (float(rate.value(step, 0)), 0.3)
            m, v = moments[path]
            m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
            moments[path] = m, v
            corrected = m / (1 - 0.9 ** (step + 1)) / (np.sqrt(v / (1 - 0.999 ** (step + 1))) + 1e-8)
            theta[path] = theta[path] - eta * (corrected + decay * theta[path])
    network.fit(x, y, optimizer=optimizers.Adam(learning_rate=rate, decay=0.3), epochs=5, batch_size=6, shuffle=False,
                groups={"*.b": {"learning_rate": 0.1, "decay": 0}})  # fmt: skip
    for path, array in theta.items():
        np.testing.assert_allclose(network.parameters[path], array, rtol=1e-12)


def test_the_lines_of_a_definition_are_counted() -> None:
    assert lines(optimizers, ("Momentum",)) == len(inspect.getsource(optimizers.Momentum).splitlines())
