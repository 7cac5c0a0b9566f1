"""Where inputs may lie: declared by the class or by the instance, checked, and kept to by the conformance kit."""

from __future__ import annotations

import numpy as np
import pytest

from bpframe.core.component import contract_of
from bpframe.core.component.domain import declared_domain
from bpframe.errors import ContractError
from bpframe.extend import Activation, Array, Cost, Diagonal, Field, Gather, Layer, Operator, Parameter, PositiveInt
from bpframe.testing import check_component
from bpframe.testing.intervals import Interval, domains_of


class Logarithm(Activation):
    """y = log x, for x > 0."""

    domain = (0, np.inf)

    def forward(self, x: Array) -> Array:
        if np.real(x).min(initial=1.0) <= 0:
            raise ValueError("outside")
        return np.log(x)

    def jacobian(self, x: Array) -> Operator:
        return Diagonal(1 / x)


class Table(Layer):
    """Rows of a table."""

    integer_inputs = ("tokens",)

    rows: PositiveInt = Field(description="How many rows there are.")

    def input_domain(self) -> dict[str, tuple[int, int]]:
        return {"tokens": (0, self.rows)}

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return (*shape, 2)

    def parameters(self) -> dict[str, Parameter]:
        return {"w": Parameter((self.rows, 2))}

    def forward(self, tokens: Array, p: dict[str, Array]) -> Array:
        return p["w"][tokens]

    def jacobian(self, tokens: Array) -> dict[str, Operator]:
        return {"w": Gather(tokens[..., None] * 2 + np.arange(2))}


class Ratio(Layer):
    """a / b, for b > 1."""

    domain = {"b": (1.0, np.inf)}  # noqa: RUF012

    def forward(self, a: Array, b: Array) -> Array:
        return a / b

    def jacobian(self, a: Array, b: Array) -> dict[str, Operator]:
        return {"a": Diagonal(1 / b), "b": Diagonal(-a / b**2)}


class Product(Layer):
    """The product of positive inputs."""

    domain = {"xs": (0, np.inf)}  # noqa: RUF012

    def forward(self, *xs: Array) -> Array:
        return np.exp(sum(np.log(x) for x in xs))

    def jacobian(self, *xs: Array, y: Array) -> list[Operator]:
        return [Diagonal(y / x) for x in xs]


class Logistic(Cost):
    """−y log a − (1 − y) log(1 − a), with a between 0 and 1, and y too."""

    domain = {"a": (0, 1), "y": (0, 1)}  # noqa: RUF012

    def forward(self, a: Array, y: Array) -> Array:
        return -np.sum(y * np.log(a) + (1 - y) * np.log(1 - a), axis=-1)

    def jacobian(self, a: Array, y: Array) -> Array:
        return (a - y) / (a * (1 - a))


@pytest.mark.parametrize(
    ("component", "shapes"),
    [
        (Logarithm(), [(3,)]),
        (Table(rows=5), [(4,)]),
        (Ratio(), [(3,), (3,)]),
        (Product(), [(3,), (3,)]),
        (Logistic(), [(3,)]),
    ],
    ids=lambda value: getattr(value, "kind", None),
)
def test_the_kit_keeps_to_it(component, shapes):
    report = check_component(component, shapes)
    assert report.ok, report.text()


def test_the_instance_goes_before_the_class():
    class Both(Ratio):
        """Both."""

        def input_domain(self) -> dict[str, tuple[float, float]]:
            return {"b": (2.0, 3.0)}

    assert declared_domain(Both(), ("a", "b")) == {"b": (2.0, 3.0)}
    assert declared_domain(Ratio(), ("a", "b")) == {"b": (1.0, np.inf)}


def test_integers_are_drawn_from_all_values_and_no_other():
    domain = domains_of(Table(rows=5), ("tokens",))["tokens"]
    assert set(domain.draw_integers(np.random.default_rng(0), (500,)).tolist()) == {0, 1, 2, 3, 4}
    assert set(Interval().draw_integers(np.random.default_rng(0), (50,)).tolist()) == {0, 1}
    assert set(Interval(low=7).draw_integers(np.random.default_rng(0), (50,)).tolist()) == {7, 8}


def test_a_pair_is_for_the_output_of_a_network_not_for_its_target():
    class Positive(Logistic):
        domain = (0, 1)

    assert declared_domain(Positive(), ("a", "y")) == {"a": (0.0, 1.0)}


@pytest.mark.parametrize(
    ("declared", "said"),
    [
        ({"c": (0, 1)}, "names 'c', which is no input"),
        ((1, 0), "is no interval"),
        ((1, 1), "is no interval"),
        ((float("nan"), 1), "is no interval"),
        ((0, 1, 2), "is no interval"),
        (("0", "1"), "is no interval"),
        ({"b": 3}, r"domain\['b'\] is no interval"),
        (5, "is no interval"),
    ],
)
def test_a_domain_that_is_none_is_found_with_the_class(declared, said):
    class Wrong(Ratio):
        domain = declared

    with pytest.raises(ContractError, match=said):
        contract_of(Wrong)


def test_a_misspelt_input_is_told_with_the_closest():
    class Wrong(Table):
        """Wrong."""

        def input_domain(self) -> dict[str, tuple[int, int]]:
            return {"token": (0, self.rows)}

    report = check_component(Wrong(rows=3), [(4,)])
    (failure,) = report.failed
    assert failure.check == "construction"
    assert "'token', which is no input" in failure.message
    assert "did you mean 'tokens'?" in failure.message


def test_a_misspelt_method_is_told():
    class Missing(Ratio):
        def input_domian(self) -> dict[str, tuple[float, float]]:
            return {}

    with pytest.raises(ContractError, match="input_domian is not a method of the contract"):
        contract_of(Missing)
