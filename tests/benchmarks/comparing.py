"""Two runs beside each other: ratios of ratios, so that a faster or slower machine cancels out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.benchmarks.machine import DECISIVE
from tests.benchmarks.timing import Median

#: What bpframe's time is judged against, the first that both runs have: code of ours that nobody makes faster.
YARDSTICKS = ("prototype", "products")

Results = Mapping[str, Any]


@dataclass(frozen=True)
class Change:
    """How bpframe's ratio to something changed."""

    what: str
    against: str
    before: Median
    now: Median

    @property
    def factor(self) -> float:
        return self.now.value / self.before.value

    @property
    def bounds(self) -> tuple[float, float]:
        """Return between which factors the noise of both runs leaves the true one."""
        return self.now.least / self.before.most, self.now.most / self.before.least

    def verdict(self, threshold: float) -> str:
        """Return "slower" or "faster" for a change beyond both the threshold and the noise."""
        least, most = self.bounds
        if self.factor > 1 + threshold and least > 1:
            return "slower"
        return "faster" if self.factor < 1 / (1 + threshold) and most < 1 else ""


def changes(before: Results, now: Results) -> list[Change]:
    """Return the changes of all that both runs measured."""
    found = []
    old = dict(_judged(before))
    for what, ratios in _judged(now):
        common = [name for name in (*YARDSTICKS, "direct", "PyTorch") if name in ratios and name in old.get(what, {})]
        if common:
            against = common[0]
            found.append(Change(what, against, Median(**old[what][against]), Median(**ratios[against])))
    return found


def _judged(results: Results) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for row in results.get("steps", []):
        yield f"{row['network']}, {row['batch']}", row["ratios"]
    for row in results.get("components", {"rows": []})["rows"]:
        yield f"{row['network']}, {row['batch']}", row["ratios"]
    for sweep in results.get("growth", []):
        for point in sweep["points"]:
            yield f"{sweep['sweep']} {point['n']}", point["ratios"]
    if "epoch" in results:
        yield "an epoch of fit", results["epoch"]["ratios"]
    if "overhead" in results:
        found = results["overhead"]
        unit = found["calls_per_node"]["value"]
        beyond = {name: each if name == "count" else each / unit for name, each in found["per_node"].items()}
        if beyond["least"] > 0:  # else all of it was noise
            yield "per node, beyond its NumPy calls", {"direct": beyond}


def table(found: list[Change], threshold: float) -> list[dict[str, object]]:
    """Return rows to print."""
    return [
        {
            "what": each.what,
            "against": each.against,
            "before": each.before.value,
            "now": each.now.value,
            "change": f"{100 * (each.factor - 1):+.1f} %",
            "or between": f"{100 * (each.bounds[0] - 1):+.1f} % and {100 * (each.bounds[1] - 1):+.1f} %",
            "verdict": each.verdict(threshold),
        }
        for each in found
    ]


def differences(before: Results, now: Results) -> list[str]:
    """Return in which decisive facts the machines differ."""
    old, new = before["machine"]["facts"], now["machine"]["facts"]
    return [f"{name}: {old.get(name)} then, {new.get(name)} now" for name in DECISIVE if old.get(name) != new.get(name)]
