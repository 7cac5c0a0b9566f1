"""What do pages of bpframe have in common?

Text and data that stay what they are inside a page, one style, logarithmic axes, and a policy by which a page asks
nobody for anything and runs no script but its own. Start with `template.py`.
"""

from __future__ import annotations

from bpframe.reports.web.escaping import attributes, escaped, json_in_script, without_controls
from bpframe.reports.web.log_axis import apart, decades, power_of_ten
from bpframe.reports.web.template import base_style, filled

__all__ = [
    "apart",
    "attributes",
    "base_style",
    "decades",
    "escaped",
    "filled",
    "json_in_script",
    "power_of_ten",
    "without_controls",
]
