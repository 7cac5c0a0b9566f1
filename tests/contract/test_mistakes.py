"""Mistakes that only a run shows: each is a typed error that names the node and the component."""

from __future__ import annotations

import bpframe_reference as components
import numpy as np
import pytest
from bpframe_reference import Dense, GradientDescent, QuadraticCost

from bpframe import Network, node
from bpframe.errors import BpframeError, ContractError, ShapeMismatch, SpecError
from bpframe.extend import (
    Activation,
    Broadcast,
    Diagonal,
    Gather,
    IdentityMap,
    Initializer,
    Layer,
    Matrix,
    Operator,
    Optimizer,
    Parameter,
    Reshape,
    State,
    WeightTimes,
)
from tests.components.centred import MeanRemoved

X = np.random.default_rng(0).standard_normal((2, 3)).astype(np.float32)
Y = np.zeros((2, 3), np.float32)


class Faulty(Layer):
    """y = g ⊙ x, right until a subclass makes it wrong."""

    kind = "faulty"

    def parameters(self, shape):
        return {"g": Parameter(shape, init=1)}

    def forward(self, x, p):
        return x * p["g"]

    def jacobian(self, x, p):
        return {"x": Diagonal(p["g"][None]), "g": Diagonal(x)}


def network(layer, cost=None, dtype="float32"):
    return Network([layer], input_shape=(3,), cost=cost or QuadraticCost(), dtype=dtype)


def faulty(**methods):
    return type("Broken", (Faulty,), {"kind": "faulty", "__module__": __name__, **methods})()


def refused(layer, error=ContractError, message="", dtype="float32"):
    """Train with a layer; return the error, which has to name its place."""
    with pytest.raises(error) as caught:
        network(layer, dtype=dtype).fit(
            X, Y, optimizer=GradientDescent(learning_rate=0.1), epochs=1, batch_size=2, progress=False
        )
    text = str(caught.value)
    assert "layers[0] 'faulty_1' (faulty)" in text
    assert message in text
    return caught.value


def test_the_layer_itself_is_right():
    history = network(Faulty()).fit(X, Y, optimizer=GradientDescent(learning_rate=0.1), epochs=2, batch_size=2)
    assert history.epochs[1].cost < history.epochs[0].cost


FORWARD = {
    "wrong shape": (lambda self, x, p: x[:, :2], ShapeMismatch, "received  (2, 2)"),
    "batch lost": (lambda self, x, p: x.sum(axis=0), ShapeMismatch, "expected  (2, 3)"),
    "float64": (lambda self, x, p: x * np.ones(3), ContractError, "received  float64"),
    "integers": (lambda self, x, p: (x > 0).astype(int), ContractError, "received  int64"),
    "None": (lambda self, x, p: None, ContractError, "received  NoneType"),
    "a tuple": (lambda self, x, p: (x, {}), ContractError, "with `state` in its signature"),
    "a list": (lambda self, x, p: x.tolist(), ContractError, "received  list"),
    "no return": (lambda self, x, p: None, ContractError, "is a `return` missing?"),
    "an operator": (lambda self, x, p: Diagonal(x), ContractError, "an array of numbers here, not an operator"),
    "a class": (lambda self, x, p: components.Sigmoid, ContractError, "received  the class Sigmoid"),
    "a component": (lambda self, x, p: components.Sigmoid(), ContractError, "Sigmoid is a component"),
    "ValueError": (lambda self, x, p: x @ np.ones((2, 2)), ContractError, "forward failed: ValueError"),
    "KeyError": (lambda self, x, p: p["w"], ContractError, "forward failed: KeyError: 'w'"),
}


@pytest.mark.parametrize("method", FORWARD)
def test_forward(method):
    function, error, message = FORWARD[method]
    refused(faulty(forward=function), error, message)


class Stretch(Operator):
    """A stranger's operator whose products have another shape than they should."""

    def jvp(self, v, out=None):
        return v[..., :2]

    def vjp(self, u, out=None):
        return u[..., :2]


class Doubled(Stretch):
    """A stranger's operator that makes float64 of anything."""

    def jvp(self, v, out=None):
        return v * np.full(3, 2.0)

    vjp = jvp


