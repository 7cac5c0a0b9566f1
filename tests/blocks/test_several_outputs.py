"""Nodes of several outputs: read by name, right in every derivative, and refused where they do not fit."""

from __future__ import annotations

import copy
import pickle
import warnings
from typing import ClassVar

import numpy as np
import pytest
from bpframe_reference import Add, Dense, GradientDescent, QuadraticCost, Sigmoid

import bpframe as bp
from bpframe.core.backprop.called_pass import CalledPass
from bpframe.core.component import contract_of
from bpframe.documents import RunSpec, parse_spec, spec_document
from bpframe.documents.text import dump_text
from bpframe.errors import ContractError, DanglingInput, DuplicateNode, GraphError
from bpframe.extend import Block, Diagonal, IdentityMap, Layer, Parameter, State
from bpframe.plugins import Registry, default_registry
from bpframe.plugins.registry import PluginSet, Provider
from bpframe.testing import check_component
from tests.components.several_outputs import LSTMCell, Split, SquareAndProduct

node = bp.node
RNG = np.random.default_rng(0)

CASES = {
    "split": (Split(at=2), [(5,)]),
    "products": (SquareAndProduct(), [(3,), (3,)]),
    "products of matrices": (SquareAndProduct(), [(2, 3), (2, 3)]),
    "lstm": (LSTMCell(units=3), [(2,), (3,), (3,)]),
}


@pytest.mark.parametrize("name", CASES)
def test_the_kit_finds_nothing_wrong_and_skips_nothing(name) -> None:
    report = check_component(*CASES[name])
    assert report.ok, str(report)
    assert all(outcome.status == "passed" for outcome in report.outcomes)


def unrolled(dtype="float64"):
    """Two steps of one cell, and a layer on the last state; costs on it and on the cell."""
    return bp.Network(
        inputs={"x": (2,), "h": (3,), "c": (3,)},
        nodes={
            "one": node(LSTMCell(units=3), "x", "h", "c"),
            "two": node(LSTMCell(units=3), "x", "one", "one.c", share="one"),
            "out": node(Dense(units=2), "two"),
        },
        output=["out", "two.c"],
        cost={"out": QuadraticCost(), "two.c": QuadraticCost()},
        dtype=dtype,
        seed=1,
    )


def samples(net, count=5):
    x = {name: RNG.normal(size=(count, *shape)).astype(net.dtype) for name, shape in net.graph.inputs.items()}
    y = {name: RNG.normal(size=(count, *net.graph.shapes[name])).astype(net.dtype) for name in net.graph.outputs}
    return x, y


def by_hand(theta, x):
    """The network of `unrolled`, in NumPy."""

    def sigmoid(z):
        return 1 / (1 + np.exp(-z))

    h, c = x["h"], x["c"]
    for _ in range(2):
        z = x["x"] @ theta["one.w"].T + h @ theta["one.r"].T + theta["one.k"]
        i, f, o, g = z[:, :3], z[:, 3:6], z[:, 6:9], z[:, 9:]
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
    return {"out": h @ theta["out.w"].T + theta["out.b"], "two.c": c}


