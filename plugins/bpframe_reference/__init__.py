"""The reference plugin set: the network of the tutorial, the nodes of Olah's computational graph, what trains them."""

from __future__ import annotations

from bpframe.extend import Component, ErrorNorms, WatchErrors
from bpframe_reference.arithmetic import Add, Multiply, Shift
from bpframe_reference.csv_log import CsvLog
from bpframe_reference.dense import Dense
from bpframe_reference.gradient_descent import GradientDescent
from bpframe_reference.identity import Identity
from bpframe_reference.initializers import ScaledNormal, StandardNormal
from bpframe_reference.json_lines_log import JsonLinesLog
from bpframe_reference.keep_best import KeepBest
from bpframe_reference.nguyen_widrow import NguyenWidrow
from bpframe_reference.quadratic_cost import QuadraticCost
from bpframe_reference.robust import Robust
from bpframe_reference.sigmoid import Sigmoid
from bpframe_reference.stop_early import StopEarly
from bpframe_reference.tensor_board import TensorBoard
from bpframe_reference.time_limit import TimeLimit

__all__ = [
    "Add",
    "CsvLog",
    "Dense",
    "ErrorNorms",
    "GradientDescent",
    "Identity",
    "JsonLinesLog",
    "KeepBest",
    "Multiply",
    "NguyenWidrow",
    "QuadraticCost",
    "Robust",
    "ScaledNormal",
    "Shift",
    "Sigmoid",
    "StandardNormal",
    "StopEarly",
    "TensorBoard",
    "TimeLimit",
    "WatchErrors",
]


def bpframe_components() -> list[type[Component]]:
    """Return what this set provides."""
    return [
        Add,
        CsvLog,
        Dense,
        ErrorNorms,
        GradientDescent,
        Identity,
        JsonLinesLog,
        KeepBest,
        Multiply,
        NguyenWidrow,
        QuadraticCost,
        Robust,
        ScaledNormal,
        Shift,
        Sigmoid,
        StandardNormal,
        StopEarly,
        TensorBoard,
        TimeLimit,
        WatchErrors,
    ]


def bpframe_examples() -> list[tuple[Component, tuple[tuple[int, ...], ...]]]:
    """Return instances with the feature shapes of their inputs, for the conformance kit."""
    return [
        (Add(), ((3,), (3,))),
        (Add(), ((2, 3),)),
        (CsvLog(path="history.csv"), ()),
        (Dense(units=4), ((3,),)),
        (Dense(units=4, bias=False), ((3,),)),
        (Dense(units=2), ((5, 3),)),
        (ErrorNorms(), ()),
        (ErrorNorms(x=[[1.0, 2.0]], y=[[0.5]], gradients=True), ()),
        (GradientDescent(learning_rate=0.1), ()),
        (Identity(), ((4,),)),
        (JsonLinesLog(path="history.jsonl"), ()),
        (KeepBest(watch="cost"), ()),
        (Multiply(), ((3,), (3,), (3,))),
        (NguyenWidrow(), ((4, 3),)),
        (NguyenWidrow(active=2.0), ((4,),)),
        (QuadraticCost(), ((5,),)),
        (QuadraticCost(), ((2, 3),)),
        (Robust(), ()),
        (ScaledNormal(), ((4, 3),)),
        (Shift(by=1.5), ((4,),)),
        (Sigmoid(), ((4,),)),
        (Sigmoid(), ((2, 3),)),
        (StandardNormal(), ((4, 3),)),
        (StopEarly(patience=2, watch="cost"), ()),
        (StopEarly(patience=2, watch="cost", restore_best=True), ()),
        (TensorBoard(folder="curves"), ()),
        (TimeLimit(seconds=3600), ()),
        (WatchErrors(x=[[1.0, 2.0]], y=[[0.5]]), ()),
    ]
