"""What does a user hold?

A `Network`: the object to train, evaluate, differentiate and save.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

from bpframe.checkpoint import (
    Checkpoint,
    arrays_of,
    copy_arrays,
    read_run,
    restored_engine,
    restored_preparation,
    write_checkpoint,
)
from bpframe.checkpoint.pickling import check_importable, check_nodes, nodes_of
from bpframe.core.component import Component, Cost, Layer, Penalty
from bpframe.core.graph.description import NetworkSpec, NodeSpec
from bpframe.data import DataSpec, FittedPreparation
from bpframe.documents.written_out import network_spec
from bpframe.errors import DataError
from bpframe.shapes import OpenEngine, at_shapes, closed_graph, closed_shapes, engine_of, graph_of
from bpframe.trainable import Resumable
from bpframe.training.history import History
from bpframe.training.spec import TrainingSpec
from bpframe.training.state import TrainingState
from bpframe.training.stepping import Carried
from bpframe.validation.mistakes import shortened
from bpframe.verification import verify_graph, wanted
from bpframe.verification.as_meant import check_as_meant

__all__ = ["Network", "load"]


class Network(Resumable):
    """A graph of components with parameters, made from layers in a row or from named nodes.

    Arrays have examples on axis 0. A network of one input takes and gives plain arrays; one of several takes and gives
    mappings from names to arrays. The same holds for outputs.

    `history` tells of every training so far, also of those before it was saved and loaded, and `training` of the last
    one; they are None before the first. A network that is loaded from a run of prepared data has their `preparation`,
    and takes raw inputs and targets in every method.

    Any number of threads may evaluate and differentiate one network at once. While one thread trains it, others are
    refused with a ConcurrencyError. `copy.deepcopy` and `pickle` give independent networks.

    Parameters
    ----------
    layers
        Layers, activations or `node(...)`, each reading from the one before unless it says otherwise.
    nodes
        A mapping from names to `node(...)`, for any graph without cycles; give this or `layers`.
    input_shape
        The feature shape of the only input; None in the place of a length leaves that axis open: arrays of every
        length are taken, and no parameter may depend on it.
    inputs
        The feature shapes of all inputs by name; give this or `input_shape`.
    output
        The name of the output, or a list of names; the last layer's where it is left out.
    cost
        The cost of the output, or a mapping from outputs to costs.
    dtype
        "float32" or "float64": that of all parameters, values and gradients.
    seed
        Where every random stream starts; equal seeds give equal networks.
    verify
        Whether components are checked by value, once each, before the network takes them; where it is left out, the
        environment variable BPFRAME_VERIFY says. Verdicts are remembered in a cache folder.
    frozen
        Patterns of the paths of parameters that are not trained, such as "encoder.*"; they are `frozen_parameters`.
    penalties
        A mapping from such patterns to penalties, `{"*.w": L2(rate=1e-4)}`: added to the mean cost. Where several
        patterns match a parameter, their penalties add up.

    Raises
    ------
    SpecError, GraphError, ContractError
        Before any array exists: names, edges, shapes, and components that break the contract.
    ComponentCheckFailed
        With `verify`: a component that fails its checks, with the diagnosis.

    Examples
    --------
    `Network([Dense(units=30), Sigmoid()], cost=QuadraticCost(), input_shape=(64,), dtype="float32", seed=0)`

    """

    def __init__(
        self,
        layers: Iterable[Layer | NodeSpec] | None = None,
        *,
        nodes: Mapping[str, Layer | NodeSpec] | None = None,
        input_shape: Sequence[int] | None = None,
        inputs: Mapping[str, Sequence[int]] | None = None,
        output: str | Sequence[str] | None = None,
        cost: Cost | Mapping[str, Cost] | None = None,
        dtype: Any = "float64",
        seed: int = 0,
        verify: bool | None = None,
        frozen: str | Sequence[str] = (),
        penalties: Mapping[str, Penalty] | None = None,
    ) -> None:
        spec = network_spec(layers, nodes=nodes, inputs=inputs, input_shape=input_shape, output=output, cost=cost,
                            dtype=dtype, seed=seed, frozen=frozen, penalties=penalties)  # fmt: skip
        self._build(spec, verify)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _GIVEN:
            raise AttributeError(f"a network's {name} cannot be set: it is given when the network is made")
        super().__setattr__(name, value)

    @classmethod
    def from_spec(cls, spec: NetworkSpec, verify: bool | None = None) -> Network:
        """Return the network that a specification describes, with fresh parameters."""
        network = cls.__new__(cls)
        network._build(spec, verify)
        return network

    @classmethod
    def from_checkpoint(cls, checkpoint: Checkpoint) -> Network:
        """Return the network that a checkpoint holds.

        Raises
        ------
        CheckpointError
            The spec describes no network, or the arrays are not those of this network.

        """
        network = cls.__new__(cls)
        network.spec, network.training = checkpoint.spec.network, checkpoint.spec.training
        network.history = checkpoint.history
        network._engine = restored_engine(checkpoint)
        network._preparation = restored_preparation(checkpoint, network.graph)
        network._carried, network._training_state = Carried(checkpoint.optimizer), checkpoint.training
        network._verify = wanted(None)
        if network._verify:
            verify_graph(closed_graph(network.graph))
        return network

    def _build(self, spec: NetworkSpec, verify: bool | None) -> None:
        self.spec = spec
        self.history: History | None = None
        self.training: TrainingSpec | None = None
        self._carried = Carried()
        self._training_state: TrainingState | None = None
        self._verify = wanted(verify)
        graph = graph_of(spec)
        check_as_meant(graph)
        if self._verify:
            verify_graph(closed_graph(graph))
        self._engine = engine_of(spec, graph, spec.seed)

    def closed(
        self, input_shape: Sequence[int] | None = None, *, inputs: Mapping[str, Sequence[int]] | None = None
    ) -> Network:
        """Return this network, with open axes, as one whose inputs have these shapes: what plans and memory are of.

        Both have one set of parameters, state and random streams: training either trains both. Saved, copied or
        pickled, it is a network of this shape alone.

        Errors: ShapeMismatch for shapes that are none of this network's.
        """
        shapes = closed_shapes(self.graph, input_shape, inputs)
        network = type(self).__new__(type(self))
        network.__dict__.update(self.__dict__)  # both have what is held
        network.spec = at_shapes(self.spec, shapes)
        if isinstance(self._engine, OpenEngine):
            network._engine = self._engine.of_shapes(shapes)
        return network

    def save(
        self,
        folder: str | os.PathLike[str],
        *,
        data: DataSpec | None = None,
        preparation: FittedPreparation | None = None,
        overwrite: bool = False,
    ) -> Path:
        """Write the network to a new folder, whole or not at all, and return the folder's path.

        The folder holds spec.yaml, weights.safetensors, versions.json, training.json, which tells where random streams
        and the last training are, and where there was one, history.json and optimizer.safetensors: the next `fit` goes
        on from these, and `resume` with a training that is not over. `data` says where the examples came from, with
        paths relative to the folder. `preparation` says how they were prepared, of a network that was trained on
        prepared arrays: once it is loaded, it takes raw ones. A preparation that the network has, and the names of
        columns that it was trained on, are kept. `overwrite` replaces a run.

        Raises
        ------
        CheckpointError
            The folder exists or cannot be written, a weight is not finite, or the preparation is not this network's.
        ConcurrencyError
            Another thread trains the network.

        """
        with self._engine.lane():
            return write_checkpoint(self.checkpoint(data=data, preparation=preparation), folder, overwrite)

    def load_parameters(
        self,
        other: Network | Mapping[str, Any] | str | os.PathLike[str],
        only: str | Iterable[str] | None = None,
        components: Iterable[type[Component]] = (),
    ) -> tuple[str, ...]:
        """Copy parameters from another network by path, frozen ones too, and return the paths of what was copied.

        `other` is a network, a saved run's folder (read as by `bpframe.load`, with `components`), or a mapping from
        paths to arrays. `only` are patterns of the paths to copy, such as "encoder.*"; left out, both have to have the
        same paths. With a node's parameters goes its state, under names that begin with `state/`; of a mapping, it goes
        where it is there. Numbers are rounded to this network's dtype. All of it is copied, or nothing.

        Raises
        ------
        DataError
            What is missing, is there too much, or has another shape or other numbers than this network: all of it.
        SpecError
            A pattern matches nothing.
        CheckpointError
            The folder holds no run that can be read.
        ConcurrencyError
            One of the networks is being trained.

        """
        if isinstance(other, str | os.PathLike):
            other = load(other, components)
        with_state = isinstance(other, Network)
        if isinstance(other, Network):
            with other._engine.lane():
                given: Mapping[str, Any] = {name: array.copy() for name, array in arrays_of(other._engine.held).items()}
        elif isinstance(other, Mapping):
            given = {str(path): value for path, value in other.items()}
        else:
            raise DataError(
                "load_parameters() wants a network, a run's folder or a mapping from paths to arrays",
                received=shortened(other),
            )
        with self._engine.training():  # who evaluates finishes first
            return copy_arrays(self._engine.held, given, only, with_state)

    def __deepcopy__(self, memo: dict[int, Any]) -> Network:
        """Return an independent network: same parameters, state, history and random streams, arrays of its own."""
        copied = type(self).__new__(type(self))
        memo[id(self)] = copied
        kept = {name: deepcopy(value, memo) for name, value in vars(self).items() if name != "_engine"}
        with self._engine.lane():
            copied.__setstate__({**kept, "_engine": self._engine.held.snapshot(), "_nodes": nodes_of(self.graph)})
        return copied

    def __copy__(self) -> Network:
        return deepcopy(self)

    def __getstate__(self) -> dict[str, Any]:
        """Return what a pickle holds: the specification, with components by reference to their classes, and arrays.

        Errors: ContractError for a component whose class cannot be imported.
        """
        check_importable(self.spec, self.training)
        with self._engine.lane():
            return {**vars(self), "_engine": self._engine.held.snapshot(), "_nodes": nodes_of(self.graph)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        snapshot, nodes = state.pop("_engine"), state.pop("_nodes")
        vars(self).update(state)
        graph = graph_of(self.spec)
        check_nodes(graph, nodes)
        self._engine = engine_of(self.spec, graph, snapshot["seed"])
        self._engine.held.restore(snapshot)

    def __repr__(self) -> str:
        return f"Network({len(self.graph.nodes)} nodes, {self.parameters.vector.size} parameters, {self.dtype})"


#: What the constructor is given, and what nodes are: set later on a network it would mean nothing.
_GIVEN = {*Network.__init__.__annotations__, "trainable"} - {"return"}


def load(folder: str | os.PathLike[str], components: Iterable[type[Component]] = ()) -> Network:
    """Return the network of a run's folder, as its last checkpoint has it, or of one that was saved.

    It predicts to the last bit what it predicted then, and `resume` goes on with a training that was not over.
    `components` are the classes that no installed plugin set provides. Nothing in the folder is imported or executed.

    Raises
    ------
    CheckpointError
        There is no run, a file is missing, damaged or of a newer format, or a component is unknown.

    """
    return Network.from_checkpoint(read_run(folder, components)[1])