class Failing(Stretch):
    def vjp(self, u, out=None):
        return u @ np.ones((7, 7), u.dtype)


def jacobian_of(of_x=None, of_g=None):
    """A jacobian with another operator for x or for g than the right one."""
    return lambda self, x, p: {
        "x": of_x(x) if of_x else Diagonal(p["g"][None]),
        "g": of_g(x) if of_g else Diagonal(x),
    }


JACOBIAN = {
    "a key left out": (lambda self, x, p: {"x": IdentityMap()}, "jacobian says nothing about 'g'"),
    "an unknown key": (
        lambda self, x, p: {"x": IdentityMap(), "g": Diagonal(x), "gg": Diagonal(x)},
        "did you mean 'g'?",
    ),
    "None": (lambda self, x, p: None, "jacobian returned None"),
    "no return": (jacobian_of(lambda x: None), "jacobian['x'] is None"),
    "a class instead of an operator": (lambda self, x, p: Diagonal, "make an instance of it: Diagonal(...)"),
    "a class under a key": (jacobian_of(lambda x: Diagonal), "jacobian['x'] is the class Diagonal"),
    "a component of an operator's name": (
        lambda self, x, p: components.Identity(),
        "bpframe_reference.identity.Identity is a component; bpframe.extend.IdentityMap is the operator",
    ),
    "its class": (
        jacobian_of(of_g=lambda x: components.Identity),
        "jacobian['g'] is the class Identity",
    ),
    "another component": (lambda self, x, p: components.Sigmoid(), "Sigmoid is a component, a node of its own"),
    "an operator alone": (lambda self, x, p: IdentityMap(), "a mapping with x, g"),
    "ValueError": (lambda self, x, p: np.ones(2) + np.ones(3), "jacobian failed: ValueError"),
    "an array of another shape": (jacobian_of(lambda x: np.ones((2, 3, 4))), "(N, 3, 3)"),
    "a list": (jacobian_of(lambda x: x.tolist()), "received  list"),
    "a diagonal of another shape": (jacobian_of(lambda x: Diagonal(x[:, :2])), "jacobian['x'] does not fit"),
    "a diagonal of another batch": (jacobian_of(lambda x: Diagonal(np.ones((5, 3)))), "5 examples"),
    "a diagonal without a batch": (jacobian_of(lambda x: Diagonal(x[0])), "jacobian['x'] does not fit"),
    "a matrix of another shape": (jacobian_of(lambda x: Matrix(np.ones((4, 3)))), "jacobian['x'] does not fit"),
    "a weight product for a vector": (jacobian_of(of_g=WeightTimes), "jacobian['g'] does not fit"),
    "an index out of range": (jacobian_of(lambda x: Gather(np.array([[0, 1, 3]]))), "reads outside its input"),
    "undeclared coupling": (
        jacobian_of(lambda x: MeanRemoved()),
        "couples the batch, which the component does not declare",
    ),
    "an operator of another shape": (
        jacobian_of(of_g=lambda x: Stretch()),
        "jacobian['g'].sum_vjp returned another shape",
    ),
    "a float64 operator": (jacobian_of(of_g=lambda x: Doubled()), "give the operator arrays of the network's dtype"),
    "a float64 diagonal": (jacobian_of(of_g=lambda x: Diagonal(x * np.ones(3))), "jacobian['g'].sum_vjp"),
    "an operator that fails": (jacobian_of(of_g=lambda x: Failing()), "ValueError"),
}


@pytest.mark.parametrize("method", JACOBIAN)
def test_jacobian(method):
    function, message = JACOBIAN[method]
    refused(faulty(jacobian=function), message=message)


def test_a_wrong_operator_of_an_input_is_found_on_the_way_back_and_forward():
    for operator, message in ((Stretch, "shape (2, 2)"), (Doubled, "float64"), (Failing, "ValueError")):
        net = network(faulty(jacobian=jacobian_of(lambda x, operator=operator: operator())))
        with pytest.raises(ContractError, match=r"layers\[0\] 'faulty_1' \(faulty\)") as caught:
            net.vjp(X, Y)
        assert message in str(caught.value)
        if operator is not Failing:
            with pytest.raises(ContractError, match=r"jacobian\['x'\].jvp returned another shape or dtype") as caught:
                net.jvp(X, Y)
            assert message in str(caught.value)


