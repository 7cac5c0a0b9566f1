"""Ways to run commands: in this process, and as a process of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from bpframe.cli.app import app

SPEC = """\
network:
  input_shape: [2]
  layers:
    - {kind: dense, units: 3}
    - {kind: sigmoid}
    - {kind: dense, units: 2}
    - {kind: sigmoid}
  cost: {kind: quadratic}
training: {optimizer: {kind: gradient_descent, learning_rate: 1.0}, epochs: 3, batch_size: 8, seed: 0}
data: {kind: npz, path: points.npz, one_hot: true, test_count: 10, scaling: standard}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with a small spec, spec.yaml, and its data: 60 points of two classes."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BPFRAME_TRACEBACK", raising=False)
    (tmp_path / "spec.yaml").write_text(SPEC)
    rng = np.random.default_rng(0)
    x = 5 + 3 * rng.normal(size=(60, 2))
    np.savez(tmp_path / "points.npz", x=x, y=(x[:, 0] > x[:, 1]).astype(int))
    return tmp_path


@pytest.fixture
def write_spec(folder: Path) -> Callable[..., None]:
    """Replace texts in spec.yaml; each must be there."""

    def write(*changes: tuple[str, str]) -> None:
        text = SPEC
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        (folder / "spec.yaml").write_text(text)

    return write


@pytest.fixture
def invoke(folder: Path) -> Callable[..., Any]:
    """Run a command in this process: result.exit_code, result.stdout, result.stderr."""
    return lambda *words: CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture
def process(folder: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a command as a process of its own."""

    def run(*words: object, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "bpframe", *map(str, words)],
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=600,
            env={**os.environ, **(env or {})},
        )

    return run
