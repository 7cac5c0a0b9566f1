"""What does a run look like?

One page that asks nobody for anything: how the costs and metrics went, where the predictions are wrong, what was asked
for, and with which versions. Start with `page.py`.
"""

from __future__ import annotations

from bpframe.runs.report.page import write_report

__all__ = ["write_report"]
