"""Examples that nobody stated: instances from the types of fields, shapes that forward takes."""

from __future__ import annotations

import enum
from typing import Annotated, ClassVar, Literal

import numpy as np
import pytest
from bpframe_reference import Add, Dense, GradientDescent, QuadraticCost, ScaledNormal, Sigmoid
from pydantic import field_validator, model_validator

from bpframe.core.component import Component
from bpframe.errors import BpframeError, ContractError
from bpframe.extend import Activation, Array, Cost, Field, Initializer, Layer, Matrix, PositiveFloat, PositiveInt
from bpframe.testing.running.examples import guess_examples, guess_shapes, read_examples
from bpframe.testing.running.field_values import guess_instances


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


class Plain(Activation):
    def forward(self, x: Array) -> Array:
        return x

    def jacobian(self, x: Array) -> Array:
        return np.eye(x.shape[-1])


class Many(Plain):
    count: int
    size: PositiveInt
    even: Annotated[int, Field(multiple_of=2, gt=10)]
    ratio: float
    share: float = Field(gt=0.2, lt=0.3)
    far: float = Field(ge=50)
    flag: bool
    mode: Literal["same", "valid"]
    colour: Colour
    pair: tuple[int, float]
    sizes: tuple[PositiveInt, ...]
    maybe: PositiveInt | None
    start: Initializer
    inner: Activation
    text: str


def test_required_fields_get_values_of_their_types() -> None:
    made = guess_instances(Many)[0]
    assert isinstance(made, Many)
    assert (made.count, made.size, made.ratio, made.flag, made.mode) == (2, 2, 0.7, True, "same")
    assert made.even > 10
    assert made.even % 2 == 0
    assert 0.2 < made.share < 0.3
    assert made.far >= 50
    assert made.colour is Colour.RED
    assert (made.pair, made.sizes, made.maybe) == ((2, 0.7), (2, 3), 2)
    assert isinstance(made.start, Initializer)
    assert isinstance(made.inner, Activation)


def test_an_initializer_needs_no_plugin_set(monkeypatch: pytest.MonkeyPatch) -> None:
    class Started(Plain):
        start: Initializer

    monkeypatch.setattr("bpframe.testing.running.field_values.default_registry", None)
    monkeypatch.setattr(Started, "__module__", "nowhere")
    made = guess_instances(Started)[0]
    assert isinstance(made, Started)
    assert made.start.draw((4, 3), rng=np.random.default_rng(0)).shape == (4, 3)  # type: ignore[attr-defined]


class Switched(Plain):
    slope: PositiveFloat = 1.0
    offset: float = 0.0
    gain: float = 2.5
    bias: bool = True
    padding: Literal["same", "valid", "full"] = "same"


def test_variants_leave_the_values_at_which_mistakes_hide() -> None:
    first, generic, *others = guess_instances(Switched)
    assert first == Switched()
    assert generic == Switched(slope=0.7, offset=0.7)  # 2.5 hides nothing
    assert others == [Switched(bias=False), Switched(padding="valid"), Switched(padding="full")]


class Ordered(Plain):
    low: int
    high: int

    @model_validator(mode="after")
    def _ordered(self) -> Ordered:
        if self.low >= self.high:
            raise ValueError("low must be below high")
        return self


def test_validators_over_several_fields_are_met() -> None:
    made = guess_instances(Ordered)[0]
    assert isinstance(made, Ordered)
    assert made.low < made.high


class Hopeless(Plain):
    code: str

    @field_validator("code")
    @classmethod
    def _known(cls, code: str) -> str:
        if code != "xyzzy":
            raise ValueError("say the word")
        return code


def test_a_class_without_acceptable_values_is_named_with_the_reason() -> None:
    with pytest.raises(BpframeError, match="Hopeless takes no values that were tried") as caught:
        guess_instances(Hopeless)
    assert "say the word" in str(caught.value)


