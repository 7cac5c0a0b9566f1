"""Recurrent layers, attention and embeddings beside PyTorch's: values, all gradients, packed sequences."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
import torch
from bpframe_activations import Relu
from bpframe_reference import QuadraticCost
from bpframe_sequence import (
    Attention,
    CrossAttention,
    Embedding,
    Gru,
    Lstm,
    MaskedAttention,
    MaskedGru,
    MaskedLstm,
    MaskedMultiHeadAttention,
    MaskedSimpleRnn,
    MultiHeadAttention,
    PositionalEncoding,
    SelfAttention,
    SimpleRnn,
    TransformerBlock,
)
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

import bpframe as bp
from tests.peers.beside_torch import TOLERANCES, compare

KINDS = {
    "rnn": (torch.nn.RNN, SimpleRnn, MaskedSimpleRnn),
    "lstm": (torch.nn.LSTM, Lstm, MaskedLstm),
    "gru": (torch.nn.GRU, Gru, MaskedGru),
}


def weights_of(t: Mapping[str, Any], kind: str, units: int) -> list[Any]:
    """PyTorch's weights of ours: the conversion that the docstrings state."""
    found = []
    for end in ("", "_backward") if "w_backward" in t else ("",):
        w, u, b = (t[key + end] for key in "wub")
        rows = w.shape[0]
        zeros = torch.zeros(rows, dtype=b.dtype)
        if kind == "gru":
            found += [w, u, b[:rows], torch.cat([zeros[: 2 * units], b[rows:]])]
        else:
            found += [w, u, b, zeros]
    return found


def by_torch(kind: str, units: int, sequences: bool, both: bool) -> Callable[[Mapping[str, Any]], Any]:
    module = KINDS[kind][0](2, units, batch_first=True, bidirectional=both).double()
    names = [name for name, _ in module.named_parameters()]

    def function(t: Mapping[str, Any]) -> Any:
        x = t["x"]
        given = dict(zip(names, weights_of(t, kind, units), strict=True))
        times = x.shape[1]
        lengths = t.get("mask")
        if lengths is not None:
            real = lengths if lengths.ndim == 1 else (lengths != 0).sum(dim=1)
            x = pack_padded_sequence(x, real.clamp(1, times), batch_first=True, enforce_sorted=False)
        shown, state = torch.func.functional_call(module, given, (x,))
        if lengths is not None:
            shown, _ = pad_packed_sequence(shown, batch_first=True, total_length=times)
        if sequences:
            return shown
        last = state[0] if kind == "lstm" else state
        return torch.cat(list(last), dim=-1)

    return function


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("sequences", [True, False])
@pytest.mark.parametrize("both", [True, False])
def test_a_recurrent_layer_is_pytorchs(kind: str, sequences: bool, both: bool) -> None:
    layer = KINDS[kind][1](units=3, return_sequences=sequences, bidirectional=both)
    compare(layer, [(5, 2)], by_torch(kind, 3, sequences, both))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("sequences", [True, False])
def test_masks_are_pytorchs_packed_sequences(kind: str, sequences: bool) -> None:
    layer = KINDS[kind][2](units=2, return_sequences=sequences, bidirectional=True)

    def lengths(rng: np.random.Generator, batch: int) -> dict[str, np.ndarray]:
        return {"mask": rng.integers(1, 6, batch)}

    def mask(rng: np.random.Generator, batch: int) -> dict[str, np.ndarray]:
        return {"mask": (np.arange(5) < rng.integers(1, 6, (batch, 1))) * rng.integers(1, 9, (batch, 5))}

    compare(layer, [(5, 2), ()], by_torch(kind, 2, sequences, True), constants=lengths)
    compare(layer, [(5, 2), (5,)], by_torch(kind, 2, sequences, True), constants=mask)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("both", [True, False])
def test_a_truncated_gradient_is_pytorchs_with_detached_states(kind: str, both: bool) -> None:
    layer = KINDS[kind][1](units=2, return_sequences=True, bidirectional=both, truncate=2)
    modules = [KINDS[kind][0](2, 2, batch_first=True).double() for _ in range(2)]

    def function(t: Mapping[str, Any]) -> Any:
        shown, given = [], weights_of(t, kind, 2)
        for place, module in enumerate(modules[: 2 if both else 1]):
            names = [name for name, _ in module.named_parameters()]
            own = dict(zip(names, given[4 * place : 4 * place + 4], strict=True))
            x = t["x"].flip(1) if place else t["x"]
            state, parts = None, []
            for part in x.split(2, dim=1):
                found, state = torch.func.functional_call(module, own, (part, state))
                state = tuple(each.detach() for each in state) if kind == "lstm" else state.detach()
                parts.append(found)
            whole = torch.cat(parts, dim=1)
            shown.append(whole.flip(1) if place else whole)
        return torch.cat(shown, dim=-1)

    compare(layer, [(5, 2)], function)