def test_written_out_jacobians_take_the_networks_dtype():
    """np.eye is float64, and 1 an integer; a beginner need not care."""
    layer = faulty(jacobian=lambda self, x, p: {"x": np.eye(3, dtype=int) * np.ones(3), "g": np.eye(3) * x[:, None, :]})
    found, expected = (network(each).gradient(X, Y) for each in (layer, Faulty()))
    assert found.vector.dtype == np.float32
    np.testing.assert_allclose(found.vector, expected.vector, rtol=1e-6)


def test_one_operator_cannot_serve_two_shapes():
    class Twice(Layer):
        def parameters(self):
            return {"g": Parameter((3,)), "h": Parameter((1, 3))}

        def forward(self, x, p):
            return x[:, None] + p["g"] + p["h"]

        def jacobian(self, x):
            repeat = Broadcast()
            return {"x": Reshape(), "g": repeat, "h": repeat}

        def output_shape(self, shape):
            return (1, *shape)

    net = Network([Twice()], input_shape=(3,))
    with pytest.raises(ContractError, match=r"'twice_1'.*one operator for 'g' and for 'h', which differ in shape"):
        net.trace(X.astype(float)).jacobian("twice_1")


def test_one_operator_may_serve_several_nodes():
    """A trace keeps each node's own: the operator is bound again for every node."""
    whole = IdentityMap()

    class Pass(Activation):
        def forward(self, x):
            return x

        def jacobian(self):
            return whole

    net = Network(
        nodes={"a": node(Pass(), "p"), "b": node(Pass(), "q")}, inputs={"p": (2,), "q": (3, 4)}, output=["a", "b"]
    )
    trace = net.trace({"p": np.ones((1, 2)), "q": np.ones((1, 3, 4))})
    first, second = trace.jacobian("a")["x"], trace.jacobian("b")["x"]
    assert (first.in_shape, second.in_shape) == ((2,), (3, 4))


SHAPES = {
    "parameters: no mapping": ({"parameters": lambda self: [3]}, "parameters did not return a mapping"),
    "parameters: shapes": ({"parameters": lambda self: {"g": (3,)}}, "names to Parameter(shape, ...)"),
    "parameters: no shape": ({"parameters": lambda self: {"g": Parameter("3")}}, "is not a shape"),
    "parameters: an input's name": (
        {"parameters": lambda self: {"x": Parameter((3,))}},
        "a parameter cannot be called 'x'",
    ),
    "parameters: KeyError": ({"parameters": lambda self: {}["g"]}, "parameters failed: KeyError"),
    "output_shape: a number": ({"output_shape": lambda self, features: features}, "3 is not a shape"),
    "output_shape: None": ({"output_shape": lambda self: None}, "None is not a shape"),
    "output_shape: fractions": ({"output_shape": lambda self, features: (features / 2,)}, "(1.5,) is not a shape"),
    "output_shape: negative": ({"output_shape": lambda self: (-1,)}, "(-1,) is not a shape"),
    "initial_state: arrays": ({"initial_state": lambda self: {"m": np.zeros(3)}}, "names to State(shape, ...)"),
}


@pytest.mark.parametrize("name", SHAPES)
def test_shapes_are_checked_before_any_array_exists(name):
    methods, message = SHAPES[name]
    with pytest.raises(ContractError) as caught:
        network(faulty(**methods))
    assert message in str(caught.value)
    assert "layers[0] 'faulty_1' (faulty)" in str(caught.value)


class Stateful(Faulty):
    kind = "faulty"

    def initial_state(self):
        return {"m": State((3,))}


STATE = {
    "no pair": (lambda self, x, p, state: x * p["g"], "received  ndarray"),
    "a triple": (lambda self, x, p, state: (x, state, 1), "(ndarray, mapping, int)"),
    "no mapping": (lambda self, x, p, state: (x, state["m"]), "(ndarray, ndarray)"),
    "another name": (lambda self, x, p, state: (x, {"n": state["m"]}), "received  n"),
    "a name left out": (lambda self, x, p, state: (x, {}), "received  no state"),
    "another shape": (lambda self, x, p, state: (x, {"m": x}), "shape (2, 3), float32"),
    "float64": (lambda self, x, p, state: (x, {"m": np.zeros(3)}), "shape (3,), float64"),
    "a number": (lambda self, x, p, state: (x, {"m": 0.0}), "shape (), float"),
}


