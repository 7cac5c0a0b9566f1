"""What is understood of a component's methods, and what has to be called: every way to fool the reader is refused."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bpframe.component.understanding import understand
from tests.component.reading.snippets import FULL, PLAIN, REFUSED, module_of, written


def why(snippet: str, folder: Path) -> str | None:
    cls = module_of(written(snippet), folder).C
    methods = [name for name in ("forward", "jacobian") if name in vars(cls)]
    found = understand(cls(), methods)
    if found.why is not None:
        line = re.search(r"line (\d+) of (\w+\.py)", found.why)
        if line is not None:
            place = folder / line[2]
            assert not place.exists() or 1 <= int(line[1]) <= len(place.read_text().splitlines())
    return found.why


@pytest.mark.parametrize("snippet", PLAIN)
def test_plain_array_code_is_understood(snippet: str, tmp_path: Path) -> None:
    assert why(snippet, tmp_path) is None


@pytest.mark.parametrize(("snippet", "gist"), REFUSED + FULL)
def test_anything_else_is_refused_with_its_reason_and_line(snippet: str, gist: str, tmp_path: Path) -> None:
    found = why(snippet, tmp_path)
    assert found is not None
    assert gist in found
