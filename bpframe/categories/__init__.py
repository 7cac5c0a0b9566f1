"""What else does an author declare, beside what a pass needs?

Optimizers, schedules, constraints, metrics, callbacks and preparations: base classes that state their category, as
`Layer` does in the heart; where weights start unless told otherwise; the table of categories that bpframe knows. Start
with `schedule.py`.
"""

from bpframe.categories.callback import Callback
from bpframe.categories.constraint import Constraint
from bpframe.categories.error_norms import ErrorNorms
from bpframe.categories.metric import Metric
from bpframe.categories.optimizer import Optimizer
from bpframe.categories.preparation import Preparation
from bpframe.categories.scaled_normal import ScaledNormal
from bpframe.categories.schedule import Schedule
from bpframe.categories.watch_errors import WatchErrors
from bpframe.core.component import Activation, Block, Component, Cost, Initializer, Layer, Penalty

__all__ = [
    "CATEGORIES",
    "Callback",
    "Constraint",
    "ErrorNorms",
    "Metric",
    "Optimizer",
    "Preparation",
    "ScaledNormal",
    "Schedule",
    "WatchErrors",
]

#: The categories that bpframe knows itself, each with the name that it has in lists and files.
_BASES = (
    Activation, Block, Layer, Cost, Optimizer, Initializer, Penalty, Constraint, Schedule, Metric, Callback,
    Preparation,
)  # fmt: skip
CATEGORIES: dict[str, type[Component]] = {base._category.name: base for base in _BASES}
