"""Blocks nest, are shared, hold components as fields, and go wherever a network goes."""

from __future__ import annotations

import copy
import pickle
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from bpframe_reference import Dense, GradientDescent, QuadraticCost, Sigmoid

import bpframe as bp
from bpframe.documents import RunSpec, json_schema, parse_spec, spec_document
from bpframe.documents.text import dump_text
from bpframe.extend import Block, Layer
from bpframe.plugins import Registry
from bpframe.plugins.registry import PluginSet, Provider
from tests.components.blocks import Projected, Residual, Sequence, Skip

from .written_out import PAIRS, attention, nested, residual, samples

node = bp.node
BLOCKS = (Residual, Sequence, Skip, Projected)


@pytest.fixture
def registry():
    from bpframe.plugins import default_registry

    return Registry.build([*default_registry().sets, PluginSet(Provider("mine"), BLOCKS)])


def predicts_the_same(net, other):
    x, _ = samples(net)
    return net.predict(x).tobytes() == other.predict(x).tobytes()


@pytest.mark.parametrize("name", PAIRS)
def test_a_specification_keeps_blocks_folded_and_gives_the_network_again(name) -> None:
    net = PAIRS[name][0]()
    assert any(isinstance(each.component, Block) for each in net.spec.nodes)
    assert predicts_the_same(net, bp.Network.from_spec(net.spec))


@pytest.mark.parametrize("suffix", [".yaml", ".json", ".toml"])
def test_spec_files_hold_blocks_with_lists_of_layers(registry, suffix) -> None:
    spec = RunSpec(network=nested().spec)
    text = dump_text(spec_document(spec, registry), suffix)
    assert parse_spec(text, registry, suffix=suffix) == spec
    assert "inlined" not in text
    assert "residual_1" not in text


def test_a_list_of_layers_in_a_field_is_read_by_kind(registry) -> None:
    text = """
network:
  input_shape: [3]
  layers:
    - kind: sequence
      times: 2
      body:
        - {kind: dense, units: 4}
        - {kind: skip, inner: {kind: mine.residual, units: 2}}
        - {kind: dense, units: 3}
    - {kind: sigmoid}
"""
    net = bp.Network.from_spec(parse_spec(text, registry).network)
    assert "sequence_1.skip_2.inner.dense_1.w" in net.parameters
    with pytest.raises(bp.errors.SpecError, match=r"layers\[0\].body\[1\].inner.units"):
        parse_spec(text.replace("residual, units: 2", "residual, units: 0"), registry)
    with pytest.raises(bp.errors.RegistryError, match=r"sigmoidd"):
        parse_spec(text.replace("kind: dense, units: 4", "kind: sigmoidd"), registry)


class Either(Block):
    """A block whose field is annotated with both classes."""

    body: tuple[Layer | Block, ...]

    def nodes(self, shape):
        return {f"part_{place}": part for place, part in enumerate(self.body)}


def test_a_field_may_name_both_layers_and_blocks() -> None:
    from bpframe.plugins import default_registry

    registry = Registry.build([*default_registry().sets, PluginSet(Provider("mine"), (*BLOCKS, Either))])
    body = "[{kind: mine.residual, units: 2}, {kind: sigmoid}]"
    text = f"network: {{input_shape: [3], layers: [{{kind: either, body: {body}}}]}}"
    text = text + "\n"
    net = bp.Network.from_spec(parse_spec(text, registry).network)
    assert [each.name for each in net.graph.nodes][-1] == "either_1.part_1"


def test_the_schema_knows_blocks_as_layers(registry) -> None:
    import jsonschema

    document = spec_document(RunSpec(network=nested().spec), registry)
    jsonschema.Draft202012Validator(json_schema(registry)).validate(document)
    for layer in document["network"]["layers"]:
        layer["bodi"] = 1
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(json_schema(registry)).validate(document)


