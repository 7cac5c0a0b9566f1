"""What makes networks slow on a machine, and what to do about it: `bpframe.doctor()` and `bpframe doctor`.

The package is not called `doctor`: that name is the function's.
"""

from bpframe.machine.doctor_report import DoctorReport, Finding
from bpframe.machine.examination import doctor

__all__ = ["DoctorReport", "Finding", "doctor"]