def reset_before(t: Mapping[str, Any], shows_all: bool, truncate: int | None = None) -> Any:
    """A GRU with the reset gate before the matrix, in both directions, which PyTorch has not: step by step."""
    x, outputs = t["x"], []
    times = x.shape[1]
    mask = t.get("mask")
    real = torch.ones(x.shape[:2]) if mask is None else mask if mask.ndim == 2 else torch.arange(times) < mask[:, None]
    real = (real != 0)[..., None]
    for end in ("", "_backward"):
        w, u, b = (t[key + end].chunk(3) for key in "wub")
        h, shown = torch.zeros(len(x), w[0].shape[0], dtype=x.dtype), {}
        for step, time in enumerate(reversed(range(times)) if end else range(times)):
            h = h.detach() if truncate and step % truncate == 0 else h
            now = x[:, time]
            r, z = (torch.sigmoid(now @ w[k].T + h @ u[k].T + b[k]) for k in range(2))
            new = torch.tanh(now @ w[2].T + (r * h) @ u[2].T + b[2])
            h = torch.where(real[:, time], (1 - z) * new + z * h, h)
            shown[time] = h * real[:, time]
        outputs.append(torch.stack([shown[time] for time in range(times)], dim=1) if shows_all else h)
    return torch.cat(outputs, dim=-1)


@pytest.mark.parametrize("sequences", [True, False])
def test_a_reset_gate_before_the_matrix_has_the_gradients_that_pytorch_finds(sequences: bool) -> None:
    fields = {"units": 3, "return_sequences": sequences, "bidirectional": True, "reset_after": False}
    compare(Gru(**fields), [(5, 2)], lambda t: reset_before(t, sequences))
    compare(Gru(**fields, truncate=2), [(5, 2)], lambda t: reset_before(t, sequences, 2))
    compare(MaskedGru(**fields), [(5, 2), (5,)], lambda t: reset_before(t, sequences))
    compare(MaskedGru(**fields), [(5, 2), ()], lambda t: reset_before(t, sequences), constants=lengths_of)


def by_heads(x: Any, heads: int) -> Any:
    return x.unflatten(-1, (heads, -1)).swapaxes(-2, -3)


@pytest.mark.parametrize("heads", [1, 2])
@pytest.mark.parametrize("causal", [True, False])
def test_attention_is_pytorchs(heads: int, causal: bool) -> None:
    def function(t: Mapping[str, Any]) -> Any:
        parts = [by_heads(t[key], heads) for key in "qkv"]
        return torch.nn.functional.scaled_dot_product_attention(*parts, is_causal=causal).swapaxes(1, 2).flatten(2)

    compare(Attention(heads=heads, causal=causal), [(4, 4), (5, 4), (5, 6)], function)

    def packed(t: Mapping[str, Any]) -> Any:
        return function(dict(zip("qkv", t["x"].chunk(3, dim=-1), strict=True)))

    compare(SelfAttention(heads=heads, causal=causal), [(5, 12)], packed)


def lengths_of(rng: np.random.Generator, batch: int) -> dict[str, np.ndarray]:
    return {"mask": rng.integers(1, 6, batch)}


def test_keys_that_are_masked_are_pytorchs() -> None:
    def function(t: Mapping[str, Any]) -> Any:
        seen = torch.arange(5) < t["mask"][:, None]
        parts = [by_heads(t[key], 2) for key in "qkv"]
        masked = torch.nn.functional.scaled_dot_product_attention(*parts, attn_mask=seen[:, None, None])
        return masked.swapaxes(1, 2).flatten(2)

    compare(MaskedAttention(heads=2), [(4, 4), (5, 4), (5, 6), ()], function, constants=lengths_of)


def test_a_query_that_sees_no_key_gets_zeros_where_pytorch_has_none_or_nan() -> None:
    layer, saved = MaskedAttention(), {}
    q, v = np.ones((2, 3, 2)), np.ones((2, 4, 2))
    y = layer.forward(q, v, v, np.array([0, 4]), saved)
    assert (y[0] == 0).all()
    assert np.allclose(y[1], 1)
    for operator in layer.jacobian(q, v, v, saved).values():
        pulled = operator.vjp(np.ones((2, 3, 2)))
        assert (pulled[0] == 0).all()
        assert np.isfinite(pulled).all()


@pytest.mark.parametrize("causal", [True, False])
def test_multi_head_attention_is_pytorchs(causal: bool) -> None:
    module = torch.nn.MultiheadAttention(6, 3, batch_first=True).double()

    def function(t: Mapping[str, Any]) -> Any:
        names = {"in_proj_": "project.", "out_proj.": "out."}
        ends = {"weight": "w", "bias": "b"}
        given = {a + c: t[b + d] for a, b in names.items() for c, d in ends.items()}
        x = t["x"]
        hidden = torch.ones(4, 4).triu(1).bool() if causal else None
        padding = torch.arange(4) >= t["mask"][:, None] if "mask" in t else None
        options = {"need_weights": False, "attn_mask": hidden, "key_padding_mask": padding}
        return torch.func.functional_call(module, given, (x, x, x), options)[0]

    compare_block(MultiHeadAttention(heads=3, causal=causal), [(4, 6)], function)
    compare_block(MaskedMultiHeadAttention(heads=3, causal=causal), [(4, 6), ()], function)


