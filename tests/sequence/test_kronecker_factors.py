"""Kronecker factors of networks of sequences, beside what their definition says: J_lᵀ H J_l, added over places l."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from bpframe_classification import CrossEntropy
from bpframe_reference import Dense
from bpframe_regularisation import LayerNorm
from bpframe_sequence import Gru, Lstm, MultiHeadAttention, SimpleRnn, TransformerBlock

import bpframe as bp
from bpframe.derivatives.curvature.places import FormsAtPlaces
from bpframe.derivatives.points.linearisation import Linearisation
from tests.contract.cases import scatter

CLASSES, TIMES, BATCH, FEATURES = 3, 5, 2, 4


class Case:
    """A network with a cost at every position, its data, and the Hessian of the mean cost in its scores."""

    def __init__(self, *layers: Any, features: int = FEATURES) -> None:
        self.network = bp.Network(
            [*layers, Dense(units=CLASSES)], cost=CrossEntropy(), input_shape=(TIMES, features), seed=1
        )
        scatter(self.network)
        rng = np.random.default_rng(0)
        self.x = rng.standard_normal((BATCH, TIMES, features))
        self.y = rng.integers(0, CLASSES, (BATCH, TIMES))
        scores = np.exp(self.network.predict(self.x))
        p = scores / scores.sum(axis=-1, keepdims=True)
        apart = np.einsum("ntc,cd->ntcd", p, np.eye(CLASSES)) - np.einsum("ntc,ntd->ntcd", p, p)
        self.hessian = apart / self.y.size

    def left(self, jacobian: np.ndarray) -> np.ndarray:
        """Return B for ∂scores/∂(values at all places), (N, T, classes, places, m)."""
        return np.einsum("ntcli,ntcd,ntdlj->ij", jacobian, self.hessian, jacobian)

    def check(self, path: str, expected: np.ndarray) -> None:
        found = self.network.curvature.kfac(self.x, self.y)[path][1]
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-11 * np.abs(expected).max() + 1e-16)


@pytest.mark.parametrize("layer", [SimpleRnn, Lstm, Gru])
def test_factors_of_recurrent_layers(layer: Any) -> None:
    """What reaches the input is wᵀ times what reaches the gates, and w is square here."""
    units, gates = 2, {SimpleRnn: 1, Lstm: 4, Gru: 3}[layer]
    c = Case(layer(units=units, return_sequences=True), features=units * gates)
    (name,) = c.network.graph.inputs
    (path,) = (each for each in c.network.parameters if each.endswith("_1.w") and not each.startswith("dense"))
    w = c.network.parameters[path]
    assert w.shape == (units * gates, units * gates)
    c.check(path, c.left(c.network.jacobian(c.x, wrt=name) @ np.linalg.inv(w)))


BLOCKS = {
    "attention": lambda: Case(MultiHeadAttention(heads=2)),
    "causal attention": lambda: Case(MultiHeadAttention(heads=2, causal=True)),
    "transformer": lambda: Case(TransformerBlock(heads=2, units=3)),
    "causal transformer": lambda: Case(TransformerBlock(heads=1, units=3, causal=True)),
    "layer norm": lambda: Case(Dense(units=4), LayerNorm(), Dense(units=3)),
}


@pytest.mark.parametrize("name", BLOCKS)
def test_factors_of_attention_and_of_a_transformer_block(name: str) -> None:
    c = BLOCKS[name]()
    for path in c.network.parameters:
        node, parameter = path.rsplit(".", 1)
        if parameter == "g":  # a vector that all places share, and that no outer product makes
            jacobian = c.network.jacobian(c.x, wrt=path)
            c.check(path, np.einsum("ntci,ntcd,ntdj->ij", jacobian, c.hessian, jacobian))
        else:
            c.check(path, c.left(c.network.jacobian(c.x, wrt=node)))


@pytest.mark.parametrize("name", BLOCKS)
def test_no_column_of_attention_or_of_a_transformer_block_is_pulled_back_alone(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    c = BLOCKS[name]()
    taken = []
    whole = FormsAtPlaces.columns

    def counted(self: FormsAtPlaces) -> Any:
        for columns in whole(self):
            taken.append(len(columns))
            yield columns

    monkeypatch.setattr(FormsAtPlaces, "columns", counted)
    monkeypatch.setattr(Linearisation, "root_columns", None)
    c.network.curvature.kfac(c.x, c.y)
    assert taken == [CLASSES]
