"""Drafts in use: they train, they are marked, the kit refuses them and says what their Jacobian looks like."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import warnings
from typing import Any, ClassVar

import numpy as np
import pytest
from bpframe_activations import Softmax
from bpframe_convolution import Flatten, MaxPool1d
from bpframe_reference import Dense, GradientDescent, Multiply, QuadraticCost, Sigmoid
from bpframe_regularisation import BatchNorm, Dropout
from bpframe_sequence import Embedding

from bpframe import Network
from bpframe.core.component import contract_of
from bpframe.errors import ContractError, DraftWarning
from bpframe.extend import Activation, Array, Cost, Diagonal, Layer, Operator
from bpframe.testing import check_component

from .twins import draft

pytestmark = pytest.mark.filterwarnings("ignore::bpframe.errors.DraftWarning")

X = np.random.default_rng(0).standard_normal((30, 3))
Y = np.random.default_rng(1).random((30, 2))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_training_a_draft_takes_the_steps_of_the_declared_network(dtype):
    layers = [Dense(units=4), BatchNorm(), Sigmoid(), Dropout(rate=0.3), Dense(units=2)]
    networks = [
        Network(layers, cost=QuadraticCost(), input_shape=(3,), dtype=dtype),
        Network([draft(each) for each in layers], cost=draft(QuadraticCost()), input_shape=(3,), dtype=dtype),
    ]
    for network in networks:
        history = network.fit(X, Y, optimizer=GradientDescent(learning_rate=0.1), epochs=3, batch_size=7, seed=5)
        assert history.epochs[-1].cost < history.epochs[0].cost
    one, other = networks
    near = 1e-4 if dtype == "float32" else 1e-9
    np.testing.assert_allclose(other.parameters.vector, one.parameters.vector, atol=near)
    np.testing.assert_allclose(other.state["batch_norm_1"]["mean"], one.state["batch_norm_1"]["mean"], atol=near)


def test_the_summary_marks_nodes_and_costs():
    network = Network([Dense(units=2), draft(Sigmoid())], cost=draft(QuadraticCost()), input_shape=(3,))
    summary = network.summary()
    declared, measured = summary.rows
    assert measured.jacobian == {"z": "draft (numerical)"}
    assert "draft" not in str(declared)
    assert "cost quadratic, a draft (numerical), of sigmoid_1" in str(summary)


def test_training_warns_once_for_each_class_where_it_is_called():
    code = """
        import warnings, numpy as np
        from bpframe import Network
        from bpframe.extend import Activation
        from bpframe_reference import GradientDescent, QuadraticCost
        class Mine(Activation):
            draft = True
            def forward(self, x): return x * x
        def fit():
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                network = Network([Mine(), Mine()], cost=QuadraticCost(), input_shape=(2,))
                network.predict(np.ones((1, 2)))
                assert not caught
                network.fit(np.ones((2, 2)), np.ones((2, 2)), optimizer=GradientDescent(learning_rate=1e-3), epochs=1)
            return [(each.category.__name__, str(each.message), each.filename) for each in caught]
        first, second = fit(), fit()
        assert second == [], second
        ((category, message, filename),) = first
        assert category == "DraftWarning" and "Mine is a draft" in message and filename == "<string>", first
        class Other(Mine): pass
        with warnings.catch_warnings(record=True) as caught:
            network = Network([Other()], cost=QuadraticCost(), input_shape=(2,))
            network.train_step(np.ones((2, 2)), np.ones((2, 2)), optimizer=GradientDescent(learning_rate=1e-3))
        assert [each.filename for each in caught] == ["<string>"], caught
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=True)


def test_a_network_without_drafts_warns_of_nothing():
    with warnings.catch_warnings():
        warnings.simplefilter("error", DraftWarning)
        Network([Dense(units=2)], cost=QuadraticCost(), input_shape=(3,)).fit(
            X, Y, optimizer=GradientDescent(learning_rate=0.1), epochs=1
        )


class Outer(Layer):
    """y = u ‖x‖²: every column of the Jacobian is a multiple of u."""

    draft = True

    def forward(self, x: Array) -> Array:
        return np.arange(1, 4).astype(x.dtype) * np.sum(x**2, axis=-1, keepdims=True)


class Turned(Layer):
    """Swap the feature axes."""

    draft = True

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return shape[::-1]

    def forward(self, x: Array) -> Array:
        return x.swapaxes(1, 2)


class Dead(Activation):
    """Does not depend on its input."""

    draft = True

    def forward(self, x: Array) -> Array:
        return x * 0 + 1


class Mixing(Activation):
    """Every output depends on every input."""

    draft = True

    def forward(self, x: Array) -> Array:
        return np.cumsum(x**2, axis=-1) * np.sin(x) + x[..., ::-1] ** 3