def test_cross_attention_is_pytorchs() -> None:
    module = torch.nn.MultiheadAttention(4, 2, batch_first=True, kdim=3, vdim=3).double()

    def function(t: Mapping[str, Any]) -> Any:
        given = {
            "q_proj_weight": t["query.w"],
            "k_proj_weight": t["key.w"],
            "v_proj_weight": t["value.w"],
            "in_proj_bias": torch.cat([t["query.b"], t["key.b"], t["value.b"]]),
            "out_proj.weight": t["out.w"],
            "out_proj.bias": t["out.b"],
        }
        x, memory = t["x"], t["memory"]
        return torch.func.functional_call(module, given, (x, memory, memory), {"need_weights": False})[0]

    compare_block(CrossAttention(heads=2), [(4, 4), (5, 3)], function)


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("phi", ["relu", "gelu"])
def test_a_transformer_block_is_pytorchs(first: bool, phi: str) -> None:
    module = torch.nn.TransformerEncoderLayer(
        4, 2, dim_feedforward=5, dropout=0.0, activation=phi, batch_first=True, norm_first=first
    ).double()
    names = {
        "self_attn.in_proj_weight": "attention.project.w",
        "self_attn.in_proj_bias": "attention.project.b",
        "self_attn.out_proj.weight": "attention.out.w",
        "self_attn.out_proj.bias": "attention.out.b",
        "linear1.weight": "hidden.w",
        "linear1.bias": "hidden.b",
        "linear2.weight": "out.w",
        "linear2.bias": "out.b",
        "norm1.weight": "norm_1.g",
        "norm1.bias": "norm_1.b",
        "norm2.weight": "norm_2.g",
        "norm2.bias": "norm_2.b",
    }

    def function(t: Mapping[str, Any]) -> Any:
        return torch.func.functional_call(module, {a: t[b] for a, b in names.items()}, (t["x"],))

    block = TransformerBlock(heads=2, units=5, norm_first=first, **({"activation": Relu()} if phi == "relu" else {}))
    compare_block(block, [(4, 4)], function)


def compare_block(block: Any, shapes: list[tuple[int, ...]], by_torch: Callable[[Mapping[str, Any]], Any]) -> None:
    """Compare a block's output and gradients with PyTorch's, in both precisions."""
    names = type(block).inputs
    for dtype, tolerance in TOLERANCES.items():
        net = bp.Network(
            inputs=dict(zip(names, shapes, strict=True)),
            nodes={"block": bp.node(block, *names)},
            output="block",
            cost=QuadraticCost(),
            dtype=dtype,
        )
        rng = np.random.default_rng(0)
        net.parameters.vector[:] += 0.3 * rng.standard_normal(net.parameters.vector.size)
        given = {name: rng.standard_normal((3, *shape)) for name, shape in zip(names, shapes, strict=True)}
        if "mask" in given:
            given["mask"] = rng.integers(1, 5, 3)
        leaves = {key.removeprefix("block."): each for key, each in net.parameters.items()}
        leaves |= {key: each.astype(dtype) for key, each in given.items() if key != "mask"}
        tensors = {key: torch.tensor(each.astype(np.float64), requires_grad=True) for key, each in leaves.items()}
        others = {key: torch.tensor(each) for key, each in given.items() if key == "mask"}
        y = by_torch({**tensors, **others})
        u = rng.standard_normal(y.shape)
        expected = dict(zip(tensors, torch.autograd.grad(y, list(tensors.values()), torch.tensor(u)), strict=True))
        inputs = {key: each if key == "mask" else each.astype(dtype) for key, each in given.items()}
        np.testing.assert_allclose(net.predict(inputs), y.detach(), rtol=0, atol=10 * tolerance)
        found = net.vjp(inputs, u.astype(dtype))
        for key, each in found.items():
            wanted = expected[key.removeprefix("block.")]
            size = max(1.0, float(wanted.abs().max()))
            np.testing.assert_allclose(each, wanted, rtol=0, atol=10 * tolerance * size, err_msg=key)


def test_an_embedding_is_pytorchs() -> None:
    for zero in (False, True):

        def function(t: Mapping[str, Any], zero: bool = zero) -> Any:
            w = torch.cat([torch.zeros_like(t["w"][:1]), t["w"][1:]]) if zero else t["w"]
            return torch.nn.functional.embedding(t["tokens"], w, padding_idx=0 if zero else None)

        compare(Embedding(size=5, units=3, mask_zero=zero), [(4,)], function)
        compare(Embedding(size=5, units=3, mask_zero=zero), [(2, 3)], function)


def test_learned_positions_are_pytorchs_embedding() -> None:
    compare(
        PositionalEncoding(length=6),
        [(4, 3)],
        lambda t: t["x"] + torch.nn.functional.embedding(torch.arange(4), t["w"]),
    )
