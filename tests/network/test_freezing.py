"""Frozen parameters: everything else is as without freezing, and they cost nothing."""

from __future__ import annotations

import copy
import pickle
from typing import ClassVar

import numpy as np
import pytest
from bpframe_minimizers import LevenbergMarquardt
from bpframe_reference import Dense, QuadraticCost, Sigmoid
from bpframe_regularisation import BatchNorm, Dropout

import bpframe as bp
from bpframe import Network, node
from bpframe.documents import RunSpec, parse_spec, read_spec, write_spec
from bpframe.errors import DerivativeError, SpecError, TrainingError
from bpframe.extend import Layer, Matrix, Parameter
from bpframe.testing import check_component
from tests.components.blocks import Sequence
from tests.derivatives.zoo import ZOO, Example
from tests.oracles import assert_close, cost_gradient
from tests.passes import training_steps

from .networks import chain, descent, samples


def frozen(net: Network, *patterns: str) -> Network:
    """Return a network with the same arrays, some of them frozen."""
    found = Network.from_spec(net.spec.model_copy(update={"frozen": patterns}))
    for path, array in net.parameters.items():
        (found.frozen_parameters if path in found.frozen_parameters else found.parameters)[path] = array
    return found


def split(example: Example, dtype: str = "float64") -> tuple[Network, Network, np.ndarray]:
    """Return an example, the same with every second parameter frozen, and where the others lie in the whole vector."""
    net = example.make(dtype)
    paths = list(net.parameters)
    other = frozen(net, *paths[::2])
    places = net.parameters.like(np.arange(net.parameters.vector.size, dtype=float))
    rows = [places[path].ravel() for path in other.parameters]
    return net, other, np.concatenate(rows).astype(int) if rows else np.zeros(0, int)


SPLIT = [example for example in ZOO if len(example.make().parameters) > 1]


def named(example: Example) -> str:
    return example.name


# Values ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("example", SPLIT, ids=named)
def test_values_and_gradients_of_the_others_have_the_bytes_that_they_have_without_freezing(example, dtype) -> None:
    net, other, rows = split(example, dtype)
    x, y = example.data(dtype=dtype)
    one, two = net.predict(x), other.predict(x)
    if not isinstance(one, dict):
        one, two = {"": one}, {"": two}
    assert all(one[name].tobytes() == two[name].tobytes() for name in one)
    assert net.cost(x, y) == other.cost(x, y)
    for _ in range(12):  # also once passes are repeated
        assert other.gradient(x, y).vector.tobytes() == net.gradient(x, y).vector[rows].tobytes()


@pytest.mark.parametrize("example", SPLIT, ids=named)
def test_everything_derived_is_the_part_of_what_it_is_without_freezing(example: Example) -> None:
    net, other, rows = split(example)
    x, y = example.data()
    rng = np.random.default_rng(2)
    v = rng.standard_normal(rows.size)
    whole = np.zeros(net.parameters.vector.size)
    whole[rows] = v
    for product in ("hvp", "ggn_vp"):
        assert_close(getattr(other, product)(x, y, v), getattr(net, product)(x, y, whole)[rows])
    one, two = net.curvature, other.curvature
    for diagonal in ("gauss_newton_diagonal", "hessian_diagonal"):
        assert_close(getattr(two, diagonal)(x, y).vector, getattr(one, diagonal)(x, y).vector[rows])
    blocks = one.gauss_newton_blocks(x, y)
    assert list(two.gauss_newton_blocks(x, y)) == list(other.parameters)
    for path, block in two.gauss_newton_blocks(x, y).items():
        assert_close(block, blocks[path])
    factors = one.kfac(x, y)
    for path, pair in two.kfac(x, y).items():
        for mine, theirs in zip(pair, factors[path], strict=True):
            assert_close(mine, theirs)
    assert_close(other.per_example.gradients(x, y).matrix, net.per_example.gradients(x, y).matrix[:, rows])
    for kind in ("gauss_newton", "empirical_fisher"):
        matrices = [each.linear_operator(kind, x, y) for each in (other, net)]
        assert_close(matrices[0] @ v, (matrices[1] @ whole)[rows])


