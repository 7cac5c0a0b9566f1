"""Schedules, metrics and categories of others: no node of a network, but a contract all the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from bpframe.categories import CATEGORIES, Callback, Metric, Preparation, Schedule
from bpframe.categories.calling import call_method
from bpframe.categories.present import present_fields, present_value
from bpframe.core.component import Component, contract_of
from bpframe.core.graph.randomness import stream
from bpframe.data.scaling import fit_scaling
from bpframe.errors import BpframeError, ContractError
from bpframe.testing.checks.base import Check, Failure, Setting, untouched
from bpframe.training.history import EpochRecord, History
from bpframe.training.listening import Listening

__all__ = ["checks_of_the_asked", "made_up_history"]

#: Steps and epochs at which a schedule is asked: the first ones, and some far out.
TIMES = [(step, step // 7) for step in (*range(30), 100, 1000, 10**6)]

#: How many epochs a made-up history has at most.
LONGEST = 100

EXAMPLES, SHAPE = 24, (3,)


def checks_of_the_asked(setting: Setting) -> list[Check]:
    """Return the checks that the methods of a component's category call for."""
    component = setting.component
    found: dict[str, Callable[[], None]] = {}
    if isinstance(component, Schedule):
        found = {"value": lambda: _finite(component), "determinism": lambda: _same_numbers(component)}
    elif isinstance(component, Metric):
        found = {
            "measure": lambda: _measure(setting, component),
            "purity": lambda: _measures_purely(setting, component),
            "determinism": lambda: _measures_alike(setting, component),
        }
    elif isinstance(component, Preparation):
        found = {"fit": lambda: _fit(setting, component), "determinism": lambda: _fits_alike(setting, component)}
    elif isinstance(component, Callback):
        found = {"state": lambda: _first_state(component)} if "initial_state" in contract_of(type(component)) else {}
    elif contract_of(type(component)).category not in CATEGORIES:
        names = _callable_methods(component)
        found = {f"determinism[{name}]": lambda name=name: _called_twice(component, name) for name in names}  # type: ignore[misc]
    return [Check(name, run) for name, run in found.items()]


def made_up_history(epochs: int) -> History:
    """Return the history of a training whose cost falls at first, and then swings around where it is."""
    costs = [max(0.1, 1 / (1 + epoch)) * (1 + 0.01 * (epoch % 3)) for epoch in range(epochs)]
    records = [
        EpochRecord(
            epoch=epoch + 1, cost=cost, seconds=0.0, validation_cost=1.1 * cost, accuracy=1 - cost / 2,
            validation_accuracy=1 - 0.55 * cost,
        )
        for epoch, cost in enumerate(costs)
    ]  # fmt: skip
    return History(epochs=records)


def _number(schedule: Schedule, step: int, epoch: int) -> float:
    """Return its number in a training that reaches back at most so many epochs as anybody would wait for."""
    return present_value(schedule, step, epoch, history=lambda: made_up_history(min(epoch, LONGEST)))


def _finite(schedule: Schedule) -> None:
    for step, epoch in TIMES:
        try:
            _number(schedule, step, epoch)
        except ContractError as error:
            raise Failure(error.problem, rows=[("received", error.received or "")]) from None


def _same_numbers(schedule: Schedule) -> None:
    first, again = ([_number(schedule, *time) for time in TIMES] for _ in range(2))
    if first != again:
        raise Failure("asked again, it gives other numbers", diagnosis="state, or randomness: a schedule has neither")


def _handed(setting: Setting) -> list[dict[str, Any]]:
    """Return predictions with targets of the forms that there are: numbers like them, one-hot rows, class numbers."""
    rng, shape = setting.rng("metric"), setting.shapes[0] if setting.shapes else SHAPE
    prediction = rng.random((EXAMPLES, *shape))
    if shape and shape[-1] > 1:
        prediction /= prediction.sum(axis=-1, keepdims=True)  # which may be probabilities of classes
    positions = (EXAMPLES, *shape[:-1])
    classes = rng.integers(0, max(2, shape[-1] if shape else 2), positions)
    rows = np.eye(max(2, shape[-1]))[classes] if shape else classes.astype(float)
    targets = [rows, classes, classes[..., None], rng.random((EXAMPLES, *shape)), (prediction > 0.5).astype(float)]
    counts = {"sample_weight": None, "weight": np.ones(positions), "mask": np.ones(positions, bool)}
    by_hand = {"outputs": None, "threshold": None, "point": None}
    return [{"prediction": prediction, "target": target, **counts, **by_hand} for target in targets]


def _taken(setting: Setting, metric: Metric) -> dict[str, Any]:
    """Return the first of these that the metric measures."""
    refusals: list[str] = []
    for words in _handed(setting):
        try:
            call_method(metric, "measure", **words)
        except BpframeError as error:
            refusals.append(error.problem)
            continue
        return words
    raise Failure(
        "measure takes no targets that were tried: numbers, one-hot rows, class numbers",
        rows=[("received", refusals[0]), ("try", "state an example with the feature shape of the prediction")],
    )


