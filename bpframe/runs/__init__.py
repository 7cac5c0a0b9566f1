"""What is a whole run?

What a spec asks for, done, and what it left in a folder, opened to be measured and to predict: `bpframe train`,
`evaluate` and `predict` call what stands here. In goes a spec, or a run's folder; out come a trained network in a
folder, measures and predictions. Start with `experiment.py`, then `saved_run.py`.
"""

from bpframe.runs.evaluation import Evaluation, evaluate
from bpframe.runs.experiment import Experiment, overridden, prepare_experiment, run_experiment
from bpframe.runs.opened import network_at, numbered_example
from bpframe.runs.predictions import Predictions
from bpframe.runs.report import write_report
from bpframe.runs.saved_run import SavedRun, open_run
from bpframe.runs.training import go_on_in, resumed_experiment, train_in
from bpframe.runs.watched import watch_training

__all__ = [
    "Evaluation",
    "Experiment",
    "Predictions",
    "SavedRun",
    "evaluate",
    "go_on_in",
    "network_at",
    "numbered_example",
    "open_run",
    "overridden",
    "prepare_experiment",
    "resumed_experiment",
    "run_experiment",
    "train_in",
    "watch_training",
    "write_report",
]