@pytest.mark.parametrize("example", SPLIT, ids=named)
def test_gradients_agree_with_the_complex_step(example: Example) -> None:
    _, other, _ = split(example)
    x, y = example.data()
    assert_close(other.gradient(x, y).vector, cost_gradient(other, x, y))
    assert other.check_gradients(x, y)


@pytest.mark.parametrize("example", [each for each in SPLIT if not each.tokens], ids=named)
def test_derivatives_in_the_inputs_go_through_frozen_nodes(example: Example) -> None:
    net, other, _ = split(example)
    x, _ = example.data()
    one, two = net.jacobian(x, wrt="inputs"), other.jacobian(x, wrt="inputs")
    for mine, theirs in zip(*(_leaves(each) for each in (two, one)), strict=True):
        assert mine.tobytes() == theirs.tobytes()


def _leaves(found) -> list[np.ndarray]:
    return [found] if not hasattr(found, "values") else [leaf for each in found.values() for leaf in _leaves(each)]


def test_where_parameters_start_does_not_depend_on_freezing() -> None:
    net = chain()
    other = Network.from_spec(net.spec.model_copy(update={"frozen": ("dense_1.*",)}))
    assert list(other.frozen_parameters) == ["dense_1.w", "dense_1.b"]
    assert list(other.parameters) == ["dense_2.w", "dense_2.b"]
    for path, array in (*other.parameters.items(), *other.frozen_parameters.items()):
        assert array.tobytes() == net.parameters[path].tobytes()


# Training -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("optimizer", [descent(), LevenbergMarquardt()], ids=["descent", "levenberg_marquardt"])
def test_training_moves_the_others_alone(optimizer) -> None:
    net = frozen(chain(), "dense_1.*")
    x, y = samples(20)
    before = net.frozen_parameters.vector.copy(), net.parameters.vector.copy(), net.cost(x, y)
    net.fit(x, y, optimizer=optimizer, epochs=3)
    assert net.frozen_parameters.vector.tobytes() == before[0].tobytes()
    assert (net.parameters.vector != before[1]).all()
    assert net.cost(x, y) < before[2]


def test_training_the_rest_is_training_a_network_of_the_rest_on_the_values_before_it() -> None:
    net = frozen(chain(), "dense_1.*")
    x, y = samples(20)
    between = net.trace(x)["sigmoid_1"]
    rest = Network([Dense(units=2), Sigmoid()], input_shape=(4,), cost=QuadraticCost())
    rest.parameters.vector[:] = net.parameters.vector
    for each, inputs in ((net, x), (rest, between)):
        each.fit(inputs, y, optimizer=descent(), epochs=12, batch_size=20, seed=3, shuffle=False)
    assert net.parameters.vector.tobytes() == rest.parameters.vector.tobytes()


class CountedDense(Layer):
    """A layer that counts what is asked of it."""

    calls: ClassVar[dict[str, int]] = {}

    def parameters(self, features):
        return {"w": Parameter((3, features), init=0.5)}

    def forward(self, a, p):
        CountedDense.calls["forward"] = CountedDense.calls.get("forward", 0) + 1
        return a @ p["w"].T

    def jacobian(self, a, p):
        from bpframe.extend import WeightTimes

        CountedDense.calls["jacobian"] = CountedDense.calls.get("jacobian", 0) + 1
        return {"a": Matrix(p["w"]), "w": WeightTimes(a)}


def counted_fit(**freezing) -> dict[str, int]:
    net = Network([CountedDense(), Sigmoid(), CountedDense(), Dense(units=2)], input_shape=(3,), cost=QuadraticCost(),
                  **freezing)  # fmt: skip
    CountedDense.calls.clear()
    net.fit(*samples(20), optimizer=descent(), epochs=2, batch_size=5)
    return dict(CountedDense.calls)


def test_a_frozen_beginning_is_not_asked_for_its_jacobian() -> None:
    assert counted_fit() == {"forward": 16, "jacobian": 16}
    assert counted_fit(frozen="counted_dense_1.*") == {"forward": 16, "jacobian": 8}
    assert counted_fit(frozen="counted_dense*") == {"forward": 16}


