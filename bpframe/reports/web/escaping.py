"""Text and data from users inside a page, where neither may become a tag, a handler or an end of its place."""

from __future__ import annotations

import html
import json
from typing import Any

__all__ = ["attributes", "escaped", "json_in_script", "without_controls"]


def escaped(text: str) -> str:
    """Return text for a page, inside a tag's quotes or outside of tags."""
    return html.escape(without_controls(text), quote=True)


def without_controls(text: str) -> str:
    """Return text with a sign in the place of each character that is not seen, or turns the reading direction."""
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)


def attributes(**given: str | float | None) -> str:
    """Return attributes of a tag, each behind a space; `class_` is class, `data_key` is data-key; None is left out."""
    told = []
    for name, value in given.items():
        if value is None:
            continue
        text = f"{value:.5g}" if isinstance(value, float) else str(value)
        told.append(f' {name.rstrip("_").replace("_", "-")}="{escaped(text)}"')
    return "".join(told)


def json_in_script(data: Any) -> str:
    r"""Return data for `<script type="application/json">`, which nothing in it can close: < is written as \u003c."""
    text = json.dumps(data, allow_nan=False, separators=(",", ":"))
    return text.replace("<", r"\u003c").replace(">", r"\u003e").replace("&", r"\u0026")