@pytest.mark.parametrize("name", STATE)
def test_state(name):
    function, message = STATE[name]
    refused(
        type("Broken", (Stateful,), {"kind": "faulty", "__module__": __name__, "forward": function})(), message=message
    )


COSTS = {
    "a number": ({"forward": lambda self, a, y: ((a - y) ** 2).sum()}, "one number per example"),
    "a Python number": ({"forward": lambda self, a, y: 1.0}, "received  shape (), float"),
    "entry by entry": ({"forward": lambda self, a, y: (a - y) ** 2}, "received  shape (2, 3)"),
    "float64": ({"forward": lambda self, a, y: np.zeros(2)}, "float64"),
    "None": ({"forward": lambda self, a, y: None}, "is a `return` missing?"),
    "a list of numbers": ({"forward": lambda self, a, y: [0.0] * len(a)}, "np.array(..., x.dtype)"),
    "jacobian: None": ({"jacobian": lambda self, a, y: None}, "is a `return` missing?"),
    "jacobian: an operator": ({"jacobian": lambda self, a, y: Diagonal(a)}, "not an operator"),
    "jacobian: a list": ({"jacobian": lambda self, a, y: a.tolist()}, "np.array(..., x.dtype)"),
    "ValueError": ({"forward": lambda self, a, y: a @ a}, "forward failed: ValueError"),
    "gradient of another shape": ({"jacobian": lambda self, a, y: (a - y)[:, :2]}, "shape (2, 2)"),
    "gradient in float64": ({"jacobian": lambda self, a, y: (a - y) * np.ones(3)}, "float64"),
    "gradient: IndexError": ({"jacobian": lambda self, a, y: a[:, 9]}, "jacobian failed: IndexError"),
}


@pytest.mark.parametrize("name", COSTS)
def test_cost(name):
    methods, message = COSTS[name]
    cost = type("Broken", (QuadraticCost,), {"kind": "half", "__module__": __name__, **methods})()
    with pytest.raises(ContractError) as caught:
        network(Faulty(), cost).gradient(X, Y)
    assert message in str(caught.value)
    assert "the cost of 'faulty_1' (half)" in str(caught.value)


class Step(Optimizer):
    def update(self, gradient):
        return -gradient


