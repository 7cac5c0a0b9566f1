"""Fields that make no sense together are refused."""

from __future__ import annotations

from typing import Any

import pytest
from bpframe_activations import HardTanh

from bpframe.errors import SpecError


@pytest.mark.parametrize("fields", [{"low": 2.0}, {"low": 1.0, "high": -1.0}, {"low": 0.5, "high": 0.5}])
def test_limits_that_leave_nothing_between_them_are_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(SpecError, match="low has to be below high"):
        HardTanh(**fields)
