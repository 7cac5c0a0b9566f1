"""A shipped example: a spec, and a script that trains it, measures it and draws what it learned."""

from __future__ import annotations

import ast
import runpy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from bpframe.errors import SpecError, did_you_mean

__all__ = ["Example", "example_named", "examples"]

_HERE = Path(__file__).parent


@dataclass(frozen=True)
class Example:
    """An example by its name, that of its `folder`; `train.py` tells its story and has `run(spec, progress)`.

    `run` returns what was reached, names -> numbers, and a function that draws the example's figure.
    """

    folder: Path

    @property
    def name(self) -> str:
        """The name that `bpframe demo` knows it by."""
        return self.folder.name

    @property
    def spec(self) -> Path:
        """The file of its spec."""
        return self.folder / "spec.yaml"

    @property
    def script(self) -> Path:
        """The file of its script."""
        return self.folder / "train.py"

    @property
    def files(self) -> tuple[Path, ...]:
        """All of its files: spec, script and data."""
        return tuple(sorted(each for each in self.folder.iterdir() if each.is_file() and not each.name.startswith(".")))

    @cached_property
    def story(self) -> str:
        """What the script says of itself."""
        return ast.get_docstring(ast.parse(self.script.read_text(encoding="utf-8"))) or ""

    @property
    def title(self) -> str:
        """The first line of the story."""
        return self.story.partition("\n")[0]

    def run(self, spec: Any, progress: bool | None = None) -> tuple[Mapping[str, float], Callable[[], Any]]:
        """Do what the script does with a spec, the example's own or one like it; return numbers and a drawing.

        `progress` as in `Network.fit`. The function that draws needs Matplotlib, the extra `plot`.
        """
        return runpy.run_path(str(self.script))["run"](spec, progress)  # type: ignore[no-any-return]


def examples() -> dict[str, Example]:
    """Return every shipped example by its name, in the order of names."""
    folders = sorted(each.parent for each in _HERE.glob("*/train.py"))
    return {each.name: Example(each) for each in folders}


def example_named(name: str) -> Example:
    """Return the example of a name. Raises SpecError where there is none, naming those that there are."""
    found = examples()
    if name not in found:
        raise SpecError(
            f"there is no example {name!r}",
            expected=", ".join(found),
            received=repr(name),
            hint=did_you_mean(name, list(found)) or "bpframe demo --list shows them",
        )
    return found[name]
