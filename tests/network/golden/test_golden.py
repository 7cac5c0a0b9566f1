"""Parameters after 200 steps: the bytes of before, and those of passes that nothing was prepared for."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from bpframe.core.backprop.engine import Engine

from .trainings import DTYPES, TRAININGS, arithmetic, digest, trained

FROZEN = np.load(Path(__file__).with_name("frozen.npz"))
DIGESTS = json.loads(Path(__file__).with_name("frozen.json").read_text(encoding="utf-8"))

#: Of the largest parameter: what other kernels and instruction sets may differ by after 200 steps.
TOLERANCE = {"float32": 1e-5, "float64": 1e-12}

CASES = pytest.mark.parametrize(("name", "dtype"), [(name, dtype) for name in TRAININGS for dtype in DTYPES])


@CASES
def test_the_bytes_of_the_frozen_training_where_arithmetic_is_the_same_else_its_values(name, dtype) -> None:
    found, frozen = trained(name, dtype), FROZEN[f"{name}-{dtype}"]
    assert found.dtype == frozen.dtype
    np.testing.assert_allclose(found, frozen, rtol=0, atol=TOLERANCE[dtype] * np.abs(frozen).max())
    known = DIGESTS.get(arithmetic())
    assert known is None or digest(found) == known[f"{name}-{dtype}"]


@CASES
def test_prepared_passes_leave_the_bytes_of_first_passes(name, dtype, monkeypatch) -> None:
    found = trained(name, dtype)
    differentiate, checked = Engine.differentiate, []

    def unprepared(engine, lane, inputs, targets, training, purpose="evaluation"):
        """Have the engine take its first way, which checks what components return, every time."""
        checked.append(len(lane._kept))
        lane.clear()
        return differentiate(engine, lane, inputs, targets, training, purpose)

    monkeypatch.setattr(Engine, "differentiate", unprepared)
    assert found.tobytes() == trained(name, dtype).tobytes()
    assert sum(checked) == 199  # all but the first, so that there were passes to prepare


def test_nothing_was_forgotten() -> None:
    names = {f"{name}-{dtype}" for name in TRAININGS for dtype in DTYPES}
    assert set(FROZEN.files) == names
    assert DIGESTS
    assert all(set(each) == names for each in DIGESTS.values())