def test_values_and_jacobians_are_those_of_the_equations() -> None:
    net = unrolled()
    x, _ = samples(net)
    theta = dict(net.parameters)
    expected = by_hand(theta, x)
    found, jacobian = net.predict(x), net.jacobian(x, wrt=["x", "h", "c", *theta])
    for output, value in expected.items():
        assert np.allclose(found[output], value, rtol=1e-13)
        for name in ("x", "h", "c"):
            for place in np.ndindex(x[name].shape[1:]):
                moved = x[name].astype(complex)
                moved[(slice(None), *place)] += 1e-30j
                column = by_hand(theta, {**x, name: moved})[output].imag / 1e-30
                assert np.allclose(jacobian[output][name][(..., *place)], column, rtol=1e-10, atol=1e-14)
        for path, array in theta.items():
            for place in np.ndindex(array.shape):
                moved = array.astype(complex)
                moved[place] += 1e-30j
                column = np.imag(by_hand({**theta, path: moved}, x)[output]) / 1e-30
                assert np.allclose(jacobian[output][path][(..., *place)], column, rtol=1e-10, atol=1e-14)
    for order in ("reverse", "forward"):
        other = net.jacobian(x, wrt="x", order=order)
        assert all(np.allclose(other[each], jacobian[each]["x"], rtol=1e-12, atol=1e-15) for each in expected)
    sparse, factored = (net.jacobian(x, wrt="x", form=form)["two.c"] for form in ("sparse", "factored"))
    dense = jacobian["two.c"]["x"]
    assert np.allclose(sparse.toarray()[3:6, 2:4], dense[1])
    assert np.allclose(factored.jvp(x["x"]), np.einsum("nij,nj->ni", dense, x["x"]))


@pytest.mark.parametrize("training", [False, True])
def test_gradients_pass_the_check_by_complex_step(training) -> None:
    net = unrolled()
    net.check_gradients(*samples(net), per_parameter=None, training=training).raise_if_failed()


def test_products_with_the_hessian_are_those_of_the_equations() -> None:
    net = bp.Network(
        inputs={"a": (3,), "b": (3,)}, nodes={"f": node(SquareAndProduct(), "a", "b")},
        output=["f.square", "f.product"], cost={"f.square": QuadraticCost(), "f.product": QuadraticCost()},
    )  # fmt: skip
    x, y = samples(net)
    v = {name: RNG.normal(size=array.shape) for name, array in x.items()}
    (a, b), (da, db), (s, t) = x.values(), v.values(), y.values()
    found = net.hvp(x, y, v, wrt="inputs")
    count = len(a)
    assert np.allclose(found["a"] * count, (6 * a * a - 2 * s) * da + b * (b * da + a * db) + (a * b - t) * db)
    assert np.allclose(found["b"] * count, a * (b * da + a * db) + (a * b - t) * da)
    ggn = net.ggn_vp(x, y, v, wrt="inputs")
    assert np.allclose(ggn["a"] * count, 4 * a * a * da + b * (b * da + a * db))


def test_per_example_gradients_and_kronecker_factors_agree_with_each_example_alone() -> None:
    net = unrolled()
    x, y = samples(net)
    each = net.per_example.gradients(x, y)
    for n in range(5):
        alone = net.gradient({k: v[[n]] for k, v in x.items()}, {k: v[[n]] for k, v in y.items()})
        assert all(np.allclose(each[path][n], alone[path], rtol=1e-12, atol=1e-15) for path in alone)
    blocks, factors = net.curvature.gauss_newton_blocks(x, y), net.curvature.kfac(x, y)
    assert np.allclose(factors.block("out.b"), blocks["out.b"])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_repeated_steps_give_the_bytes_of_called_ones(dtype) -> None:
    repeated, called = unrolled(dtype), unrolled(dtype)
    called._engine.make_pass = CalledPass
    x, y = samples(repeated, 20)
    for net in (repeated, called):
        net.fit(x, y, optimizer=GradientDescent(learning_rate=0.1), epochs=5, batch_size=5, seed=0)
    assert repeated.parameters.vector.tobytes() == called.parameters.vector.tobytes()
    assert not repeated.step_plan(5).direct


def test_the_bare_name_reads_the_first_output() -> None:
    net = bp.Network([Split(at=2), Sigmoid()], input_shape=(5,), output=["sigmoid_1", "split_1.right"])
    x = RNG.normal(size=(4, 5))
    found = net.predict(x)
    assert (found["split_1.right"] == x[:, 2:]).all()
    assert net.graph.by_name["sigmoid_1"].sources == ("split_1.left",)
    both = bp.Network(nodes={"s": node(Split(at=2), "x")}, inputs={"x": (4,)}, output=["s", "s.right"])
    x = RNG.normal(size=(4, 4))
    assert (both.predict(x)["s"] == x[:, :2]).all()
    assert (both.trace(x)["s"] == x[:, :2]).all()
    assert both.jacobian(x, of="s").shape == (4, 2, 4)


