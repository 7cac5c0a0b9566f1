"""What the guide to operators draws and says of each structure is so."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from bpframe.core.operators import Operator
from bpframe.testing.probing import probe_of
from bpframe.testing.running.examples import guess_examples
from bpframe.testing.running.subjects import Subject, everything

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/guides/operators.md").read_text(encoding="utf-8")
DRAWN = re.findall(r"^<!-- drawn: (\w+) -->\n((?:.+\n)+)", PAGE, re.MULTILINE)


@pytest.fixture
def cards(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(ROOT / "docs" / "rendering")
    return importlib.import_module("operator_cards")


def numbers_in(picture: str, shape: tuple[int, int], cell: int) -> np.ndarray:
    """Read a picture's numbers back from where they are written; what is empty is zero."""
    found = np.zeros(shape)
    for x, y, written in re.findall(r'<text x="([\d.]+)" y="([\d.]+)">([^<]+)</text>', picture):
        found[int(float(y) - 4) // cell, int(float(x)) // cell] = float(written.replace("−", "-"))
    return found


def test_every_operator_of_the_table_and_every_form_is_drawn_once(cards: ModuleType) -> None:
    assert sorted(name for name, _ in DRAWN) == sorted([*cards.STRUCTURES, *cards.FORMS])
    assert set(re.findall(r"<!-- structure: (\w+) -->", PAGE)) == set(cards.STRUCTURES)


@pytest.mark.parametrize("name", [name for name, _ in DRAWN])
def test_the_numbers_of_a_picture_are_those_of_the_operator_one_column_after_another(
    cards: ModuleType, name: str
) -> None:
    if name in cards.FORMS:
        matrix = cards.FORMS[name].vectors()[0]
    else:
        operator = cards.STRUCTURES[name]
        size = int(np.prod(operator.in_shape))
        units = np.eye(size).reshape(size, 1, *operator.in_shape)
        matrix = operator.jvp(units).reshape(size, -1).T
    picture = cards.drawn(f"<!-- drawn: {name} -->\nWords.\n").rpartition("<svg")[2]
    cell = importlib.import_module("matrix_pictures").NUMBERED
    assert np.array_equal(numbers_in(picture, matrix.shape, cell), matrix.round(2))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("IdentityMap", "keeps no numbers, the matrix has 16; a product multiplies nothing"),
        ("Diagonal", "keeps 4 numbers, the matrix has 16; a product costs 4 multiply-adds in place of 16"),
        ("RankOne", "keeps 8 numbers, the matrix has 16; a product costs 8 multiply-adds in place of 16"),
        ("Composed", "keeps 15 numbers, the matrix has 12; a product costs 15 multiply-adds in place of 12"),
        ("Scan", "keeps 6 numbers, the matrix has 36;"),
        ("ScatteredForm", "keeps 8 numbers; written out there are 18"),
    ],
)
def test_what_is_kept_is_counted(cards: ModuleType, name: str, said: str) -> None:
    assert f"**`{name}`** {said}" in cards.drawn(f"<!-- drawn: {name} -->\nWords.\n")


def test_a_screen_reader_is_told_the_entries(cards: ModuleType) -> None:
    text = cards.drawn("<!-- drawn: Diagonal -->\nWords.\n")
    assert 'aria-label="Diagonal keeps d: 2, −1, 3, −4"' in text
    assert 'aria-label="Diagonal written out: 2, 0, 0, 0; 0, −1, 0, 0; 0, 0, 3, 0; 0, 0, 0, −4"' in text


@cache
def users() -> dict[str, set[str]]:
    """Return, by the name of an operator, which shipped components have it in one of their Jacobians."""
    found: dict[str, set[str]] = {}
    for subject in everything():
        if isinstance(subject, Subject):
            for example in subject.examples or guess_examples(subject.component):
                probe = probe_of(example.component, example.shapes)
                operators = probe.operators(probe.sample(np.random.default_rng(1), 2)) if probe else {}
                for name in (name for each in operators.values() for name in parts(each)):
                    found.setdefault(name, set()).add(subject.words[-1].partition(".")[2])
    return found


def parts(operator: object) -> Iterator[str]:
    if isinstance(operator, Operator):
        yield type(operator).__name__
        inner = [getattr(operator, slot, ()) for slot in ("factors", "terms")]
        for each in (*(one for group in inner for one in group), getattr(operator, "operator", None)):
            yield from parts(each)


@pytest.mark.parametrize(("name", "words"), [pair for pair in DRAWN if not pair[0].endswith("Form")])
def test_the_layers_that_are_said_to_use_a_structure_use_it(name: str, words: str) -> None:
    named = set(re.findall(r"`([a-z_0-9]+)`", words)) - {"lstm"}  # of which it is said that it does not
    assert named or name == "Scan"
    assert named <= users()[name] if name != "Scan" else "Scan" not in users()