OPTIMIZERS = {
    "another shape": ({"update": lambda self, gradient: gradient[:2]}, "received  shape (2,)"),
    "float64": ({"update": lambda self, gradient: gradient * np.ones(3)}, "float64"),
    "None": ({"update": lambda self, gradient: None}, "is a `return` missing?"),
    "a list": ({"update": lambda self, gradient: gradient.tolist()}, "np.array(..., x.dtype)"),
    "a number": ({"update": lambda self, gradient: 0.0}, "received  shape (), float"),
    "ValueError": ({"update": lambda self, gradient: gradient @ np.ones((2, 2))}, "update failed: ValueError"),
    "no pair": ({"update": lambda self, gradient, state: gradient}, "(Δθ, new_state)"),
    "state: no mapping": ({"initial_state": lambda self, parameters: [1]}, "initial_state returned no mapping"),
    "state: IndexError": ({"initial_state": lambda self, parameters: {"v": parameters[99]}}, "initial_state failed"),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizer(name):
    methods, message = OPTIMIZERS[name]
    optimizer = type("Broken", (Step,), {"kind": "broken", "__module__": __name__, **methods})()
    net = network(Faulty())
    before = net.parameters.vector.copy()
    with pytest.raises(ContractError) as caught:
        net.fit(X, Y, optimizer=optimizer, epochs=1, batch_size=2)
    assert message in str(caught.value)
    assert "optimizer 'broken'" in str(caught.value)
    np.testing.assert_array_equal(net.parameters.vector, before)


class Draw(Initializer):
    def draw(self, shape):
        return np.zeros(7)


class Undrawn(Initializer):
    def draw(self, shape):
        return np.zeros(shape) + np.zeros(99)


def test_initializer():
    with pytest.raises(ContractError, match=r"Draw.draw returned another shape for 'dense_1.w'"):
        network(Dense(units=3, weights=Draw()))
    with pytest.raises(ContractError, match=r"Undrawn.draw failed for 'dense_1.w': ValueError"):
        network(Dense(units=3, weights=Undrawn()))


@pytest.mark.parametrize("value", [1j, np.nan, np.inf, "1", None, True])
def test_an_initializer_draws_finite_real_numbers(value):
    class Filled(Initializer):
        def draw(self, shape):
            return np.full(shape, value)

    with pytest.raises(ContractError, match=r"Filled.draw returned no real numbers for 'dense_1.w'"):
        network(Dense(units=3, weights=Filled()))


def keeping(name):
    """A method that keeps its first argument in an attribute, as networks from scratch do."""

    def method(self, x):
        setattr(self, name, x)
        return x

    return method


@pytest.mark.parametrize("name", ["x", "_x", "__x"])
@pytest.mark.parametrize("method", ["forward", "jacobian"])
def test_what_a_layer_would_keep_in_itself_goes_into_saved(method, name):
    layer = faulty(**{method: keeping(name)})
    error = refused(layer, SpecError, f"{method} failed: Broken.{name} cannot be set: the value is frozen")
    assert f"saved['{name}'] = ..." in error.hint
    assert "`state`" in error.hint


def test_a_field_is_not_set_in_a_method_either():
    class Counting(Faulty):
        kind = "faulty"
        count: int = 0

        def forward(self, x, p):
            self.count += 1
            return x * p["g"]

    error = refused(Counting(), SpecError, "Counting.count cannot be set")
    assert "Counting(count=..., ...)" in error.hint
    assert "`state`" in error.hint


def test_nothing_is_deleted_from_a_component():
    class Deleting(Faulty):
        kind = "faulty"
        gain: float = 1.0

        def forward(self, x, p):
            del self.gain
            return x

    refused(Deleting(), SpecError, "Deleting.gain cannot be deleted: the value is frozen")


def test_one_instance_in_two_places_cannot_mix_up_what_it_keeps():
    """Both nodes would have the second one's x, and the gradient would be wrong."""

    class Square(Activation):
        def forward(self, x):
            self._x = x
            return x**2

        def jacobian(self):
            return Diagonal(2 * self._x)

    square = Square()
    with pytest.raises(SpecError, match=r"Square\._x cannot be set"):
        Network([square, square], input_shape=(3,)).vjp(X, Y)


def test_what_a_cost_would_keep_in_itself_goes_into_saved():
    cost = type(
        "Broken", (QuadraticCost,), {"__module__": __name__, "forward": lambda self, a, y: keeping("d")(self, a)}
    )()
    with pytest.raises(BpframeError, match=r"forward failed: Broken\.d cannot be set") as caught:
        network(Faulty(), cost).gradient(X, Y)
    assert "saved['d'] = ..." in caught.value.hint


@pytest.mark.parametrize(("method", "argument"), [("update", "gradient"), ("minimize", "problem")])
def test_what_an_optimizer_would_keep_in_itself_goes_into_state(method, argument):
    space = {}
    exec(f"def {method}(self, {argument}):\n    self.velocity = {argument}", space)
    optimizer = type("Keeping", (Optimizer,), {"__module__": __name__, method: space[method]})()
    with pytest.raises(BpframeError, match=r"Keeping\.velocity cannot be set") as caught:
        network(Faulty()).fit(X, Y, optimizer=optimizer, epochs=1, progress=False)
    assert "`state`" in caught.value.hint
    assert "minimize has variables of its own" in caught.value.hint


def test_what_an_initializer_would_keep_in_itself_stays_in_its_method():
    class Keeping(Initializer):
        def draw(self, shape):
            self.z = 0
            return np.zeros(shape)

    with pytest.raises(BpframeError, match=r"Keeping\.z cannot be set") as caught:
        Network([Dense(units=2, weights=Keeping())], input_shape=(3,))
    assert "keep it in a variable of the method" in str(caught.value)
