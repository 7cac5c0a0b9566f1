"""Every example of every shipped set passes the conformance kit, and declares all that the kit looks for."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from bpframe.testing import check_component

SETS = [path.parent.name for path in sorted((Path(__file__).parents[2] / "plugins").glob("*/__init__.py"))]


def examples() -> Iterator[Any]:
    for name in SETS:
        for number, example in enumerate(import_module(name).bpframe_examples()):
            yield pytest.param(*example, id=f"{name.removeprefix('bpframe_')}-{example[0].kind}-{number}")


@pytest.mark.parametrize(("component", "shapes"), [*examples()])
def test_it_passes_the_whole_kit(component: Any, shapes: Any) -> None:
    report = check_component(component, shapes)
    assert report.ok, str(report)
    assert not report.missing


@pytest.mark.parametrize("name", SETS)
def test_every_component_has_an_example(name: str) -> None:
    module = import_module(name)
    assert {type(component) for component, _ in module.bpframe_examples()} == set(module.bpframe_components())
