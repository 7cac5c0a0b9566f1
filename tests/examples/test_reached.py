"""What the examples reach on held-back data, as medians of 5 seeds."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest


def medians(name: str) -> dict[str, float]:
    spec = importlib.util.spec_from_file_location("five_seeds", Path(__file__).with_name("five_seeds.py"))
    assert spec is not None
    assert spec.loader is not None
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return dict(module.medians(name))


@pytest.mark.soak
def test_the_autoencoder_is_better_than_as_many_principal_components() -> None:
    reached = medians("autoencoder")
    assert reached["mean squared error"] < 0.65 * reached["of 8 principal components"]
