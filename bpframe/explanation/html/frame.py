"""An explanation as notebooks show it: the page in a frame, and its words where a notebook is not trusted."""

from __future__ import annotations

import html

from bpframe.explanation.html.page import as_page, title_of
from bpframe.explanation.sections import Sections
from bpframe.explanation.text import as_text
from bpframe.reports.web import escaped

__all__ = ["as_frame"]

#: So many lines of the text stand in for the page.
LINES = 400

# What a notebook does not trust loses its frames and styles: then the words, which the style hides, are what is left.
_FRAME = """\
<style>.bpframe-words {{ display: none }}</style>\
<div class="bpframe-words"><p>The page to walk through is left out, because this notebook is not trusted: run the cell \
again. This is the explanation as text.</p><pre>{words}</pre></div>\
<iframe title="{title}" sandbox="allow-scripts" srcdoc="{page}" loading="lazy" \
style="width:100%;height:46rem;border:0"></iframe>"""


def as_frame(explanation: Sections) -> str:
    """Return the page in a frame of its own, from which no style, script or name reaches the notebook around it."""
    lines = as_text(explanation).splitlines()
    if len(lines) > LINES:
        lines = [*lines[:LINES], f"... and {len(lines) - LINES:,} lines more"]
    page = html.escape(as_page(explanation), quote=True)
    return _FRAME.format(words="\n".join(map(escaped, lines)), title=escaped(title_of(explanation)), page=page)