def test_a_frozen_node_between_trained_ones_passes_errors_on_alone() -> None:
    assert counted_fit(frozen="counted_dense_2.w") == {"forward": 16, "jacobian": 16}
    net = Network([Dense(units=3), Dense(units=3), Dense(units=2)], input_shape=(3,), cost=QuadraticCost(),
                  frozen="dense_2.*")  # fmt: skip
    backward = [each.function for each in net.step_plan(5).calls if (each.node, each.phase) == ("dense_2", "backward")]
    assert backward == ["matmul"]  # δ w, and nothing for w and b


def test_a_repeated_step_holds_no_call_back_through_a_frozen_beginning() -> None:
    x, y = samples(20)
    nets = [chain(), frozen(chain(), "dense_1.*")]
    calls = [net.step_plan(5).calls for net in nets]
    assert {each.node for each in calls[1] if each.phase == "backward"} == {"dense_2", "sigmoid_2"}
    same = [each for each in calls[0] if each.phase != "backward" or each.node in ("dense_2", "sigmoid_2")]
    assert len(calls[1]) < len(same)  # the error of sigmoid_1 is not computed either
    nets[1].fit(x, y, optimizer=descent(), epochs=3, batch_size=5)
    assert training_steps(nets[1])[0].is_bound


def test_what_is_written_into_frozen_parameters_is_read_by_passes_that_are_repeated() -> None:
    net, x = frozen(chain(), "dense_1.*"), samples(5)[0]
    for _ in range(20):
        net.predict(x)
    net.frozen_parameters["dense_1.w"] *= 2
    other = chain()
    other.parameters["dense_1.w"] *= 2
    assert net.predict(x).tobytes() == other.predict(x).tobytes()


def test_a_trace_keeps_the_frozen_parameters_that_it_was_made_with() -> None:
    net, x = frozen(chain(), "dense_1.*"), samples(5)[0]
    trace = net.trace(x)
    before = trace.jacobian("dense_1")["a"].dense().copy()
    net.frozen_parameters.vector[:] = 0
    fresh = net.trace(x).jacobian("dense_1")["a"].dense()
    assert np.abs(fresh).max() == 0
    trace._jacobians.clear()
    assert trace.jacobian("dense_1")["a"].dense().tobytes() == before.tobytes()


# Nodes outside training -----------------------------------------------------------------------------------------------


def normalising(**freezing) -> Network:
    return Network(
        [Dense(units=4), node(BatchNorm(), **freezing), Sigmoid(), Dense(units=2)], input_shape=(3,),
        cost=QuadraticCost(),
    )  # fmt: skip


def test_a_node_outside_training_computes_as_in_an_evaluation_and_its_state_stays() -> None:
    x, y = samples(20)
    net = normalising(trainable=False)
    assert list(net.frozen_parameters) == ["batch_norm_1.g", "batch_norm_1.b"]
    state = copy.deepcopy(dict(net.state))
    assert net.gradient(x, y, training=True).vector.tobytes() == net.gradient(x, y).vector.tobytes()
    net.per_example.gradients(x, y, training=True)  # examples do not meet
    net.fit(x, y, optimizer=descent(), epochs=3, batch_size=5)
    assert all(
        array.tobytes() == state["batch_norm_1"][name].tobytes() for name, array in net.state["batch_norm_1"].items()
    )


def test_patterns_freeze_parameters_alone_so_that_running_means_move() -> None:
    net = Network.from_spec(normalising().spec.model_copy(update={"frozen": ("batch_norm_1.*",)}))
    x, y = samples(20)
    net.fit(x, y, optimizer=descent(), epochs=1)
    assert np.abs(net.state["batch_norm_1"]["mean"]).max() > 0
    assert net.frozen_parameters["batch_norm_1.g"].tolist() == [1] * 4


class Counting(Layer):
    """Counts its passes, whatever `training` says."""

    def initial_state(self):
        from bpframe.extend import State

        return {"passes": State(())}

    def forward(self, x, state):
        return 1 * x, {"passes": state["passes"] + 1}

    def jacobian(self, x):
        from bpframe.extend import Identity

        return Identity()


def test_the_state_of_a_node_outside_training_stays_whatever_the_component_returns() -> None:
    x, y = samples(20)
    for trainable, expected in ((True, 4), (False, 0)):
        net = Network([node(Counting(), trainable=trainable), Dense(units=2)], input_shape=(3,), cost=QuadraticCost())
        net.fit(x, y, optimizer=descent(), epochs=1, batch_size=5)
        assert net.state["counting_1"]["passes"] == expected


