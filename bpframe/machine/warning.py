"""The doctor's short word at import, for those who asked for it."""

from __future__ import annotations

import warnings

from bpframe.errors import DoctorWarning
from bpframe.machine.examination import doctor

__all__ = ["warn_once"]


def warn_once() -> None:
    """Warn of everything that is not well, in one warning; nothing is measured."""
    report = doctor(measure=False)
    findings = [str(each) for each in report.findings if each.level != "ok"]
    if findings:
        warnings.warn("\n".join(["bpframe could run faster on this machine", *findings]), DoctorWarning, stacklevel=3)
