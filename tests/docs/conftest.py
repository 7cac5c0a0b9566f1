"""Runs the fenced blocks of a Markdown page the way a reader would: from top to bottom, in one folder."""

from __future__ import annotations

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


def _run_console(example: Example) -> None:
    """Run the lines that call bpframe; other commands (pip, cd) are the reader's own business."""
    for line in example.parsed.splitlines():
        if line.startswith("$ bpframe "):
            arguments = shlex.split(line.removeprefix("$ "))
            done = subprocess.run([BPFRAME, *arguments[1:]], capture_output=True, text=True, timeout=120, check=False)
            assert done.returncode == 0, (
                f"{example.path}:{example.line}: `{line}` exited {done.returncode}\n{done.stdout}{done.stderr}"
            )


def _blocks(info: str, evaluator: Callable[[Example], object]) -> Callable[[Document], Iterator[Region]]:
    lexer = RawFencedCodeBlockLexer(re.compile(rf"{info}[ \t]*$\n", re.MULTILINE))

    def parse(document: Document) -> Iterator[Region]:
        for region in lexer(document):
            region.parsed = region.lexemes["source"]
            region.evaluator = evaluator
            yield region

    return parse


_PARSERS = (
    _blocks(r"(?:yaml|toml|json)[ \t]+title=\"(?P<name>[^\"]+)\"", _write_file),
    _blocks(r"python(?:[ \t][^\n]*)?", PythonEvaluator()),
    _blocks(r"console", _run_console),
)


@pytest.fixture
def run_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], int]:
    """Return a function that runs a page's blocks in a temporary folder and counts them."""

    def run(page: Path) -> int:
        document = Document.parse(str(page), *_PARSERS)
        # A real module: classes that a snippet defines resolve their annotations through sys.modules.
        module = types.ModuleType("snippets_of_" + re.sub(r"\W", "_", page.name))
        monkeypatch.setitem(sys.modules, module.__name__, module)
        document.namespace = vars(module)
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("MPLBACKEND", "Agg")
        examples = list(document.examples())
        files_first = sorted(examples, key=lambda example: example.region.evaluator is not _write_file)
        for example in files_first:
            example.evaluate()
        return len(examples)

    return run
