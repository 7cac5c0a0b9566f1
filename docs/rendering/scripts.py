"""The site's own scripts: which modules a page needs, and how they are served: without comments and indentation.

The modules in `docs/assets/stepper` run as they are written; a reader's browser gets them smaller.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

FOLDER = "assets/stepper"
SOURCE = Path(__file__).parents[1] / FOLDER
FONT = "assets/math-font/bpframe-math.woff2"

#: The first module of each of a page's parts, by the class of its element; `main.js` asks for it.
ENTRIES = {"bp-stepper": "opening.js", "bp-playground": "playground.js"}

#: Comments as these scripts write them: types, whole lines, and remarks two blanks behind the code. No text of theirs
#: looks like one, and none is longer than a line.
COMMENT = re.compile(r"/\*\*.*?\*/ ?|^ *//[^\n]*$|  // [^\n]*$", re.DOTALL | re.MULTILINE)


def asked_ahead(html: str) -> list[str]:
    """Return the paths of all that a page's steppers and playgrounds are made of, below the site's root."""
    entries = [entry for name, entry in ENTRIES.items() if f'class="{name}"' in html]
    modules = sorted({module for entry in entries for module in _with_imports(entry)})
    return [FONT, f"{FOLDER}/stepper.css", *(f"{FOLDER}/{name}" for name in modules)] if modules else []


@cache
def _with_imports(module: str) -> frozenset[str]:
    text = (SOURCE / module).read_text(encoding="utf-8")
    imported = re.findall(r'^import .* from "\./([\w-]+\.js)";$', text, re.MULTILINE)
    return frozenset({module}.union(*map(_with_imports, imported)))


def small(script: str) -> str:
    """Return a script without comments, indentation and empty lines."""
    lines = (line.strip() for line in COMMENT.sub("", script).splitlines())
    return "".join(f"{line}\n" for line in lines if line)


def write_small(site: Path) -> None:
    """Take comments and indentation out of the scripts of a built site that are ours."""
    for path in [*(site / FOLDER).glob("*.js"), site / "assets/site.js", site / "assets/equations.js"]:
        path.write_text(small(path.read_text(encoding="utf-8")), encoding="utf-8")