@pytest.mark.parametrize(
    ("component", "shapes"),
    [
        (Sigmoid(), ((4,),)),
        (Dense(units=2), ((4,),)),
        (Add(), ((4,), (4,))),
        (QuadraticCost(), ((4,),)),
        (ScaledNormal(), ((4, 3),)),
        (GradientDescent(learning_rate=0.1), ()),
    ],
)
def test_shapes_follow_the_number_of_inputs(component: Component, shapes: tuple[tuple[int, ...], ...]) -> None:
    assert guess_shapes(component) == shapes


class Images(Layer):
    """Takes three axes of features, the last two of at least 5."""

    seen: ClassVar[list[tuple[int, ...]]] = []

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        channels, height, width = shape
        return (channels, height - 4, width - 4)

    def forward(self, x: Array) -> Array:
        return x[..., 2:-2, 2:-2]

    def jacobian(self, x: Array) -> Matrix:
        raise NotImplementedError


class Bilinear(Layer):
    """Takes inputs whose last axes differ: a (4,) and b (3,)."""

    def output_shape(self, shapes: tuple[tuple[int, ...], ...]) -> tuple[int, ...]:
        a, b = shapes
        if a == b:
            raise ContractError("for inputs of different sizes")
        return (*a, *b)

    def forward(self, a: Array, b: Array) -> Array:
        return a[:, :, None] * b[:, None]

    def jacobian(self, a: Array, b: Array) -> dict[str, Array]:
        raise NotImplementedError


class Fails(Plain):
    """Takes any shape, and always fails: the shape that could be built is kept, for the kit to tell the failure."""

    def forward(self, x: Array) -> Array:
        raise RuntimeError("always")


def test_shapes_are_tried_until_forward_takes_them() -> None:
    assert guess_shapes(Images()) == ((2, 6, 6),)
    assert guess_shapes(Bilinear()) == ((4,), (3,))
    assert guess_shapes(Fails()) == ((4,),)


def test_what_is_guessed_is_said() -> None:
    (first, second) = guess_examples(Dense)
    assert first.notes == ("no example is stated: units=2 and shape (4,) guessed",)
    assert second.notes == ("no example is stated: units=2, bias=False and shape (4,) guessed",)
    assert guess_examples(QuadraticCost)[0].notes == ("no example is stated: shape (4,) guessed",)


class Coded(Plain):
    codes: tuple[Annotated[str, Field(pattern="^[0-9]{8}$")], ...]


def test_a_collection_of_what_nobody_can_guess_is_left_empty() -> None:
    assert guess_instances(Coded)[0].codes == ()  # type: ignore[attr-defined]


def test_stated_examples_are_read_in_every_form() -> None:
    stated = [(Sigmoid(), [(4,)]), (Sigmoid(), (2, 3)), Sigmoid(), (Add(), ((3,), (3,))), Sigmoid()]
    found = list(read_examples(stated, "EXAMPLES"))
    assert [each.shapes for each in found] == [((4,),), ((2, 3),), ((4,),), ((3,), (3,)), ((4,),)]
    assert [each.notes for each in found] == [(), (), ("shape (4,) guessed",), (), ("shape (4,) guessed",)]


@pytest.mark.parametrize("stated", [Sigmoid(), "text", None, [Sigmoid], [(Sigmoid(), 4)], [(Sigmoid(), [(-1,)])], [3]])
def test_what_is_no_example_is_named(stated: object) -> None:
    with pytest.raises(ContractError, match="EXAMPLES"):
        list(read_examples(stated, "EXAMPLES"))  # type: ignore[arg-type]


def test_a_cost_that_wants_an_axis_gets_one() -> None:
    class Pairs(Cost):
        """A cost of pairs."""

        def forward(self, a: Array, y: Array) -> Array:
            if a.ndim != 3:
                raise ValueError("pairs")
            return np.sum((a - y) ** 2, axis=(1, 2))

        def jacobian(self, a: Array, y: Array) -> Array:
            return 2 * (a - y)

    assert guess_shapes(Pairs()) == ((3, 4),)
