"""How a spec is written in a file, and the run that it describes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, get_args

from pydantic import BeforeValidator, Field, NonNegativeInt, ValidationError, ValidationInfo, WrapValidator

from bpframe.core.component import Cost, Penalty
from bpframe.core.graph.description import Name, NetworkSpec, NodeName, NodeSpec, Shape
from bpframe.data import DataSpec
from bpframe.documents.resolving import KindResolver
from bpframe.documents.written_out import network_spec
from bpframe.errors import SpecError, did_you_mean
from bpframe.plugins import default_registry
from bpframe.plugins.registry import Registry
from bpframe.training.spec import TrainingSpec
from bpframe.validation.mistakes import refusal, shortened, told, translated
from bpframe.validation.model import Validated

__all__ = ["DATA_KINDS", "NetworkDocument", "RunDocument", "RunSpec", "resolve_spec"]

#: The model of each kind of data.
DATA_KINDS: dict[str, Any] = {model.model_fields["kind"].default: model for model in get_args(get_args(DataSpec)[0])}

# The key of a cost that is given without an output's name. It is no name, so that it can stand for no output.
_ONLY = ""


def _by_output(value: Any) -> Any:
    """A cost's own mapping has a text as its kind; anything else is a mapping from outputs to costs."""
    single = isinstance(value, Cost) or not isinstance(value, Mapping) or isinstance(value.get("kind"), str)
    return {_ONLY: value} if single and value is not None else value


def _as_list(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


def _data(value: Any, handler: Any, info: ValidationInfo) -> Any:
    """Choose the model by kind here, so that messages can name its fields."""
    if not isinstance(value, Mapping):
        return handler(value)
    kind = value.get("kind")
    model = DATA_KINDS.get(kind) if isinstance(kind, str) else None
    if model is None:
        raise refusal(
            f"cannot be {shortened(kind)}" if "kind" in value else "is missing",
            loc=("kind",),
            value=kind,
            expected="any of " + ", ".join(DATA_KINDS),
            hint=did_you_mean(kind, DATA_KINDS),
        )
    try:
        return model.model_validate(dict(value), context=info.context)
    except ValidationError as error:
        raise told(error, model.model_fields, f"data of kind '{kind}'", value) from None


class NetworkDocument(Validated):
    """The network section: inputs, then layers in a list or nodes by name, and what is asked of the outputs."""

    _place: ClassVar[str] = "network"

    input_shape: Shape | None = Field(
        None, description="Feature shape of the only input, without the batch; null leaves a length open."
    )
    inputs: dict[Name, Shape] | None = Field(None, description="Feature shapes of several inputs, by name.")
    layers: tuple[NodeSpec, ...] | None = Field(None, description="Nodes in order, each reading from the one before.")
    nodes: dict[NodeName, NodeSpec] | None = Field(None, description="Nodes by name, each saying what it reads from.")
    output: Annotated[tuple[str, ...] | None, BeforeValidator(_as_list)] = Field(
        None, description="Name of the output, or a list of names; the node that nothing reads from, if left out."
    )
    cost: Annotated[dict[str, Cost] | None, BeforeValidator(_by_output)] = Field(
        None, description="The output's cost, or a mapping from outputs to their costs."
    )
    dtype: Literal["float32", "float64"] = Field("float64", description="Precision of parameters and values.")
    seed: NonNegativeInt = Field(0, description="Where every random stream of the network starts.")
    frozen: Annotated[tuple[str, ...], BeforeValidator(_as_list)] = Field(
        (), description="Patterns of the paths of parameters that are not trained, such as encoder.*."
    )

    penalties: dict[str, Penalty] = Field(
        default_factory=dict, description="Penalties of parameters, by patterns of their paths, such as '*.w'."
    )

    def written_out(self) -> NetworkSpec:
        """Return the network with every node named and every input listed."""
        cost = self.cost[_ONLY] if self.cost is not None and _ONLY in self.cost else self.cost
        return network_spec(
            self.layers,
            nodes=self.nodes,
            inputs=self.inputs,
            input_shape=self.input_shape,
            output=self.output,
            cost=cost,
            dtype=self.dtype,
            seed=self.seed,
            frozen=self.frozen,
            penalties=self.penalties,
        )


class RunDocument(Validated):
    """A whole spec as it is written in a file."""

    _place: ClassVar[str] = "the spec"

    network: NetworkDocument = Field(description="What the network is made of.")
    training: TrainingSpec | None = Field(None, description="How the network is trained.")
    data: Annotated[DataSpec | None, WrapValidator(_data)] = Field(None, description="Where the examples come from.")


class RunSpec(Validated):
    """A whole spec, resolved: the network written out in full, how it is trained, and the data."""

    network: NetworkSpec
    training: TrainingSpec | None = None
    data: DataSpec | None = None


def resolve_spec(document: Mapping[str, Any], registry: Registry | None = None) -> RunSpec:
    """Return the run that a mapping describes; `registry` is that of the installed plugin sets if left out.

    In the place of a mapping with a `kind` an instance may stand.

    Raises
    ------
    SpecError, GraphError, RegistryError
        With the place of the mistake, such as `network.layers[0].units`.

    """
    if not isinstance(document, Mapping):
        raise SpecError(
            "a spec is a mapping", expected="network, training, data", received=shortened(document), hint="network: ..."
        )
    resolver = KindResolver(default_registry() if registry is None else registry)
    try:
        read = RunDocument.model_validate(dict(document), context=resolver)
    except ValidationError as error:
        raise translated(error) from None
    return RunSpec(network=read.network.written_out(), training=read.training, data=read.data)
