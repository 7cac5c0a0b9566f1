"""Runs as they were before their files had digests."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture
def without_digests() -> Callable[[Path], Path]:
    """Take the digests out of a run, so that what lies behind them can be held to account."""

    def strip(run: Path) -> Path:
        versions = json.loads((run / "versions.json").read_text())
        del versions["digests"], versions["digest"]
        (run / "versions.json").write_text(json.dumps(versions))
        return run

    return strip
