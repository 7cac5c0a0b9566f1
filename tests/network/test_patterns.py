"""Patterns of parameter paths: what they match, and what is said of one that matches nothing."""

from __future__ import annotations

from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bpframe.errors import SpecError
from bpframe.validation.patterns import as_patterns, matching

PATHS = ("encoder.dense_1.w", "encoder.dense_1.b", "encoder.dense_2.w", "head.w", "head.b")


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        ("head.w", ["head.w"]),
        ("*.w", ["encoder.dense_1.w", "encoder.dense_2.w", "head.w"]),
        ("encoder.*", ["encoder.dense_1.w", "encoder.dense_1.b", "encoder.dense_2.w"]),
        ("encoder.dense_?.b", ["encoder.dense_1.b"]),
        ("encoder.dense_[13].*", ["encoder.dense_1.w", "encoder.dense_1.b"]),
        (["head.b", "*dense_2*"], ["encoder.dense_2.w", "head.b"]),
        (("*", "head.w"), list(PATHS)),
        ((), []),
    ],
)
def test_a_pattern_matches_whole_paths_in_the_order_of_the_paths(patterns: object, expected: list[str]) -> None:
    assert list(matching(patterns, PATHS, "frozen")) == expected  # type: ignore[arg-type]


@given(st.text("ab.*?", min_size=1, max_size=5), st.lists(st.text("ab.", min_size=1, max_size=5), unique=True))
def test_a_pattern_matches_as_in_the_standard_library(pattern: str, paths: list[str]) -> None:
    expected = [path for path in paths if fnmatchcase(path, pattern)]
    if expected:
        assert list(matching(pattern, paths, "here")) == expected
    else:
        with pytest.raises(SpecError, match="here: "):
            matching(pattern, paths, "here")


@pytest.mark.parametrize(
    ("pattern", "hint"),
    [
        ("encodr.*", "the closest are encoder.dense_"),
        ("head", "'head.*' is every parameter of 'head'"),
        ("encoder", "'encoder.*' is every parameter of 'encoder'"),
        ("xyz", "there are encoder.dense_1.w, encoder.dense_1.b"),
        ("HEAD.W", "there are "),
    ],
)
def test_a_pattern_that_matches_nothing_is_an_error_with_the_closest_paths(pattern: str, hint: str) -> None:
    with pytest.raises(SpecError, match=r"frozen: .* matches no parameter") as caught:
        matching(["head.*", pattern], PATHS, "frozen")
    assert caught.value.received == f"'{pattern}'"
    assert str(caught.value.hint).startswith(hint)


def test_of_many_paths_some_are_named() -> None:
    with pytest.raises(SpecError) as caught:
        matching("xyz", [f"node_{i}.w" for i in range(1000)], "only")
    assert caught.value.hint == f"there are {', '.join(f'node_{i}.w' for i in range(10))}, ..."


def test_without_parameters_no_pattern_matches() -> None:
    with pytest.raises(SpecError) as caught:
        matching("*", (), "frozen")
    assert caught.value.hint == "there are no parameters"


@pytest.mark.parametrize("value", [3, None, ["a", 3], {"a": 1}.values()])
def test_what_is_no_pattern_is_refused(value: object) -> None:
    with pytest.raises(SpecError, match="frozen: no patterns of parameter paths"):
        as_patterns(value, "frozen")
