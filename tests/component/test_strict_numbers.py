"""A number is made from a number alone: not from a truth value, not from a text, wherever in a field it stands."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
import pytest
from bpframe_reference import GradientDescent, Sigmoid
from pydantic import Field, PositiveFloat, PositiveInt

from bpframe import extend
from bpframe.core.component import Block, Initializer, Layer, Parameter
from bpframe.documents import TrainingSpec, network_spec
from bpframe.errors import ContractError, SpecError
from bpframe.validation.model import Validated


class Fields(Initializer):
    """Has numbers of every sort."""

    whole: int = 0
    real: float = 0.0
    positive: PositiveInt = 1
    small: PositiveFloat = 1.0
    limited: Annotated[float, Field(ge=0, le=9)] = 1.0
    maybe: int | None = None
    either: int | float = 0
    listed: tuple[float, ...] = ()
    nested: tuple[tuple[int, float], ...] = ()
    table: dict[str, list[int]] = {}  # noqa: RUF012 (pydantic copies defaults)
    chosen: Literal[1, 2, "one"] = 1
    name_or_number: int | str = 0
    flag_or_number: bool | int = 0
    flag: bool = False
    maybe_flag: bool | None = None
    flags: tuple[bool, ...] = ()
    flag_or_text: bool | str = ""
    flag_or_word: Literal[True, False, "auto"] = "auto"

    def draw(self, shape: tuple[int, ...]) -> Any:
        return np.zeros(shape)


PLACES = {
    "whole": lambda value: value,
    "real": lambda value: value,
    "positive": lambda value: value,
    "small": lambda value: value,
    "limited": lambda value: value,
    "maybe": lambda value: value,
    "either": lambda value: value,
    "listed": lambda value: [1.5, value],
    "nested": lambda value: [(1, 2.0), (value, 2.0)],
    "table": lambda value: {"a": [1], "b": [2, value]},
}


@pytest.mark.parametrize("wrong", [True, False, "3", "3.0", b"3", np.True_, np.str_("3"), np.array(True)], ids=repr)
@pytest.mark.parametrize("field", PLACES)
def test_truth_values_and_texts_are_no_numbers(field, wrong):
    with pytest.raises(SpecError, match=rf"Fields\.{field}\S* cannot be "):
        Fields(**{field: PLACES[field](wrong)})


@pytest.mark.parametrize(
    "number", [3, 3.0, np.int8(3), np.uint64(3), np.float32(3), np.float64(3), np.array(3)], ids=repr
)
@pytest.mark.parametrize("field", PLACES)
def test_every_kind_of_number_is_one(field, number):
    assert getattr(Fields(**{field: PLACES[field](number)}), field) == getattr(
        Fields(**{field: PLACES[field](3)}), field
    )


def test_a_choice_between_types_takes_what_is_written():
    assert Fields(name_or_number="3").name_or_number == "3"
    assert type(Fields(name_or_number=3).name_or_number) is int
    assert type(Fields(either=2.0).either) is float
    assert type(Fields(either=2).either) is int
    assert Fields(flag_or_number=True).flag_or_number is True
    assert type(Fields(flag_or_number=1).flag_or_number) is int
    for field in ("name_or_number", "chosen"):
        with pytest.raises(SpecError, match=f"{field} cannot be True"):
            Fields(**{field: True})


FLAGS = {
    "flag": lambda value: value,
    "maybe_flag": lambda value: value,
    "flags": lambda value: [True, value],
    "flag_or_word": lambda value: value,
}


@pytest.mark.parametrize(
    "wrong",
    ["true", "no", "off", "1", 0, 1, 0.0, 1.0, b"1", np.int64(1), np.float64(0), np.str_("yes"), [], ()],
    ids=repr,
)
@pytest.mark.parametrize("field", FLAGS)
def test_numbers_and_words_are_no_truth_values(field, wrong):
    with pytest.raises(SpecError, match=rf"Fields\.{field}\S* cannot be "):
        Fields(**{field: FLAGS[field](wrong)})


@pytest.mark.parametrize("truth", [True, np.True_, np.array(True)], ids=repr)
@pytest.mark.parametrize("field", FLAGS)
def test_every_kind_of_truth_value_is_one(field, truth):
    assert getattr(Fields(**{field: FLAGS[field](truth)}), field) == getattr(
        Fields(**{field: FLAGS[field](True)}), field
    )


def test_a_text_stays_a_text_where_a_truth_value_may_stand_too():
    assert Fields(flag_or_text="true").flag_or_text == "true"
    assert Fields(flag_or_text=True).flag_or_text is True
    assert Fields(flag_or_word="auto").flag_or_word == "auto"


@pytest.mark.parametrize(
    ("given", "hint"),
    [
        ("true", "write true, without quotes"),
        ("No", "write false, without quotes"),
        (1, "write true"),
        (0.0, "write false"),
        (2, None),
        ("maybe", None),
    ],
)
def test_the_message_says_which_truth_value_to_write(given, hint):
    with pytest.raises(SpecError) as caught:
        Fields(flag=given)
    assert caught.value.expected == "true or false"
    assert caught.value.hint == hint


@pytest.mark.parametrize(
    ("given", "hint"),
    [
        ("3", "write 3, without quotes"),
        ("0x10", "write 16, without quotes"),
        ("1_000", "write 1000, without quotes"),
        ("007", "write 7, without quotes"),
        ("many", None),
        (True, None),
    ],
)
def test_the_message_says_what_to_write(given, hint):
    with pytest.raises(SpecError) as caught:
        Fields(positive=given)
    assert caught.value.expected == "an integer greater than 0"
    assert caught.value.hint == hint


def test_networks_and_trainings_from_python_are_as_strict():
    layer, optimizer = Sigmoid(), GradientDescent(learning_rate=0.1)
    with pytest.raises(SpecError, match=r"network\.seed cannot be True"):
        network_spec([layer], input_shape=(2,), seed=True)
    with pytest.raises(SpecError, match=r"network\.inputs\.x\[0\] cannot be True"):
        network_spec([layer], input_shape=(True,))
    for field in ("epochs", "batch_size", "seed"):
        for wrong in (True, "3"):
            with pytest.raises(SpecError, match=f"training.{field} cannot be"):
                TrainingSpec(optimizer=optimizer, **{field: wrong})


def test_a_parameter_does_not_start_at_a_truth_value():
    with pytest.raises(ContractError, match="neither a number nor an Initializer"):
        Parameter((2,), init=True)


class Signed(Initializer):
    """Has numbers with a sign, as authors import them."""

    positive: extend.PositiveFloat = 1.0
    at_least_0: extend.NonNegativeFloat = 0.0
    several: tuple[extend.PositiveFloat, ...] = ()
    either: extend.PositiveFloat | extend.Schedule = 1.0


@pytest.mark.parametrize("name", Signed.model_fields)
@pytest.mark.parametrize("given", [np.inf, np.nan, -1.0, np.float32(np.inf)])
def test_a_number_with_a_sign_is_finite(name: str, given: float) -> None:
    with pytest.raises(SpecError, match=rf"Signed.{name}.*(?s:.)*, finite"):
        Signed(**{name: [given] if name == "several" else given})
    assert getattr(Signed(**{name: [2.0] if name == "several" else 2.0}), name) in (2.0, (2.0,))


def test_the_schema_of_a_field_is_that_of_its_type():
    class Plain(Validated):
        count: PositiveInt = Field(3, description="How many.")
        parts: tuple[float, ...] = ()

    properties = Plain.model_json_schema()["properties"]
    assert properties["count"] == {
        "default": 3, "description": "How many.", "exclusiveMinimum": 0, "title": "Count", "type": "integer"
    }  # fmt: skip
    assert properties["parts"] == {"default": [], "items": {"type": "number"}, "title": "Parts", "type": "array"}


class Chain(Block):
    """Layers in a row, or numbers in their place, in lists and choices of every sort."""

    body: tuple[Layer, ...] = ()
    also: list[Layer] = []  # noqa: RUF012 (pydantic copies defaults)
    maybe: tuple[Layer, ...] | None = None
    either: float | Layer = 1.0
    eithers: tuple[float | Layer, ...] = ()
    table: dict[str, float | Layer] = {}  # noqa: RUF012

    def nodes(self) -> dict[str, Layer]:
        return {"end": Sigmoid()}


@pytest.mark.parametrize("name", ["body", "also", "maybe", "eithers"])
@pytest.mark.parametrize("given", [Sigmoid(), GradientDescent(learning_rate=1.0), {Sigmoid()}, frozenset({Sigmoid()})])
def test_a_list_is_made_neither_of_a_components_fields_nor_of_a_set(name: str, given: Any) -> None:
    with pytest.raises(SpecError, match=f"^Chain.{name} cannot be "):
        Chain(**{name: given})


def test_one_component_in_the_place_of_a_list_is_told_to_stand_in_one() -> None:
    with pytest.raises(SpecError) as caught:
        Chain(body=Sigmoid())
    assert (caught.value.expected, caught.value.hint) == ("a list", "write [Sigmoid()]")


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"either": GradientDescent(learning_rate=1.0)}, "Chain.either"),
        ({"eithers": [1.0, GradientDescent(learning_rate=1.0)]}, r"Chain.eithers\[1\]"),
        ({"table": {"a": GradientDescent(learning_rate=1.0)}}, "Chain.table.a"),
    ],
)
def test_a_component_of_another_category_in_a_choice_is_told_once_with_its_place(fields: Any, place: str) -> None:
    with pytest.raises(
        SpecError, match=f"^{place} cannot be GradientDescent.*\n  expected .*number, or an instance"
    ) as caught:
        Chain(**fields)
    assert not caught.value.rows
