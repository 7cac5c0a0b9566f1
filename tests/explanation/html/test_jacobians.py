"""Pictures of local Jacobians: read back from the page, they are the entries of the network's operators."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from bpframe.core.operators import Matrix
from bpframe.explanation.coarse import coarse_of
from bpframe.explanation.html.matrices import matrix_picture, matrix_words
from tests.derivatives.zoo import ZOO
from tests.explanation.html.reading import Parsed
from tests.explanation.networks import A1, Y, linear, sigmoids


def figures_of(page: str) -> list[str]:
    (section,) = re.findall(r"<h2>Local Jacobians</h2>.*?</section>", page, re.DOTALL)
    return re.findall(r"<figure.*?</figure>", section, re.DOTALL)


def signs_of(picture: str) -> Any:
    """Return the signs of the entries as a picture has them, square by square."""
    columns, rows = map(int, re.search(r'viewBox="0 0 (\d+) (\d+)"', picture).groups())  # type: ignore[union-attr]
    found = np.zeros((rows, columns), int)
    for kind, x, y in re.findall(r'<rect class="(plus|minus) q\d" x="(\d+)" y="(\d+)"', picture):
        found[int(y), int(x)] += 1 if kind == "plus" else -1
    for kind, path in re.findall(r'<path class="(plus|minus) q\d" d="([^"]*)"', picture):
        for x, y, length in re.findall(r"M(\d+) (\d+)h(\d+)v1h-\3z", path):
            found[int(y), int(x) : int(x) + int(length)] += 1 if kind == "plus" else -1
    return found


@pytest.mark.parametrize("example", ZOO, ids=lambda each: each.name)
def test_every_picture_has_the_signs_and_the_structure_of_the_networks_own_operator(example: Any) -> None:
    x, y = example.data(1)
    network = example.make()
    trace = network.trace(x)
    figures = figures_of(network.explain(x, y, expand=False, per_parameter=0).to_html())
    operators = [
        (operator, int(np.prod(node.output_shape)))
        for node in network.graph.nodes
        for operator in trace.jacobian(node.name).values()
    ]
    assert len(figures) == len(operators)
    for figure, (operator, outputs) in zip(figures, operators, strict=True):
        dense = operator.dense()[0].reshape(outputs, -1)
        assert np.array_equal(signs_of(figure), np.sign(dense)), operator
        told = "".join(Parsed(figure).text)
        assert operator.structure in told
        assert f"{dense.shape[0]} × {dense.shape[1]}" in told
        cells = [each.replace("−", "-").replace(",", "") for each in re.findall(r'class="count">([^<]*)<', figure)]
        if max(dense.shape) <= 8 and dense.size > 1:
            assert [float(each) for each in cells] == pytest.approx(dense.ravel().tolist(), rel=1e-4)
        else:
            assert cells == []
        pointed = re.findall(r"<title>row (\d+), column (\d+): ([^<]*)</title>", figure)
        assert len(pointed) == (np.count_nonzero(dense) if dense.size <= 64 else 0)
        for row, column, number in pointed:
            expected = dense[int(row) - 1, int(column) - 1]
            assert float(number.replace("−", "-").replace(",", "")) == pytest.approx(expected, rel=6e-3)


def test_the_general_line_has_the_picture_of_what_it_multiplies_with() -> None:
    example = next(each for each in ZOO if each.name == "residual")
    page = example.make().explain(*example.data(1), expand=False, per_parameter=0).to_html()
    steps = re.findall(r'<article class="step (?:backward|derivatives)">.*?</article>', page, re.DOTALL)
    general = [each for each in steps if "any graph" in each or "any parameter" in each]
    assert general
    assert all("<svg class=" in each for each in general)
    assert not any("<svg class=" in each for each in steps if each not in general)
    plain = re.findall(r"<article.*?</article>", linear().explain(A1, Y, expand=False).to_html(), re.DOTALL)
    assert not any("<svg class=" in each for each in plain)


@pytest.mark.parametrize("coarse", [False, True])
def test_the_largest_and_the_smallest_numbers_that_there_are_can_be_drawn(coarse: bool) -> None:
    entries = np.array([[1.7e308, -5e-324, 0.0, np.inf]])
    assert signs_of(matrix_picture(entries, "", coarse)).tolist() == [[1, -1, 0, 0]]
    assert signs_of(matrix_picture(entries[:, 1:], "", coarse)).tolist() == [[-1, 0, 0]]


def test_a_large_jacobian_is_seen_from_afar_which_is_said() -> None:
    network = sigmoids(30, 10, inputs=300)
    x, y = np.random.default_rng(0).random(300), np.eye(10)[3]
    figures = figures_of(network.explain(x, y, expand=False, per_parameter=0).to_html())
    operators = list(network.trace(x[None]).jacobian("dense_1").values())
    for figure, operator in zip(figures[:2], operators[:2], strict=True):
        entries = operator.dense().reshape(30, -1)
        width = entries.shape[1]
        starts = sorted({round(width * each / 48) for each in range(48)})
        expected = np.empty((30, 48))
        for row in range(30):
            for place, (begin, end) in enumerate(zip(starts, [*starts[1:], width], strict=True)):
                expected[row, place] = max(entries[row, begin:end], key=abs)
        assert np.array_equal(signs_of(figure), np.sign(expected))
        assert f"drawn from afar: a square is the largest of about {width // 48} columns" in figure
        assert "seen from afar" in figure


def test_from_afar_rows_are_evenly_spread_and_nothing_is_seen_of_what_is_not_finite() -> None:
    matrix = np.arange(1.0, 100 * 200 + 1).reshape(100, 200) * np.where(np.arange(200) % 3, 1, -1)
    seen = coarse_of(Matrix(matrix), (100,), 200, np.dtype(float))
    assert seen is not None
    assert (seen.rows[0], seen.rows[-1], len(seen.rows)) == (0, 99, 32)
    assert {b - a for a, b in pairwise(seen.rows)} == {3, 4}
    for place, row in enumerate(seen.rows):
        for group, (begin, end) in enumerate(zip(seen.columns, (*seen.columns[1:], 200), strict=True)):
            assert seen.entries[place, group] == max(matrix[row, begin:end], key=abs)
    assert coarse_of(Matrix(matrix), (100,), 10**7, np.dtype(float)) is None
    slow = coarse_of(Matrix(np.ones((1000, 2000))), (1000,), 2000, np.dtype(float))
    assert slow is not None
    assert len(slow.rows) == 6  # so that a product of two million multiply-adds is made six times
    matrix[0, 7] = np.nan  # 0 times NaN would be seen in every row
    assert coarse_of(Matrix(matrix), (100,), 200, np.dtype(float)) is None


def test_strengths_follow_sizes_and_words_tell_zeros_and_what_is_not_finite() -> None:
    picture = matrix_picture(np.array([[1.0, -0.4, 0.0], [np.inf, 0.1, np.nan]]), "<told>")
    assert re.findall(r'class="(\w+ q\d)"', picture) == ["plus q4", "minus q2", "plus q1"]
    assert picture.count("l.8 .8m0 -.8l-.8 .8") == 2
    assert "&lt;told&gt;" in picture
    assert matrix_words(np.zeros((2, 2))) == "all 4 are 0"
    assert matrix_words(np.eye(3)) == "3 of 9 entries are not 0, each 1"
    told = matrix_words(np.array([[2.0, np.nan, -1.5, 0.0]]))
    assert told == "3 of 4 entries are not 0, from −1.5 to 2; not finite: 1"
    assert matrix_words(np.array([[-3.0]])) == "one entry, which is −3"
    thin = matrix_picture(np.eye(2, 900), "thin")
    assert 'width="152" height="16"' in thin
