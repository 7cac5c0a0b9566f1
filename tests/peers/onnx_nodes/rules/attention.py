"""Attention and rotary embeddings."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from bpframe_merges import Concatenate, Repeat, Slice, Subtract
from bpframe_reference import Add, Multiply
from bpframe_sequence import Attention, MaskedAttention

from onnx_nodes.case import Case
from onnx_nodes.rules.activations import scaled
from onnx_nodes.rules.registry import Array, numbers, one, rule
from onnx_nodes.rules.scores import written_out
from onnx_nodes.running import output_of

#: What the components leave out.
MORE = ("softcap", "left_window_size", "right_window_size")


@rule("Attention")
def attention(case: Case) -> Any:
    q, k, v = numbers(case, 0, 1, 2)
    flat = q.ndim == 3
    heads = case.attribute("q_num_heads") if flat else q.shape[1]
    groups = case.attribute("kv_num_heads") if flat else k.shape[1]
    if flat:
        q, k, v = apart(q, heads), apart(k, groups), apart(v, groups)
    past = 0
    if case.input(4) is not None:
        held = numbers(case, 4, 5)
        past = held[0].shape[2]
        k, v = (one(Concatenate(axis=2), old, new) for old, new in zip(held, (k, v), strict=True))
    present = k, v
    if heads != groups:
        k, v = (one(Repeat(times=heads // groups, axis=1), each) for each in (k, v))
    scores = None
    if (mask := keys_that_count(case, len(q), k.shape[2])) is not None and len(case.outputs) < 4:
        y = by_component(case, q, k, v, mask, heads)
    else:
        y, scores = written_out(case, q, k, v, past)
    found = [together(y) if flat else y, *present, scores][: len(case.outputs)]
    return [each if wanted is not None else None for each, wanted in zip(found, case.outputs, strict=True)]


def by_component(case: Case, q: Array, k: Array, v: Array, mask: tuple[Array, ...], heads: int) -> Array:
    """Return what `attention` or `masked_attention` computes, (N, heads, T, d)."""
    if (scale := case.attribute("scale")) is not None:
        q = scaled(q, scale * math.sqrt(q.shape[-1]))
    component: Any = MaskedAttention if mask else Attention
    layer = component(heads=heads, causal=bool(case.attribute("is_causal", 0)))
    return apart(output_of(layer, [together(q), together(k), together(v), *mask]), heads)


def keys_that_count(case: Case, batch: int, keys: int) -> tuple[Array, ...] | None:
    """A mask for each key (N, S), or lengths (N,), or nothing; None where the components leave something out."""
    mask, lengths = case.input(3), case.input(6)
    causal = case.attribute("is_causal", 0) and (lengths is not None or case.input(4) is not None)
    if causal or any(case.attribute(name, -1) > 0 for name in MORE):
        return None
    if mask is None:
        return () if lengths is None else (lengths,)
    if lengths is not None or mask.dtype != bool or mask.shape[-1] != keys:
        return None
    wide = np.broadcast_to(mask, (batch, *np.broadcast_shapes(mask.shape, (1, 1, 1, 1))[1:]))
    return None if (wide != wide[:, :1, :1]).any() else (wide[:, 0, 0].astype(np.int64),)


@rule("RotaryEmbedding")
def rotary(case: Case) -> Array:
    """Turn pairs of entries: products with cosine and sine, a difference and a sum."""
    x, cosine, sine = numbers(case, 0, 1, 2)
    flat = x.ndim == 3
    heads = case.attribute("num_heads") if flat else x.shape[1]
    x = apart(x, heads) if flat else x
    if (places := case.input(3)) is not None:
        cosine, sine = cosine[places], sine[places]
    width = case.attribute("rotary_embedding_dim", 0) or x.shape[-1]
    turned = one(Slice(stop=width), x)
    if case.attribute("interleaved", 0):
        a, b = one(Slice(step=2), turned), one(Slice(start=1, step=2), turned)
    else:
        a, b = one(Slice(stop=width // 2), turned), one(Slice(start=width // 2), turned)
    c, s = (np.broadcast_to(each[:, None], a.shape) for each in (cosine, sine))
    real = one(Subtract(), one(Multiply(), c, a), one(Multiply(), s, b))
    imaginary = one(Add(), one(Multiply(), s, a), one(Multiply(), c, b))
    if case.attribute("interleaved", 0):
        pairs = one(Concatenate(), real[..., None], imaginary[..., None])
        whole = pairs.reshape(turned.shape)
    else:
        whole = one(Concatenate(), real, imaginary)
    if width < x.shape[-1]:
        whole = one(Concatenate(), whole, one(Slice(start=width), x))
    return together(whole) if flat else whole


def apart(x: Array, heads: int) -> Array:
    """(N, T, heads · d) -> (N, heads, T, d)."""
    return x.reshape(*x.shape[:2], heads, x.shape[2] // heads).swapaxes(1, 2)


def together(x: Array) -> Array:
    """(N, heads, T, d) -> (N, T, heads · d)."""
    return x.swapaxes(1, 2).reshape(len(x), x.shape[2], x.shape[1] * x.shape[3])
