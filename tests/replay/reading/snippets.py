"""Methods as people write them, and as nobody should: each is written to a file, imported and read.

A snippet is the code of a module before a class, `---`, and the body of the class; or the body of `forward` alone.
"""

from __future__ import annotations

import importlib.util
import itertools
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

PREAMBLE = """\
import enum, functools, itertools, math, random, time, typing
from typing import Any, ClassVar
import numpy as np
from bpframe.extend import *
from bpframe.extend import Field
SCALE = 2.0
SHAPES = (1, 2)
TABLE = np.arange(3.0)
TABLE.setflags(write=False)
VIEW = TABLE[1:]
BUF = np.zeros(3)
VIEW_OF_BUF = BUF[1:]
VIEW_OF_BUF.setflags(write=False)
OBJECTS = np.array([None], dtype=object)
LIST, DICT, SET = [1.0], {"a": 1.0}, {1}
COUNT = 0
RNG = np.random.default_rng(0)
NAME = "tanh"
class Mode(enum.Enum):
    FAST = "fast"
    SLOW = "slow"
"""

HELPERS = """\
def helper(a, k=2):
    return a * k
def from_saved(a, saved):
    saved["v"] = a * 2
def into(a, out=None):
    return np.multiply(a, 2, out=out)
"""

_number = itertools.count()


def module_of(text: str, folder: Path) -> ModuleType:
    """Import a module from a file of its own."""
    name = f"snippet_{next(_number)}"
    path = folder / f"{name}.py"
    path.write_text(text, encoding="utf-8")
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def written(snippet: str) -> str:
    """Return the module that a snippet stands for."""
    before, found, methods = snippet.partition("---\n")
    if not found:
        before, methods = (
            HELPERS,
            f"def forward(self, x, p, saved, state, out, *xs):\n{textwrap.indent(snippet, '    ')}",
        )
    methods = textwrap.indent(textwrap.dedent(methods), "    ")
    return f"{PREAMBLE}{before}\nclass C(Layer):\n    alpha: float = 0.5\n    names: tuple[str, ...] = ()\n{methods}\n"


def snippets() -> Iterator[tuple[str, str]]:
    """Yield each snippet with what the reason says, "understood" where there is none."""
    for block in (Path(__file__).parent / "snippets.txt").read_text(encoding="utf-8").split("### ")[1:]:
        gist, _, code = block.partition("\n")
        yield code.rstrip() + "\n", gist
