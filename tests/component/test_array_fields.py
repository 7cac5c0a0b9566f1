"""A field that holds an array: a copy that nobody can write, equal by value, and the same after every round trip."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Annotated, Any

import numpy as np
import pytest
import yaml
from bpframe_reference import Identity
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of
from jsonschema import Draft202012Validator
from numpy.typing import ArrayLike, NDArray
from pydantic import Field, PositiveInt, field_validator

from bpframe.documents import RunSpec, json_schema, read_spec, write_spec
from bpframe.documents.reading import parse_spec
from bpframe.documents.written_out import network_spec
from bpframe.errors import ContractError, SpecError
from bpframe.extend import Array, Component, Layer
from bpframe.plugins import default_registry
from bpframe.plugins.registry import PluginSet, Provider, Registry
from bpframe.replay.understanding.allowed import unchanging
from tests.components.mixing import Mix


class Several(Identity):
    perhaps: np.ndarray | None = None
    taps: tuple[np.ndarray, ...] = ()
    plain: Array = np.eye(2)
    single: NDArray[np.float32] = np.ones(2)
    small: NDArray[np.int8] | None = None
    named: dict[str, np.ndarray] = Field(default_factory=dict)
    listed: list[np.ndarray] = Field(default_factory=lambda: [np.ones(2)])
    scale: float | np.ndarray = 2.0
    matrix: np.ndarray[tuple[int, int], np.dtype[np.float64]] = np.ones((1, 1))


def refused(cls: type[Component] = Mix, **fields: Any) -> SpecError:
    with pytest.raises(SpecError) as caught:
        cls(**fields)
    return caught.value


# ---- what is taken


def test_the_array_is_a_plain_copy_in_c_order():
    given = np.asfortranarray(np.arange(6.0).reshape(2, 3)).view(np.matrix)
    mix = Mix(m=given)
    given[...] = 7
    assert type(mix.m) is np.ndarray
    assert mix.m.flags.c_contiguous
    np.testing.assert_array_equal(mix.m, np.arange(6.0).reshape(2, 3))


def test_nobody_can_write_it():
    for held in (Mix(m=np.eye(2)).m, Several().plain, Several().listed[0], Several(taps=[[1.0]]).taps[0]):
        with pytest.raises(ValueError, match="read-only"):
            held[...] = 0
        with pytest.raises(ValueError, match="WRITEABLE"):
            held.setflags(write=True)
        assert unchanging(held) is None


def test_a_default_is_not_shared_with_whoever_wrote_it():
    default = np.eye(2)

    class Held(Mix):
        m: np.ndarray = default

    default[...] = 7
    assert Held().m is not default
    assert not Held().m.flags.writeable


@pytest.mark.parametrize(
    ("value", "dtype"),
    [
        (np.float32([0.1]), "float64"),
        (np.array([1.0, 2.0], ">f8"), "float64"),
        ([1, 2.5], "float64"),
        ([1, 2], "int64"),
        (np.uint8([1, 2]), "int64"),
        ([True, False], "bool"),
        (3, "int64"),
        (range(3), "int64"),
        ([np.ones(2), [1, 2]], "float64"),
        ([-np.inf, 1.0], "float64"),
    ],
)
def test_numbers_have_the_dtype_that_a_file_can_tell(value, dtype):
    held = Mix(m=value).m
    assert held.dtype == dtype
    np.testing.assert_array_equal(held, np.asarray(value))


def test_a_stated_dtype_is_kept():
    assert Several(single=[0.1]).single.dtype == np.float32
    assert Several(single=np.array([1, 2])).single.dtype == np.float32
    assert Several(small=[1.0, -3.0]).small.dtype == np.int8
    assert Several(matrix=[[1, 2]]).matrix.dtype == np.float64


def test_a_number_stays_a_number_where_both_are_taken():
    assert type(Several(scale=3.5).scale) is float
    np.testing.assert_array_equal(Several(scale=[1.0, 2.0]).scale, [1.0, 2.0])


@pytest.mark.parametrize(
    ("value", "why", "received"),
    [
        ("x", "no array of numbers", "'x'"),
        (None, "no array of numbers", "None"),
        ([1, "2"], "no array of numbers", "[1, '2']"),
        ([1, None], "no array of numbers", "[1, None]"),
        ([1, True], "no array of numbers", "[1, True]"),
        ([[1], [2, 3]], "no array of numbers", "inhomogeneous"),
        ([2**63, -1], "no array of numbers", str(2**63)),
        ([2**70], "no array of numbers", str(2**70)),
        ({"a": 1}, "no array of numbers", "{'a': 1}"),
        (np.array(["a"]), "no array of numbers", "an array (1,) of <U1"),
        (np.array([object()]), "no array of numbers", "an array (1,) of object"),
        (np.array([1j]), "no array of numbers", "an array (1,) of complex128"),
        (np.array(["2020-01-01"], "M8[D]"), "no array of numbers", "datetime64[D]"),
        (np.array([2**63], np.uint64), "an entry does not fit int64", f"{2**63} at [0]"),
        (np.array([[1.0, np.nan]]), "it holds NaN", "nan at [0, 1]"),
        (np.ma.masked_array([1.0, 2.0], [False, True]), "masked", "1 of 2 are masked, the first at [1]"),
        (np.zeros((0, 3)), "no entries", "(0, 3)"),
        ([], "no entries", "(0,)"),
    ],
)
def test_what_is_no_array_of_numbers_is_refused_by_name(value, why, received):
    error = refused(m=value)
    assert error.problem.startswith("Mix.m = ")
    assert why in error.problem
    assert received in error.received
    assert error.expected == "an array of numbers, or nested lists of them"


@pytest.mark.parametrize(
    ("fields", "place", "why"),
    [
        ({"taps": [[1.0], ["a"]]}, "Several.taps[1]", "no array of numbers"),
        ({"named": {"a": [np.nan]}}, "Several.named.a", "NaN"),
        ({"single": [1e300]}, "Several.single", "does not fit float32"),
        ({"small": [1.5]}, "Several.small", "does not fit int8"),
        ({"small": [200]}, "Several.small", "does not fit int8"),
        ({"small": [True]}, "Several.small", "truth values are no numbers"),
        ({"matrix": [1.0, 2.0]}, "Several.matrix", "another number of axes"),
    ],
)
def test_a_mistake_deep_in_a_field_has_its_place(fields, place, why):
    error = refused(Several, **fields)
    assert error.problem.startswith(f"{place} = ")
    assert why in error.problem


def test_an_array_of_another_library_that_refuses_to_be_one_is_refused():
    class Remote:
        def __array__(self, dtype=None, copy=None):
            raise RuntimeError("it lies on another device")

    assert "another device" in refused(m=Remote()).received


def test_a_validator_of_the_author_sees_the_array():
    class Square(Mix):
        @field_validator("m")
        @classmethod
        def _square(cls, m):
            if m.ndim != 2 or m.shape[0] != m.shape[1]:
                raise ValueError("the matrix must be square")
            return m

    assert Square(m=np.eye(2)).m.shape == (2, 2)
    error = refused(Square, m=np.ones((2, 3)))
    assert error.problem == "Square.m cannot be an array (2, 3) of float64: the matrix must be square"


# ---- equality, copies, print


def test_components_are_equal_by_their_arrays():
    assert Mix(m=np.eye(2)) == Mix(m=[[1.0, 0.0], [0.0, 1.0]])
    assert hash(Mix(m=np.eye(2))) == hash(Mix(m=[[1.0, 0.0], [0.0, 1.0]]))
    assert Mix(m=np.eye(2)) != Mix(m=np.ones((2, 2)))
    assert Mix(m=[1.0, 1.0]) != Mix(m=[[1.0, 1.0]])  # NumPy's == would spread one over the other
    assert Mix(m=[0]) != Mix(m=[0.0])  # the same bytes, but integers compute otherwise
    assert Mix(m=np.eye(2)) != np.eye(2).tolist()
    assert Several(taps=[[1.0]]) == Several(taps=(np.ones(1),))
    assert Several(taps=[[1.0]]) != Several(taps=[[1.0], [1.0]])
    assert Several(named={"a": [1]}) != Several(named={"b": [1]})
    one, other = ({"a": [1.0], "b": [2]}, {"b": [2], "a": [1.0]})
    assert Several(named=one) == Several(named=other)
    assert len({Several(named=one), Several(named=other), Several(taps=[[1.0]]), Several(taps=[[2.0]])}) == 3


@pytest.mark.parametrize(
    "again",
    [
        copy.copy,
        copy.deepcopy,
        lambda each: each.model_copy(deep=True),
        lambda each: pickle.loads(pickle.dumps(each)),
        lambda each: copy.deepcopy({"held": (each,)})["held"][0],
    ],
)
def test_copies_are_equal_and_stay_constant(again):
    for each in (Mix(m=np.arange(400.0).reshape(20, 20)), Several(taps=[[1.0]], named={"a": [2.0]}, single=[0.1])):
        copied = again(each)
        assert copied == each
        held = [copied.m] if isinstance(copied, Mix) else [*copied.taps, *copied.named.values(), copied.single]
        assert all(unchanging(array) is None for array in held)


def test_few_numbers_are_printed_and_many_are_not():
    assert repr(Mix(m=np.eye(2))) == "Mix(m=[[1.0, 0.0], [0.0, 1.0]])"
    assert repr(Mix(m=np.ones((30, 30)))) == "Mix(m=<array (30, 30) of float64>)"
    assert repr(Several(taps=[[1]])).startswith("Several(perhaps=None, taps=([1],), plain=")


# ---- files


def registry() -> Registry:
    base = default_registry()
    return Registry.build([*base.sets, PluginSet(Provider("own"), (Mix, Several))])


@given(
    st.one_of(
        arrays_of.arrays(
            np.float64, arrays_of.array_shapes(max_dims=3, max_side=3), elements=st.floats(allow_nan=False)
        ),
        arrays_of.arrays(np.float32, (2, 2), elements=st.floats(width=32, allow_nan=False)),
        arrays_of.arrays(np.int64, (2, 2)),
        arrays_of.arrays(np.bool_, (2, 2)),
    ),
    st.sampled_from(["yaml", "json", "toml"]),
)
def test_a_written_array_is_read_back_to_the_last_bit(tmp_path_factory, array, suffix):
    known = registry()
    spec = RunSpec(network=network_spec([Mix(m=array)], input_shape=(3,)))
    path = tmp_path_factory.mktemp("spec") / f"spec.{suffix}"
    write_spec(spec, path, known)
    again = read_spec(path, known)
    assert again == spec
    assert again.network.nodes[0].component.m.tobytes() == spec.network.nodes[0].component.m.tobytes()


def test_arrays_beside_components_are_written_too(tmp_path):
    class Pair(Identity):
        parts: tuple[Component | np.ndarray, ...]

    known = Registry.build([PluginSet(Provider("own"), (Mix, Pair))])
    spec = RunSpec(network=network_spec([Pair(parts=(Mix(m=[1.5]), np.eye(2)))], input_shape=(3,)))
    write_spec(spec, tmp_path / "spec.yaml", known)
    written = yaml.safe_load((tmp_path / "spec.yaml").read_text())["network"]["layers"][0]["parts"]
    assert written == [{"kind": "own.mix", "m": [1.5]}, [[1.0, 0.0], [0.0, 1.0]]]


def test_a_mistake_in_a_file_has_its_place():
    with pytest.raises(SpecError, match=r"^network\.layers\[0\]\.m = 'x': it is no array of numbers"):
        parse_spec("network: {input_shape: [2], layers: [{kind: mix, m: x}]}", registry())


def test_the_schema_says_an_array_of_numbers():
    schema = json_schema(registry())
    json.dumps(schema)
    validator = Draft202012Validator(schema)

    def says(m):
        return validator.is_valid({"network": {"input_shape": [2], "layers": [{"kind": "own.mix", "m": m}]}})

    assert says([[1.0, 2], [3, 4.5]])
    assert says([True, False])
    assert says(3.0)
    assert not says("x")
    assert not says(["a"])
    assert not says(None)
    assert not says({"a": 1})


# ---- classes


def layer_of(annotation: Any) -> type[Layer]:
    class Held(Identity):
        size: PositiveInt = 1
        thing: annotation

    return Held


class Thing:
    pass


class Tensor:
    def __array__(self):
        return np.ones(2)


@pytest.mark.parametrize(
    ("annotation", "named", "hint"),
    [
        (Thing, "Thing", "make it a component"),
        (Thing | int, "Thing", "make it a component"),
        (tuple[Thing, ...], "Thing", "make it a component"),
        (Tensor, "Tensor", "write np.ndarray"),
        (np.matrix, "matrix", "write np.ndarray"),
        (np.ma.MaskedArray, "MaskedArray", "write np.ndarray"),
        (ArrayLike, "Union", "write np.ndarray"),
        (np.float64, "float64", "write float, int or bool"),
        (callable, "callable", "a method of the class"),
        (np.random.Generator, "Generator", "component"),
    ],
)
def test_a_type_that_cannot_be_checked_is_refused_where_the_class_is_written(annotation, named, hint):
    with pytest.raises(ContractError) as caught:
        layer_of(annotation)
    error = caught.value
    assert error.problem.startswith("Held.thing is of type ")
    assert named in error.problem
    assert error.problem.endswith("which no field can have")
    assert "np.ndarray" in error.expected
    assert hint in error.hint
    assert "arbitrary_types_allowed" not in str(error)


@pytest.mark.parametrize("dtype", [np.complex128, np.object_, np.str_, np.longdouble, np.float32 | np.float64])
def test_a_dtype_that_is_none_of_numbers_is_refused_where_the_class_is_written(dtype):
    with pytest.raises(ContractError, match=r"^Held\.thing: an array field cannot be of "):
        layer_of(NDArray[dtype])


@pytest.mark.parametrize("limit", [{"gt": 0}, {"min_length": 2}])
def test_limits_that_pydantic_would_ask_of_the_whole_array_are_refused(limit):
    for annotation in (Annotated[np.ndarray, Field(**limit)], tuple[Annotated[np.ndarray, Field(**limit)], ...]):
        with pytest.raises(ContractError, match=r"^Held\.thing: an array field cannot have the limit"):
            layer_of(annotation)


def test_a_class_that_says_so_itself_may_hold_anything():
    class Holds(Identity):
        model_config = {"arbitrary_types_allowed": True}  # noqa: RUF012
        thing: Thing
        m: np.ndarray

    held = Holds(thing=Thing(), m=[1.0])
    assert isinstance(held.thing, Thing)
    assert unchanging(held.m) is None


def test_a_field_whose_class_is_defined_later_leaves_arrays_as_they_are():
    class Early(Identity):
        later: Later | None = None
        m: np.ndarray

    class Later(Identity):
        m: np.ndarray

    Early.model_rebuild()
    early = Early(m=[1.0], later=Later(m=[2.0]))
    assert unchanging(early.m) is None
    assert unchanging(early.later.m) is None
