"""Components that the kit has to accept: the reference set's, and the contract's own probes.

What else ships is checked in `test_shipped.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import bpframe_reference as reference

from tests.components.cross_entropy import SoftmaxCrossEntropy
from tests.contract.cases import CASES

Shapes = tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Subject:
    """An instance with the shapes of its inputs."""

    component: Any
    shapes: Shapes


def named(subject: object) -> str:
    if not isinstance(subject, Subject):
        return str(subject)
    return f"{type(subject.component).__name__}-{'-'.join('x'.join(map(str, shape)) for shape in subject.shapes)}"


SHIPPED = [Subject(component, shapes) for component, shapes in reference.bpframe_examples()]
PROBES = [
    *(
        Subject(case.component, tuple(case.inputs.values()))
        for case in CASES
        if type(case.component).__module__.startswith("tests.")
    ),
    Subject(SoftmaxCrossEntropy(), ((4,),)),
]
SUBJECTS = [*SHIPPED, *PROBES]
