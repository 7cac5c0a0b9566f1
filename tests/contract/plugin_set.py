"""The components as a plugin set, in a registry of the tests' own."""

from __future__ import annotations

import bpframe_metrics as metrics
import bpframe_reference as reference
from bpframe_activations import Softmax, Tanh
from bpframe_convolution import Conv1d, Flatten, MaxPool1d, MaxPool2d
from bpframe_merges import Concatenate
from bpframe_optimizers import Momentum
from bpframe_regularisation import BatchNorm, Dropout, LayerNorm
from bpframe_sequence import Embedding

from bpframe.plugins.registry import PluginSet, Provider, Registry
from tests.components.attention import Attention
from tests.components.cross_entropy import SoftmaxCrossEntropy
from tests.components.initializer import UniformInitializer
from tests.components.optimizers import NormalisedGradient
from tests.components.recurrent import Recurrent
from tests.components.textbook import SumOfEntries, Textbook

COMPONENTS = (
    Attention,
    BatchNorm,
    Concatenate,
    Conv1d,
    Dropout,
    Embedding,
    Flatten,
    LayerNorm,
    MaxPool1d,
    MaxPool2d,
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
    """The reference set, the metrics and the tests' set."""
    shipped = tuple(getattr(reference, name) for name in reference.__all__)
    return Registry.build(
        [
            PluginSet(Provider("reference"), shipped),
            PluginSet(Provider("metrics"), tuple(metrics.bpframe_components())),
            PluginSet(Provider("probes", "probes", "1.0"), COMPONENTS),
        ]
    )