def test_dropout_outside_training_drops_nothing() -> None:
    x, y = samples(20)
    layers = [Dense(units=4), node(Dropout(rate=0.5), trainable=False), Dense(units=2)]
    net = Network(layers, input_shape=(3,), cost=QuadraticCost())
    without = Network([Dense(units=4), Dense(units=2)], input_shape=(3,), cost=QuadraticCost())
    for each in (net, without):
        each.fit(x, y, optimizer=descent(), epochs=3)
    assert net.parameters.vector.tobytes() == without.parameters.vector.tobytes()


@pytest.mark.parametrize("training", [False, True])
def test_the_gradient_check_knows_what_is_outside_training(training: bool) -> None:
    x, y = samples(20)
    for net in (normalising(trainable=False), frozen(normalising(), "*.g", "dense_1.w")):
        assert_close(net.gradient(x, y, training=training).vector, cost_gradient(net, x, y, training=training), 1e-9)
        assert net.check_gradients(x, y, training=training)


# Sharing --------------------------------------------------------------------------------------------------------------


def sharing(one: bool = True, two: bool = True, patterns: tuple[str, ...] = ()) -> Network:
    nodes = {
        "one": node(Dense(units=3), "x", trainable=one),
        "between": node(Sigmoid(), "one"),
        "two": node(Dense(units=3), "between", share="one", trainable=two),
        "end": node(Dense(units=2), "two"),
    }
    return Network(nodes=nodes, inputs={"x": (3,)}, cost=QuadraticCost(), frozen=patterns)


@pytest.mark.parametrize(("one", "two", "patterns"), [(False, True, ()), (False, False, ()), (True, True, ("one.*",))])
def test_what_is_shared_is_frozen_where_its_owner_is(one, two, patterns) -> None:
    net = sharing(one, two, patterns)
    assert list(net.frozen_parameters) == ["one.w", "one.b"]
    assert [each.step.node.name for each in net._engine.plan.to_parameters] == ["end"]


def test_what_is_shared_is_trained_where_its_owner_is() -> None:
    net, other = sharing(), sharing(two=False)
    x, y = samples(20)
    assert not other.frozen_parameters
    assert other.gradient(x, y).vector.tobytes() == net.gradient(x, y).vector.tobytes()


# Nothing to train -----------------------------------------------------------------------------------------------------


def test_a_network_with_nothing_to_train_is_evaluated_and_fit_refuses() -> None:
    net, (x, y) = frozen(chain(), "*"), samples(20)
    assert net.predict(x).tobytes() == chain().predict(x).tobytes()
    assert net.cost(x, y) == chain().cost(x, y)
    assert net.gradient(x, y).vector.shape == (0,)
    assert net.jacobian(x).tobytes() == chain().jacobian(x).tobytes()
    for optimizer in (descent(), LevenbergMarquardt()):
        with pytest.raises(TrainingError, match="nothing of the network is trained") as caught:
            net.fit(x, y, optimizer=optimizer)
        assert caught.value.received == "frozen: dense_1.w, dense_1.b, dense_2.w, dense_2.b"
    assert net.history is None
    for asked in (lambda: net.hvp(x, y, np.zeros(0)), lambda: net.jacobian(x, wrt="parameters")):
        with pytest.raises(DerivativeError, match="has no parameters that are trained"):
            asked()


# Mistakes -------------------------------------------------------------------------------------------------------------


def test_a_pattern_that_matches_nothing_is_an_error() -> None:
    with pytest.raises(SpecError, match=r"frozen: 'dens_1.\*' matches no parameter") as caught:
        Network([Dense(units=2)], input_shape=(3,), frozen=["*.b", "dens_1.*"])
    assert "dense_1.w" in str(caught.value.hint)
    with pytest.raises(SpecError) as caught:
        Network([Dense(units=2)], input_shape=(3,), frozen="dense_1")
    assert caught.value.hint == "'dense_1.*' is every parameter of 'dense_1'"


