"""What a run predicts of examples: outputs, classes and their probabilities."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bpframe.core.graph.graph import Graph
from bpframe.data.labels import Label
from bpframe.training.outputs import meaning_of, single_score
from bpframe.validation.plain_arrays import Array

__all__ = ["Predictions", "probabilities_of"]


@dataclass(frozen=True)
class Predictions:
    """The outputs (N, *features) by name, and the class of every example where the run has classes (else None).

    `files` are the names of the images that the examples were read from, in their order, where they were images.
    `probabilities` (N, K) are those of the classes, where the outputs are some or say them; rows add up to 1.
    """

    outputs: dict[str, Array]
    labels: list[Label] | None
    classes: tuple[Label, ...] | None
    files: tuple[str, ...] | None = None
    probabilities: Array | None = None

    def __len__(self) -> int:
        return len(next(iter(self.outputs.values())))


def probabilities_of(graph: Graph, outputs: Array, classes: int) -> Array | None:
    """Return the probabilities (N, K) of K classes that outputs say; None where nobody says that they say some.

    Scores of a cost that turns them into probabilities go through its softmax, or through its sigmoid where there is
    one of a yes or no; one output that is a probability is that of the second of two classes. Several are taken as they
    are where they add up to 1 in every row.
    """
    meaning = meaning_of(graph, graph.outputs[0])
    if outputs.ndim != 2:
        return None
    if outputs.shape[1] == 1 and classes == 2 and single_score(graph) is not None:
        if meaning == "logits, each of a yes or no":
            with np.errstate(over="ignore"):  # 1 / inf is 0
                return np.hstack([1 / (1 + np.exp(outputs)), 1 / (1 + np.exp(-outputs))])
        return np.hstack([1 - outputs, outputs]) if meaning == "probabilities" else None
    if outputs.shape[1] != classes:
        return None
    if meaning == "logits":
        powers = np.exp(outputs - outputs.max(axis=1, keepdims=True))
        shares: Array = powers / powers.sum(axis=1, keepdims=True)
        return shares
    whole = meaning == "probabilities" and np.allclose(outputs.sum(axis=1), 1, rtol=0, atol=1e-4)
    return outputs if whole else None
