"""Local Jacobians as structured linear operators: one class per structure, and how they compose and add."""

from bpframe.operators.adding import add
from bpframe.operators.base import Operator
from bpframe.operators.batch_matrix import BatchMatrix, dense_operator
from bpframe.operators.broadcast import Broadcast
from bpframe.operators.composed import Composed
from bpframe.operators.composing import compose
from bpframe.operators.diagonal import Diagonal
from bpframe.operators.gather import Gather
from bpframe.operators.identity import Identity
from bpframe.operators.kronecker_form import KroneckerForm
from bpframe.operators.matrix import Matrix
from bpframe.operators.pulled_vectors import PulledVectors
from bpframe.operators.rank_one import RankOne
from bpframe.operators.reshape import Reshape
from bpframe.operators.scattered_form import ScatteredForm
from bpframe.operators.sum import Sum
from bpframe.operators.weight_times import WeightTimes

__all__ = [
    "BatchMatrix",
    "Broadcast",
    "Composed",
    "Diagonal",
    "Gather",
    "Identity",
    "KroneckerForm",
    "Matrix",
    "Operator",
    "PulledVectors",
    "RankOne",
    "Reshape",
    "ScatteredForm",
    "Sum",
    "WeightTimes",
    "add",
    "compose",
    "dense_operator",
]
