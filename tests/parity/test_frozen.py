"""bpframe against values that another framework computed once and `freeze.py` wrote down."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from cases import NAMES, case

REFERENCE = json.loads(Path(__file__).with_name("reference.json").read_text())["cases"]


@pytest.mark.parametrize("name", NAMES)
def test_every_quantity_equals_the_frozen_one(name):
    found = case(name).by_bpframe()
    frozen = REFERENCE[name]
    assert set(found) == set(frozen)
    for quantity, value in found.items():
        np.testing.assert_allclose(value, frozen[quantity], rtol=1e-11, atol=1e-14, err_msg=quantity)


def test_no_case_was_forgotten():
    assert set(REFERENCE) == set(NAMES)