@pytest.mark.parametrize("value", [3, [3], {"a": 1}, None])
def test_what_is_no_pattern_is_refused(value) -> None:
    with pytest.raises(SpecError, match="frozen"):
        Network([Dense(units=2)], input_shape=(3,), frozen=value)


@pytest.mark.parametrize("value", [1, "no", None])
def test_trainable_is_a_truth_value(value) -> None:
    with pytest.raises(SpecError, match="trainable"):
        node(Dense(units=2), trainable=value)


def test_frozen_parameters_are_no_part_of_parameters_and_gradients() -> None:
    net, (x, y) = frozen(chain(), "dense_1.*"), samples(5)
    for found in (net.parameters, net.gradient(x, y)):
        with pytest.raises(KeyError, match=r"'dense_1\.w' is frozen: frozen_parameters has it"):
            found["dense_1.w"]
    with pytest.raises(DerivativeError, match=r"'dense_1\.w' is frozen"):
        net.jacobian(x, wrt="dense_1.w")
    with pytest.raises(DerivativeError, match=r"'dense_1\.w' is frozen"):
        net.jacobian(x, wrt=["dense_1.w", "dense_2.w"])


# Kept and told --------------------------------------------------------------------------------------------------------


def same(one: Network, other: Network) -> None:
    assert one.spec == other.spec
    assert one.parameters.vector.tobytes() == other.parameters.vector.tobytes()
    assert one.frozen_parameters.vector.tobytes() == other.frozen_parameters.vector.tobytes()
    assert one.frozen_parameters.vector is not other.frozen_parameters.vector
    assert list(one.frozen_parameters) == list(other.frozen_parameters)


@pytest.fixture
def kept() -> Network:
    layers = [Dense(units=4), node(Sigmoid(), trainable=False), node(Dense(units=3), trainable=False), Dense(units=2)]
    net = Network(layers, input_shape=(3,), cost=QuadraticCost(), frozen="dense_1.w")
    net.fit(*samples(20), optimizer=descent(), epochs=2)
    net.frozen_parameters["dense_1.w"] = np.arange(12.0).reshape(4, 3)
    return net


@pytest.mark.parametrize("way", [copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))], ids=["copy", "pickle"])
def test_copies_are_independent(kept: Network, way) -> None:
    other = way(kept)
    same(other, kept)
    other.frozen_parameters.vector[:] = 0
    assert kept.frozen_parameters["dense_1.w"].sum() == 66


def test_a_saved_network_comes_back_frozen(kept: Network, tmp_path) -> None:
    other = bp.load(kept.save(tmp_path / "run"))
    same(other, kept)
    for each in (kept, other):
        each.fit(*samples(20), optimizer=descent(), epochs=2, seed=1)
    same(other, kept)


@pytest.mark.parametrize("suffix", [".yaml", ".json", ".toml"])
def test_a_spec_is_written_and_read(kept: Network, tmp_path, suffix: str) -> None:
    write_spec(RunSpec(network=kept.spec), tmp_path / f"spec{suffix}")
    assert read_spec(tmp_path / f"spec{suffix}").network == kept.spec


def test_a_spec_may_freeze_by_one_pattern_or_by_node() -> None:
    text = """
network:
  input_shape: [3]
  layers:
    - {kind: dense, units: 4, trainable: false}
    - {kind: dense, units: 2}
  frozen: dense_2.b
"""
    net = Network.from_spec(parse_spec(text).network)
    assert list(net.frozen_parameters) == ["dense_1.w", "dense_1.b", "dense_2.b"]
    with pytest.raises(SpecError, match="trainable"):
        parse_spec(text.replace("false", "perhaps"))


def test_a_mapping_of_nodes_may_freeze() -> None:
    net = Network(nodes={"a": node(Dense(units=2), "x", trainable=False)}, inputs={"x": (3,)})
    assert list(net.frozen_parameters) == ["a.w", "a.b"]


def test_the_summary_marks_and_counts_what_is_frozen(kept: Network) -> None:
    summary = kept.summary()
    assert (summary.parameters, summary.frozen) == (12, 27)
    text = str(summary)
    for part in ("16, 12 frozen", "0 frozen", "15 frozen", "12 parameters and 27 frozen ones"):
        assert part in text
    assert "frozen" not in str(chain().summary())


