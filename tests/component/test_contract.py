"""Every mistake that a component class can make is found when its contract is read, and named."""

from __future__ import annotations

import numpy as np
import pytest

from bpframe.categories import CATEGORIES, Optimizer
from bpframe.core.component import (
    Activation,
    Component,
    Cost,
    Initializer,
    Layer,
    Parameter,
    State,
    category,
    contract_of,
)
from bpframe.errors import ContractError


def refused(cls: type[Component]) -> ContractError:
    with pytest.raises(ContractError) as caught:
        contract_of(cls)
    return caught.value


class Plain(Layer):
    def forward(self, x):
        return x

    def jacobian(self, x):
        return np.eye(x.shape[-1])


def test_a_correct_class_tells_its_inputs_and_what_each_method_asks_for():
    class Affine(Layer):
        def parameters(self, features):
            return {"w": Parameter((3, features))}

        def forward(self, a, b, p, *, training):
            return a

        def jacobian(self, b, y, p):
            return {"a": p["w"], "b": p["w"], "w": y}

    contract = contract_of(Affine)
    assert contract.category == "layer"
    assert contract.inputs == ("a", "b")
    assert contract.variadic is None
    assert contract.methods["forward"].words == ("a", "b", "p", "training")
    assert contract.methods["jacobian"].words == ("b", "y", "p")
    assert "second_order" not in contract


def test_any_number_of_inputs_is_told_by_its_name():
    class Total(Layer):
        def forward(self, *terms):
            return sum(terms)

        def jacobian(self, *terms):
            return {"terms": terms}

    contract = contract_of(Total)
    assert contract.inputs is None
    assert contract.variadic == "terms"


@pytest.mark.parametrize("name", CATEGORIES)
def test_every_category_is_told_from_the_base_class(name):
    assert category(CATEGORIES[name]) == name


def test_a_class_outside_every_category_is_no_component():
    class Odd(Component):
        pass

    error = refused(Odd)
    assert "Odd is no component" in error.problem
    assert "Layer" in error.expected


@pytest.mark.parametrize(
    ("base", "missing"),
    [
        (Layer, "forward"),
        (Activation, "forward"),
        (Cost, "forward"),
        (Optimizer, "update and no minimize"),
        (Initializer, "draw"),
    ],
)
def test_a_missing_method_is_named(base, missing):
    cls = type("Empty", (base,), {"__module__": __name__})
    assert f"Empty has no {missing}" in refused(cls).problem


def test_a_layer_without_jacobian_is_told_what_to_declare():
    class Half(Layer):
        def forward(self, x):
            return x

    error = refused(Half)
    assert "no jacobian" in error.problem
    assert "jacobian" in error.hint


@pytest.mark.parametrize(
    ("misspelt", "meant"), [("jacobain", "jacobian"), ("output_shpae", "output_shape"), ("parameter", "parameters")]
)
def test_a_misspelt_method_names_the_close_match(misspelt, meant):
    cls = type("Slip", (Plain,), {"__module__": __name__, misspelt: lambda self, x: x})
    if meant == "jacobian":
        cls = type("Slip", (Layer,), {"__module__": __name__, "forward": Plain.forward, misspelt: lambda self, x: x})
    error = refused(cls)
    assert misspelt in error.problem
    assert f"'{meant}'" in error.hint


def test_a_method_of_the_authors_own_may_begin_with_an_underscore():
    class Own(Plain):
        def _output_shpae(self):
            return None

    contract_of(Own)


@pytest.mark.parametrize(("word", "meant"), [("sateted", "state"), ("trianing", "training"), ("savd", "saved")])
def test_a_word_of_jacobian_that_means_nothing_names_the_close_match(word, meant):
    namespace: dict = {}
    exec(f"def jacobian(self, x, {word}): return x", namespace)
    cls = type("Slip", (Plain,), {"__module__": __name__, "jacobian": namespace["jacobian"]})
    error = refused(cls)
    assert f"asks for '{word}'" in error.problem
    assert f"'{meant}'" in error.hint
    assert error.received == word


