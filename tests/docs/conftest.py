"""Runs the fenced blocks of a Markdown page the way a reader would: from top to bottom, in one folder."""

from __future__ import annotations

import contextlib
import doctest
import io
import json
import os
import re
import shlex
import subprocess
import sys
import sysconfig
import types
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sybil import Document, Example, Region
from sybil.evaluators.python import PythonEvaluator
from sybil.parsers.markdown.lexers import RawFencedCodeBlockLexer

ROOT = Path(__file__).parents[2]
BPFRAME = Path(sysconfig.get_path("scripts")) / "bpframe"


def _is_file(example: Example) -> bool:
    return example.region.evaluator is _write_file


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
    if "..." in shown:
        _keep(example.path, shown, printed)


def _keep(page: str, shown: str | None, printed: str = "") -> None:
    """Write down what a run printed where a page leaves it open: the site shows it, see docs/rendering/outputs.py.

    Without `shown`, forget what the page printed in an earlier run.
    """
    if not (kept := os.environ.get("BPFRAME_OUTPUTS")) or not Path(page).is_relative_to(ROOT / "docs"):
        return
    sys.path.insert(0, str(ROOT / "docs" / "rendering"))
    from outputs import filled

    file, name = ROOT / kept, Path(page).relative_to(ROOT / "docs").as_posix()
    known = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    if shown is None:
        known.pop(name, None)
    else:
        known.setdefault(name, {}).setdefault(shown.strip("\n"), []).append(filled(shown, printed))
    file.write_text(json.dumps(known, indent=1, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8")


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
    """Run the lines that call bpframe or a Python file, and compare what follows, if anything, with what they print.

    They end with 0, or with the exit code in the block's title. Other commands (pip, cd) are the reader's own business.
    """
    expected = int(example.region.lexemes.get("code") or 0)
    for entry in re.split(r"^(?=\$ )", example.parsed, flags=re.MULTILINE):
        line, _, shown = entry.partition("\n")
        arguments = shlex.split(line.removeprefix("$ "), comments=True)
        programs: dict[str, str | Path] = {"bpframe": BPFRAME}
        if re.fullmatch(r"\$ python (\w+|-m pytest [-\w ]+)\.py", line):
            programs["python"] = sys.executable
        if not line.startswith("$ ") or arguments[0] not in programs:
            continue
        command = [programs[arguments[0]], *arguments[1:]]
        done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
        assert done.returncode == expected, (
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
        _blocks(r"console(?:[ \t]+title=\"exit code (?P<code>\d+)\")?", _run_console),
    ]


@pytest.fixture
def run_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], int]:
    """Return a function that runs a page's blocks in a temporary folder and counts them."""

    def run(page: Path) -> int:
        _keep(str(page), None)
        document = Document.parse(str(page), *_parsers())
        # A real module: classes that a snippet defines resolve their annotations through sys.modules.
        module = types.ModuleType("snippets_of_" + re.sub(r"\W", "_", page.name))
        monkeypatch.setitem(sys.modules, module.__name__, module)
        document.namespace = vars(module)
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("MPLBACKEND", "Agg")
        monkeypatch.setenv("COLUMNS", "120")
        monkeypatch.setenv("BPFRAME_CACHE", str(tmp_path / ".cache"))
        monkeypatch.syspath_prepend(tmp_path)  # as for a reader who runs Python in that folder
        monkeypatch.setattr(sys, "dont_write_bytecode", True)
        examples = list(document.examples())
        names = Counter(each.region.lexemes["name"] for each in examples if _is_file(each))
        for name in names:  # a page's own modules are no other page's
            monkeypatch.delitem(sys.modules, Path(name).stem, raising=False)
        # A file that a page changes is written where it stands, every other one before all else.
        first = [each for each in examples if _is_file(each) and names[each.region.lexemes["name"]] == 1]
        for example in [*first, *(each for each in examples if each not in first)]:
            example.evaluate()
        for name in names:
            sys.modules.pop(Path(name).stem, None)
        return len(examples)

    return run
