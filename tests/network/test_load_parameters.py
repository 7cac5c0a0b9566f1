"""Parameters that are copied from another network, by path: all that are asked for, or none."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from bpframe_reference import Dense, QuadraticCost, Sigmoid
from bpframe_regularisation import BatchNorm
from safetensors.numpy import load_file

from bpframe import Network, node
from bpframe.errors import CheckpointError, ConcurrencyError, DataError, SpecError
from bpframe.extend import Layer, State

from .networks import chain, descent, samples


def two_parts(head: int = 2, frozen: tuple[str, ...] = (), dtype: str = "float64", seed: int = 0) -> Network:
    parts = {"encoder": Dense(units=4), "norm": BatchNorm(), "between": Sigmoid(), "head": Dense(units=head)}
    layers = [node(component, name=name) for name, component in parts.items()]
    return Network(layers, input_shape=(3,), cost=QuadraticCost(), frozen=frozen, dtype=dtype, seed=seed)


def trained() -> Network:
    net = two_parts(seed=7)
    net.fit(*samples(20), optimizer=descent(), epochs=2)
    return net


def arrays(net: Network) -> dict[str, bytes]:
    parameters = {**net.parameters, **net.frozen_parameters}
    state = {f"state/{node}.{name}": each for node, named in net.state.items() for name, each in named.items()}
    return {name: each.tobytes() for name, each in {**parameters, **state}.items()}


SOURCES = {
    "network": lambda net, folder: net,
    "run": lambda net, folder: net.save(folder / "run"),
    "name of a run": lambda net, folder: str(net.save(folder / "run")),
    "weights": lambda net, folder: load_file(net.save(folder / "run") / "weights.safetensors"),
    "frozen": lambda net, folder: _frozen(net),
}


def _frozen(net: Network) -> Network:
    other = two_parts(frozen=("*.w",))
    other.load_parameters(net)
    return other


@pytest.mark.filterwarnings("ignore:no installed plugin set provides BatchNorm")
@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("frozen", [(), ("encoder.*", "norm.g"), ("*",)])
def test_everything_is_copied_with_its_bytes_also_what_is_frozen(source, frozen, tmp_path) -> None:
    one, two = trained(), two_parts(frozen=frozen)
    x = samples(5)[0]
    two.predict(x)
    copied = two.load_parameters(SOURCES[source](one, tmp_path), components=[BatchNorm])
    assert arrays(two) == arrays(one)
    assert set(copied) == set(arrays(one))
    assert two.predict(x).tobytes() == one.predict(x).tobytes()
    assert two.history is None


@pytest.mark.filterwarnings("ignore:no installed plugin set provides BatchNorm")
@pytest.mark.parametrize("source", SOURCES)
def test_a_part_is_copied_by_patterns_with_its_state(source, tmp_path) -> None:
    one, two = trained(), two_parts(head=5, seed=1)
    before = arrays(two)
    copied = two.load_parameters(SOURCES[source](one, tmp_path), only=["encoder.*", "norm.*"], components=[BatchNorm])
    assert copied == ("encoder.w", "encoder.b", "norm.g", "norm.b", "state/norm.mean", "state/norm.variance")
    expected = {name: each for name, each in arrays(one).items() if not name.startswith("head")}
    assert arrays(two) == before | expected


def test_one_pattern_may_be_a_text_and_takes_the_state_of_the_nodes_that_it_names() -> None:
    one, two = trained(), two_parts()
    assert two.load_parameters(one, only="*.g") == ("norm.g", "state/norm.mean", "state/norm.variance")
    assert two.load_parameters(one, only="norm.mean") == ("state/norm.mean", "state/norm.variance")
    assert two.load_parameters(one, only="head.b") == ("head.b",)


def test_a_mapping_may_leave_state_out() -> None:
    one, two = trained(), two_parts()
    state = {name: each for name, each in arrays(two).items() if name.startswith("state/")}
    two.load_parameters(one.parameters)
    assert arrays(two) == arrays(one) | state


def test_other_names_are_a_mapping() -> None:
    one, two = trained(), chain()
    renamed = {path.replace("encoder", "dense_1"): array for path, array in one.parameters.items()}
    assert two.load_parameters(renamed, only="dense_1.*") == ("dense_1.w", "dense_1.b")
    np.testing.assert_array_equal(two.parameters["dense_1.w"], one.parameters["encoder.w"])


def test_the_copy_is_independent_and_a_network_may_take_its_own() -> None:
    one, two = trained(), two_parts()
    two.load_parameters(one)
    two.load_parameters(two)
    two.fit(*samples(20), optimizer=descent(), epochs=1)
    assert arrays(one) == arrays(trained())


def test_lists_are_arrays_and_numbers_are_rounded_to_the_networks_dtype() -> None:
    net = two_parts(dtype="float32")
    net.load_parameters({"head.b": [1, 2]}, only="head.b")
    assert net.parameters["head.b"].tolist() == [1, 2]
    net.load_parameters({"head.b": np.array([0.1, 1 / 3])}, only="head.b")
    assert net.parameters["head.b"].tobytes() == np.array([0.1, 1 / 3], "float32").tobytes()
    net.load_parameters(trained())
    assert {each.dtype for named in net.state.values() for each in named.values()} == {np.dtype("float32")}


# Mistakes -------------------------------------------------------------------------------------------------------------


def refused(net: Network, *args, **kwargs) -> DataError:
    before = arrays(net)
    with pytest.raises(DataError) as caught:
        net.load_parameters(*args, **kwargs)
    assert arrays(net) == before
    return caught.value


def test_all_that_does_not_fit_is_listed_and_nothing_is_copied() -> None:
    net = two_parts()
    given = {
        "encoder.w": np.zeros((4, 3)),
        "encoder.b": np.zeros(5),
        "norm.g": np.zeros(4, complex),
        "norm.b": [1, 2, 3, np.nan],
        "head.w": "a text",
        "tail.w": np.zeros(2),
        3: np.zeros(2),
    }
    error = refused(net, given)
    rows = dict(error.rows)
    assert rows["missing"] == "head.b"
    assert rows["surplus"] == "tail.w\n3"
    assert rows["shapes"] == "encoder.b is (4,), given (5,)\nhead.w is (2, 4), given ()"
    assert rows["numbers"].splitlines() == [
        "norm.g is float64, given complex128",
        "norm.b: 1 of 4 entries are NaN or infinite in float64",
    ]


def test_another_shape_of_a_part_that_is_not_asked_for_is_no_mistake() -> None:
    two = two_parts(head=5)
    assert "head.w is (5, 4), given (2, 4)" in str(refused(two, trained()))
    two.load_parameters(trained(), only="encoder.*")


def test_state_that_another_network_has_not_is_missing() -> None:
    layers = [node(Dense(units=4), name="encoder"), Sigmoid(), node(Dense(units=2), name="head")]
    without = Network(layers, input_shape=(3,))
    assert dict(refused(two_parts(), without).rows) == {
        "missing": "norm.g\nnorm.b\nstate/norm.mean\nstate/norm.variance"
    }
    assert dict(refused(without, two_parts()).rows)["surplus"].startswith("norm.g")


class Lowest(Layer):
    """Remembers the lowest value of each feature."""

    def initial_state(self, shape):
        return {"low": State(shape, init=np.inf)}

    def forward(self, x, state):
        return 1 * x, {"low": np.minimum(state["low"], x.min(axis=0))}

    def jacobian(self, x):
        from bpframe.extend import Identity

        return Identity()


def test_state_may_be_infinite_and_not_nan() -> None:
    one, two = (Network([Lowest(), Dense(units=2)], input_shape=(3,)) for _ in range(2))
    two.load_parameters(one)
    assert two.load_parameters(one, only="lowest_1.low") == ("state/lowest_1.low",)
    one._engine.state = {"lowest_1": {"low": np.array([np.nan, 0, 0])}}
    assert "state/lowest_1.low: 1 of 3" in str(refused(two, one))


def test_a_pattern_that_matches_nothing_is_an_error() -> None:
    with pytest.raises(SpecError, match=r"only: 'encodr.\*' matches no parameter") as caught:
        two_parts().load_parameters(trained(), only="encodr.*")
    assert "encoder.w" in str(caught.value.hint)
    with pytest.raises(SpecError, match="only: no patterns"):
        two_parts().load_parameters(trained(), only=3)  # type: ignore[arg-type]


@pytest.mark.parametrize("other", [None, 3, [1, 2], Network])
def test_what_is_no_source_is_refused(other) -> None:
    with pytest.raises(DataError, match="wants a network, a run's folder or a mapping"):
        two_parts().load_parameters(other)


def test_a_folder_that_holds_no_run_is_an_error(tmp_path) -> None:
    with pytest.raises(CheckpointError):
        two_parts().load_parameters(tmp_path / "nothing")


@pytest.mark.parametrize("busy", ["evaluates", "trains"])
def test_who_evaluates_finishes_first_and_a_training_is_not_disturbed(busy: str) -> None:
    net, inside, done = two_parts(), threading.Event(), threading.Event()
    block = net._engine.lane() if busy == "evaluates" else net._engine.training()

    def hold() -> None:
        with block:
            before = arrays(net)
            inside.set()
            done.wait(0.2 if busy == "evaluates" else 10)
            held.append(arrays(net) == before)

    held: list[bool] = []
    thread = threading.Thread(target=hold)
    thread.start()
    inside.wait(60)
    if busy == "evaluates":
        net.load_parameters(trained())
    else:
        with pytest.raises(ConcurrencyError):
            net.load_parameters(trained())
    done.set()
    thread.join()
    assert held == [True]
    assert (arrays(net) == arrays(trained())) is (busy == "evaluates")


def test_parameters_of_the_network_itself_may_change_places() -> None:
    net = Network([Dense(units=3), Sigmoid(), Dense(units=3)], input_shape=(3,), cost=QuadraticCost())
    first, second = (net.parameters[f"dense_{number}.w"] for number in (1, 2))
    before = first.copy(), second.copy()
    net.load_parameters({"dense_1.w": second, "dense_2.w": first.T}, only="*.w")
    np.testing.assert_array_equal(first, before[1])
    np.testing.assert_array_equal(second, before[0].T)


def test_numbers_that_are_infinite_in_the_networks_dtype_are_refused() -> None:
    net = two_parts(dtype="float32")
    before = arrays(net)
    given = {"encoder.w": np.full((4, 3), 1e39), "encoder.b": [1, -1e300, 0, 0]}
    with pytest.raises(DataError, match="12 of 12 entries are NaN or infinite in float32") as caught:
        net.load_parameters(given, only="encoder.*")
    assert "encoder.b: 1 of 4" in str(caught.value)
    assert arrays(net) == before
    with pytest.raises(DataError, match=r"norm\.variance: 4 of 4"):
        net.load_parameters({"state/norm.variance": np.full(4, 1e39)}, only="norm.variance")