@pytest.mark.parametrize(("word", "meant"), [("params", "p"), ("is_training", "training"), ("generator", "rng")])
def test_a_word_of_forward_that_would_pass_for_an_input_is_caught(word, meant):
    namespace: dict = {}
    exec(f"def forward(self, x, {word}): return x", namespace)
    cls = type("Slip", (Plain,), {"__module__": __name__, "forward": namespace["forward"]})
    assert f"'{meant}'" in refused(cls).hint


def test_a_keyword_argument_of_forward_that_means_nothing_names_the_close_match():
    class Slip(Plain):
        def forward(self, x, *, traning):
            return x

    assert "'training'" in refused(Slip).hint


def test_forward_cannot_ask_for_its_own_output():
    class Slip(Plain):
        def forward(self, x, y):
            return x

    assert "what forward computes" in refused(Slip).problem


def test_an_input_has_no_default():
    class Slip(Plain):
        def forward(self, x, scale=2.0):
            return x

    error = refused(Slip)
    assert "'scale'" in error.problem
    assert "field" in error.hint


def test_keyword_options_are_refused():
    class Slip(Plain):
        def forward(self, x, **options):
            return x

    assert "**options" in refused(Slip).problem


def test_a_method_without_self_is_refused():
    class Slip(Plain):
        def forward():
            return 0

    assert "no self" in refused(Slip).problem


def test_a_static_method_is_refused():
    class Slip(Plain):
        @staticmethod
        def forward(x):
            return x

    assert "not a plain method" in refused(Slip).problem


def test_named_inputs_cannot_be_mixed_with_any_number():
    class Slip(Layer):
        def forward(self, x, *xs):
            return x

        def jacobian(self, *xs):
            return xs

    error = refused(Slip)
    assert "mixes named inputs with *xs" in error.problem


def test_a_layer_has_an_input():
    class Slip(Layer):
        def forward(self):
            return 0

        def jacobian(self):
            return 0

    assert "has no input" in refused(Slip).problem


@pytest.mark.parametrize("arguments", ["self, x, z", "self, *xs", "self"])
def test_an_activation_has_exactly_one_input(arguments):
    namespace: dict = {}
    exec(f"def forward({arguments}): return x\ndef jacobian(self, y): return y", namespace)
    cls = type(
        "Slip",
        (Activation,),
        {"__module__": __name__, "forward": namespace["forward"], "jacobian": namespace["jacobian"]},
    )
    assert "an activation has one input" in refused(cls).problem


def test_a_second_input_of_an_activation_that_is_a_misspelt_word_says_so():
    class Slip(Activation):
        def forward(self, x, saveed):
            return x

        def jacobian(self, x):
            return x

    assert "'saveed' for 'saved'" in refused(Slip).hint


def test_an_activation_has_no_parameters_to_ask_for():
    class Slip(Activation):
        def forward(self, x):
            return x

        def jacobian(self, x, p):
            return x

    assert "asks for 'p'" in refused(Slip).problem


@pytest.mark.parametrize("inputs", [("token",), "tokens"])
def test_integer_inputs_name_inputs_in_a_tuple(inputs):
    class Embedding(Layer):
        def forward(self, tokens):
            return tokens

        def jacobian(self, tokens):
            return {}

    cls = type("Embedding", (Embedding,), {"__module__": __name__, "integer_inputs": inputs})
    assert "integer_inputs" in refused(cls).problem


def test_integer_inputs_are_checked_for_any_number_of_inputs_too():
    class Slip(Layer):
        integer_inputs = ("tokens",)

        def forward(self, *xs):
            return xs

        def jacobian(self, *xs):
            return xs

    assert "'tokens'" in refused(Slip).problem


