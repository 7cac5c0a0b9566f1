"""Padding that an embedding declares does not count, or the network is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bpframe_convolution import Flatten
from bpframe_merges import Residual
from bpframe_reference import Dense, QuadraticCost
from bpframe_sequence import (
    Attention,
    CrossAttention,
    Embedding,
    Gru,
    Lstm,
    MaskedLstm,
    MaskedTransformerBlock,
    MultiHeadAttention,
    SelfAttention,
    SimpleRnn,
    TransformerBlock,
)

import bpframe as bp
from bpframe.errors import GraphError
from bpframe.extend import Block, Layer


class Reader(Block):
    """A stranger's block with a layer inside that mixes positions."""

    def nodes(self) -> dict[str, Any]:
        """Return a dense layer and an LSTM."""
        return {"wide": Dense(units=6), "state": Lstm(units=2)}


MIXING: list[tuple[Layer | Block, str]] = [
    (Lstm(units=2), "masked_lstm"),
    (Lstm(units=2, return_sequences=True), "masked_lstm"),
    (Gru(units=2), "masked_gru"),
    (SimpleRnn(units=2), "masked_simple_rnn"),
    (SelfAttention(heads=2), "masked_self_attention"),
    (MultiHeadAttention(heads=2), "masked_multi_head_attention"),
    (TransformerBlock(heads=2), "masked_transformer_block"),
    (Reader(), "masked_lstm"),
    (Residual(body=(MultiHeadAttention(heads=2),)), "masked_multi_head_attention"),
]


def read(*layers: Any, zero: bool = True, length: int | None = None) -> bp.Network:
    return bp.Network(
        [Embedding(size=9, units=6, mask_zero=zero), *layers], input_shape=(length,), cost=QuadraticCost(), seed=0
    )


@pytest.mark.parametrize(("layer", "instead"), MIXING, ids=repr)
@pytest.mark.parametrize("length", [None, 4])
def test_a_layer_that_mixes_positions_without_a_mask_is_refused(layer: Any, instead: str, length: int | None) -> None:
    with pytest.raises(GraphError, match=r"would count padding, which layers\[0\] 'embedding_1'") as raised:
        read(layer, length=length)
    assert instead in str(raised.value.hint)
    read(layer, zero=False, length=length)


@pytest.mark.parametrize("between", [Dense(units=6), MaskedTransformerBlock(heads=2)], ids=repr)
def test_padding_stays_padding_behind_layers_that_keep_positions(between: Any) -> None:
    masks = ["tokens"] * isinstance(between, MaskedTransformerBlock)
    nodes = {
        "vectors": bp.node(Embedding(size=9, units=6, mask_zero=True), "tokens"),
        "between": bp.node(between, "vectors", *masks),
        "state": bp.node(Lstm(units=2), "between"),
    }
    with pytest.raises(GraphError, match=r"'state'.* would count padding.*'vectors'"):
        bp.Network(nodes=nodes, inputs={"tokens": (4,)})


def test_keys_that_are_padding_count_and_queries_do_not() -> None:
    def attending(padded: str, component: Callable[[], Any]) -> bp.Network:
        return bp.Network(
            inputs={"a": (3,), "b": (5,)},
            nodes={
                "of_a": bp.node(Embedding(size=9, units=4, mask_zero="a" in padded), "a"),
                "of_b": bp.node(Embedding(size=9, units=4, mask_zero="b" in padded), "b"),
                "mixed": component(),
            },
        )

    for component in (
        lambda: bp.node(Attention(), "of_a", "of_b", "of_b"),
        lambda: bp.node(CrossAttention(heads=2), "of_a", "of_b"),
    ):
        attending("a", component)
        with pytest.raises(GraphError, match=r"'mixed'.* would count padding.*'of_b'") as raised:
            attending("b", component)
        assert "masked_attention" in str(raised.value.hint)


def test_what_reads_the_mask_or_mixes_no_positions_is_taken() -> None:
    read(Dense(units=2))
    read(Flatten(), Dense(units=2), length=4)
    nodes = {
        "vectors": bp.node(Embedding(size=9, units=4, mask_zero=True), "t"),
        "state": bp.node(MaskedLstm(units=5), "vectors", "t"),
    }
    net = bp.Network(nodes=nodes, inputs={"t": (None,)}, seed=0)
    long, short = np.array([[7, 2, 8, 0, 0]]), np.array([[7, 2, 8]])
    np.testing.assert_allclose(net.predict({"t": long}), net.predict({"t": short}), rtol=1e-12)


def test_a_network_that_was_saved_before_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Lstm, "masked_instead", {})
        net = read(Lstm(units=2))
    net.save(tmp_path / "run")
    x = np.array([[3, 0, 0]])
    assert np.array_equal(bp.load(tmp_path / "run").predict(x), net.predict(x))