@pytest.mark.parametrize(
    ("component", "shapes", "said"),
    [
        (draft(Sigmoid()), [(4,)], {"z": "return Diagonal(d)"}),
        (draft(Sigmoid()), [()], {"z": "return Diagonal(d)"}),
        (
            draft(Dense(units=2)),
            [(3,)],
            {"a": "return Matrix(w), w of shape (2, 3)", "w": "return WeightTimes(a)", "b": "return Broadcast()"},
        ),
        (draft(Dense(units=2)), [(4, 3)], {"a": "return Matrix(w)", "w": "return WeightTimes(a)", "b": "Broadcast()"}),
        (draft(Softmax()), [(4,)], {"z": "return add(Diagonal(d), RankOne(left, right))"}),
        (draft(Softmax()), [(2, 3)], {"z": "return add(Diagonal(d), RankOne(left, right))"}),
        (draft(Flatten()), [(2, 3)], {"x": "return Reshape()"}),
        (draft(MaxPool1d(kernel_size=2)), [(4, 3)], {"x": "return Gather(index)"}),
        (Turned(), [(2, 3)], {"x": "return Gather(index)"}),
        (draft(Embedding(size=2, units=3)), [(5,)], {"w": "return Gather(index)"}),
        (draft(BatchNorm()), [(3,)], {"g": "return compose(Diagonal(d), Broadcast())", "x": "couples the batch"}),
        (draft(Multiply()), [(3,), (3,)], {"xs[0]": "return Diagonal(d)", "xs[1]": "return Diagonal(d)"}),
        (Outer(), [(3,)], {"x": "return RankOne(left, right)"}),
        (Dead(), [(3,)], {"x": "zero: forward does not depend on it"}),
        (Mixing(), [(4,)], {"x": "return an array (N, 4, 4)"}),
        (draft(QuadraticCost()), [(3,)], {None: "a − y: return ∇_a C, (N, 3)"}),
    ],
    ids=lambda value: getattr(value, "kind", None),
)
def test_the_kit_refuses_a_draft_and_says_what_it_looks_like(component, shapes, said):
    report = check_component(component, shapes)
    (found,) = [each for each in report.failed if each.check == "draft"]
    assert not report.ok
    assert found.message == "draft: declare jacobian"
    assert not any(each.check.startswith(("jacobian", "adjoint")) for each in report.outcomes)
    # Nothing else is wrong: read-only, strided and float32 arrays, batches of any size. A class that a test makes has
    # no module to be found in when it is pickled.
    assert {each.check for each in report.failed} <= {"draft", "documented", "pickle"}
    told: dict[str, str] = {}
    for label, text in found.rows:
        told[label] = told.get(label, "") + text
    for key, words in said.items():
        label = "measured" if key is None else f"measured jacobian[{key}]"
        assert any(words in text for name, text in told.items() if name.startswith(label)), told
    if None in said:  # of a cost there is nothing else to be measured
        assert list(told) == ["measured"]


def test_a_random_layer_is_described_in_both_modes():
    (found,) = [each for each in check_component(draft(Dropout(rate=0.4)), [(3,)]).failed if each.check == "draft"]
    assert dict(found.rows) == {
        "measured jacobian[x]": "the identity: return IdentityMap()",
        "measured jacobian[x] in training": "diagonal: return Diagonal(d), d of the input's shape",
    }


class NoJacobian(Activation):
    def forward(self, x: Array) -> Array:
        return x


class NoGradient(Cost):
    def forward(self, a: Array, y: Array) -> Array:
        return (a * y).sum(axis=1)


@pytest.mark.parametrize("cls", [NoJacobian, NoGradient])
def test_without_draft_a_missing_jacobian_is_an_error_that_mentions_it(cls):
    with pytest.raises(ContractError, match="has no jacobian") as caught:
        contract_of(cls)
    assert "draft = True" in (caught.value.hint or "")


class Finished(Activation):
    """A draft that declares its Jacobian after all: it is used, and checked."""

    draft: ClassVar[bool] = True

    def forward(self, x: Array) -> Array:
        return x * x

    def jacobian(self, x: Array) -> Operator:
        return Diagonal(2 * x)


def test_a_draft_that_declares_its_jacobian_is_none():
    assert check_component(Finished(), [(3,)]).ok
    network = Network([Finished()], input_shape=(3,))
    assert network.summary().rows[0].jacobian == {"x": "diagonal"}


def test_forward_stays_required():
    class Nothing(Activation):
        draft = True

    with pytest.raises(ContractError, match="has no forward"):
        contract_of(Nothing)


def test_a_failing_forward_is_told_with_its_place():
    calls: list[Any] = []

    class Once(Activation):
        draft = True

        def forward(self, x: Array) -> Array:
            calls.append(None)
            if len(calls) > 1:
                raise ValueError("twice")
            return x

    network = Network([Once()], cost=QuadraticCost(), input_shape=(3,))
    with pytest.raises(ContractError, match=r"layers\[0\] 'once_1' \(once\).*ValueError: twice"):
        network.vjp(np.ones((2, 3)), np.ones((2, 3)))
