"""The activations: functions of one input, most of them entry by entry."""

from __future__ import annotations

from bpframe.extend import Component
from bpframe_activations.elu import Elu, Selu
from bpframe_activations.gelu import Gelu
from bpframe_activations.hard_sigmoid import HardSigmoid
from bpframe_activations.hard_tanh import HardTanh
from bpframe_activations.leaky_relu import LeakyRelu
from bpframe_activations.log_sigmoid import LogSigmoid
from bpframe_activations.mish import Mish
from bpframe_activations.prelu import Prelu
from bpframe_activations.relu import Relu
from bpframe_activations.silu import Silu
from bpframe_activations.softmax import LogSoftmax, Softmax
from bpframe_activations.softplus import Softplus
from bpframe_activations.softsign import Softsign
from bpframe_activations.tanh import Tanh

__all__ = [
    "Elu",
    "Gelu",
    "HardSigmoid",
    "HardTanh",
    "LeakyRelu",
    "LogSigmoid",
    "LogSoftmax",
    "Mish",
    "Prelu",
    "Relu",
    "Selu",
    "Silu",
    "Softmax",
    "Softplus",
    "Softsign",
    "Tanh",
]


def bpframe_components() -> list[type[Component]]:
    """Return what this set provides."""
    return [
        Elu,
        Gelu,
        HardSigmoid,
        HardTanh,
        LeakyRelu,
        LogSigmoid,
        LogSoftmax,
        Mish,
        Prelu,
        Relu,
        Selu,
        Silu,
        Softmax,
        Softplus,
        Softsign,
        Tanh,
    ]


def bpframe_examples() -> list[tuple[Component, tuple[tuple[int, ...], ...]]]:
    """Return instances with the feature shapes of their inputs, for the conformance kit."""
    return [
        (Elu(), ((4,),)),
        (Elu(alpha=0.5), ((2, 3),)),
        (Gelu(), ((4,),)),
        (Gelu(approximate="tanh"), ((4,),)),
        (HardSigmoid(), ((4,),)),
        (HardTanh(), ((4,),)),
        (HardTanh(low=0.0, high=6.0), ((4,),)),
        (LeakyRelu(), ((4,),)),
        (LogSigmoid(), ((4,),)),
        (LogSoftmax(), ((4,),)),
        (LogSoftmax(axis=0), ((3, 2),)),
        (Mish(), ((4,),)),
        (Prelu(), ((4,),)),
        (Prelu(), ((2, 3),)),
        (Relu(), ((4,),)),
        (Selu(), ((4,),)),
        (Silu(), ((4,),)),
        (Softmax(), ((4,),)),
        (Softmax(axis=0), ((3, 2),)),
        (Softplus(), ((4,),)),
        (Softsign(), ((4,),)),
        (Tanh(), ((4,),)),
    ]
