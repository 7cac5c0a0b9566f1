"""Attention written out, for what the component leaves out: products, capped scores, numbers added to them, softmax."""

from __future__ import annotations

import math

import numpy as np
from bpframe_activations import Softmax, Tanh
from bpframe_merges import Matmul
from bpframe_reference import Add

from onnx_nodes.case import Case, NotExpressed
from onnx_nodes.rules.activations import scaled
from onnx_nodes.rules.registry import Array
from onnx_nodes.running import output_of

__all__ = ["written_out"]


def written_out(case: Case, q: Array, k: Array, v: Array, past: int) -> tuple[Array, Array]:
    """Return y (N, heads, T, d), and the scores that ONNX wants to see, by its qk_matmul_output_mode."""
    scale = case.attribute("scale", 1 / math.sqrt(q.shape[-1]))
    stages = [output_of(Matmul(transpose_b=True), [scaled(q, scale), k])]
    cap = case.attribute("softcap", 0.0)
    stages.append(scaled(output_of(Tanh(), [scaled(stages[0], 1 / cap)]), cap) if cap else stages[0])
    added = added_to_scores(case, stages[0], past)
    if np.isneginf(added).all(axis=-1).any():
        raise NotExpressed("with a query that sees no key: softmax is of nothing")
    stages.append(output_of(Add(), [stages[1], added]))
    stages.append(output_of(Softmax(), [stages[2]]))
    return output_of(Matmul(), [stages[3], v]), stages[case.attribute("qk_matmul_output_mode", 0)]


def added_to_scores(case: Case, scores: Array, past: int) -> Array:
    """What is added: the mask's numbers, and −∞ for what is not seen."""
    batch, _, times, keys = scores.shape
    mask, lengths = case.input(3), case.input(6)
    added = np.zeros_like(scores)
    if mask is not None:
        wide = np.where(mask, 0, -np.inf) if mask.dtype == bool else mask
        beyond = [(0, 0)] * (wide.ndim - 1) + [(0, keys - wide.shape[-1])]
        added += np.pad(wide, beyond, constant_values=-np.inf).astype(scores.dtype)
    offsets = np.full(batch, past) if lengths is None else lengths - times
    place = np.arange(keys)
    query = np.arange(times)[:, None] + offsets[:, None, None, None]
    hidden = np.zeros((batch, 1, times, keys), bool)
    if lengths is not None:
        hidden |= place >= lengths[:, None, None, None]
    if case.attribute("is_causal", 0):
        hidden |= place > query
    left, right = case.attribute("left_window_size", -1), case.attribute("right_window_size", -1)
    if left >= 0:
        hidden |= place < query - left
    if right >= 0:
        hidden |= place > query + right
    return np.where(hidden, np.asarray(-np.inf, scores.dtype), added)
