"""Kronecker factors of costs with a term at every place: the columns of all places are pulled back at once."""

from __future__ import annotations

import numpy as np
import pytest
from bpframe_activations import Tanh
from bpframe_reference import Add, Dense
from bpframe_regularisation import LayerNorm
from bpframe_sequence import Gru, Lstm, MaskedLstm, MultiHeadAttention, SimpleRnn

from bpframe import Network, node
from bpframe.derivatives.curvature import kfac
from bpframe.derivatives.curvature.places import FormsAtPlaces
from bpframe.derivatives.points.linearisation import Linearisation
from tests.components.attention import Attention
from tests.components.gated import PlainRecurrent
from tests.components.lstm import LSTM
from tests.components.masked_cross_entropy import SequenceCrossEntropy
from tests.components.recurrent import Recurrent
from tests.contract.cases import scatter

CLASSES, TIMES = 3, 4


def over_time(*layers, **nodes):
    """A network with a cost at every position, and its data."""
    if layers:
        network = Network([*layers, Dense(units=CLASSES)], input_shape=(TIMES, 3), cost=SequenceCrossEntropy(), seed=1)
    else:
        network = Network(inputs={"x": (TIMES, 3)}, nodes=nodes, cost=SequenceCrossEntropy(), seed=1)
    scatter(network)
    rng = np.random.default_rng(0)
    return network, rng.standard_normal((5, TIMES, 3)), rng.integers(0, CLASSES, (5, TIMES))


def masked():
    """Sequences of different lengths, whose masked steps keep their state."""
    nodes = {
        "loop": node(MaskedLstm(units=2, return_sequences=True), "x", "lengths"),
        "end": node(Dense(units=CLASSES), "loop"),
    }
    inputs = {"x": (TIMES, 3), "lengths": (TIMES,)}
    network = Network(inputs=inputs, nodes=nodes, cost=SequenceCrossEntropy(), seed=1)
    scatter(network)
    rng = np.random.default_rng(0)
    mask = (np.arange(TIMES) < np.array([4, 2, 0, 1, 3])[:, None]).astype(int)
    return network, {"x": rng.standard_normal((5, TIMES, 3)), "lengths": mask}, rng.integers(0, CLASSES, (5, TIMES))


def several_heads():
    network = Network(
        [MultiHeadAttention(heads=2, causal=True), Dense(units=CLASSES)],
        input_shape=(TIMES, 4),
        cost=SequenceCrossEntropy(),
        seed=1,
    )
    scatter(network)
    rng = np.random.default_rng(0)
    return network, rng.standard_normal((5, TIMES, 4)), rng.integers(0, CLASSES, (5, TIMES))


def attending():
    return over_time(
        q=node(Dense(units=2), "x"),
        k=node(Dense(units=2), "x"),
        v=node(Dense(units=3), "x"),
        mixed=node(Attention(), "q", "k", "v"),
        sum=node(Add(), "mixed", "x"),
        end=node(Dense(units=CLASSES), "sum"),
    )


SEQUENCES = {
    "recurrent": lambda: over_time(Recurrent(units=4)),
    "lstm": lambda: over_time(LSTM(units=2)),
    "attention": attending,
    "scan": lambda: over_time(Dense(units=2), PlainRecurrent(units=3)),
    "simple_rnn": lambda: over_time(SimpleRnn(units=3, return_sequences=True)),
    "shipped lstm": lambda: over_time(Lstm(units=2, return_sequences=True)),
    "both ways": lambda: over_time(Lstm(units=2, return_sequences=True, bidirectional=True)),
    "masked": masked,
    "gru": lambda: over_time(Gru(units=2, return_sequences=True)),
    "heads": lambda: over_time(MultiHeadAttention(heads=1)),
    "several heads": several_heads,
    "layer norm": lambda: over_time(LayerNorm(epsilon=0.1), Dense(units=3), Tanh()),
}


@pytest.mark.parametrize("name", SEQUENCES)
def test_columns_of_all_places_at_once_give_what_one_after_another_gives(name, monkeypatch) -> None:
    network, x, y = SEQUENCES[name]()
    weights = np.random.default_rng(1).random((5, TIMES))
    for words in ({}, {"sample_weight": weights}):
        with monkeypatch.context() as patched:  # which would be one after another
            patched.setattr(Linearisation, "root_columns", None)
            found = network.curvature.kfac(x, y, **words)
        with monkeypatch.context() as patched:
            patched.setattr(kfac, "_add_at_places", lambda point, sums: set())
            expected = network.curvature.kfac(x, y, **words)
        assert found.exact == expected.exact
        for path, (a, b) in expected.items():
            np.testing.assert_array_equal(found[path][0], a)
            np.testing.assert_allclose(found[path][1], b, rtol=0, atol=1e-13 * max(np.abs(b).max(), 1e-3))


def test_factors_of_attention_by_definition() -> None:
    """B = 1/NT Σ_n Σ_l J_lᵀ H J_l, with J_l the Jacobian of all scores in the value of a node at place l."""
    network, x, y = attending()
    scores = network.predict(x)
    p = np.exp(scores) / np.exp(scores).sum(axis=-1, keepdims=True)
    hessian = np.einsum("ntc,cd->ntcd", p, np.eye(CLASSES)) - np.einsum("ntc,ntd->ntcd", p, p)
    factors = network.curvature.kfac(x, y)
    for name in ("q", "k", "v", "end"):
        jacobian = network.jacobian(x, wrt=name)  # (N, T, classes, L, m)
        expected = np.einsum("ntcli,ntcd,ntdlj->ij", jacobian, hessian, jacobian) / y.size
        for path in (f"{name}.w", f"{name}.b"):
            np.testing.assert_allclose(factors[path][1], expected, rtol=0, atol=1e-13)


@pytest.mark.parametrize("name", ["recurrent", "lstm", "attention", "scan"])
def test_as_many_columns_are_pulled_back_as_there_are_classes(name, monkeypatch) -> None:
    """And not as many as classes and positions: what a column costs is less than a gradient."""
    network, x, y = SEQUENCES[name]()
    taken = []
    whole = FormsAtPlaces.columns

    def counted(self):
        for columns in whole(self):
            taken.append(len(columns))
            yield columns

    monkeypatch.setattr(FormsAtPlaces, "columns", counted)
    monkeypatch.setattr(Linearisation, "root_columns", None)
    network.curvature.kfac(x, y)
    assert taken == [CLASSES]


def test_what_lies_before_a_layer_that_mixes_places_in_two_ways_is_computed_one_column_after_another(
    monkeypatch,
) -> None:
    network, x, y = over_time(
        before=node(Dense(units=3), "x"),
        mixed=node(Attention(), "before", "before", "before"),
        end=node(Dense(units=CLASSES), "mixed"),
    )
    point = Linearisation.at(network._engine, {"x": x}, *(network._samples(x, y, None)[1:]))
    forms = FormsAtPlaces(point)
    assert {path for _, path, _ in forms.in_turn()} == {"end.w", "end.b"}
    assert forms.open == {"before.w", "before.b"}
    jacobian, found = network.jacobian(x, wrt="before"), network.curvature.kfac(x, y)
    scores = network.predict(x)
    p = np.exp(scores) / np.exp(scores).sum(axis=-1, keepdims=True)
    hessian = np.einsum("ntc,cd->ntcd", p, np.eye(CLASSES)) - np.einsum("ntc,ntd->ntcd", p, p)
    expected = np.einsum("ntcli,ntcd,ntdlj->ij", jacobian, hessian, jacobian) / y.size
    np.testing.assert_allclose(found["before.w"][1], expected, rtol=0, atol=1e-13)