@pytest.mark.parametrize("make", [residual, nested, attention])
def test_saved_loaded_copied_and_pickled_networks_predict_the_same(make, tmp_path) -> None:
    net = make()
    with warnings.catch_warnings(action="ignore"):  # no installed set provides the blocks
        net.save(tmp_path / "run")
    loaded = bp.load(tmp_path / "run", components=[*BLOCKS, *{type(each.component) for each in net.graph.nodes}])
    assert loaded.spec == net.spec
    for other in (loaded, copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert predicts_the_same(net, other)


def test_a_pickle_needs_no_class_of_the_nodes_inside() -> None:
    class Hidden(Sigmoid):
        """Not importable."""

    class Around(Block):
        def nodes(self):
            return {"hidden": Hidden()}

    with pytest.raises(bp.errors.ContractError, match="Around cannot be imported"):
        pickle.dumps(bp.Network([Around()], input_shape=(3,)))
    with pytest.raises(bp.errors.ContractError, match="Hidden cannot be imported"):
        pickle.dumps(bp.Network([Skip(inner=Hidden())], input_shape=(3,)))


def test_threads_see_one_network() -> None:
    net = nested()
    x, y = samples(net, 40)
    alone = net.gradient(x, y).vector.tobytes()
    with ThreadPoolExecutor(4) as pool:
        assert {each.vector.tobytes() for each in pool.map(lambda _: net.gradient(x, y), range(20))} == {alone}


def test_sharing_a_block_shares_all_parameters_and_adds_their_gradients() -> None:
    net = bp.Network([node(Residual(units=4), name="a"), node(Residual(units=4), share="a")],
                     input_shape=(3,), cost=QuadraticCost())  # fmt: skip
    assert list(net.parameters) == ["a.dense_1.w", "a.dense_1.b", "a.dense_2.w", "a.dense_2.b"]
    x, y = samples(net)
    net.check_gradients(x, y, per_parameter=None).raise_if_failed()


def test_a_block_outside_training_is_frozen_whole_and_by_pattern_in_part() -> None:
    frozen = bp.Network([node(Residual(units=4), trainable=False), Dense(units=2)], input_shape=(3,))
    assert list(frozen.parameters) == ["dense_1.w", "dense_1.b"]
    assert [row.frozen for row in frozen.summary().rows] == [31, 0]
    part = bp.Network([Residual(units=4)], input_shape=(3,), frozen="residual_1.dense_1.*")
    assert list(part.parameters) == ["residual_1.dense_2.w", "residual_1.dense_2.b"]


def test_a_node_outside_shares_with_one_inside() -> None:
    net = bp.Network([Residual(units=4), node(Dense(units=4), share="residual_1.dense_1")], input_shape=(3,))
    assert [path for path in net.parameters if path.endswith(".w")] == ["residual_1.dense_1.w", "residual_1.dense_2.w"]


def test_a_block_is_named_by_its_own_name_in_outputs_costs_targets_and_answers() -> None:
    net = bp.Network(
        [Residual(units=4), Sigmoid()], input_shape=(3,), output=["residual_1", "sigmoid_1"],
        cost={"residual_1": QuadraticCost()},
    )  # fmt: skip
    x, y = np.random.default_rng(0).random((2, 5, 3))
    for name in ("residual_1", "residual_1.add_1"):
        assert net.gradient(x, {name: y}).vector.any()
        assert (net.predict(x)[name] == net.trace(x)[name]).all()
        assert (net.jacobian(x)[name] == net.jacobian(x, of=name)).all()
        assert (
            net.jacobian(x, of="sigmoid_1", wrt=["x", name])[name] == net.jacobian(x, of="sigmoid_1", wrt=name)
        ).all()
        assert net.errors(x, {name: y})[name].any()
        assert (net.vjp(x, {name: y}) == net.vjp(x, {"residual_1": y})).all()
        weights = np.arange(5.0)
        assert net.cost(x, {name: y}, sample_weight={name: weights}) == net.cost(x, {name: y}, sample_weight=weights)
    with pytest.raises(bp.errors.DataError, match="one value is named twice"):
        net.cost(x, {"residual_1": y, "residual_1.add_1": y})
    assert net.trace(x).jacobian("residual_1").keys() == {"xs[0]", "xs[1]"}
    with pytest.raises(bp.errors.GraphError, match="an output is named twice"):
        bp.Network(nodes={"a": node(Residual(units=2), "x"), "b": node(Sigmoid(), "a")}, inputs={"x": (3,)},
                   output=["a", "a", "b"])  # fmt: skip


def test_a_block_is_trained_and_fitted_like_a_layer() -> None:
    net = bp.Network([Residual(units=4)], input_shape=(3,), cost=QuadraticCost())
    x, y = np.random.default_rng(0).random((2, 30, 3))
    before = net.cost(x, y)
    history = net.fit(x, y, optimizer=GradientDescent(learning_rate=0.1), epochs=20)
    assert net.cost(x, y) < before
    assert len(history.epochs) == 20


def test_reports_fold_blocks_and_unfold_them() -> None:
    net = nested()
    folded, unfolded = net.summary(), net.summary(unfold=True)
    assert [row.node for row in folded.rows] == ["first", "deep", "again"]
    assert [row.reads for row in folded.rows] == [("x",), ("first",), ("deep",)]
    assert [row.parameters for row in folded.rows] == [15, 24, 0]
    assert folded.rows[2].shares == "deep"
    assert "a block of 6 nodes" in str(folded)
    assert "those of deep" in str(folded)
    assert "output again" in str(folded)
    assert [row.node for row in unfolded.rows] == [each.name for each in net.graph.nodes]
    assert unfolded.parameters == folded.parameters == sum(row.parameters for row in folded.rows)
    assert '[["deep<br/>skip"]]' in net.to_mermaid()
    assert "deep.inner" not in net.to_mermaid()
    assert "deep.inner.inner.dense_1" in net.to_mermaid(unfold=True)
    assert net.draw() is not None
    assert net.draw(unfold=True) is not None


def test_a_block_takes_open_axes() -> None:
    net = bp.Network([Residual(units=4), Dense(units=2)], input_shape=(None, 3), cost=QuadraticCost())
    for length in (2, 5):
        x, y = np.random.default_rng(0).random((4, length, 3)), np.zeros((4, length, 2))
        assert net.check_gradients(x, y)
        assert net.trace(x)["residual_1"].shape == x.shape


def test_a_dotted_name_may_be_given_and_must_be_free() -> None:
    net = bp.Network([node(Dense(units=2), name="a.b"), Sigmoid()], input_shape=(3,))
    assert list(net.parameters) == ["a.b.w", "a.b.b"]
    for name in ("a.", ".a", "a..b", "a.1"):
        with pytest.raises(bp.errors.SpecError):
            node(Sigmoid(), name=name)
    with pytest.raises(bp.errors.SpecError):
        bp.Network([Sigmoid()], inputs={"a.b": (3,)})
    with pytest.raises(bp.errors.DuplicateNode, match=r"node 'a.w' has the name of a parameter"):
        bp.Network([node(Dense(units=2), name="a"), node(Sigmoid(), name="a.w")], input_shape=(3,))
    with pytest.raises(bp.errors.DuplicateNode, match=r"the name 'r.dense_1' is taken"):
        bp.Network([node(Dense(units=3), name="r.dense_1"), node(Residual(units=2), name="r")], input_shape=(3,))
    with pytest.raises(bp.errors.DuplicateNode, match=r"the name 'r.dense_1' is taken"):
        bp.Network([node(Residual(units=2), name="r"), node(Dense(units=3), name="r.dense_1")], input_shape=(3,))
