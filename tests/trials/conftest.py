"""The trial components as an author has them: in files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bpframe.cli.app import app

HERE = Path(__file__).parent


@pytest.fixture
def altered(tmp_path: Path) -> Callable[..., Path]:
    """Write one of the files with some of its text replaced, and return where it is."""

    def altered(name: str, *replacements: tuple[str, str]) -> Path:
        source = (HERE / name).read_text(encoding="utf-8")
        for old, new in replacements:
            assert old in source, f"{name} has no {old!r}"
            source = source.replace(old, new)
        (tmp_path / name).write_text(source, encoding="utf-8")
        return tmp_path / name

    return altered


@pytest.fixture
def check() -> Callable[..., tuple[int, str]]:
    """Run `bpframe check`, and return its exit code and its output."""

    def check(*words: object) -> tuple[int, str]:
        result = CliRunner().invoke(app, ["check", *map(str, words)])
        return result.exit_code, result.output

    return check
