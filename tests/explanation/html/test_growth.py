"""The picture of what each way to all derivatives costs: heights and lengths are logarithms of what was counted."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import numpy as np
import pytest

from bpframe.explanation import growth
from bpframe.explanation.html.growth import growth_figures, growth_sentence
from tests.explanation.networks import A1, Y, linear, olah

WAYS = ("path_by_path", "sweeps", "reaching", "reverse")


def test_bars_are_as_long_as_the_logarithms_of_this_networks_multiplications() -> None:
    found = linear().explain(A1, Y)
    counts, formula = found.paths.counts, found.expansion.formula
    assert counts is not None
    assert formula is not None
    page = found.to_html()
    bars = dict(re.findall(r'<rect class="way (\w+)" x="0" y="[\d.]+" width="([\d.]+)"', page))
    expected = {"direct": formula.direct_multiplications, **{way: getattr(counts, way) for way in WAYS}}
    assert bars.keys() == expected.keys()
    unit = float(bars["reverse"]) / math.log10(counts.reverse)
    for way, count in expected.items():
        assert count is not None
        assert float(bars[way]) == pytest.approx(unit * math.log10(count), abs=0.3)
        assert f": {count:,}</text>" in page
    first = page[page.index('<figure class="count">') : page.index("by depth")]
    ticks = re.findall(r'<text class="tick[^"]*" x="([\d.]+)" y="222">(1|10|100|1,000)</text>', first)
    for x, told in ticks:
        assert float(x) == pytest.approx(unit * math.log10(int(told.replace(",", ""))), abs=0.3)
    assert len(ticks) > 1
    assert f'written out as a formula</th><td class="count">{formula.direct_multiplications:,}</td>' in page


@pytest.mark.parametrize(("name", "sizes"), [("depth", range(1, 11)), ("width", (1, 2, 4, 8, 16, 32, 64, 128))])
def test_lines_rise_as_the_logarithms_of_the_counted_growth(name: str, sizes: list[int]) -> None:
    counts = linear().explain(A1, Y).paths.counts
    assert counts is not None
    figures = re.findall(r"<figure.*?</figure>", growth_figures(counts, None), re.DOTALL)
    figure = figures[1 if name == "depth" else 2]
    heights, logarithms = [], []
    for way, line in re.findall(r'<polyline class="way (\w+)" points="([^"]*)"', figure):
        points = [tuple(map(float, each.split(","))) for each in line.split()]
        across = [float(size) if name == "depth" else math.log2(size) for size in sizes]
        assert np.corrcoef(across, [x for x, _ in points])[0, 1] == pytest.approx(1, abs=1e-4)
        heights += [y for _, y in points]
        of = [growth(4, size) if name == "depth" else growth(size, 4) for size in sizes]
        logarithms += [math.log10(getattr(point, way)) for point in of]
    assert len(heights) == 4 * len(sizes)
    slope, start = np.polyfit(logarithms, heights, 1)
    assert slope < 0
    assert np.allclose(heights, start + slope * np.array(logarithms), atol=0.2)


def test_the_sentence_has_the_least_and_the_most_for_each_weight() -> None:
    points = [growth(4, depth) for depth in range(1, 11)] + [growth(2**power, 4) for power in range(8)]
    per_weight = [point.reverse / point.weights for point in points]
    found = growth_sentence()
    assert f"from {min(p.weights for p in points)} weights to {max(p.weights for p in points):,}" in found
    assert f"takes {min(per_weight):.2g} to {max(per_weight):.2g} multiplications for each weight" in found
    assert max(per_weight) < 3  # which is the O(n) that the sentence speaks of


def test_what_is_counted_exactly_is_drawn_however_large_it_is() -> None:
    counts = linear().explain(A1, Y, expand=False).paths.counts
    assert counts is not None
    counts = replace(counts, path_by_path=7 * 10**350)
    drawn = growth_figures(counts, 10**400)
    assert "written out: 10⁴⁰⁰" in drawn
    assert "path by path: 10³⁵⁰" in drawn
    assert "nan" not in drawn
    assert "inf" not in drawn


def test_where_no_weight_was_trained_there_is_nothing_to_count() -> None:
    assert "Why back-propagation" not in olah().explain({"a": 2.0, "b": 1.0}).to_html()