def _measure(setting: Setting, metric: Metric) -> None:
    words = _taken(setting, metric)
    value = call_method(metric, "measure", **words)
    if isinstance(value, bool | str | None) or np.asarray(value).dtype.kind not in "iuf" or np.ndim(value) > 2:
        raise Failure(
            "measure must return a number, or an array of one or two axes", rows=[("received", repr(value)[:60])]
        )
    _of_any_number(metric, words, np.shape(value))
    weighted = call_method(metric, "measure", **{**words, "sample_weight": np.ones(EXAMPLES)})
    if not _close(value, weighted):
        raise Failure(
            "weights of 1 measure something else than no weights",
            rows=[("no weights", str(value)), ("weights of 1", str(weighted))],
        )
    if {"weight", "mask"} & set(contract_of(type(metric)).methods["measure"].words):
        _counts_nothing(setting, metric, words)


def _of_any_number(metric: Metric, words: dict[str, Any], shape: tuple[int, ...]) -> None:
    """What is measured of fewer examples has the same shape."""
    fewer = {word: each if each is None else each[: EXAMPLES - 1] for word, each in words.items()}
    found = np.shape(call_method(metric, "measure", **fewer))
    if found != shape:
        raise Failure(
            "the shape of what measure returns depends on the number of examples",
            rows=[(f"{EXAMPLES} examples", str(shape)), (f"{EXAMPLES - 1} examples", str(found))],
        )


def _close(one: Any, other: Any) -> bool:
    return np.shape(one) == np.shape(other) and np.allclose(one, other, rtol=1e-9, atol=1e-12, equal_nan=True)


def _counts_nothing(setting: Setting, metric: Metric, words: dict[str, Any]) -> None:
    """What is predicted where the weight is 0 changes nothing."""
    rng, prediction = setting.rng("metric weights"), words["prediction"]
    mask = rng.random(words["weight"].shape) < 0.5
    others = np.where(mask.reshape(*mask.shape, *(1,) * (prediction.ndim - mask.ndim)), prediction, 1 - prediction)
    counted = {**words, "weight": mask * 1.0, "mask": mask, "sample_weight": mask.reshape(EXAMPLES, -1).mean(axis=1)}
    one, other = (call_method(metric, "measure", **counted | {"prediction": each}) for each in (prediction, others))
    if not _close(one, other):
        raise Failure(
            "what is predicted where the weight is 0 changes what is measured",
            rows=[("measured", str(one)), ("with other predictions there", str(other))],
        )


def _measures_purely(setting: Setting, metric: Metric) -> None:
    words = _taken(setting, metric)
    words["sample_weight"] = np.ones(EXAMPLES)
    _left_alone("measure", metric, words)


def _measures_alike(setting: Setting, metric: Metric) -> None:
    words = _taken(setting, metric)
    first, again = (call_method(metric, "measure", **words) for _ in range(2))
    if not np.array_equal(first, again, equal_nan=True):
        raise Failure("the same predictions measure another number the second time")


def _left_alone(method: str, component: Component, words: dict[str, Any]) -> None:
    """Call a method with arrays that cannot be written, and see that they are what they were."""
    arrays = [(word, value) for word, value in words.items() if isinstance(value, np.ndarray)]
    problem = f"{method} writes into what it is handed"
    with untouched(arrays, lambda received: Failure(problem, rows=[("received", received)])):
        call_method(component, method, **words)


def _fit(setting: Setting, preparation: Preparation) -> None:
    """The numbers scale what they were made from, and nothing that was handed in is changed."""
    rows = setting.rng("preparation").standard_normal((EXAMPLES, *SHAPE)) * 3 + 1
    for x in (rows, np.repeat(rows[:1], EXAMPLES, axis=0)):  # constant columns too
        try:
            found = fit_scaling(preparation, x).apply(x, "float64")
        except BpframeError as error:
            raise Failure(error.problem, rows=[("received", error.received or "")]) from None
        if not np.isfinite(found).all():
            raise Failure("scaled inputs are not finite")
    _left_alone("fit", preparation, {"x": rows})


def _fits_alike(setting: Setting, preparation: Preparation) -> None:
    rows = setting.rng("preparation").standard_normal((EXAMPLES, *SHAPE))
    if fit_scaling(preparation, rows) != fit_scaling(preparation, rows):
        raise Failure("the same inputs give other numbers the second time")


def _first_state(callback: Callback) -> None:
    """A training begins with plain data, which every checkpoint can hold, and all begin with the same."""
    try:
        first, again = (Listening([callback], None, History()).states() for _ in range(2))
    except ContractError as error:
        raise Failure(error.problem, rows=[("received", error.received or "")]) from None
    if repr(first) != repr(again):
        raise Failure("initial_state returns something else the second time", diagnosis="time, or randomness")


def _callable_methods(component: Component) -> list[str]:
    """Return the methods of somebody's own category of which every word is known: fields, and a random stream."""
    known = {*type(component).model_fields, "rng"}
    methods = contract_of(type(component)).methods.items()
    return [name for name, signature in methods if set(signature.words) <= known and signature.variadic is None]


def _called_twice(component: Component, method: str) -> None:
    fields = present_fields(component, method)
    before = repr(component)
    first, again = (call_method(component, method, rng=stream(0, "own category"), **fields) for _ in range(2))
    if repr(component) != before:
        raise Failure(f"{method} changed the component")
    if repr(first) != repr(again):
        raise Failure(f"{method} returns something else the second time", diagnosis="state, or randomness not of `rng`")
