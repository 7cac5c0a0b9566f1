"""How operators of ONNX are expressed by shipped components, one file for each kind."""

from __future__ import annotations

from onnx_nodes.rules import (  # each names its operators
    activations,
    arithmetic,
    attention,
    convolution,
    losses,
    normalising,
    optimizers,
    recurrent,
    shapes,
)
from onnx_nodes.rules.registry import RULES, InPart

__all__ = [
    "RULES",
    "InPart",
    "activations",
    "arithmetic",
    "attention",
    "convolution",
    "losses",
    "normalising",
    "optimizers",
    "recurrent",
    "shapes",
]
