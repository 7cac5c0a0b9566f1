"""What is aimed at: ratios of bpframe's time, and the cost of a node and of an epoch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tests.benchmarks.epoch import TARGET

#: By network and batch, the largest ratio to each candidate; the products alone are the floor.
STEPS: Mapping[tuple[str, int], Mapping[str, float]] = {
    ("784-30-10", 10): {"prototype": 1.35, "jax.jit": 0.7, "PyTorch": 0.2},
    ("784-100-10", 32): {"prototype": 1.2, "jax.jit": 0.6, "PyTorch": 0.45},
    ("64-64-64-64-64-10", 16): {"prototype": 1.35, "jax.jit": 0.9, "PyTorch": 0.25},
    ("784-256-128-10", 128): {"prototype": 1.05, "jax.jit": 1.0, "PyTorch": 0.7},
    ("784-1024-1024-10", 256): {"products": 1.08, "jax.jit": 1.0, "PyTorch": 0.6},
}

#: µs of a node, forward and backward together, beyond its NumPy calls.
PER_NODE = 2.5


def judged(results: Mapping[str, Any]) -> list[dict[str, object]]:
    """Return a row for each aim that was measured: what was found, and whether it was reached."""
    rows = []
    for what, unit, aim, found in _measured(results):
        reached = "yes" if found["value"] <= aim else "within the noise" if found["least"] <= aim else "no"
        rows.append({
            "what": what, "beside": unit, "at most": f"{aim:g}", "measured": f"{found['value']:.2f}", "reached": reached
        })  # fmt: skip
    return rows


def _measured(results: Mapping[str, Any]) -> Iterator[tuple[str, str, float, Mapping[str, float]]]:
    for row in results.get("steps", []):
        for name, aim in STEPS.get((row["network"], row["batch"]), {}).items():
            if name in row["ratios"]:
                yield f"{row['network']}, {row['batch']}", name, aim, row["ratios"][name]
    for row in results.get("components", {"rows": []})["rows"]:
        for name, found in row["ratios"].items():
            yield f"{row['network']}, {row['batch']}", name, row["aim"], found
    if "overhead" in results:
        yield "a node, µs", "its NumPy calls, beyond", PER_NODE, results["overhead"]["per_node"]
    if "epoch" in results:
        yield "an epoch of `fit`", "its steps alone", TARGET, results["epoch"]["ratios"]["bpframe"]
