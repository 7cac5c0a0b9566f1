"""`bpframe new` writes a package and says what to do with it."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from bpframe.cli.app import app


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_it_prints_what_to_do_next() -> None:
    done = CliRunner().invoke(app, ["new", "My_Huber", "--kind", "cost"])
    assert done.exit_code == 0, done.output
    commands = [line.strip() for line in done.stdout.splitlines() if line.startswith("  ")]
    assert commands == [
        "cd my-huber",
        'python -m pip install -e ".[test]"',
        "python -m pytest",
        "bpframe check my_huber",
        "bpframe plugins",
        "bpframe train examples/digits.yaml",
    ]
    assert "src/my_huber/my_huber_cost.py" in done.stdout
    assert Path("my-huber/src/my_huber/my_huber_cost.py").is_file()


def test_another_folder_can_be_named() -> None:
    done = CliRunner().invoke(app, ["new", "soft-clip", "--output", "some where/else"])
    assert done.exit_code == 0, done.output
    assert "  cd 'some where/else'" in done.stdout
    assert Path("some where/else/pyproject.toml").is_file()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["class"], "a word of Python"),
        (["soft-clip", "--kind", "optimizer"], "cannot begin with 'optimizer'"),
        (["json"], "standard library"),
        (["soft-clip", "--output", "."], "exists"),
    ],
)
def test_a_mistake_is_one_message_and_nothing_is_written(words: list[str], message: str) -> None:
    done = CliRunner().invoke(app, ["new", *words])
    assert done.exit_code == 2
    assert done.stderr.startswith("ScaffoldError: ")
    assert message in done.stderr
    assert done.stdout == ""
    assert list(Path().iterdir()) == []
