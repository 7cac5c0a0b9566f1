"""A wrong field of a component is a SpecError that says where, what was expected and what arrived."""

from __future__ import annotations

import math
import pickle
from typing import Annotated, Literal

import pytest
from pydantic import Field, FiniteFloat, PositiveFloat, PositiveInt, field_validator, model_validator

from bpframe.core.component import Activation, Initializer, Layer
from bpframe.errors import SpecError
from bpframe.validation.in_words import expected_of


class Normal(Initializer):
    deviation: PositiveFloat = 1.0


class Dense(Layer):
    units: PositiveInt
    bias: bool = True
    mode: Literal["same", "valid"] = "same"
    padding: tuple[PositiveInt, ...] = ()
    weights: Initializer = Normal()

    @field_validator("units")
    @classmethod
    def _even(cls, value: int) -> int:
        if value % 2:
            raise ValueError("the number of units must be even")
        return value


def refused(**fields: object) -> SpecError:
    with pytest.raises(SpecError) as caught:
        Dense(**fields)
    return caught.value


def test_a_wrong_value_is_told_with_what_the_field_wants():
    error = refused(units=-1)
    assert error.problem == "Dense.units cannot be -1"
    assert error.expected == "an integer greater than 0"
    assert error.received == "-1"


def test_an_unknown_field_names_the_close_match():
    error = refused(unit=4)
    assert error.problem == "Dense.unit is not a field of Dense"
    assert error.hint == "did you mean 'units'?"
    assert error.expected == "any of units, bias, mode, padding, weights"


def test_every_mistake_is_told():
    error = refused(units="many", mode="full", padding=[1, 0])
    text = str(error)
    assert "Dense.units cannot be 'many'" in text
    assert "Dense.mode cannot be 'full' (expected any of 'same', 'valid')" in text
    assert "Dense.padding[1] cannot be 0" in text


def test_a_missing_field_is_told_with_what_it_wants():
    error = refused()
    assert error.problem == "Dense.units is missing"
    assert error.expected == "an integer greater than 0"


def test_an_authors_own_validator_keeps_its_words():
    assert refused(units=3).problem == "Dense.units cannot be 3: the number of units must be even"


def test_a_validator_of_the_whole_component_is_told_at_its_place():
    class Picky(Activation):
        low: float = 0.0
        high: float = 1.0

        @model_validator(mode="after")
        def _ordered(self):
            if self.low > self.high:
                raise ValueError("low is above high")
            return self

    with pytest.raises(SpecError, match=r"Picky cannot be .*: low is above high"):
        Picky(low=2.0)


def test_positional_values_are_refused_with_the_names():
    with pytest.raises(SpecError, match="takes its fields by name") as caught:
        Dense(4)
    assert "units=" in caught.value.expected


def test_a_nested_component_is_an_instance():
    layer = Dense(units=2, weights=Normal(deviation=3))
    assert layer.weights == Normal(deviation=3)
    error = refused(units=2, weights=3)
    assert error.problem == "Dense.weights cannot be 3"


def test_components_are_frozen_hashable_and_picklable():
    layer = Dense(units=2)
    with pytest.raises(SpecError, match="frozen"):
        layer.units = 3
    assert hash(layer) == hash(Dense(units=2))
    assert pickle.loads(pickle.dumps(layer)) == layer


def test_a_value_whose_repr_fails_is_still_told():
    class Rude:
        def __repr__(self):
            raise RuntimeError("no")

    assert "Dense.units cannot be <Rude" in refused(units=Rude()).problem


def test_a_long_value_is_shortened():
    assert len(refused(units="x" * 10_000).received) < 100


@pytest.mark.parametrize(
    ("annotation", "words"),
    [
        (int, "an integer"),
        (PositiveFloat, "a number greater than 0"),
        (Annotated[int, Field(ge=1, le=3)], "an integer of at least 1 and of at most 3"),
        (FiniteFloat, "a number, finite"),
        (int | None, "an integer"),
        (int | str, "an integer or text"),
        (Literal["a"], "'a'"),
        (tuple[PositiveInt, ...], "a list of integers greater than 0"),
        (tuple[int, int], "a list of 2 integers"),
        (dict[str, list[int]], "a mapping from text to a list of integers"),
        (object, None),
        (list[object], None),
    ],
)
def test_what_a_field_wants_is_said_in_words(annotation, words):
    assert expected_of(annotation) == words


def test_not_a_number_is_no_positive_number():
    with pytest.raises(SpecError):
        Normal(deviation=math.nan)