def test_it_need_not_be_read_in_whole() -> None:
    net = bp.Network(nodes={"s": node(Split(at=2), "x"), "d": node(Dense(units=1), "s.right")}, inputs={"x": (5,)},
                     cost=QuadraticCost())  # fmt: skip
    x, y = RNG.normal(size=(4, 5)), RNG.normal(size=(4, 1))
    assert net.graph.outputs == ("d",)
    net.check_gradients(x, y).raise_if_failed()
    assert (net.errors(x, y)["s.left"] == 0).all()


def test_axes_may_be_open() -> None:
    net = bp.Network(
        inputs={"a": (None, 3), "b": (None, 3)},
        nodes={"f": node(SquareAndProduct(), "a", "b"), "d": node(Dense(units=2), "f.product")},
        output=["d", "f.square"], cost={"d": QuadraticCost()},
    )  # fmt: skip
    for length in (2, 4):
        x = {name: RNG.normal(size=(3, length, 3)) for name in "ab"}
        assert (net.predict(x)["f.square"] == x["a"] ** 2).all()
        assert net.check_gradients(x, {"d": RNG.normal(size=(3, length, 2))})
    assert "square (N, ?, 3)" in str(net.summary())


class TwoSteps(Block):
    """Two steps of one cell inside a block."""

    inputs: ClassVar[tuple[str, ...]] = ("x", "h", "c")

    def nodes(self):
        return {
            "one": node(LSTMCell(units=3), "x", "h", "c"),
            "two": node(LSTMCell(units=3), "x", "one", "one.c", share="one"),
            "sum": node(Add(), "two.c", "two"),
        }


def test_they_stand_in_blocks() -> None:
    net = bp.Network(
        inputs={"x": (2,), "h": (3,), "c": (3,)}, nodes={"b": node(TwoSteps(), "x", "h", "c")}, cost=QuadraticCost()
    )
    assert list(net.parameters) == ["b.one.w", "b.one.r", "b.one.k"]
    x = {name: RNG.normal(size=(4, *shape)) for name, shape in net.graph.inputs.items()}
    net.check_gradients(x, RNG.normal(size=(4, 3))).raise_if_failed()
    assert check_component(TwoSteps(), [(2,), (3,), (3,)], only=["nodes", "inside", "gradient", "per_example"]).ok


@pytest.mark.parametrize("suffix", [".yaml", ".json", ".toml"])
def test_specs_name_outputs_and_are_read_back(suffix) -> None:
    registry = Registry.build([*default_registry().sets, PluginSet(Provider("mine"), (LSTMCell, Split))])
    net = unrolled()
    from tests.components.initializer import UniformInitializer

    registry = registry.with_components("more", [UniformInitializer])
    spec = RunSpec(network=net.spec)
    text = dump_text(spec_document(spec, registry), suffix)
    assert "one.c" in text
    assert "two.c" in text
    assert parse_spec(text, registry, suffix=suffix) == spec