@pytest.mark.filterwarnings("ignore:Field name:UserWarning")  # pydantic's own remark on a field named kind
@pytest.mark.parametrize("field", ["kind", "name", "inputs", "share"])
def test_a_field_cannot_take_a_name_that_specs_use(field):
    cls = type(
        "Slip",
        (Plain,),
        {"__module__": __name__, "__annotations__": {field: str}},
    )
    assert f"field '{field}'" in refused(cls).problem


@pytest.mark.parametrize("kind", ["my.kind", "Dense layer", "", 3])
def test_a_kind_is_a_plain_name(kind):
    cls = type("Slip", (Plain,), {"__module__": __name__, "kind": kind})
    assert "kind" in refused(cls).problem


@pytest.mark.parametrize(
    ("method", "argument", "meant"),
    [("forward", "saveed", "saved"), ("jacobian", "oout", "out"), ("hessian", "ya", "y")],
)
def test_a_cost_asks_for_known_words_only(method, argument, meant):
    namespace: dict = {}
    exec(
        "def forward(self, a, y): return a\ndef jacobian(self, a, y): return a\n"
        f"def {method}(self, a, {argument}): return a",
        namespace,
    )
    cls = type(
        "Slip",
        (Cost,),
        {"__module__": __name__, **{k: v for k, v in namespace.items() if k in ("forward", "jacobian", "hessian")}},
    )
    error = refused(cls)
    assert f"{method} asks for '{argument}'" in error.problem
    assert f"'{meant}'" in error.hint


def test_an_optimizer_asks_for_known_words_only():
    class Slip(Optimizer):
        def update(self, gradients):
            return gradients

    assert "'gradient'" in refused(Slip).hint


def test_an_optimizer_has_one_way_of_moving_the_parameters():
    class Rule(Optimizer):
        def update(self, gradient):
            return -gradient

        def optimize(self):
            """Near to a method that a rule does not need."""

    class Method(Optimizer):
        def minimize(self, problem):
            problem.report(0.0)

        def updated(self):
            """Likewise."""

    class Both(Rule):
        def minimize(self, problem):
            problem.report(0.0)

    class Carrying(Method):
        def initial_state(self, parameters):
            return {}

    class British(Optimizer):
        def minimise(self, problem):
            problem.report(0.0)

    assert "update" in contract_of(Rule)
    assert "minimize" in contract_of(Method)
    assert "Both has both update and minimize" in refused(Both).problem
    assert "initial_state, which belongs to update" in refused(Carrying).problem
    assert "'minimize'" in refused(British).hint


def test_a_minimizer_asks_for_its_problem_only():
    class Slip(Optimizer):
        def minimize(self, problems):
            problems.report(0.0)

    assert "'problem'" in refused(Slip).hint


def test_an_initializer_asks_for_known_words_only():
    class Slip(Initializer):
        def draw(self, shape, fan_inn):
            return shape

    assert "'fan_in'" in refused(Slip).hint


class PlainActivation(Activation):
    def forward(self, x):
        return x

    def jacobian(self, x):
        return np.eye(x.shape[-1])


class PlainCost(Cost):
    def forward(self, a, y):
        return np.sum(a - y, axis=1)

    def jacobian(self, a):
        return np.ones_like(a)


ASKED = [
    *((Plain, name) for name in ("jacobian", "parameters", "output_shape", "initial_state", "second_order")),
    *((PlainActivation, name) for name in ("jacobian", "initial_state", "second_derivative", "second_order")),
    *((PlainCost, name) for name in ("forward", "jacobian", "hessian", "target_shape")),
    *((kind, "input_domain") for kind in (Plain, PlainActivation, PlainCost)),
    *((Optimizer, name) for name in ("update", "minimize")),
    (Initializer, "draw"),
]


@pytest.mark.parametrize(("kind", "method"), ASKED, ids=[f"{kind.__name__}.{method}" for kind, method in ASKED])
def test_no_method_asks_for_what_nobody_gives(kind, method):
    def asks(self, *, nobodys):
        return nobodys

    error = refused(type("Slip", (kind,), {method: asks}))
    assert f"Slip.{method}" in str(error)
    assert "'nobodys'" in str(error)


