"""The page of the documentation that shows the results."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.benchmarks import components
from tests.benchmarks.candidates import CANDIDATES
from tests.benchmarks.epoch import line
from tests.benchmarks.targets import judged
from tests.benchmarks.timing import markdown

Results = Mapping[str, Any]

#: Whom the first sentence compares with.
BESIDE = {"PyTorch": "PyTorch's time", "jax.jit": "that of one call of jax.jit"}

#: The load, in processes that want to run, from which on measuring is in vain.
BUSY = 0.5

METHOD = """\
## How it is measured

One training step is forward, backward, and the update of eq. (1). Beside bpframe run

- **products**: the matrix products of the step alone, in NumPy: the floor;
- **prototype**: the same step written by hand in NumPy for this one kind of network, with buffers made before;
- **PyTorch** as its users write it, and with `torch.compile` around the forward pass and the cost;
- **jax.jit**, one call per step, and **jax scan**, 100 steps within one call, without Python in between;
- **autograd**;
- **scikit-learn**'s `MLPClassifier.partial_fit`, whose cost is the cross-entropy of each output: the same products and
  one factor σ′ less.

These are sigmoid networks in float32 with the quadratic cost. bpframe's step is that of `fit`, with its checks that
cost and gradient are finite. Before anything is timed, each candidate takes a step (or a hundred) and has to arrive at
the parameters that a float64 reference arrives at. Then all run in turn, again and again, with a rest after each,
because threads that still spin would slow down whoever is next. Shown are medians, and ratios of times of the same
round.

To measure on a machine of your own:

```console
$ python -m pip install -e ".[bench]"
$ python tests/benchmarks/suite.py --json results.json
```

`--quick` takes a few rounds; `--compare results.json` says what became slower or faster since, as ratios of ratios, and
ends with exit code 1 where something became slower beyond the noise; `--only components --keep results.json` measures
one part again, and keeps the others. What is shown here is kept in
`tests/benchmarks/results.json`. Times depend on the machine; only ratios of one run tell something.
"""


def page(results: Results, drawings: Sequence[Path], where: Path) -> str:
    """Return the page's text, with links from `where` to the drawings."""
    links = {path.stem.rpartition("-")[2]: os.path.relpath(path, where.parent) for path in drawings}
    parts = ["# Benchmarks\n"]
    if "steps" in results:
        parts += _first(results["steps"], links.get("steps"), results["machine"]["load"] or 0.0)
        parts += _steps(results["steps"])
    if "components" in results:
        parts += _components(results["components"])
    if "growth" in results:
        parts += _growth(results["growth"], links.get("growth"))
    if "overhead" in results:
        parts += _overhead(results["overhead"])
    if "epoch" in results:
        parts += _epoch(results["epoch"])
    if "memory" in results:
        parts += _memory(results["memory"])
    if aims := judged(results):
        parts += ["## What is aimed at\n", markdown(aims) + "\n"]
    parts += [METHOD, *_machine(results["machine"], results)]
    return "\n".join(parts)


def _machine(machine: Mapping[str, Any], results: Results) -> Iterator[str]:
    facts = {"date": machine["date"], **machine["facts"]}
    facts |= {name: number for name, number in machine["packages"].items() if number != "-"}
    facts |= {name: f"`{value}`" for name, value in machine["variables"].items()}
    facts["rounds"] = f"{results['rounds']}, load {machine['load']} at the start"
    yield "## The machine\n"
    yield markdown([{"": name, "value": value} for name, value in facts.items()]) + "\n"


def headline(rows: Sequence[Mapping[str, Any]]) -> str:
    """Say in a sentence or two what the ratios of all networks say."""

    def found(name: str) -> list[tuple[float, str]]:
        return sorted((row["ratios"][name]["value"], row["network"]) for row in rows if name in row["ratios"])

    def spanned(name: str) -> str:
        (least, fast), (most, slow) = found(name)[0], found(name)[-1]
        return f"{100 * least:.0f} % ({fast}) to {100 * most:.0f} % ({slow})"

    parts = [f"{spanned(name)} of {called}" for name, called in BESIDE.items() if found(name)]
    if not parts:
        return ""
    text = f"A training step of bpframe takes {', and '.join(parts)}."
    if scanned := found("jax scan"):
        ahead = sum(ratio > 1 for ratio, _ in scanned)
        text += f" Where a hundred steps may run inside one call, JAX is faster on {ahead} of {len(scanned)} networks."
    return text


def _first(rows: Sequence[Mapping[str, Any]], drawing: str | None, load: float) -> Iterator[str]:
    if text := headline(rows):
        yield f"{text}\n"
    if drawing:
        yield f"![By network, the time of a training step of each library as a multiple of bpframe's]({drawing})\n"
    if load > BUSY:
        yield f"Others were at work on the machine (load {load}): take the small differences for noise.\n"


def times(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, object]]:
    """Return the rows of the table of medians, in µs."""
    names = sorted(_names(rows), key=lambda name: name != "bpframe")
    return [_named(row) | {name: _microseconds(row, name) for name in names} for row in rows]


def ratios(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, object]]:
    """Return the rows of the table of bpframe's time beside each other one's."""
    return [
        _named(row)
        | {f"/ {name}": _ratio(row["ratios"][name]) if name in row["ratios"] else "-" for name in _names(rows)
           if name != "bpframe"}
        for row in rows
    ]  # fmt: skip


def _named(row: Mapping[str, Any]) -> dict[str, object]:
    return {"network": row["network"], "batch": row["batch"]}


