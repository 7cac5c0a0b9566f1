"""What is a local Jacobian?

A linear map for every example: one class per structure, which knows how to multiply with itself and its transpose, and
how it composes and adds. In go the arrays that a component has at hand; out come products, and matrices on demand.
Start with `base.py`, then `diagonal.py` and `weight_times.py`; `composing.py` is the chain rule, `adding.py` the sum
over paths.
"""

from bpframe.core.operators.adding import add
from bpframe.core.operators.base import Operator
from bpframe.core.operators.batch_matrix import BatchMatrix, dense_operator
from bpframe.core.operators.branches import Branches, branches, pulled_once
from bpframe.core.operators.broadcast import Broadcast
from bpframe.core.operators.composed import Composed
from bpframe.core.operators.composing import compose
from bpframe.core.operators.diagonal import Diagonal
from bpframe.core.operators.gather import Gather
from bpframe.core.operators.identity import IdentityMap
from bpframe.core.operators.matrix import Matrix
from bpframe.core.operators.reshape import Reshape
from bpframe.core.operators.sum import Sum
from bpframe.core.operators.weight_times import WeightTimes
from bpframe.forms.kronecker_form import KroneckerForm
from bpframe.forms.pulled_vectors import PulledVectors
from bpframe.forms.scattered_form import ScatteredForm

__all__ = [
    "BatchMatrix",
    "Branches",
    "Broadcast",
    "Composed",
    "Diagonal",
    "Gather",
    "IdentityMap",
    "KroneckerForm",
    "Matrix",
    "Operator",
    "PulledVectors",
    "Reshape",
    "ScatteredForm",
    "Sum",
    "WeightTimes",
    "add",
    "branches",
    "compose",
    "dense_operator",
    "pulled_once",
]
