"""What does an explanation look like in a browser?

As one file that asks nobody for anything: the computational graph drawn, a walk through it step by step, every path of
a chosen weight, and mathematics that browsers typeset by themselves. Start with `page.py`, then `picture.py` and
`walk.py`; what moves is in `report.js`.
"""

from __future__ import annotations

from bpframe.explanation.html.frame import as_frame
from bpframe.explanation.html.page import as_page

__all__ = ["as_frame", "as_page"]
