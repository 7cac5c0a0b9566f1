"""The object that users hold: a network to train, evaluate and differentiate."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bpframe.arrays import checked_inputs, checked_stack, checked_targets
from bpframe.building import build_graph
from bpframe.checkpoint import Checkpoint, read_checkpoint, restored_engine, write_checkpoint
from bpframe.component import Component, Cost, Layer, Optimizer, contract_of
from bpframe.data import DataSpec, FittedPreparation
from bpframe.derivatives.gradient_check import GradientCheck, check_gradient
from bpframe.derivatives.jvp import jvp
from bpframe.derivatives.vjp import input_vjp, parameter_vjp
from bpframe.drawing import draw, mermaid
from bpframe.engine import Engine
from bpframe.errors import DataError
from bpframe.graph import Graph
from bpframe.history import History
from bpframe.metrics import accuracy
from bpframe.mistakes import shortened
from bpframe.parameters import ParameterVector
from bpframe.plugins import listeners
from bpframe.spec import RunSpec
from bpframe.spec.network import NetworkSpec, NodeSpec, network_spec
from bpframe.spec.training import TrainingSpec, training_spec
from bpframe.summary import Summary, summarise
from bpframe.trace import Trace
from bpframe.trainer import Trainer
from bpframe.verification import verify_graph, verify_optimizer, wanted

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Network", "load"]

Array = np.ndarray[Any, Any]
Arrays = Array | Mapping[str, Array]


class Network:
    """A graph of components with parameters, made from layers in a row or from named nodes.

    Arrays have examples on axis 0. A network of one input takes and gives plain arrays; one of several takes and gives
    mappings from names to arrays. The same holds for outputs.

    `history` and `training` tell of the last training; they are None before the first. A network is not made for use
    by several threads at once.

    Parameters
    ----------
    layers
        Layers, activations or `node(...)`, each reading from the one before unless it says otherwise.
    nodes
        A mapping from names to `node(...)`, for any graph without cycles; give this or `layers`.
    input_shape
        The feature shape of the only input.
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
    ) -> None:
        self._build(
            network_spec(
                layers,
                nodes=nodes,
                inputs=inputs,
                input_shape=input_shape,
                output=output,
                cost=cost,
                dtype=dtype,
                seed=seed,
            ),
            verify,
        )

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
        network._verify = wanted(None)
        if network._verify:
            verify_graph(network.graph)
        return network

    def _build(self, spec: NetworkSpec, verify: bool | None) -> None:
        self.spec = spec
        self.history: History | None = None
        self.training: TrainingSpec | None = None
        self._verify = wanted(verify)
        graph = build_graph(spec)
        if self._verify:
            verify_graph(graph)
        self._engine = Engine(graph, spec.dtype, spec.seed)

    @property
    def graph(self) -> Graph:
        """The checked nodes and edges."""
        return self._engine.graph

    @property
    def parameters(self) -> ParameterVector:
        """Every parameter by its path, such as `dense_1.w`, as views into one vector: writing changes the network."""
        return self._engine.parameters

    @property
    def state(self) -> Mapping[str, Mapping[str, Array]]:
        """What nodes carry from step to step without training it, by node and name."""
        return self._engine.state

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of parameters, values and gradients."""
        return np.dtype(self.spec.dtype)

    def predict(self, x: Arrays) -> Any:
        """Return the output for every example, (N, *features), with training switched off."""
        return self._outputs(self._engine.outputs(self._inputs(x)))

    def cost(self, x: Arrays, y: Arrays) -> float:
        """Return the mean cost over the examples, with training switched off."""
        inputs, targets = self._samples(x, y)
        return self._engine.total_cost(inputs, targets) / len(next(iter(inputs.values())))

    def accuracy(self, x: Arrays, y: Array) -> float:
        """Return the share of examples whose largest output is the right class; y is one-hot, or class numbers."""
        prediction = self.predict(x)
        if isinstance(prediction, Mapping):
            raise DataError("accuracy needs one output", received=", ".join(prediction), hint="accuracy(prediction, y)")
        return accuracy(prediction, np.asarray(y))

    def gradient(self, x: Arrays, y: Arrays, training: bool = False) -> ParameterVector:
        """Return ∂C/∂θ of the mean cost over the examples, by parameter path, as views into one vector.

        `training` says whether components behave as in training (dropout, batch statistics). Equations BP1–BP4.
        """
        inputs, targets = self._samples(x, y)
        self._engine.differentiate(inputs, targets, training)
        return self._engine.gradient.copy()

    def check_gradient(self, x: Arrays, y: Arrays, per_parameter: int = 3, seed: int = 0) -> GradientCheck:
        """Compare some entries of the gradient with the complex step, in float64: `.max_relative_error`, `.entries`.

        Every component on the way must compute an analytic function, in NumPy calls that take complex numbers.
        """
        return check_gradient(self._engine, *self._samples(x, y), per_parameter, seed)

    def trace(self, x: Arrays, training: bool = False) -> Trace:
        """Run the examples forward and return every node's value and local Jacobian, as they are now, for good."""
        inputs = {name: array.copy() for name, array in self._inputs(x).items()}
        return self._engine.trace(inputs, training, self.parameters.copy())

    def vjp(self, x: Arrays, cotangent: Arrays) -> Any:
        """Reverse mode: pull a cotangent of the output back to the inputs, u ↦ Jᵀ u.

        Shapes: cotangent (*S, N, *output) with any stack axes S; returns (*S, N, *input), an array where x is one and a
        mapping where x is one.
        """
        trace = self._engine.trace(self._inputs(x))
        found = _owned(input_vjp(trace, self._cotangents(trace, cotangent)))
        return found if isinstance(x, Mapping) else next(iter(found.values()))

    def parameter_vjp(self, x: Arrays, cotangent: Arrays) -> dict[str, Array]:
        """Reverse mode: pull a cotangent of the output back to the parameters, u ↦ Σ_n J_nᵀ u_n, (*S, *shape) each."""
        trace = self._engine.trace(self._inputs(x))
        return parameter_vjp(trace, self._cotangents(trace, cotangent))

    def jvp(self, x: Arrays, tangent: Arrays) -> Any:
        """Forward mode: push a change of the inputs to the output, v ↦ J v.

        Shapes: tangent (*S, N, *input), or a mapping in which inputs that do not change are left out; returns
        (*S, N, *output).
        """
        trace = self._engine.trace(self._inputs(x))
        graph = self.graph
        shapes = {
            name: (trace.batch, *shape) for name, shape in graph.inputs.items() if name not in graph.integer_inputs
        }
        tangents, stack = checked_stack(tangent, shapes, "tangent", self.dtype)
        return self._outputs(_owned(jvp(trace, tangents, {}, stack)))

    def parameter_jvp(self, x: Arrays, tangent: Mapping[str, Array]) -> Any:
        """Forward mode: push a change of the parameters, by path, to the output, (*S, N, *output)."""
        trace = self._engine.trace(self._inputs(x))
        tangents, stack = checked_stack(tangent, self.parameters.shapes, "parameter tangent", self.dtype)
        return self._outputs(_owned(jvp(trace, {}, tangents, stack)))

    def fit(
        self,
        x: Arrays,
        y: Arrays,
        *,
        optimizer: Optimizer,
        epochs: int = 30,
        batch_size: int = 10,
        validation_data: tuple[Arrays, Arrays] | None = None,
        shuffle: bool = True,
        metrics: Sequence[str] = (),
        seed: int | None = None,
        progress: bool | None = None,
    ) -> History:
        """Train on mini-batches and return what happened, epoch by epoch.

        `seed` restarts the streams of shuffling and dropout; left out, they go on from where they are. `progress`
        None shows a bar in a terminal or notebook only, True also writes lines to a log file. Ctrl-C stops after the
        current step and keeps what was reached.

        Raises
        ------
        DataError, ShapeMismatch, SpecError
            Before anything changes.
        NonFiniteError
            As soon as a cost or gradient is NaN or infinite; the last good parameters stay.

        """
        spec = training_spec(
            optimizer=optimizer, epochs=epochs, batch_size=batch_size, shuffle=shuffle, metrics=metrics, seed=seed
        )
        return self.train(spec, (x, y), validation_data, progress)

    def train(
        self,
        spec: TrainingSpec,
        data: tuple[Arrays, Arrays],
        validation_data: tuple[Arrays, Arrays] | None = None,
        progress: bool | None = None,
    ) -> History:
        """Train as a `TrainingSpec` says; `fit` is this with the specification's fields as arguments."""
        samples = self._samples(*data)
        validation = None if validation_data is None else self._samples(*_pair(validation_data))
        if self._verify:
            verify_optimizer(spec.optimizer)
        self._warn_of_drafts()
        trainer = Trainer(self._engine, spec)
        self.history, self.training = trainer.history, spec
        return trainer.run(samples, validation, progress, self._listener())

    def save(
        self,
        folder: str | os.PathLike[str],
        *,
        data: DataSpec | None = None,
        preparation: FittedPreparation | None = None,
        overwrite: bool = False,
    ) -> Path:
        """Write the network to a new folder, whole or not at all, and return the folder's path.

        The folder holds spec.yaml, weights.safetensors, versions.json, and where there was a training, history.json.
        `data` says where the examples came from, with paths relative to the folder, and `preparation` how they were
        prepared, so that `bpframe evaluate` and `bpframe predict` can use the run. `overwrite` replaces a run. State
        of the optimizer is not saved: another `fit` starts it anew.

        Raises
        ------
        CheckpointError
            The folder exists or cannot be written, or a weight is not finite.

        """
        spec = RunSpec(network=self.spec, training=self.training, data=data)
        saved = Checkpoint(spec, self.parameters, self.state, self.history, preparation)
        return write_checkpoint(saved, folder, overwrite)

    def summary(self) -> Summary:
        """Return a table of the nodes: component, output shape, parameters, structure of the Jacobian."""
        return summarise(self._engine)

    def to_mermaid(self) -> str:
        """Return the graph as the text of a Mermaid flowchart."""
        return mermaid(self.graph)

    def draw(self, path: str | Path | None = None) -> Figure:
        """Draw the graph with matplotlib (extra `plot`); write the picture to `path` where one is given."""
        return draw(self.graph, path)

    def _listener(self) -> Callable[[int, History], None] | None:
        """Return what tells installed plugins that an epoch is over, or None where none listens."""
        tell = listeners("bpframe_after_epoch")
        if tell is None:
            return None

        def after_epoch(epoch: int, history: History) -> None:
            try:
                tell(network=self, epoch=epoch, history=history)
            except Exception as error:
                # Listeners watch; what goes wrong in one does not end a training.
                warnings.warn(f"a plugin's bpframe_after_epoch failed: {type(error).__name__}: {error}", stacklevel=2)

        return after_epoch

    def _warn_of_drafts(self) -> None:
        for component in [*(node.component for node in self.graph.nodes), *self.graph.cost.values()]:
            if contract_of(type(component)).is_draft:
                from bpframe.draft import warn_of_draft  # only here: few networks hold a draft

                warn_of_draft(type(component))

    def _inputs(self, x: Arrays) -> dict[str, Array]:
        return checked_inputs(self.graph, x, self.dtype)

    def _samples(self, x: Arrays, y: Arrays) -> tuple[dict[str, Array], dict[str, Array]]:
        if not self.graph.cost:
            raise DataError("the network has no cost", hint="bp.Network(..., cost=QuadraticCost())")
        inputs = self._inputs(x)
        count = len(next(iter(inputs.values())))
        if count == 0:
            raise DataError("there are no examples", expected="at least one row", received="0")
        return inputs, checked_targets(self.graph, y, self.dtype, count)

    def _cotangents(self, trace: Trace, cotangent: Arrays) -> dict[str, Array]:
        shapes = {name: (trace.batch, *self.graph.shapes[name]) for name in self.graph.outputs}
        return checked_stack(cotangent, shapes, "cotangent", self.dtype)[0]

    def _outputs(self, found: dict[str, Array]) -> Any:
        return found[self.graph.outputs[0]] if len(self.graph.outputs) == 1 else found

    def __repr__(self) -> str:
        return f"Network({len(self.graph.nodes)} nodes, {self.parameters.vector.size} parameters, {self.dtype})"


def _pair(validation_data: Any) -> tuple[Any, Any]:
    if not isinstance(validation_data, tuple | list) or len(validation_data) != 2:
        raise DataError(
            "validation_data is no pair",
            expected="(x, y)",
            received=f"{len(validation_data)} parts"
            if isinstance(validation_data, tuple)
            else shortened(validation_data),
        )
    return validation_data[0], validation_data[1]


def _owned(found: dict[str, Array]) -> dict[str, Array]:
    """Return arrays of the caller's own: an operator's product may be its argument, or a view that nobody may write."""
    return {name: array.copy() for name, array in found.items()}


def load(folder: str | os.PathLike[str], components: Iterable[type[Component]] = ()) -> Network:
    """Return the network that a run's folder holds; it predicts to the last bit what it predicted when it was saved.

    `components` are the classes that no installed plugin set provides. Nothing in the folder is imported or executed.

    Raises
    ------
    CheckpointError
        There is no run, a file is missing, damaged or of a newer format, or a component is unknown.

    """
    return Network.from_checkpoint(read_checkpoint(folder, components))
