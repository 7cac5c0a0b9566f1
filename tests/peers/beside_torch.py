"""A layer, block or cost beside a function of PyTorch: values and every gradient, in both precisions, in odd memory.

    compare(Tanh(), [(4,)], lambda t: torch.tanh(t["x"]))

The function is handed a mapping from the names of inputs, integer inputs, targets and parameters, and from `state.name`
of the state, to tensors, and returns the output, or the cost per example.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from bpframe.core.component import Component
from bpframe.testing.point import Point
from bpframe.testing.probing import probe_of

__all__ = ["TOLERANCES", "compare"]

Array = np.ndarray
Shape = tuple[int, ...]

#: How far apart they may be, relative to the largest entry.
TOLERANCES = {"float64": 1e-10, "float32": 1e-5}


def compare(
    component: Component,
    shapes: Sequence[Shape],
    by_torch: Callable[[Mapping[str, Any]], Any],
    *,
    batches: Sequence[int] = (3, 1),
    training: bool = False,
    scale: float = 1.0,
    seed: int = 0,
    constants: Callable[[np.random.Generator, int], Mapping[str, Array]] | None = None,
    tolerances: Mapping[str, float] = TOLERANCES,
) -> None:
    """Compare the output and the gradient of every input and parameter, for a random cotangent.

    `constants` draws other integer inputs or targets for a number of examples than the conformance kit would.
    """
    probe = probe_of(component, [tuple(shape) for shape in shapes])
    assert probe is not None, component
    for batch in batches:
        rng = np.random.default_rng(seed)
        point = probe.sample(rng, batch, scale, training)
        if constants is not None:
            point = replace(point, constants={**point.constants, **constants(rng, batch)})
        cotangent = rng.standard_normal((batch, *probe.output_shape))
        for dtype, tolerance in tolerances.items():
            rounded = point.in_dtype(dtype)
            value, gradients = _by_torch(by_torch, rounded, cotangent)
            for layout in (np.ascontiguousarray, _strided):
                moved = replace(rounded, arrays={key: layout(each) for key, each in rounded.arrays.items()})
                found = probe.value(moved)
                operators = probe.operators(moved)
                where = f"{type(component).__name__} {shapes}, {batch} examples, {dtype}, {layout.__name__}"
                assert found.dtype == np.dtype(dtype), where
                _assert_close(found, value, tolerance, f"{where}: output")
                u = layout(cotangent.astype(dtype))
                for key, expected in gradients.items():
                    pulled = operators[key].vjp(u)
                    pulled = pulled.sum(axis=0) if key in probe.parameters else pulled
                    _assert_close(pulled, expected, tolerance, f"{where}: gradient of {key}")


def _by_torch(function: Callable[[Mapping[str, Any]], Any], point: Point, cotangent: Array) -> tuple[Array, Any]:
    """Return PyTorch's output and gradients, computed in float64 at the same point."""
    leaves = {key: torch.tensor(np.asarray(each, np.float64), requires_grad=True) for key, each in point.arrays.items()}
    others = {**point.constants, **{f"state.{name}": each for name, each in point.state.items()}}
    given = {
        key: torch.tensor(each.astype(np.float64) if each.dtype.kind == "f" else each) for key, each in others.items()
    }
    output = function({**leaves, **given})
    gradients = torch.autograd.grad(output, list(leaves.values()), torch.tensor(cotangent), allow_unused=True)
    return output.detach().numpy(), {
        key: np.zeros(leaf.shape) if each is None else each.numpy()
        for (key, leaf), each in zip(leaves.items(), gradients, strict=True)
    }


def _strided(array: Array) -> Array:
    """Return the same numbers as every second entry, backwards, of memory that holds other numbers between."""
    if not array.ndim:
        return array
    memory = np.full((*array.shape[:-1], 2 * array.shape[-1] + 1), 7.0).astype(array.dtype)
    view = memory[..., -2::-2]
    view[...] = array
    return view


def _assert_close(found: Array, expected: Array, tolerance: float, what: str) -> None:
    assert found.shape == expected.shape, what
    largest = max(1.0, float(np.abs(expected).max(initial=0.0)))
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance * largest, err_msg=what)
