"""The components as a plugin set, in a registry of the tests' own."""

from __future__ import annotations

import bpframe_metrics as metrics
import bpframe_reference as reference
from bpframe_activations import Tanh
from bpframe_convolution import Flatten
from bpframe_regularisation import Dropout

from bpframe.plugins.registry import PluginSet, Provider, Registry
from tests.components.attention import Attention
from tests.components.batch_norm import BatchNorm
from tests.components.concatenate import Concatenate
from tests.components.conv1d import Conv1d
from tests.components.cross_entropy import SoftmaxCrossEntropy
from tests.components.embedding import Embedding
from tests.components.initializer import UniformInitializer
from tests.components.layer_norm import LayerNorm
from tests.components.max_pool import MaxPool
from tests.components.optimizers import Momentum, NormalisedGradient
from tests.components.recurrent import Recurrent
from tests.components.softmax import Softmax
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
    """The reference set, the metrics and the tests' set."""
    shipped = tuple(getattr(reference, name) for name in reference.__all__)
    return Registry.build(
        [
            PluginSet(Provider("reference"), shipped),
            PluginSet(Provider("metrics"), tuple(metrics.bpframe_components())),
            PluginSet(Provider("probes", "probes", "1.0"), COMPONENTS),
        ]
    )
