"""The site's own scripts: which modules a page needs, and how they are served: without comments and blanks.

The modules in `docs/assets/stepper` run as they are written; a reader's browser gets them smaller.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

try:
    import rjsmin
except ImportError:  # the site is as right without it, and heavier
    rjsmin = None

FOLDER = "assets/stepper"
SOURCE = Path(__file__).parents[1] / FOLDER
FONT = "assets/math-font/bpframe-math.woff2"

#: The first module of each of a page's parts, by the class of its element; `main.js` asks for it.
ENTRIES = {"bp-stepper": "opening.js", "bp-playground": "playground.js"}


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


def write_small(site: Path) -> None:
    """Take comments and blanks out of the site's own scripts."""
    for path in (
        [*(site / FOLDER).glob("*.js"), site / "assets/site.js", site / "assets/equations.js"] if rjsmin else []
    ):
        path.write_text(rjsmin.jsmin(path.read_text(encoding="utf-8")), encoding="utf-8")
