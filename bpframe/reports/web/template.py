"""A page from its template, with the style and the script that alone may act in it."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib.resources import files
from string import Template

__all__ = ["base_style", "filled"]


@cache
def base_style() -> str:
    """Return the style that all pages have: colours of both schemes, text and tables."""
    return files("bpframe.reports.web").joinpath("base.css").read_text("utf-8")


def filled(template: str, *, style: str, script: str = "", **parts: str) -> str:
    """Fill a template's `$names`; `$policy` names the page's style and its script by their digests, and allows no more.

    The parts are HTML: what comes from users is escaped before.
    """
    allowed = f"script-src '{_digest(script)}'; " if script else ""
    policy = f"default-src 'none'; {allowed}style-src '{_digest(style)}'; base-uri 'none'; form-action 'none'"
    return Template(template).substitute(policy=policy, style=style, script=script, **parts)


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
