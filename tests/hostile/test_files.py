"""Hostile specs, runs and data files are refused: by an error of ours, with code 2, in little time, memory and words.

A part is drawn here; `python -m pytest -m soak tests/hostile/test_files.py` tries all.
"""

from __future__ import annotations

import sys

import pytest

from tests.hostile.files.judging import Verdict, in_a_process

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="memory is measured and limited as on Linux")

#: How many there are of each kind, and how many are drawn.
WHOLE = {"specs": 1500, "runs": 1500, "data": 440}
DRAWN = {"specs": 24, "runs": 12, "data": 11}


def told(verdicts: list[Verdict]) -> str:
    """Return the cases that went wrong, each with its number, by which it can be had again."""
    return "\n".join(f"{each.number} {each.what}: {each.wrong}\n{each.message}" for each in verdicts if each.wrong)


@pytest.mark.parametrize("kind", DRAWN)
def test_what_is_hostile_is_refused(kind: str) -> None:
    verdicts = in_a_process(kind, 0, DRAWN[kind])
    # The clock of a machine with other things to do may go slower: only what is far too long counts here.
    assert told([each for each in verdicts if not each.wrong.startswith("took ") or each.seconds > 10]) == ""
    assert sum(each.code == 2 for each in verdicts) > len(verdicts) // 2


@pytest.mark.soak
@pytest.mark.parametrize("kind", WHOLE)
def test_everything_that_is_hostile_is_refused(kind: str) -> None:
    verdicts = in_a_process(kind, 0, WHOLE[kind])
    print(f"{len(verdicts)} {kind}: {sum(each.code == 2 for each in verdicts)} refused")
    assert told(verdicts) == ""
