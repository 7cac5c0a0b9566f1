"""YAML values are those of YAML 1.2, as editors and other tools read them."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bpframe.spec.text import SUFFIXES, dump_text, parse_text

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
        ("010", 10),
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
        ("<<", "<<"),
    ],
)
def test_a_value_is_what_yaml_1_2_says(text, value):
    found = parse_text(f"a: {text}\n", ".yaml", "t")["a"]
    assert found == value
    assert type(found) is type(value)


def test_not_a_number_is_read():
    assert math.isnan(parse_text("a: .nan\n", ".yaml", "t")["a"])


@pytest.mark.parametrize("suffix", [".yaml", ".json", ".toml"])
@given(document=st.dictionaries(st.text(max_size=8), PLAIN, min_size=1, max_size=4))
@example(document={"\x85": "a\u2028b\r\ufeff", "1e3": "true", "y": "no"})
def test_what_is_written_is_read_back(suffix, document):
    text = dump_text(document, suffix)
    found = parse_text(text, suffix, "t")
    assert found == document
    assert json.dumps(found, sort_keys=True) == json.dumps(document, sort_keys=True)  # 1, 1.0 and true are equal


def test_every_suffix_has_a_reader_and_a_writer():
    assert set(SUFFIXES) == {".yaml", ".yml", ".json", ".toml"}
