"""Jacobians and curvature against values that other frameworks computed once and `freeze_curvature.py` wrote down."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from curvature_cases import FROZEN, assert_equal, by_bpframe, case

REFERENCE = Path(__file__).with_name("curvature.npz")


@pytest.mark.parametrize("name", FROZEN)
def test_every_quantity_equals_the_frozen_one(name):
    with np.load(REFERENCE) as arrays:
        frozen = {key.partition(": ")[2]: arrays[key] for key in arrays.files if key.startswith(f"{name}: ")}
    found = by_bpframe(case(name))
    assert set(found) == set(frozen)
    assert_equal(found, frozen)
