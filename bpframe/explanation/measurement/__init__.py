"""What do derivatives come to that know nothing of back-propagation?

Differences and the complex step, of the entries of a gradient that are shown, and of all of them together. The cost is
computed at many points at once: each is an example of a batch. Start with `nearby.py`, then `measuring.py`.
"""

from __future__ import annotations

from bpframe.explanation.measurement.choosing import chosen_entries
from bpframe.explanation.measurement.measuring import along, measured
from bpframe.explanation.measurement.nearby import Nearby

__all__ = ["Nearby", "along", "chosen_entries", "measured"]
