"""What code does to a process apart is told here, and nothing of it outlives the block."""

from __future__ import annotations

import importlib
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from bpframe.machine.apart import Apart

Start = Callable[[str], AbstractContextManager[Apart]]


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Start a process apart whose function tells one thing and has this body."""
    name = f"function_{tmp_path.name}"
    monkeypatch.syspath_prepend(str(tmp_path))

    def started(body: str) -> Apart:
        text = f"import os, sys, time\ndef tell(order, replies):\n    replies.tell(heard=order)\n    {body}\n"
        header = "from bpframe.machine.apart import Replies\ndef act(order):\n    tell(order, Replies())\n"
        (tmp_path / f"{name}.py").write_text(text + header)
        return Apart(importlib.import_module(name).act, {"word": 1}, {"PYTHONPATH": str(tmp_path)})

    yield started
    sys.modules.pop(name, None)


def test_an_exit_is_told_with_what_was_written_last(start: Start) -> None:
    with start("print('printed', flush=True); os.write(2, b'x' * 2**22 + b'last'); os._exit(3)") as process:
        assert process.reply() == {"heard": {"word": 1}}
        assert process.reply() is None
        ending = process.ending()
    assert not ending.overran
    assert ending.cause.startswith("exit status 3")
    assert ending.text.endswith("xlast")
    assert len(ending.text) <= 2**20


@pytest.mark.parametrize("body", ["replies.begin(0.3); 10 ** (10 ** 9)", "replies.begin(0.3); time.sleep(60)"])
def test_its_own_watch_ends_what_takes_too_long_and_says_where(start: Start, body: str) -> None:
    with start(body) as process:
        process.reply()
        process.begin(60)
        assert process.reply() is None
        ending = process.ending()
    assert ending.overran
    assert ending.frames[0][1:] == ("4", "tell")


@pytest.mark.parametrize("line", ["no JSON", "[1, 2]", "3", "\\xff"])
def test_what_others_write_among_the_replies_is_passed_over(start: Start, line: str) -> None:
    write = f"os.write(replies._replies.fileno(), b'{line}\\n')"
    with start(f"{write}; replies.tell(after=1); {write}") as process:
        assert process.reply() == {"heard": {"word": 1}}
        assert process.reply() == {"after": 1}
        assert process.reply() is None


def test_what_has_no_watch_is_ended_from_outside(start: Start) -> None:
    with start("time.sleep(60)") as process:
        process.reply()
        process.begin(0.1)
        began = time.monotonic()
        assert process.reply() is None
        assert process.ending().overran
    assert time.monotonic() - began < 30


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are not forked there")
def test_a_descendant_that_holds_the_pipe_delays_nothing_and_is_ended(start: Start, tmp_path: Path) -> None:
    left = tmp_path / "pid"
    body = f"pid = os.fork(); pid and open({str(left)!r}, 'w').write(str(pid)); pid and os._exit(0); time.sleep(60)"
    with start(body) as process:
        process.reply()
        process.begin(60)
        began = time.monotonic()
        assert process.reply() is None
        assert time.monotonic() - began < 30
        assert process.ending().cause.startswith("exit status 0")
    until = time.monotonic() + 60
    while sys.platform == "linux" and _runs(int(left.read_text())):
        assert time.monotonic() < until
        time.sleep(0.05)


def _runs(pid: int) -> bool:
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
