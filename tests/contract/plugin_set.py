"""The components as a plugin set, in a registry of the tests' own."""

from __future__ import annotations

import bpframe_reference as reference

from bpframe.plugins.registry import PluginSet, Provider, Registry

from .components.attention import Attention
from .components.batch_norm import BatchNorm
from .components.concatenate import Concatenate
from .components.conv1d import Conv1d
from .components.cross_entropy import SoftmaxCrossEntropy
from .components.dropout import Dropout
from .components.embedding import Embedding
from .components.flatten import Flatten
from .components.initializer import UniformInitializer
from .components.layer_norm import LayerNorm
from .components.max_pool import MaxPool
from .components.optimizers import Momentum, NormalisedGradient
from .components.recurrent import Recurrent
from .components.softmax import Softmax
from .components.tanh import Tanh
from .components.textbook import SumOfEntries, Textbook

COMPONENTS = (
    Attention,
    BatchNorm,
    Concatenate,
    Conv1d,
    Dropout,
    Embedding,
    Flatten,
    LayerNorm,
    MaxPool,
    Momentum,
    NormalisedGradient,
    Recurrent,
    Softmax,
    SoftmaxCrossEntropy,
    SumOfEntries,
    Tanh,
    Textbook,
    UniformInitializer,
)


def registry() -> Registry:
    """The reference set and the tests' set."""
    shipped = tuple(getattr(reference, name) for name in reference.__all__)
    return Registry.build(
        [PluginSet(Provider("reference"), shipped), PluginSet(Provider("probes", "probes", "1.0"), COMPONENTS)]
    )