# ---- keys of jacobian


def test_a_key_of_jacobian_that_names_nothing_names_the_close_match():
    class Slip(Layer):
        def parameters(self, features):
            return {"weight": Parameter((features,))}

        def forward(self, a, p):
            return a

        def jacobian(self, a, p):
            return {"a": p["weight"], "wieght": a}

    error = refused(Slip)
    assert "'wieght'" in error.problem
    assert "'weight'" in error.hint


def test_a_key_that_is_added_later_is_seen():
    class Slip(Layer):
        def forward(self, a):
            return a

        def jacobian(self, a):
            declared = {"a": a}
            declared["b"] = a
            return declared

    assert "key 'b'" in refused(Slip).problem


def _helper(features):
    return {"w": Parameter((features,))}


class _WithParameters(Layer):
    def parameters(self, features):
        return {"w": Parameter((features,))}

    def forward(self, a, p):
        return a

    def jacobian(self, a, p):
        return {"a": a, "w": a}


def _computed(self, features):
    return {f"w{i}": Parameter((features,)) for i in range(2)}


def _keywords(self, features):
    return dict(w0=Parameter((features,)), w1=Parameter((features,)))  # noqa: C408 (this spelling is what is tested)


def _helped(self, features):
    return _helper(features)


def _extended(self, features):
    return {**_helper(features), "s": Parameter((features,))}


def _updated(self, features):
    declared = {"s": Parameter((features,))}
    declared.update(_helper(features))
    return declared


@pytest.mark.parametrize("parameters", [_computed, _keywords, _helped, _extended, _updated])
def test_keys_are_not_doubted_where_the_parameters_are_not_plain_to_see(parameters):
    def jacobian(self, a, p):
        return {"a": a, "w": a, "w0": a, "w1": a, "s": a}

    def jacobian_of_keywords(self, a, p):
        return {"a": a, "w0": a, "w1": a}

    declared = jacobian_of_keywords if parameters is _keywords else jacobian
    namespace = {"__module__": __name__, "parameters": parameters, "forward": _WithParameters.forward}
    contract_of(type("Computed", (Layer,), {**namespace, "jacobian": declared}))


def test_a_subclass_that_adds_a_parameter_keeps_those_of_its_base():
    class More(_WithParameters):
        def parameters(self, features):
            declared = super().parameters(features)
            declared["s"] = Parameter((features,))
            return declared

        def jacobian(self, a, p):
            return {"a": a, "w": a, "s": a}

    contract_of(More)


# ---- parameters and states


@pytest.mark.parametrize("shape", [3, (2, -1), (2.0,), "ab", (True,)])
@pytest.mark.parametrize("declared", [Parameter, State])
def test_a_shape_is_a_tuple_of_sizes(declared, shape):
    with pytest.raises(ContractError, match="is not a shape"):
        declared(shape)


def test_an_init_is_a_number_or_an_initializer():
    with pytest.raises(ContractError, match="neither a number nor an Initializer"):
        Parameter((2,), init="zeros")


def test_the_size_is_the_product_of_the_shape():
    assert Parameter((2, 3)).size == 6
    assert Parameter(()).size == 1


@pytest.mark.parametrize(
    ("name", "base", "kind"),
    [
        ("MaxPool", Layer, "max_pool"),
        ("Conv1D", Layer, "conv1_d"),
        ("QuadraticCost", Cost, "quadratic"),
        ("Cost2", Cost, "cost2"),
        ("HTTPLayer", Layer, "http_layer"),
        ("XavierInitializer", Initializer, "xavier"),
    ],
)
def test_a_kind_is_made_from_the_class_name(name, base, kind):
    assert type(name, (base,), {"__module__": __name__}).kind == kind
