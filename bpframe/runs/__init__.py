"""What is a whole run?

What a spec asks for, done, and what it left in a folder, opened to be measured and to predict: `bpframe train`,
`evaluate` and `predict` call what stands here. In goes a spec, or a run's folder; out come a trained network in a
folder, measures and predictions. Start with `experiment.py`, then `saved_run.py`.
"""

from bpframe.runs.evaluation import Evaluation, evaluate
from bpframe.runs.experiment import Experiment, overridden, prepare_experiment, run_experiment, watch_training
from bpframe.runs.opened import network_at, numbered_example
from bpframe.runs.predictions import Predictions
from bpframe.runs.report import write_report
from bpframe.runs.saved_run import SavedRun, open_run

__all__ = [
    "Evaluation",
    "Experiment",
    "Predictions",
    "SavedRun",
    "evaluate",
    "network_at",
    "numbered_example",
    "open_run",
    "overridden",
    "prepare_experiment",
    "run_experiment",
    "watch_training",
    "write_report",
]
