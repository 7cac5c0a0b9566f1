"""What makes networks slow on a machine, and what to do about it: `bpframe.doctor()` and `bpframe doctor`.

The package is not called `doctor`: that name is the function's.
"""

from bpframe.machine.examination import doctor
from bpframe.machine.report import DoctorReport, Finding

__all__ = ["DoctorReport", "Finding", "doctor"]
