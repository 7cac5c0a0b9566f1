"""Runs the fenced blocks of a Markdown page the way a reader would: from top to bottom, in one folder."""

from __future__ import annotations

import contextlib
import doctest
import io
import re
import shlex
import subprocess
import sys
import sysconfig
import types
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sybil import Document, Example, Region
from sybil.evaluators.python import PythonEvaluator
from sybil.parsers.markdown.lexers import RawFencedCodeBlockLexer

BPFRAME = Path(sysconfig.get_path("scripts")) / "bpframe"


def _write_file(example: Example) -> None:
    Path(example.region.lexemes["name"]).write_text(example.parsed, encoding="utf-8")


def _require_output(example: Example, shown: str, printed: str, spacing: int = 0) -> None:
    """Hold the output that a page shows against what was printed; `...` in the page stands for any text."""
    shown, printed = (
        "\n".join(line.rstrip() for line in text.splitlines()).strip("\n") + "\n" for text in (shown, printed)
    )
    assert doctest.OutputChecker().check_output(shown, printed, doctest.ELLIPSIS | spacing), (
        f"{example.path}:{example.line}: the page shows\n{shown}\nbut this was printed\n{printed}"
    )


class _Python:
    """Runs Python blocks, and compares a block of text titled `output` with what the block before it printed."""

    def __init__(self) -> None:
        self.evaluate = PythonEvaluator()
        self.printed = ""

    def run(self, example: Example) -> None:
        with contextlib.redirect_stdout(io.StringIO()) as stdout:
            self.evaluate(example)
        self.printed = stdout.getvalue()

    def compare(self, example: Example) -> None:
        _require_output(example, example.parsed, self.printed)


def _run_console(example: Example) -> None:
    """Run the lines that call bpframe, and compare what follows them, if anything, with their standard output.

    Other commands (pip, cd) are the reader's own business.
    """
    for entry in re.split(r"^(?=\$ )", example.parsed, flags=re.MULTILINE):
        line, _, shown = entry.partition("\n")
        if not line.startswith("$ bpframe "):
            continue
        arguments = shlex.split(line.removeprefix("$ "), comments=True)
        done = subprocess.run([BPFRAME, *arguments[1:]], capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, (
            f"{example.path}:{example.line}: `{line}` exited {done.returncode}\n{done.stdout}{done.stderr}"
        )
        if shown.strip():
            # Tables are as wide as what is installed makes them.
            _require_output(example, shown, done.stdout, doctest.NORMALIZE_WHITESPACE)


def _blocks(info: str, evaluator: Callable[[Example], object]) -> Callable[[Document], Iterator[Region]]:
    lexer = RawFencedCodeBlockLexer(re.compile(rf"{info}[ \t]*$\n", re.MULTILINE))

    def parse(document: Document) -> Iterator[Region]:
        for region in lexer(document):
            region.parsed = region.lexemes["source"]
            region.evaluator = evaluator
            yield region

    return parse


def _parsers() -> list[Callable[[Document], Iterator[Region]]]:
    python = _Python()
    return [
        _blocks(r"(?:yaml|toml|json|csv|python)[ \t]+title=\"(?P<name>[^\"]+)\"", _write_file),
        _blocks(r"python", python.run),
        _blocks(r"text[ \t]+title=\"output\"", python.compare),
        _blocks(r"console", _run_console),
    ]


@pytest.fixture
def run_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], int]:
    """Return a function that runs a page's blocks in a temporary folder and counts them."""

    def run(page: Path) -> int:
        document = Document.parse(str(page), *_parsers())
        # A real module: classes that a snippet defines resolve their annotations through sys.modules.
        module = types.ModuleType("snippets_of_" + re.sub(r"\W", "_", page.name))
        monkeypatch.setitem(sys.modules, module.__name__, module)
        document.namespace = vars(module)
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("MPLBACKEND", "Agg")
        monkeypatch.setenv("COLUMNS", "120")
        examples = list(document.examples())
        files_first = sorted(examples, key=lambda example: example.region.evaluator is not _write_file)
        for example in files_first:
            example.evaluate()
        return len(examples)

    return run