def test_memory_counts_frozen_parameters_once() -> None:
    nbytes = chain().parameters.vector.nbytes
    assert frozen(chain(), "*").memory(5).parameters == nbytes
    assert chain().memory(5).parameters == 3 * nbytes


def test_float32_stays_float32() -> None:
    net = frozen(chain("float32"), "dense_1.*")
    assert net.frozen_parameters.vector.dtype == np.float32
    assert net.gradient(*samples(5, "float32")).vector.dtype == np.float32


def test_components_of_tests_pass_the_kit() -> None:
    assert check_component(CountedDense(), [(3,)]).passed


def test_an_engine_in_another_dtype_has_the_frozen_parameters(kept: Network) -> None:
    x = samples(5)[0]
    assert kept._engine.copy().outputs({"x": x})["dense_3"].tobytes() == kept.predict(x).tobytes()
    np.testing.assert_allclose(
        kept._engine.copy("float32").outputs({"x": x.astype("float32")})["dense_3"], kept.predict(x), rtol=1e-4
    )


# Blocks and curves ----------------------------------------------------------------------------------------------------


def blocked(trainable: bool = True, patterns: tuple[str, ...] = ()) -> Network:
    layers = [node(Sequence(body=(Dense(units=4), BatchNorm(), Sigmoid())), name="encoder", trainable=trainable),
              node(Dense(units=2), name="head")]  # fmt: skip
    return Network(layers, input_shape=(3,), cost=QuadraticCost(), frozen=patterns)


def test_a_block_outside_training_has_all_its_nodes_there() -> None:
    x, y = samples(20)
    net = blocked(trainable=False)
    assert list(net.parameters) == ["head.w", "head.b"]
    assert {path.partition(".")[0] for path in net.frozen_parameters} == {"encoder"}
    state = copy.deepcopy(dict(net.state))
    net.fit(x, y, optimizer=descent(), epochs=2, batch_size=5)
    (name,) = state
    assert all(array.tobytes() == state[name][key].tobytes() for key, array in net.state[name].items())
    assert "frozen" in str(net.summary())


def test_patterns_reach_into_blocks() -> None:
    net = blocked(patterns=("encoder.*.w",))
    assert list(net.frozen_parameters) == ["encoder.dense_1.w"]
    other = blocked(trainable=False)
    other.load_parameters(net, only="encoder.*")
    assert (
        other.frozen_parameters[next(iter(net.frozen_parameters))].tobytes() == net.frozen_parameters.vector.tobytes()
    )


class Decay(Layer):
    """y = a exp(−k x) + c."""

    def parameters(self, features):
        return {"a": Parameter((), init=2.0), "k": Parameter((), init=1.5), "c": Parameter((), init=0.25)}

    def forward(self, x, p):
        return p["a"] * np.exp(-p["k"] * x) + p["c"]

    def jacobian(self, x, p):
        from bpframe.extend import Diagonal

        e = np.exp(-p["k"] * x)
        return {
            "x": Diagonal(-p["a"] * p["k"] * e), "a": e, "k": -p["a"] * x * e, "c": np.ones_like(x),
        }  # fmt: skip


def test_a_curve_is_fitted_with_frozen_parameters_fixed_where_they_are() -> None:
    from scipy.optimize import curve_fit

    rng = np.random.default_rng(0)
    x = np.linspace(0, 3, 40)[:, None]
    y = 2.5 * np.exp(-1.3 * x) + 0.4 + 0.02 * rng.standard_normal(x.shape)
    net = Network([Decay()], input_shape=(1,), cost=QuadraticCost(), frozen="*.c")
    net.frozen_parameters["decay_1.c"] = 0.4
    fit = bp.fit_curve(net, x, y)
    expected, covariance = curve_fit(lambda x, a, k: a * np.exp(-k * x) + 0.4, x[:, 0], y[:, 0], p0=(2, 1.5))
    assert list(fit.network.parameters) == ["decay_1.a", "decay_1.k"]
    np.testing.assert_allclose(fit.network.parameters.vector, expected, rtol=1e-6)
    np.testing.assert_allclose([*fit.standard_errors.values()], np.sqrt(np.diag(covariance)), rtol=1e-4)
    assert fit.network.frozen_parameters["decay_1.c"] == 0.4