def test_saves_copies_and_pickles_predict_the_same(tmp_path) -> None:
    from tests.components.initializer import UniformInitializer

    net = unrolled()
    x, _ = samples(net)
    with warnings.catch_warnings(action="ignore"):
        net.save(tmp_path / "run")
    loaded = bp.load(tmp_path / "run", components=[LSTMCell, UniformInitializer])
    for other in (loaded, copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert all((other.predict(x)[name] == array).all() for name, array in net.predict(x).items())


def test_reports_show_one_node_with_its_outputs() -> None:
    net = unrolled()
    for unfold in (False, True):
        rows = net.summary(unfold=unfold).rows
        assert [row.node for row in rows] == ["one", "two", "out"]
        assert rows[1].reads == ("x", "one.h", "one.c")
        assert dict(rows[0].outputs) == {"h": (3,), "c": (3,)}
        assert net.to_mermaid(unfold=unfold).count("one<br/>") == 1
    assert "h (N, 3), c (N, 3)" in str(net.summary())
    assert net.draw() is not None


class Whole(Split):
    """A split whose Jacobian is one operator to both outputs in a row: x itself."""

    def jacobian(self):
        return IdentityMap()


def test_one_operator_may_stand_for_all_outputs_in_a_row() -> None:
    assert check_component(Whole(at=2), [(5,)]).ok
    net = bp.Network(nodes={"s": node(Whole(at=2), "x")}, inputs={"x": (5,)}, output=["s.left", "s.right"])
    x, u = RNG.normal(size=(2, 4, 5))
    assert (net.vjp(x, {"s.left": u[:, :2], "s.right": u[:, 2:]}) == u).all()


def test_a_field_of_that_name_is_a_field() -> None:
    with pytest.warns(UserWarning, match='"outputs" in .* shadows an attribute'):

        class Fielded(Layer):
            """A layer of one output."""

            outputs: int = 2

            def forward(self, x):
                return self.outputs * x

            def jacobian(self, x):
                return Diagonal(np.full_like(x, self.outputs))

    net = bp.Network([Fielded(outputs=3), Sigmoid()], input_shape=(2,))
    assert (net.trace(np.ones((1, 2)))["fielded_1"] == 3).all()
    assert net.graph.by_name["fielded_1"].outputs == {}


class Plain(Split):
    """Names without an annotation, which the base class has."""

    outputs = ("first", "second")


def test_names_need_no_annotation() -> None:
    net = bp.Network(nodes={"s": node(Plain(at=2), "x")}, inputs={"x": (5,)}, output=["s.first", "s.second"])
    assert net.graph.outputs == ("s.first", "s.second")


class Counter(Layer):
    """Two outputs and a state."""

    outputs: ClassVar[tuple[str, ...]] = ("a", "b")

    def output_shape(self, shape):
        return shape, shape

    def initial_state(self):
        return {"steps": State((), init=0.0)}

    def forward(self, x, state):
        return (x, 2 * x), {"steps": state["steps"] + 1}

    def jacobian(self, x):
        return Diagonal(np.ones_like(x)), Diagonal(np.full_like(x, 2))


def test_state_comes_beside_the_outputs() -> None:
    net = bp.Network(
        nodes={"n": node(Counter(), "x"), "d": node(Dense(units=2), "n.b")}, inputs={"x": (2,)}, cost=QuadraticCost()
    )
    x, y = RNG.normal(size=(2, 20, 2))
    net.fit(x, y, optimizer=GradientDescent(learning_rate=0.01), epochs=2, batch_size=5)
    assert net.state["n"]["steps"] == 8


def wrong(forward=None, jacobian=None, output_shape=None):
    class Wrong(Layer):
        """Returns what a test wants."""

        outputs: ClassVar[tuple[str, ...]] = ("a", "b")

        def output_shape(self, shape):
            return (shape, shape) if output_shape is None else output_shape

        def forward(self, x):
            return (x, x) if forward is None else forward(x)

        def jacobian(self, x):
            return (Diagonal(np.ones_like(x)), None) if jacobian is None else jacobian(x)

    return bp.Network(nodes={"w": node(Wrong(), "x")}, inputs={"x": (3,)}, output=["w.a", "w.b"])


WRONG = {
    "one array": ({"forward": lambda x: x}, "forward has to return a tuple with each output"),
    "three arrays": ({"forward": lambda x: (x, x, x)}, "forward has to return a tuple with each output"),
    "another shape": ({"forward": lambda x: (x, x[:, :1])}, "a tuple with each output, in its shape"),
    "another dtype": ({"forward": lambda x: (x, x.astype("float32"))}, "all of one dtype"),
    "integers": ({"forward": lambda x: (x.astype(int), x)}, "all of one dtype"),
    "a list": ({"forward": lambda x: (x.tolist(), x)}, "all of one dtype"),
    "fewer examples": ({"forward": lambda x: (x[:1], x)}, "a tuple with each output, in its shape"),
    "one shape": ({"output_shape": (3,)}, "output_shape has to return a shape for each output"),
    "no shape": ({"output_shape": (3, "b")}, "output_shape"),
    "one operator too many": ({"jacobian": lambda x: (None, None, None)}, "has to say something of each output"),
    "an operator that does not fit": (
        {"jacobian": lambda x: (Diagonal(np.ones((len(x), 2))), None)}, r"jacobian\['x'\] does not fit",
    ),
    "an array without examples": ({"jacobian": lambda x: (np.eye(3), None)}, "has an axis for the examples"),
    "a number": ({"jacobian": lambda x: (1.0, None)}, "has an axis for the examples"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_what_does_not_fit_the_outputs_is_told(case) -> None:
    fields, message = WRONG[case]
    x = RNG.normal(size=(3, 3))
    with pytest.raises(ContractError, match=message):
        wrong(**fields).vjp(x, {"w.a": x})


def test_names_that_do_not_exist_or_clash_are_refused() -> None:
    with pytest.raises(DanglingInput, match=r"reads from 's.rigth', which does not exist(.|\n)*did you mean 's.right'"):
        bp.Network(nodes={"s": node(Split(at=2), "x"), "d": node(Sigmoid(), "s.rigth")}, inputs={"x": (5,)})
    with pytest.raises(GraphError, match="an output is named twice"):
        bp.Network(nodes={"s": node(Split(at=2), "x")}, inputs={"x": (5,)}, output=["s", "s.left"])
    with pytest.raises(DuplicateNode, match=r"the name 's.left' is taken"):
        bp.Network(nodes={"s": node(Split(at=2), "x"), "s.left": node(Sigmoid(), "s.right")}, inputs={"x": (5,)},
                   output=["s", "s.left"])  # fmt: skip

    class Named(Split):
        """A parameter of an output's name."""

        def parameters(self):
            return {"left": Parameter((2,), init=0.0)}

    with pytest.raises(DuplicateNode, match=r"'s.left' has the name of a parameter"):
        bp.Network(nodes={"s": node(Named(at=2), "x")}, inputs={"x": (5,)}, output=["s", "s.right"])


def refused(**namespace):
    return type("Odd", (Layer,), {"__doc__": "Odd.", "__module__": __name__, "__annotations__": {}, **namespace})


def test_a_class_whose_outputs_cannot_be_is_refused_when_it_is_read() -> None:
    whole = {
        "output_shape": lambda self, shape: (shape, shape), "forward": lambda self, x: (x, x),
        "jacobian": lambda self, x: (None, None),
    }  # fmt: skip
    for namespace, message in (
        ({**whole, "outputs": ("a",)}, "outputs is no tuple of two names or more"),
        ({**whole, "outputs": ("a", "a")}, "outputs names one twice"),
        ({**whole, "outputs": ("a", "b.c")}, "outputs is no tuple of two names or more"),
        ({**whole, "outputs": ("a", "b"), "forward": lambda self, x, out: (x, x)}, "forward asks for 'out'"),
        ({**whole, "outputs": ("a", "b"), "jacobian": None, "draft": True}, "but no jacobian"),
        ({"outputs": ("a", "b"), "forward": whole["forward"], "jacobian": whole["jacobian"]}, "but no output_shape"),
    ):
        namespace = {key: value for key, value in namespace.items() if value is not None}
        with pytest.raises(ContractError, match=message):
            contract_of(refused(**namespace))
