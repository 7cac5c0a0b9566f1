"""What takes long to make is made once for all test processes: by the first to come, while the others wait."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

__all__ = ["made_once"]


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """Return a folder of this run of the tests, which `make` has filled in one of its processes."""
    base = factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / name
    made, failed = folder.with_name(f"{name}-made"), folder.with_name(f"{name}-failed")
    try:
        folder.mkdir()
    except FileExistsError:
        until = time.monotonic() + 1800
        while not made.exists():
            assert not failed.exists(), f"another test process could not make {name}: its tests say why"
            assert time.monotonic() < until, f"nobody has made {name}"
            time.sleep(0.2)
        return folder
    try:
        make(folder)
    except BaseException:
        failed.touch()
        raise
    made.touch()
    return folder
