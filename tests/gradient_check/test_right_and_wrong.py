"""check_gradients passes what is right, and blames what is wrong on the component that it is in, in the right words."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pytest
from bpframe_activations import Relu, Tanh
from bpframe_convolution import Flatten
from bpframe_reference import Add, Dense, QuadraticCost, Sigmoid
from bpframe_regularisation import BatchNorm, Dropout
from bpframe_sequence import Embedding

from bpframe import Network, node
from bpframe.errors import GradientCheckFailed, NonFiniteError
from bpframe.extend import Activation, Broadcast, Cost, Diagonal, Layer, Matrix, Operator, Parameter, WeightTimes
from tests.components.activations import Logarithm
from tests.contract.cases import scatter
from tests.derivatives.zoo import ZOO

RNG = np.random.default_rng(5)
X, Y = RNG.standard_normal((6, 3)), RNG.standard_normal((6, 3))


class Magnitude(Activation):
    """√(|x| + 1): not analytic, as `abs` of a complex number is real."""

    def forward(self, x):
        return np.sqrt(np.abs(x) + 1)

    def jacobian(self, x, y):
        return Diagonal(np.sign(x) / (2 * y))


def network(*layers: Any, cost: Any = None, dtype: str = "float64", shape: tuple[int, ...] = (3,)) -> Network:
    made = Network(list(layers), cost=cost or QuadraticCost(), input_shape=shape, dtype=dtype, seed=2)
    scatter(made)
    return made


# --- what is right passes


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("example", ZOO, ids=lambda each: each.name)
def test_right_networks_pass(example, dtype):
    made = example.make(dtype)
    before = made.parameters.vector.copy()
    check = made.check_gradients(*example.data(dtype=dtype))
    assert check.ok, str(check)
    assert not check.faults
    assert check.method == "complex step"
    assert check.max_relative_error < 1e-8
    assert list(check.parameters) == list(made.parameters)
    assert set(check.inputs) == set(made.graph.inputs) - made.graph.integer_inputs
    np.testing.assert_array_equal(made.parameters.vector, before)
    check.raise_if_failed()
    rounding = [each.rounding for each in check.parameters.values()]
    assert all(each is None for each in rounding) if dtype == "float64" else max(rounding) < 1e-3


def test_both_gradients_are_those_of_the_network():
    made = network(Dense(units=4), Tanh(), Dense(units=3))
    gradient = made.gradient(X, Y)
    check = made.check_gradients(X, Y, per_parameter=None)
    for path, checked in check.parameters.items():
        single = [each for each in checked.entries if each.index is not None]
        assert len(single) == checked.size == gradient[path].size
        for each in single:
            assert each.back_propagation == pytest.approx(gradient[path][each.index], rel=1e-12)
            assert each.measured == pytest.approx(gradient[path][each.index], rel=1e-9)
    back = made.vjp(X, (made.predict(X) - Y) / len(X))
    for each in check.inputs["x"].entries[:-1]:
        assert each.measured == pytest.approx(back[each.index], rel=1e-9)


def test_entries_that_are_not_analytic_are_measured_by_differences():
    check = network(Dense(units=4), Magnitude(), Dense(units=3)).check_gradients(X, Y)
    assert check, str(check)
    assert check.method == "central differences"
    assert "not analytic" in check.reason
    assert 0 < check.max_relative_error < check.tolerance == 1e-5


def test_values_on_a_kink_are_checked_next_to_it():
    made = network(Dense(units=4), Relu(), Dense(units=3))
    made.parameters["dense_1.b"] = 0.0
    x = X.copy()
    x[2:4] = 0.0  # two examples in which every entry of z lies on the kink
    check = made.check_gradients(x, Y)
    assert check, str(check)
    assert any(each.beside for each in check.parameters["dense_1.b"].entries)
    assert "on a kink" in str(check)
    assert check.parameters["dense_2.w"].status == "passed"


def test_a_mistake_is_found_although_values_lie_on_a_kink():
    made = network(Dense(units=4), Relu(), False_("factor"), Dense(units=3))
    made.parameters["dense_1.b"] = 0.0
    x = X.copy()
    x[0] = 0.0
    check = made.check_gradients(x, Y)
    assert [fault.node for fault in check.faults] == ["false_1"], str(check)


def test_integer_inputs_have_no_derivative_and_do_not_matter():
    made = network(Embedding(size=5, units=2), Flatten(), Dense(units=3), shape=(3,))
    check = made.check_gradients(RNG.integers(0, 5, (6, 3)), Y)
    assert check
    assert not check.inputs
    assert set(check.parameters) == set(made.parameters)


def test_shared_parameters_and_a_mistake_behind_one_of_their_uses():
    def made(middle):
        nodes = {
            "one": node(Dense(units=3), "x"),
            "bent": node(middle, "one"),
            "two": node(Dense(units=3), "bent", share="one"),
            "sum": node(Add(), "two", "bent"),
        }
        found = Network(inputs={"x": (3,)}, nodes=nodes, cost=QuadraticCost())
        scatter(found)
        return found.check_gradients(X, Y)

    assert made(Tanh())
    check = made(False_("sign"))
    assert [fault.node for fault in check.faults] == ["bent"]
    assert "sign" in check.faults[0].diagnosis
    assert set(check.faults[0].explains) == {"one.w", "one.b", "x"}


@pytest.mark.parametrize("layer", [BatchNorm(epsilon=0.1), Dropout(rate=0.4)], ids=["batch norm", "dropout"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_training_mode_passes_with_equal_random_numbers(layer, dtype):
    made = network(Dense(units=4), layer, Tanh(), Dense(units=3), dtype=dtype)
    state = {name: {key: array.copy() for key, array in named.items()} for name, named in made.state.items()}
    check = made.check_gradients(X, Y, training=True)
    assert check.ok, str(check)
    assert check.training
    for name, named in state.items():
        for key, array in named.items():
            np.testing.assert_array_equal(made.state[name][key], array)


def test_a_check_repeats_itself_and_depends_on_its_seed():
    made = network(Dense(units=9), Dropout(rate=0.4), Dense(units=3))
    one, again, other = (made.check_gradients(X, Y, per_parameter=3, seed=seed, training=True) for seed in (1, 1, 2))
    assert one.entries == again.entries
    assert [each.index for each in one.entries] != [each.index for each in other.entries]


def test_one_wrong_entry_of_many_is_found_through_the_direction():
    class OneWrong(Operator):
        """The identity on a parameter, but for one entry."""

        def jvp(self, v, out=None):
            return v

        def vjp(self, u, out=None):
            pulled = u.copy()
            pulled[..., 171] *= 0
            return pulled

    class Shift(Layer):
        """x + b."""

        def parameters(self, features):
            return {"b": Parameter((features,))}

        def forward(self, x, p):
            return x + p["b"]

        def jacobian(self):
            return {"x": OneWrong(), "b": OneWrong()}

    made = network(Shift(), shape=(400,))
    x, y = RNG.standard_normal((3, 400)), RNG.standard_normal((3, 400))
    check = made.check_gradients(x, y, per_parameter=3)
    (failed,) = [each for each in check.parameters["shift_1.b"].entries if each.status == "failed"]
    assert failed.index is None
    assert {fault.key for fault in check.faults} == {"x", "b"}
    assert all("is not the transpose of jvp" in fault.diagnosis for fault in check.faults)


# --- what is wrong is blamed on the right component


def False_(mistake: str) -> Activation:  # noqa: N802
    class False1(Activation):
        """sin x with a planted mistake."""

        kind: ClassVar[str] = "false"

        def forward(self, x):
            return x + np.sin(x) * np.cos(x)

        def jacobian(self, x):
            right = 1 + np.cos(2 * x)
            wrong = {"factor": right / 2, "sign": -right, "term": right - 1, "branch": np.where(x > 0, right, 1)}
            return Diagonal(wrong[mistake])

    return False1()


class FalseDense(Layer):
    """A square dense layer with a planted mistake."""

    mistake: str

    def parameters(self, features):
        return {"w": Parameter((features, features)), "b": Parameter((features,))}

    def forward(self, a, p):
        return a @ p["w"].T + p["b"]

    def jacobian(self, a, p):
        w = p["w"]
        return {
            "a": Matrix({"transpose": w.T, "sign": -w}.get(self.mistake, w)),
            "w": WeightTimes({"factor": 2 * a}.get(self.mistake, a)),
            "b": Mean() if self.mistake == "mean" else Broadcast(),
        }


class Mean(Operator):
    """A bias whose gradient is the mean of the errors."""

    def jvp(self, v, out=None):
        return v

    def vjp(self, u, out=None):
        return u

    def shared_jvp(self, v, batch):
        return np.broadcast_to(v[..., None, :], (*v.shape[:-1], batch, v.shape[-1]))

    def sum_vjp(self, u, out=None):
        return u.mean(axis=-2)


class FalseCost(Cost):
    """The quadratic cost with a planted mistake."""

    mistake: str

    def forward(self, a, y):
        found = 0.5 * ((a - y) ** 2).sum(axis=1)
        return found / len(a) if self.mistake == "missing mean" else found

    def jacobian(self, a, y):
        return {"factor": 2 * (a - y), "double mean": (a - y) / len(a)}.get(self.mistake, a - y)


CASES = [
    # layers, cost, blamed node, its place, key, words, what it explains
    ([False_("factor"), Dense(units=4), Sigmoid(), Dense(units=3)], None, "false_1", "layers[0] 'false_1' (false)", "x",
     "constant factor: measured/declared = 2", {"x"}),
    ([Dense(units=4), False_("factor"), Dense(units=4), Tanh(), Dense(units=3)], None, "false_1",
     "layers[1] 'false_1' (false)", "x", "constant factor", {"dense_1.w", "dense_1.b", "x"}),
    ([Dense(units=4), Tanh(), Dense(units=3), False_("sign")], None, "false_1", "layers[3] 'false_1' (false)", "x",
     "sign", {"dense_1.w", "dense_1.b", "dense_2.w", "dense_2.b", "x"}),
    ([Dense(units=4), False_("term"), Dense(units=3)], None, "false_1", "layers[1] 'false_1' (false)", "x",
     "identity", {"dense_1.w", "dense_1.b", "x"}),
    ([Dense(units=4), False_("branch"), Dense(units=3)], None, "false_1", "layers[1] 'false_1' (false)", "x",
     "branch", {"dense_1.w", "dense_1.b", "x"}),
    ([Dense(units=4), FalseDense(mistake="transpose"), Tanh(), Dense(units=3)], None, "false_dense_1",
     "layers[1] 'false_dense_1' (false_dense)", "a", "transposed", {"dense_1.w", "dense_1.b", "x"}),
    ([Dense(units=4), Tanh(), FalseDense(mistake="sign"), Dense(units=3)], None, "false_dense_1",
     "layers[2] 'false_dense_1' (false_dense)", "a", "sign", {"dense_1.w", "dense_1.b", "x"}),
    ([FalseDense(mistake="factor"), Tanh(), Dense(units=3)], None, "false_dense_1",
     "layers[0] 'false_dense_1' (false_dense)", "w", "constant factor: measured/declared = 0.5", {"false_dense_1.w"}),
    ([Dense(units=4), FalseDense(mistake="mean"), Dense(units=3)], None, "false_dense_1",
     "layers[1] 'false_dense_1' (false_dense)", "b", "takes the mean over the examples", {"false_dense_1.b"}),
    ([Dense(units=4), Tanh(), Dense(units=3)], FalseCost(mistake="factor"), "dense_2",
     "the cost of 'dense_2' (false)", "a", "constant factor: measured/declared = 0.5",
     {"dense_1.w", "dense_1.b", "dense_2.w", "dense_2.b", "x"}),
    ([Dense(units=3)], FalseCost(mistake="missing mean"), "dense_1", "the cost of 'dense_1' (false)", "a",
     "missing batch mean", {"dense_1.w", "dense_1.b", "x"}),
    ([Dense(units=3)], FalseCost(mistake="double mean"), "dense_1", "the cost of 'dense_1' (false)", "a",
     "double batch mean", {"dense_1.w", "dense_1.b", "x"}),
]  # fmt: skip


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(
    ("layers", "cost", "blamed", "where", "key", "words", "explains"), CASES, ids=[f"{c[3]} {c[5]}" for c in CASES]
)
def test_planted_mistakes_are_blamed_on_their_component(layers, cost, blamed, where, key, words, explains, dtype):
    check = network(*layers, cost=cost, dtype=dtype).check_gradients(X, Y)
    assert not check
    (fault,) = check.faults
    assert (fault.node, fault.where, fault.key) == (blamed, where, key)
    assert words in fault.diagnosis
    assert set(fault.explains) == explains == set(check.failed)
    with pytest.raises(GradientCheckFailed) as error:
        check.raise_if_failed()
    for text in (str(error.value), str(check)):
        assert where in text
        assert words in text
        assert f"jacobian['{key}']" in text
    assert "FAILED" in str(check)


def test_two_mistakes_are_both_named():
    check = network(Dense(units=4), False_("sign"), FalseDense(mistake="factor"), Dense(units=3)).check_gradients(X, Y)
    assert [(fault.node, fault.key) for fault in check.faults] == [("false_1", "x"), ("false_dense_1", "w")]


def test_a_mistake_in_training_alone_is_found_there():
    class Forgets(BatchNorm):
        """Batch normalisation that takes its statistics for constants."""

        def jacobian(self, x, saved, training):
            return super().jacobian(x, saved, False)

    made = network(Dense(units=4), Forgets(epsilon=0.1), Dense(units=3))
    assert made.check_gradients(X, Y)
    check = made.check_gradients(X, Y, training=True)
    assert [fault.where for fault in check.faults] == ["layers[1] 'forgets_1' (forgets)"]


def test_a_mistake_in_a_layer_that_is_too_large_to_be_measured_whole_is_found_at_a_smaller_size():
    made = network(FalseDense(mistake="factor"), Tanh(), Dense(units=3), shape=(40,))
    check = made.check_gradients(RNG.standard_normal((6, 40)), Y)
    (fault,) = check.faults
    assert fault.key == "w"
    assert "constant factor: measured/declared = 0.5" in fault.diagnosis


def test_numbers_that_are_not_finite_fail():
    class Root(Activation):
        """x², whose slope is written as a quotient that is 0/0 at 0."""

        def forward(self, x):
            return x * x

        def jacobian(self, x):
            with np.errstate(all="ignore"):
                return Diagonal(2 * x * x / x)

    x = X.copy()
    x[0, 0] = 0
    check = network(Root(), Dense(units=3)).check_gradients(x, Y)
    assert check.failed == ("x",)
    assert [fault.node for fault in check.faults] == ["root_1"]
    assert "NaN" in check.faults[0].diagnosis


def test_a_cost_that_is_not_finite_is_refused_where_that_begins():
    made = network(Dense(units=4), Logarithm(), Dense(units=3))
    with pytest.raises(NonFiniteError, match=r"layers\[1\] 'logarithm_1' \(logarithm\): its output is not finite"):
        made.check_gradients(X, Y)


def test_a_jacobian_that_nobody_can_measure_is_undecided_and_not_passed():
    class Noisy(Activation):
        """x and noise that is drawn anew at every call."""

        def forward(self, x):
            return x + np.random.default_rng().standard_normal(x.shape)

        def jacobian(self, x):
            return Diagonal(np.ones_like(x))

    check = network(Dense(units=3), Noisy()).check_gradients(X, Y)
    assert not check
    assert set(check.failed) | set(check.undecided) == {"dense_1.w", "dense_1.b", "x"}
    with pytest.raises(GradientCheckFailed):
        check.raise_if_failed()


def test_an_undeclared_coupling_is_blamed_on_the_component_that_couples():
    class Centred(Activation):
        """x less its mean over the batch, undeclared."""

        def forward(self, x):
            return x - x.mean(axis=0)

        def jacobian(self, x):
            return Diagonal(np.ones_like(x))

    check = network(Dense(units=4), Centred(), Dense(units=3)).check_gradients(X, Y)
    assert [fault.node for fault in check.faults] == ["centred_1"]


def test_the_report_tells_of_gradients_that_are_zero():
    made = network(Dense(units=4), Relu(), Dense(units=3))
    made.parameters["dense_1.b"] = -100.0
    check = made.check_gradients(X, Y)
    assert check
    assert check.parameters["dense_1.w"].is_zero
    assert "does not depend on dense_1.w, dense_1.b, dense_2.w, x" in str(check)
    assert "passed (zero)" in str(check)
