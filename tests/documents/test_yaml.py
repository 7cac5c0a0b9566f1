"""YAML values are those of YAML 1.2, as editors and other tools read them."""

from __future__ import annotations

import json
import math
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bpframe.documents.text import SUFFIXES, dump_text, parse_text
from bpframe.errors import SpecFileError

PLAIN = st.recursive(
    st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 1e-3),
        ("1E5", 1e5),
        ("-2.5e+3", -2500.0),
        (".5", 0.5),
        ("1.", 1.0),
        (".inf", math.inf),
        ("-.Inf", -math.inf),
        ("12", 12),
        ("-0", 0),
        ("true", True),
        ("False", False),
        ("~", None),
        ("null", None),
        ("yes", "yes"),
        ("off", "off"),
        ("1:30", "1:30"),
        ("2020-01-01", "2020-01-01"),
        ("1_000", "1_000"),
        ("0x10", "0x10"),
        ("e3", "e3"),
        ("'1e-3'", "1e-3"),
        ("0o17", "0o17"),
        ("'010'", "010"),
        ("<<", "<<"),
    ],
)
def test_a_value_is_what_yaml_1_2_says(text, value):
    found = parse_text(f"a: {text}\n", ".yaml", "t")["a"]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: 010\n", "line 1, column 4: 010 begins with 0"),
        ("a: [1,000]\n", "line 1, column 7: 000 begins with 0"),
        ("a: -08\n", "-08 begins with 0"),
        ("a: 1e999\n", "1e999 is larger than every float64"),
        ("a: -1.5e400\n", "-1.5e400 is larger than every float64"),
    ],
)
def test_a_number_that_readers_would_read_differently_is_refused(text, told):
    with pytest.raises(SpecFileError, match=re.escape(told)):
        parse_text(text, ".yaml", "t")


@pytest.mark.parametrize(("suffix", "text"), [(".json", '{"a": 1e999}'), (".toml", "a = 1e999\n")])
def test_a_number_beyond_float64_is_no_infinity(suffix, text):
    with pytest.raises(SpecFileError, match="1e999 is larger than every float64"):
        parse_text(text, suffix, "t")


def test_infinity_is_read_where_it_is_meant():
    assert parse_text('{"a": -Infinity}', ".json", "t") == {"a": -math.inf}
    assert parse_text("a = -inf\nb = 1_0.5\n", ".toml", "t") == {"a": -math.inf, "b": 10.5}


def test_a_merge_key_puts_the_keys_of_another_mapping_below_the_own_ones():
    text = "x: &x {a: 1, b: {c: 2}}\ny: &y {<<: *x, a: 3}\nz: {d: 4, <<: *y}\n"
    found = parse_text(text, ".yaml", "t")
    assert found["y"] == {"a": 3, "b": {"c": 2}}
    assert found["z"] == {"a": 3, "b": {"c": 2}, "d": 4}
    assert parse_text("x: &x {a: 1}\ny: {<<: &y {<<: *x, a: 2}, b: 3}\nz: *y\n", ".yaml", "t")["z"] == {"a": 2}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("x: &x {a: 1}\ny: {<<: [*x, *x]}\n", "line 2, column 9: << takes one mapping, such as <<: *block"),
        ("y: {<<: 3}\n", "<< takes one mapping"),
        ("x: &x {a: 1}\ny: {<<: *x, <<: *x}\n", "the key '<<' stands here twice"),
        ("y: {<<: {a: 1, a: 2}}\n", "the key 'a' stands here twice"),
        ("y: &y {a: 1, <<: *y}\n", "contains itself"),
    ],
)
def test_a_merge_key_that_leaves_a_choice_is_refused(text, told):
    with pytest.raises(SpecFileError, match=re.escape(told)):
        parse_text(text, ".yaml", "t")


def test_not_a_number_is_read():
    assert math.isnan(parse_text("a: .nan\n", ".yaml", "t")["a"])


@pytest.mark.parametrize("suffix", [".yaml", ".json", ".toml"])
@given(document=st.dictionaries(st.text(max_size=8), PLAIN, min_size=1, max_size=4))
@example(document={"\x85": "a\u2028b\r\ufeff", "1e3": "true", "y": "no", "<<": {"<<": "010"}})
def test_what_is_written_is_read_back(suffix, document):
    text = dump_text(document, suffix)
    found = parse_text(text, suffix, "t")
    assert found == document
    assert json.dumps(found, sort_keys=True) == json.dumps(document, sort_keys=True)  # 1, 1.0 and true are equal


def test_every_suffix_has_a_reader_and_a_writer():
    assert set(SUFFIXES) == {".yaml", ".yml", ".json", ".toml"}
