"""What does the author of a component import?

Everything that one needs, from one place:

    from bpframe.extend import Activation, Diagonal, PositiveFloat

The component classes, the operators that Jacobians are stated with, the field types that are used most, none of
which takes an infinite number, and the errors that a component may raise.
"""

from __future__ import annotations

import warnings
from typing import Any

from pydantic import Field, FiniteFloat, NonNegativeInt, PositiveInt

from bpframe.categories import (
    Callback,
    Constraint,
    ErrorNorms,
    Metric,
    Optimizer,
    Preparation,
    ScaledNormal,
    Schedule,
    WatchErrors,
)
from bpframe.categories.calling import call_method
from bpframe.categories.history_column import HistoryColumn, LargerIsBetter
from bpframe.core.component import (
    CONTRACT_VERSION,
    Activation,
    Block,
    Category,
    Component,
    Cost,
    Initializer,
    Layer,
    Method,
    Parameter,
    Penalty,
    State,
)
from bpframe.core.graph.description import node
from bpframe.core.operators import (
    BatchMatrix,
    Broadcast,
    Composed,
    Diagonal,
    Gather,
    IdentityMap,
    KroneckerForm,
    Matrix,
    Operator,
    Reshape,
    ScatteredForm,
    Sum,
    WeightTimes,
    add,
    compose,
)
from bpframe.derivatives.least_squares.linear_minimum import LinearMinimum
from bpframe.derivatives.least_squares.objective import Objective
from bpframe.errors import ContractError, DataError, MissingExtra, ShapeMismatch, StopTraining
from bpframe.structures import (
    BatchMatMul,
    DiagonalBlocks,
    Permute,
    Pool,
    RankOne,
    Recomputed,
    Restriction,
    Scan,
    Transposed,
    Windows,
    largest,
    transposed,
)
from bpframe.training.history import History
from bpframe.training.metrics import accuracy, right_classes
from bpframe.training.parts import ParameterPart
from bpframe.training.problem import Problem
from bpframe.validation.finite_numbers import NonNegativeFloat, PositiveFloat
from bpframe.validation.open_shapes import batched
from bpframe.validation.plain_arrays import Array

__all__ = [
    "CONTRACT_VERSION",
    "Activation",
    "Array",
    "BatchMatMul",
    "BatchMatrix",
    "Block",
    "Broadcast",
    "Callback",
    "Category",
    "Component",
    "Composed",
    "Constraint",
    "ContractError",
    "Cost",
    "DataError",
    "Diagonal",
    "DiagonalBlocks",
    "ErrorNorms",
    "Field",
    "FiniteFloat",
    "Gather",
    "History",
    "HistoryColumn",
    "IdentityMap",
    "Initializer",
    "KroneckerForm",
    "LargerIsBetter",
    "Layer",
    "LinearMinimum",
    "Matrix",
    "Method",
    "Metric",
    "MissingExtra",
    "NonNegativeFloat",
    "NonNegativeInt",
    "Objective",
    "Operator",
    "Optimizer",
    "Parameter",
    "ParameterPart",
    "Penalty",
    "Permute",
    "Pool",
    "PositiveFloat",
    "PositiveInt",
    "Preparation",
    "Problem",
    "RankOne",
    "Recomputed",
    "Reshape",
    "Restriction",
    "ScaledNormal",
    "Scan",
    "ScatteredForm",
    "Schedule",
    "ShapeMismatch",
    "State",
    "StopTraining",
    "Sum",
    "Transposed",
    "WatchErrors",
    "WeightTimes",
    "Windows",
    "accuracy",
    "add",
    "batched",
    "call_method",
    "compose",
    "largest",
    "node",
    "right_classes",
    "transposed",
]


def __getattr__(name: str) -> Any:
    """Give the operator `IdentityMap` under its name in version 1, which an activation has, too."""
    if name != "Identity":
        raise AttributeError(f"module 'bpframe.extend' has no attribute '{name}'")
    warnings.warn(
        "the operator bpframe.extend.Identity is called IdentityMap: `Identity` is an activation",
        DeprecationWarning,
        stacklevel=2,
    )
    return IdentityMap
