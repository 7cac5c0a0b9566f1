"""A report's first line writes the component as Python does, fields that hold components too."""

from __future__ import annotations

import pytest
from bpframe_optimizers import Cosine
from bpframe_reference import Dense, GradientDescent, Sigmoid, StandardNormal

from bpframe.extend import Component
from bpframe.testing import Report, check_component
from tests.components.blocks import Sequence


@pytest.mark.parametrize(
    ("component", "shapes", "title"),
    [
        (
            GradientDescent(learning_rate=Cosine(start=0.1, over=3)),
            [],
            "gradient_descent(learning_rate=cosine(start=0.1, over=3)) at no shape",
        ),
        (Dense(units=2, weights=StandardNormal()), [(3,)], "dense(units=2, weights=standard_normal()) at (3,)"),
        (Sequence(body=(Dense(units=3), Sigmoid())), [(3,)], "sequence(body=[dense(units=3), sigmoid()]) at (3,)"),
    ],
    ids=lambda value: getattr(value, "kind", None),
)
def test_fields_are_written_as_in_python(component: Component, shapes: list[tuple[int, ...]], title: str) -> None:
    report = check_component(component, shapes, only=["contract"])
    assert report.title == title
    assert Report.model_validate_json(report.model_dump_json()).title == title
