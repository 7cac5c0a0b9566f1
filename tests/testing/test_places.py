"""A failure says where in the author's code it was met."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bpframe.extend import Activation, Array, Cost, Diagonal, Operator
from bpframe.testing import check_component


def inner(x: Array) -> Array:
    return np.stack([x, x[:, 0]])  # two shapes


class InAFunction(Activation):
    """A mistake in a function that forward calls, inside NumPy."""

    def forward(self, x: Array) -> Array:
        return inner(x)

    def jacobian(self, x: Array) -> Operator:
        return Diagonal(x)


class Unweighted(Cost):
    """A product that does not fit, with another number of examples in every check."""

    def forward(self, a: Array, y: Array, weight: Array) -> Array:
        found: Array = (weight @ (a - y)).sum(axis=1)
        return found

    def jacobian(self, a: Array, y: Array, weight: Array) -> Array:
        return weight * (a - y)


class WrongShape(Activation):
    """The author's code ends well, and what it returns is wrong."""

    def forward(self, x: Array) -> Array:
        return x[:, :1]

    def jacobian(self, x: Array) -> Operator:
        return Diagonal(x)


def line_of(text: str) -> int:
    lines = Path(__file__).read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, start=1) if text in line)


def test_the_innermost_line_of_the_author_is_named() -> None:
    report = check_component(InAFunction(), [(4,)])
    place = f"test_places.py, line {line_of('# two shapes')}, in inner"
    rows = {each.check: dict(each.rows) for each in report.failed}
    assert {name for name, found in rows.items() if found.get("where") != place} == set()
    assert "shape" in rows
    assert "batches" in rows


def test_one_mistake_is_told_once_whatever_the_numbers_of_examples() -> None:
    checks = ["shape", "dtype", "batches", "independence", "extremes"]
    text = check_component(Unweighted(), [(7,)], only=checks).text()
    assert text.count(" failed: ") == 1
    assert "also   dtype, batches, independence, extremes" in text
    assert ", in forward" in text


def test_no_place_is_named_where_the_author_s_code_has_ended() -> None:
    report = check_component(WrongShape(), [(4,)], only=["shape"])
    assert [label for label, _ in report.failed[0].rows] == []
    assert "expected" in report.text()


class NotEmpty(Activation):
    """A component that takes no empty batch."""

    def forward(self, x: Array) -> Array:
        return x * 1 if x.max() is not None else x

    def jacobian(self, x: Array) -> Operator:
        return Diagonal(np.ones_like(x))


def test_the_batch_that_fails_is_told() -> None:
    (failed,) = check_component(NotEmpty(), [(4,)]).failed
    assert failed.check == "batches"
    assert ("batch", "of 0") in failed.rows