def _names(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    return [name for name in CANDIDATES if any(name in row["microseconds"] or name in row["missing"] for row in rows)]


def _microseconds(row: Mapping[str, Any], name: str) -> str:
    found = row["microseconds"].get(name)
    return "-" if found is None else f"{found['value']:.0f}" if found["value"] >= 99.5 else f"{found['value']:.3g}"


def _ratio(found: Mapping[str, Any]) -> str:
    return f"{found['value']:.2f}"


def spread(rows: Sequence[Mapping[str, Any]]) -> str:
    """Say how far the rounds were apart."""
    wide = [(each["high"] - each["low"]) / each["value"] for row in rows for each in row["ratios"].values()]
    typical = sorted(wide)[len(wide) // 2]
    return f"The quartiles of a ratio are mostly {100 * typical:.0f} % apart, at most {100 * max(wide):.0f} %."


def reasons(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return why candidates are missing, each reason once with its networks."""
    found: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        for name, reason in row["missing"].items():
            found.setdefault((name, reason), []).append(row["network"])
    return [f"{name}: {reason} ({', '.join(networks)})" for (name, reason), networks in found.items()]


def _steps(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    yield "## Steps\n"
    yield "Median µs of one step:\n"
    yield markdown(times(rows)) + "\n"
    yield "bpframe's time beside each, median of the rounds' ratios; below 1 bpframe is faster:\n"
    yield markdown(ratios(rows)) + "\n"
    yield spread(rows)
    yield "".join(f"\n- {reason}" for reason in reasons(rows)) + "\n"


def missed(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return where the time goes of steps whose aim is missed."""
    return [each for each in map(components.missed, rows) if each is not None]


def _components(found: Mapping[str, Any]) -> Iterator[str]:
    machine, rows = found["machine"], found["rows"]
    yield "## What ships\n"
    yield (
        "One network of each family of components beside PyTorch eager, in float32 with the quadratic cost:\n"
        "`train_step`, with its checks, beside `zero_grad`, `backward` and `step`. The rule is plain gradient descent\n"
        "where no other is named.\n"
        f"Measured on {machine['date']}, with a load of {machine['load']} at the start.\n"
    )
    if (machine["load"] or 0.0) > BUSY:
        yield "Others were at work on the machine then: these numbers tell little.\n"
    yield markdown([components.row(each) for each in rows]) + "\n"
    if said := missed(rows):
        yield "Where the time goes of steps that miss their aim, by the least times of their calls:\n"
        yield "".join(f"- {each}\n" for each in said)


def exponents(sweeps: Sequence[Mapping[str, Any]]) -> list[dict[str, object]]:
    """Return how steep time is over the last decade of each sweep."""
    return [
        {
            "grows": f"{each['what']}, {each['points'][0]['n']:,} … {each['points'][-1]['n']:,}",
            "held": each["held"],
            "bpframe": f"{each['exponents']['bpframe']:.2f}",
            "prototype": f"{each['exponents']['prototype']:.2f}",
            "products": f"{each['exponents']['products']:.2f}",
            "ns per unit, at the end": f"{each['nanoseconds_per_unit']:.3g}",
        }
        for each in sweeps
    ]


def _growth(sweeps: Sequence[Mapping[str, Any]], drawing: str | None) -> Iterator[str]:
    yield "## Growth\n"
    yield "Back-propagation takes O(n): the time of a step grows no faster than what it computes.\n"
    if drawing:
        yield f"![Time of a step as networks and batches grow, with a line for O(n)]({drawing})\n"
    yield "The exponent $e$ of time ~ $n^e$ over the last decade, by least squares:\n"
    yield markdown(exponents(sweeps)) + "\n"


def overhead_line(found: Mapping[str, Any]) -> str:
    beyond, calls, once = found["per_node"], found["calls_per_node"], found["per_step"]
    return (
        f"{beyond['value']:.2f} µs per node forward and backward (quartiles {beyond['low']:.2f} to "
        f"{beyond['high']:.2f}) beyond its NumPy calls, which take {calls['value']:.2f} µs; "
        f"{once['value']:.1f} µs once per step"
    )


def _overhead(found: Mapping[str, Any]) -> Iterator[str]:
    yield "## What a node costs\n"
    yield (
        "Narrow deep networks beside the same NumPy calls made directly, which leave the same bytes. A layer is two\n"
        f"nodes, dense and sigmoid; the difference of two depths up to {found['network']} gives\n"
    )
    yield f"> {overhead_line(found)}.\n"


def _epoch(found: Mapping[str, Any]) -> Iterator[str]:
    yield "## What an epoch costs beyond its steps\n"
    yield (
        "One call of `fit` for one epoch, from the checks of its arrays to its history, beside as many steps on one\n"
        "batch that stays in the processor's cache:\n"
    )
    yield f"> {line(found)}.\n"


def allocations(found: Sequence[Mapping[str, Any]]) -> list[dict[str, object]]:
    """Return the rows of the table of allocations."""
    return [
        {
            "network": each["network"],
            "batch": each["batch"],
            "activations, bytes": ", ".join(f"{size:,}" for size in each["activations_bytes"]),
            "allocations": each["times"],
            "bytes": f"{each['bytes']:,}",
        }
        for each in found
    ]


def _memory(found: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    yield "## Memory\n"
    yield (
        "What one step allocates once the first ones are over, by `tracemalloc`: 1 KiB or more at once, since NumPy\n"
        "takes smaller arrays from a store of its own. An addition that repeats one of its arguments has NumPy take a\n"
        "buffer of at most 8,192 entries, whatever the size of the array.\n"
    )
    yield markdown(allocations(found)) + "\n"
