"""Whatever arrived, a message steers no terminal and ends."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bpframe.errors import MOST_CHARACTERS, DataError, SpecError, shown

STEERING = ["\x1b[2J", "\x07", "\r", "\x9b1m", "\u202e", "\u2066", "\x00", "\u2028", "\ud800"]


@pytest.mark.parametrize("mark", STEERING, ids=ascii)
def test_what_steers_a_terminal_is_an_escape_in_every_row(mark: str) -> None:
    error = DataError(f"a{mark}b", expected=mark, received=mark, hint=mark, rows=[("also", mark)])
    assert str(error).count(ascii(mark)[1:-1]) == 5
    assert mark not in str(error)
    str(error).encode()


@pytest.mark.parametrize("text", ["Gewicht √(x²)", "层", "a\n  b", "a\tb", "é 👩\u200d🔬"])
def test_letters_of_every_script_and_lines_stay(text: str) -> None:
    assert shown(text) == text


@pytest.mark.parametrize("long", ["problem", "expected", "received", "hint", "rows"])
@pytest.mark.parametrize("piece", ["x", "\x1b", "\n", "x\n", "√"])
def test_a_message_ends_and_keeps_its_short_rows(long: str, piece: str) -> None:
    parts: dict[str, Any] = {"problem": "the place", "expected": "a number", "received": "text", "hint": "write 1"}
    parts["rows"] = [("also", "another")]
    parts[long] = [("also", piece * 100_000)] if long == "rows" else piece * 100_000
    problem = parts.pop("problem")
    message = str(SpecError(problem, **parts))
    assert len(message) <= MOST_CHARACTERS
    if "\n" not in piece:
        short = {
            "problem": "the place",
            "expected": "a number",
            "received": "text",
            "hint": "write 1",
            "rows": "another",
        }
        assert all(text in message for part, text in short.items() if part != long)
    restored = pickle.loads(pickle.dumps(SpecError(problem, **parts)))
    assert str(restored) == message


def test_the_command_line_shows_no_raw_escape(folder: Path, invoke: Callable[..., Any]) -> None:
    (folder / "s.yaml").write_text('network: {input_shape: [2], layers: [{kind: "\\e[2Jevil"}]}\n')
    for words in (
        ["train", "s.yaml", "--output", "x"],
        ["train", "no\x1b[2J.yaml", "--output", "x"],
        ["train", "--\x1b"],
    ):
        done = invoke(*words)
        assert done.exit_code == 2
        assert "\x1b" not in done.stderr
        assert "\\x1b" in done.stderr


def test_too_little_memory_is_the_users_mistake(
    folder: Path, invoke: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise MemoryError("Unable to allocate 9 TiB")

    monkeypatch.setattr("bpframe.documents.reading.text_of", full)
    (folder / "s.yaml").write_text("network: 1")
    done = invoke("train", "s.yaml", "--output", "x")
    assert done.exit_code == 2
    assert done.stderr == "There is not enough memory for this: Unable to allocate 9 TiB\n"
