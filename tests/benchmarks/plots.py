"""Two drawings of the results: steps beside each other, and growth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.benchmarks.candidates import CANDIDATES

# Okabe and Ito's colours, which stay apart for all kinds of colour vision.
COLOURS = dict(
    zip(
        CANDIDATES,
        ("#666666", "#000000", "#0072B2", "#D55E00", "#E69F00", "#009E73", "#56B4E9", "#CC79A7", "#B8A800"),
        strict=True,
    )
)
MARKERS = dict(zip(CANDIDATES, "|DosPv^*X", strict=True))


def draw(results: Mapping[str, Any], path: Path) -> list[Path]:
    """Write PATH-steps and PATH-growth, where there is something to draw; return the files."""
    import matplotlib

    matplotlib.use("Agg")
    matplotlib.rcParams["svg.hashsalt"] = "bpframe"  # the same results give the same bytes
    matplotlib.rcParams["svg.fonttype"] = "none"  # text stays text, in the reader's font
    import matplotlib.pyplot as plt

    written = []
    for part, drawing in (("steps", _steps), ("growth", _growth)):
        if results.get(part):
            figure = drawing(results, plt)
            written.append(path.with_name(f"{path.stem}-{part}{path.suffix or '.svg'}"))
            figure.savefig(written[-1], metadata={"Date": None} if written[-1].suffix == ".svg" else None)
            plt.close(figure)
    return written


def _steps(results: Mapping[str, Any], plt: Any) -> Any:
    rows = results["steps"]
    figure, axes = plt.subplots(figsize=(9, 1.6 + 0.5 * len(rows)), layout="constrained")
    for name in CANDIDATES:
        found = [
            (1.0 if name == "bpframe" else 1 / row["ratios"][name]["value"], -place)
            for place, row in enumerate(rows)
            if name in row["microseconds"]
        ]
        if found:
            axes.plot(*zip(*found, strict=True), MARKERS[name], color=COLOURS[name], label=name, markersize=8)
    axes.set_yticks(range(0, -len(rows), -1), [f"{row['network']}, batch {row['batch']}" for row in rows])
    axes.set_xscale("log")
    axes.axvline(1, color=COLOURS["bpframe"], linewidth=0.8)
    axes.grid(alpha=0.3, which="both", axis="x")
    axes.set_xlabel("time of a training step, bpframe = 1")
    figure.legend(loc="outside upper center", ncols=5, frameon=False)
    return figure


def _growth(results: Mapping[str, Any], plt: Any) -> Any:
    sweeps, overhead = results["growth"], results.get("overhead")
    figure, grid = plt.subplots(2, 3, figsize=(11, 6.5), layout="constrained")
    places = list(grid.flat)
    for axes, sweep in zip(places, sweeps, strict=False):
        _sweep(axes, sweep)
    _ratios(places[4], sweeps)
    if overhead:
        _overhead(places[5], overhead)
    for axes in (*places[len(sweeps) : 4], *([] if overhead else places[5:])):
        axes.set_axis_off()
    figure.legend(*places[0].get_legend_handles_labels(), loc="outside upper center", ncols=4, frameon=False)
    return figure


def _sweep(axes: Any, sweep: Mapping[str, Any]) -> None:
    points = sweep["points"]
    n = [each["n"] for each in points]
    for name in points[-1]["microseconds"]:
        median = [each["microseconds"][name] for each in points]
        axes.plot(n, [each["value"] for each in median], "-", marker=".", color=COLOURS[name], label=name)
        axes.fill_between(
            n, [each["low"] for each in median], [each["high"] for each in median], color=COLOURS[name], alpha=0.2
        )
    last = points[-1]["microseconds"]["bpframe"]["value"]
    axes.plot(n, [last * each / n[-1] for each in n], ":", color="grey", label="O(n)")
    axes.set(xscale="log", yscale="log", xlabel=sweep["what"], ylabel="µs a step")
    axes.set_title(sweep["held"], fontsize="small")
    axes.grid(alpha=0.3)
    axes.xaxis.set_minor_formatter("")
    lowest = min(each["microseconds"][name]["low"] for each in points for name in each["microseconds"])
    axes.set_ylim(bottom=0.5 * lowest)


def _ratios(axes: Any, sweeps: Sequence[Mapping[str, Any]]) -> None:
    for sweep, line in zip(sweeps, ("-", "--", ":", "-."), strict=False):
        points = sweep["points"]
        axes.plot(
            [each["microseconds"]["prototype"]["value"] for each in points],
            [each["ratios"]["prototype"]["value"] for each in points],
            line, marker=".", color=COLOURS["bpframe"], label=sweep["sweep"],
        )  # fmt: skip
    axes.axhline(1, color=COLOURS["prototype"], linewidth=0.8)
    axes.set(xscale="log", xlabel="µs a step by hand", ylabel="bpframe / by hand", ylim=(0.8, None))
    axes.legend(frameon=False, fontsize="small")
    axes.grid(alpha=0.3)
    axes.xaxis.set_minor_formatter("")


def _overhead(axes: Any, overhead: Mapping[str, Any]) -> None:
    calls, beyond = overhead["calls_per_node"], overhead["per_node"]
    axes.barh(["a node"], [calls["value"]], color=COLOURS["prototype"], label="its NumPy calls")
    error = [[beyond["value"] - beyond["low"]], [beyond["high"] - beyond["value"]]]
    axes.barh(
        ["a node"], [beyond["value"]], left=[calls["value"]], color=COLOURS["bpframe"], xerr=error, capsize=3,
        label=f"beyond them: {beyond['value']:.1f} µs",
    )  # fmt: skip
    axes.set(xlabel="µs, forward and backward", ylim=(-1, 2.2))
    axes.set_title(overhead["network"], fontsize="small")
    axes.legend(frameon=False, loc="upper left")
