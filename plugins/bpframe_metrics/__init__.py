"""The metrics: what is measured beside the cost."""

from __future__ import annotations

from bpframe.extend import Component
from bpframe_metrics.accuracy import Accuracy, TopK
from bpframe_metrics.calibration import CalibrationError, ReliabilityCurve
from bpframe_metrics.confusion_matrix import ConfusionMatrix
from bpframe_metrics.f1 import F1, Precision, Recall
from bpframe_metrics.log_loss import LogLoss
from bpframe_metrics.regression import R2, Mae, Rmse
from bpframe_metrics.roc_auc import RocAuc

__all__ = [
    "F1",
    "R2",
    "Accuracy",
    "CalibrationError",
    "ConfusionMatrix",
    "LogLoss",
    "Mae",
    "Precision",
    "Recall",
    "ReliabilityCurve",
    "Rmse",
    "RocAuc",
    "TopK",
]


def bpframe_components() -> list[type[Component]]:
    """Return what this set provides."""
    return [
        Accuracy,
        CalibrationError,
        ConfusionMatrix,
        F1,
        LogLoss,
        Mae,
        Precision,
        R2,
        Recall,
        ReliabilityCurve,
        Rmse,
        RocAuc,
        TopK,
    ]


def bpframe_examples() -> list[tuple[Component, tuple[tuple[int, ...], ...]]]:
    """Return instances with the feature shapes of their inputs, for the conformance kit."""
    return [
        (Accuracy(), ((3,),)),
        (Accuracy(), ((2, 3),)),
        (Accuracy(logits=True), ((1,),)),
        (Accuracy(multi_label=True), ((3,),)),
        (CalibrationError(bins=4), ((3,),)),
        (CalibrationError(logits=True), ((1,),)),
        (ConfusionMatrix(), ((3,),)),
        (ConfusionMatrix(normalize="true"), ((2, 3),)),
        (F1(average="macro"), ((3,),)),
        (F1(average="macro", multi_label=True), ((2, 3),)),
        (F1(average="each"), ((2, 3),)),
        (LogLoss(), ((1,),)),
        (LogLoss(logits=True), ((2, 3),)),
        (Mae(), ((3,),)),
        (Precision(average="weighted"), ((3,),)),
        (Precision(), ((1,),)),
        (R2(), ((2, 3),)),
        (Recall(average="binary", positive=2), ((3,),)),
        (Recall(average="micro"), ((3,),)),
        (ReliabilityCurve(bins=4), ((3,),)),
        (Rmse(), ((3,),)),
        (RocAuc(), ((1,),)),
        (RocAuc(average="weighted", logits=True), ((3,),)),
        (TopK(k=2), ((4,),)),
    ]
