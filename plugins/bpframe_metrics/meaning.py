"""What outputs mean: logits, probabilities, or numbers with a threshold; as a metric says, else as the network does."""

from __future__ import annotations

from bpframe.extend import DataError

__all__ = ["LOGITS", "MULTI_LABEL", "are_logits", "threshold_of"]

#: The description of the field `logits`.
LOGITS = (
    "Whether outputs are scores before a softmax or a sigmoid. Left out, the network's cost says it, and by hand they "
    "are not."
)

#: The description of the field `multi_label`.
MULTI_LABEL = "Whether every output is a yes or no of its own, several of which may be right at once."


def are_logits(metric: str, said: bool | None, outputs: str | None, classes: bool = False) -> bool:
    """Return whether outputs are logits, of a metric that needs probabilities.

    `said` is the metric's field, and `outputs` what the network says: None where there is none. `classes` says whether
    several outputs are asked for the probabilities of classes.

    Errors: DataError where the two contradict each other, or neither says, or every output is a yes or no of its own.
    """
    if classes and outputs == "logits, each of a yes or no":
        raise DataError(
            f"{metric} needs the probabilities of classes, and the cost takes every output for a yes or no of its own",
            expected="one output, or a cost of classes, such as cross_entropy",
            received=outputs,
            hint=f"{{kind: {metric}, multi_label: true}} measures every output by itself",
        )
    if outputs is not None and outputs != "unknown":
        known = outputs != "probabilities"
        if said is not None and said is not known:
            raise _contradiction(metric, said, outputs)
        return known
    if outputs is not None and said is None:
        raise DataError(
            f"{metric} needs probabilities, and neither the network's cost nor its last layer says whether outputs are "
            "some",
            expected="a cost of logits, such as cross_entropy, or probabilities of a last softmax or sigmoid",
            received="numbers that may be anything",
            hint=f"{{kind: {metric}, logits: true}} for scores before a softmax or sigmoid, logits: false for "
            "probabilities",
        )
    return bool(said)


def threshold_of(metric: str, said: bool | None, outputs: str | None, threshold: float | None) -> float:
    """Return above which number one output says yes: as the metric says, else as the network's cost, else 1/2.

    Errors: DataError where the two contradict each other.
    """
    if said is None:
        return 0.5 if threshold is None else threshold
    own = 0.0 if said else 0.5
    if threshold is not None and threshold != own:
        raise _contradiction(metric, said, outputs or "numbers", threshold)
    return own


def _contradiction(metric: str, said: bool, outputs: str, threshold: float | None = None) -> DataError:
    above = "" if threshold is None else f", of which those above {threshold:g} say yes"
    taken = "logits" if said else "probabilities"
    return DataError(
        f"{metric} would take the outputs for {taken}, and the network's are {outputs}{above}",
        expected="a metric that says what the network does, or nothing",
        received=f"logits: {str(said).lower()}",
        hint="leave `logits` out: the network knows",
    )
