"""Attention."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from bpframe_merges import Concatenate, Repeat
from bpframe_sequence import Attention, MaskedAttention

from onnx_nodes.case import Case, NotExpressed
from onnx_nodes.rules.activations import scaled
from onnx_nodes.rules.registry import Array, InPart, numbers, one, rule
from onnx_nodes.running import output_of


@rule("Attention")
def attention(case: Case) -> Any:
    case.refuse_attributes(
        softcap="with capped scores",
        left_window_size="within a window",
        right_window_size="within a window",
    )
    q, k, v = numbers(case, 0, 1, 2)
    flat = q.ndim == 3
    heads = case.attribute("q_num_heads") if flat else q.shape[1]
    groups = case.attribute("kv_num_heads") if flat else k.shape[1]
    if flat:
        q, k, v = apart(q, heads), apart(k, groups), apart(v, groups)
    past = case.input(4), case.input(5)
    if past[0] is not None:
        numbers(case, 4, 5)
        k, v = (one(Concatenate(axis=2), held, new) for held, new in zip(past, (k, v), strict=True))
    present = k, v
    causal = bool(case.attribute("is_causal", 0))
    if causal and (past[0] is not None or case.input(6) is not None):
        raise NotExpressed("causal behind steps that are past: attention counts from the first query")
    if (scale := case.attribute("scale")) is not None:
        q = scaled(q, scale * math.sqrt(q.shape[-1]))
    if heads != groups:
        k, v = (one(Repeat(times=heads // groups, axis=1), each) for each in (k, v))
    mask = keys_that_count(case, len(q), k.shape[2])
    given = [together(each) for each in (q, k, v)]
    if mask is None:
        y = output_of(Attention(heads=heads, causal=causal), given)
    else:
        y = output_of(MaskedAttention(heads=heads, causal=causal), [*given, mask])
    y = y if flat else apart(y, heads)
    if len(case.outputs) == 1:
        return y
    found = [y, *present][: len(case.outputs)]
    found = [each if wanted is not None else None for each, wanted in zip(found, case.outputs, strict=False)]
    return (
        found
        if len(case.outputs) < 4
        else InPart([*found, None], "scores and their softmax are saved, and are no output")
    )


def keys_that_count(case: Case, batch: int, keys: int) -> Array | None:
    """A mask for each key (N, S), or lengths (N,), where all queries and heads see the same."""
    mask, lengths = case.input(3), case.input(6)
    if lengths is not None and mask is None:
        return lengths
    if mask is None:
        return None
    if lengths is not None or mask.dtype != bool:
        raise NotExpressed("with numbers added to the scores: masks leave keys out")
    wide = np.broadcast_to(mask, (batch, *np.broadcast_shapes(mask.shape, (1, 1, 1, 1))[1:]))
    if (wide != wide[:, :1, :1]).any() or mask.shape[-1] != keys:
        raise NotExpressed("with a mask for each query: masks are for keys, the same for all queries")
    return wide[:, 0, 0].astype(np.int64)


def apart(x: Array, heads: int) -> Array:
    """(N, T, heads · d) -> (N, heads, T, d)."""
    return x.reshape(*x.shape[:2], heads, x.shape[2] // heads).swapaxes(1, 2)


def together(x: Array) -> Array:
    """(N, heads, T, d) -> (N, T, heads · d)."""
    return x.swapaxes(1, 2).reshape(len(x), x.shape[2], x.shape[1] * x.shape[3])
