"""What a whole spec asks for: build the network, load the data, train, measure, save."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from bpframe.categories import Callback, ErrorNorms
from bpframe.data import Dataset, DataSpec
from bpframe.data.located import located, recorded
from bpframe.data.raw import Preparation
from bpframe.differentiable import Examples
from bpframe.documents import RunSpec, TrainingSpec
from bpframe.errors import DataError, SpecError
from bpframe.machine.memory import enough_memory
from bpframe.network import Network
from bpframe.runs.averages import keeps_averages, measured_network
from bpframe.runs.evaluation import Evaluation, evaluate
from bpframe.trainable.prepared import check_inputs, check_scaled_targets, measured_part, yes_or_no
from bpframe.training.history import History
from bpframe.training.keeper import Keeper
from bpframe.training.outputs import single_score
from bpframe.training.range_test import RangeTest
from bpframe.validation.plain_arrays import Array

__all__ = ["Experiment", "network_and_data", "overridden", "prepare_experiment", "run_experiment"]


#: At so many examples errors are measured, at most.
MEASURED = 64


@dataclass(frozen=True)
class Experiment:
    """A network, its data, and how it is to be trained. `base` is the folder that the data's paths start from.

    The network takes prepared arrays, as `dataset` holds them; a run that is saved of it takes raw ones.
    """

    network: Network
    training: TrainingSpec
    data: DataSpec
    dataset: Dataset
    base: Path

    @property
    def history(self) -> History | None:
        """What happened in training; None before it. It stays readable after an error."""
        return self.network.history

    @property
    def averages(self) -> bool:
        """Whether the optimizer keeps averaged parameters, with which `evaluate` measures."""
        return keeps_averages(self.network)

    @property
    def part(self) -> str:
        """What `evaluate` measures on: `test`, where there is none `validation`, else `training`."""
        return [*self.dataset.parts][-1]

    @property
    def measured_examples(self) -> tuple[Array, Array]:
        """Every k-th example of the training part, 64 at most: those at which errors are measured."""
        step = -(-len(self.dataset.x) // MEASURED)
        return self.dataset.x[::step], self.dataset.y[::step]

    def train(self, progress: bool | None = None, error_norms: bool = True, keeper: Keeper | None = None) -> History:
        """Train as the spec says, measuring on the validation part after every epoch where there is one.

        The test part is shown to no training.

        With `error_norms` the history keeps how large every node's error is, as the callback `ErrorNorms` measures it
        at 64 of the training examples at most; parameters are the same with it and without. `keeper` keeps the
        training.

        Raises
        ------
        NonFiniteError
            A cost or gradient became NaN or infinite; the last finite parameters stay, whose cost need not be.

        """
        return self.network.train(self.training, *self._shown, progress, self._watching(error_norms), keeper)

    def go_on(self, progress: bool | None = None, keeper: Keeper | None = None, epochs: int | None = None) -> History:
        """Go on with the training that the network has, as if it had never stopped; see `Network.resume`.

        Errors: those of `train`; TrainingError (there is nothing to go on with), DataError (these are other data).
        """
        state = self.network._training_state
        # What callbacks keep is theirs by their places: that one was the first, and is no part of the spec.
        watched = state is not None and len(state.callbacks) > len(self.training.callbacks)
        return self.network.go_on(*self._shown, progress, self._watching(watched), keeper, epochs)

    @property
    def _shown(self) -> tuple[Examples, Examples | None]:
        data = self.dataset
        return (data.x, data.y, data.sample_weight), measured_part(data)

    def _watching(self, error_norms: bool) -> tuple[Callback, ...]:
        asked = any(isinstance(each, ErrorNorms) for each in self.training.callbacks)
        return (ErrorNorms(),) if error_norms and not asked else ()

    def range_test(self, smallest: float = 1e-6, largest: float = 10.0, steps: int = 100) -> RangeTest:
        """Return what steps at rising learning rates cost, of a copy of the network; see `Network.range_test`.

        Errors: SpecError, DataError.
        """
        data, training = self.dataset, self.training
        return self.network.range_test(
            data.x,
            data.y,
            optimizer=training.optimizer,
            smallest=smallest,
            largest=largest,
            steps=steps,
            batch_size=training.batch_size,
            sample_weight=data.sample_weight,
            shuffle=training.shuffle,
            groups=training.groups,
            constraints=training.constraints,
        )

    def evaluate(self) -> Evaluation:
        """Measure the network on the test part, or on the last part that there is (see `part`).

        Of an optimizer that keeps averages it is the network with the averaged parameters, as it was during training.
        """
        x, y, weight = self.dataset.parts[self.part]
        return evaluate(measured_network(self.network), x, y, sample_weight=weight)

    def save(self, folder: str | os.PathLike[str], overwrite: bool = False) -> Path:
        """Write the run to a new folder and return its path; see `Network.save`.

        Raises
        ------
        CheckpointError

        """
        target = Path(folder).expanduser()
        return self.network.save(
            target,
            data=self.data.moved(self.base, target),
            overwrite=overwrite,
        )


def prepare_experiment(spec: RunSpec, base: str | os.PathLike[str] = ".", verify: bool | None = None) -> Experiment:
    """Build the network and load the data of a spec, whose paths start from the folder `base`; train nothing.

    `verify` as in `Network`: whether components are checked by value first.

    Raises
    ------
    SpecError
        The spec does not say how to train, or on what.
    GraphError, DataError
        The network cannot be built, or the data cannot be used.

    """
    if spec.training is None:
        raise SpecError("the spec has no section 'training'", expected="training: {optimizer: {kind: ...}, epochs: 30}")
    if spec.training.validation_split is not None:
        raise SpecError(
            "the data section says what is kept for validation",
            expected="no training.validation_split beside data",
            hint=f"data: {{..., validation_fraction: {spec.training.validation_split:g}}}",
        )
    network, data, dataset = network_and_data(spec, base, verify)
    return Experiment(network, spec.training, data, dataset, Path(base))


def network_and_data(
    spec: RunSpec,
    base: str | os.PathLike[str] = ".",
    verify: bool | None = None,
    network: Network | None = None,
    moved_to: str | os.PathLike[str] | None = None,
) -> tuple[Network, DataSpec, Dataset]:
    """Build the network, which takes prepared arrays, and load the data of a spec. `network` is one that is there.

    `moved_to` is the file, or folder, of a run's data, where they are not found otherwise.

    Raises
    ------
    SpecError
        The spec does not say on what to train.
    GraphError, DataError
        The network cannot be built, or the data cannot be used.

    """
    data = spec.data
    if data is None:
        raise SpecError(
            "the spec has no section 'data'", expected="where the examples are, such as data: {kind: digits}"
        )
    network = Network.from_spec(spec.network, verify) if network is None else network
    _check_single(network)
    single = single_score(network.graph)
    numbers = bool(network.graph.integer_targets) or (single is not None and getattr(data, "one_hot", False))
    data = located(data, Path(base), moved_to)
    with enough_memory("the data", DataError):
        dataset = data.load(Path(base), spec.network.dtype, numbers)
    if single is not None and dataset.preparation.classes is not None:
        dataset = yes_or_no(dataset, single)
    _check_classes(network, dataset)
    check_inputs(network.graph, dataset.preparation)
    check_scaled_targets(network.graph, dataset.preparation)
    inputs = network.graph.inputs
    preparation = dataset.preparation.opened(list(inputs.values()))
    network._preparation = Preparation.of(preparation, inputs, raw=False)
    return network, recorded(data, Path(base)), dataset


def _check_single(network: Network) -> None:
    """Refuse a network of several inputs or targets, which no data section feeds."""
    for what, names in (("input", tuple(network.graph.inputs)), ("target", tuple(network.graph.cost))):
        if len(names) > 1:
            raise SpecError(
                f"the section 'data' feeds a network of one {what}, and this one has {len(names)}",
                expected=f"one {what}",
                received=", ".join(names),
                hint="leave `data` out and train from Python: Network.from_spec(spec.network).train(spec.training, "
                "(x, y, None)), where x and y are mappings from names to arrays",
            )


def _check_classes(network: Network, dataset: Dataset) -> None:
    """Refuse scores of more classes than there are, of which no prediction could be named."""
    labels, graph = dataset.preparation.class_labels, network.graph
    if labels is None or len(graph.outputs) != 1 or graph.outputs[0] not in graph.integer_targets:
        return
    scores = (graph.shapes[graph.outputs[0]] or (1,))[-1]
    if scores > len(labels):
        tokens = dataset.preparation.vocabulary is not None
        raise SpecError(
            f"the output '{graph.outputs[0]}' has {scores} scores, and the data have {len(labels)} "
            + ("tokens in their vocabulary" if tokens else "classes"),
            expected=f"{len(labels)} scores, such as a last layer with units: {len(labels)}",
            received=f"{scores} scores for {', '.join(map(repr, labels[:5]))}" + ", ..." * (len(labels) > 5),
            hint="an embedding's size is the number of tokens too" if tokens else None,
        )


def run_experiment(spec: RunSpec, base: str | os.PathLike[str] = ".", progress: bool | None = None) -> Experiment:
    """Do what a spec says, which is what `bpframe train` does, and return the experiment with the trained network.

    `base` is the folder that the data's paths start from; `progress` as in `Network.fit`.

    Raises
    ------
    SpecError, GraphError, DataError
        Before training.
    NonFiniteError
        In training.

    """
    experiment = prepare_experiment(spec, base)
    experiment.train(progress)
    return experiment


def overridden(spec: RunSpec, *, seed: int | None = None, epochs: int | None = None) -> RunSpec:
    """Return a spec with another seed, of the network and of its training, or another number of epochs.

    The seed of the data's split stays, so that runs with different seeds are measured on the same examples.

    Raises
    ------
    SpecError

    """
    network, training = spec.network, spec.training
    if seed is not None:
        network = type(network)(**{**_fields(network), "seed": seed})
    if training is not None:
        changed = {name: value for name, value in (("seed", seed), ("epochs", epochs)) if value is not None}
        training = type(training)(**{**_fields(training), **changed})
    return RunSpec(network=network, training=training, data=spec.data)


def _fields(model: TrainingSpec | object) -> dict[str, object]:
    return {name: getattr(model, name) for name in type(model).model_fields}  # type: ignore[attr-defined]
