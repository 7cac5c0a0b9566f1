"""The conformance kit: any component, checked by value.

from bpframe.testing import check_component

report = check_component(SoftSign(), [(4,)])
"""

from bpframe.testing.kit import called_for, check_component
from bpframe.testing.report import Outcome, Report

__all__ = ["Outcome", "Report", "called_for", "check_component"]
