"""The tables of the guides name what the code has, no more and no less."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import typer

import bpframe.core.operators
import bpframe.errors
import bpframe.structures
from bpframe.categories import CATEGORIES
from bpframe.cli.app import app
from bpframe.core.component import Component
from bpframe.core.operators import Operator
from bpframe.data import CsvData, DigitsData, IdxData, NpzData
from bpframe.documents import NodeSpec, TrainingSpec
from bpframe.documents.document import NetworkDocument
from bpframe.plugins import hooks

ROOT = Path(__file__).parents[2]


def rows(page: str, heading: str) -> Iterator[list[str]]:
    """Yield the cells of each row of the table whose first heading is this one."""
    text = (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")
    table = re.search(rf"^\| {re.escape(heading)} \|.*\n\|[-|]+\|\n((?:\|.*\n)+)", text, re.MULTILINE)
    assert table, f"{page}.md has no table of '{heading}'"
    for line in table[1].splitlines():
        yield [cell.strip() for cell in line.strip("|").split(" | ")]


def words(cell: str) -> set[str]:
    return set(re.findall(r"`([^`]+)`", cell))


def declared(base: type[Component]) -> Iterator[tuple[str, bool, set[str]]]:
    """Yield each method of a category, whether it is required, and the words that it may ask for."""
    for name, method in base._category.methods.items():
        yield name, method.required, set(method.words)


def test_the_table_of_words_is_the_contract() -> None:
    shown = {
        tuple(words(method).pop().split(".")): (required == "yes", words(asked))
        for method, required, asked in rows("reference/contract", "method")
    }
    contract = {
        (base.__name__, method): (required, allowed)
        for base in CATEGORIES.values()
        for method, required, allowed in declared(base)
    }
    assert shown == contract


def test_every_word_of_the_contract_is_explained_once() -> None:
    explained = [word for row in rows("reference/contract", "word") for word in sorted(words(row[0]))]
    allowed = {word for base in CATEGORIES.values() for _, _, asked in declared(base) for word in asked}
    assert sorted(explained) == sorted(allowed)


def test_every_class_variable_of_the_contract_is_explained() -> None:
    shown = {word for row in rows("reference/contract", "class variable") for word in words(row[0])}
    declared = {
        name
        for base in CATEGORIES.values()
        for cls in base.__mro__
        if issubclass(cls, Component)
        for name in cls.__class_vars__
        if not name.startswith("_")
    }
    assert shown == declared


def test_every_hook_is_explained_with_its_arguments() -> None:
    shown = sorted(words(row[0]).pop() for row in rows("reference/contract", "hook"))
    functions = [getattr(hooks, name) for name in hooks.__all__ if name.startswith("bpframe_")]
    assert shown == sorted(f"{each.__name__}({', '.join(inspect.signature(each).parameters)})" for each in functions)


def test_every_environment_variable_is_explained() -> None:
    shown = {words(row[0]).pop() for row in rows("reference/contract", "variable")}
    assert shown == variables_in(ROOT / "bpframe")


def variables_in(folder: Path) -> set[str]:
    """Return the strings in a package's code that are names as those of its environment variables."""
    nodes = (node for file in folder.rglob("*.py") for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))))
    texts = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    # BPFRAME_CONTRACT is a variable of a plugin set's module.
    return {text for text in texts if re.fullmatch("BPFRAME_[A-Z_]+", text)} - {"BPFRAME_CONTRACT"}


def test_variables_in_code_are_found(tmp_path: Path) -> None:
    (tmp_path / "code.py").write_text('A = "BPFRAME_NEW"\nB = f"see BPFRAME_OLD"\n')
    assert variables_in(tmp_path) == {"BPFRAME_NEW"}


def test_every_method_of_an_operator_is_explained_with_its_arguments() -> None:
    shown = {word for row in rows("reference/contract", "method of an operator") for word in words(row[0])}
    public = {name for name in dir(Operator) if not name.startswith("_")}
    methods = {name for name in public if inspect.isfunction(getattr(Operator, name))}
    assert shown == {f"{name}({_arguments(getattr(Operator, name))})" for name in methods} | (public - methods)


def _arguments(method: Callable[..., object]) -> str:
    """Return a method's arguments with their defaults, without self and annotations."""
    parameters = list(inspect.signature(method).parameters.values())[1:]
    return ", ".join(
        each.name if each.default is each.empty else f"{each.name}={each.default!r}" for each in parameters
    )


def test_every_operator_is_in_the_table_under_the_name_that_summaries_show() -> None:
    shown = {}
    for row in rows("guides/operators", "operator"):
        shown[words(row[0]).pop().partition("(")[0]] = row[1]
    rooms = (bpframe.core.operators, bpframe.structures)
    exported = (getattr(room, name) for room in rooms for name in room.__all__)
    classes = [
        each for each in exported if isinstance(each, type) and issubclass(each, Operator) and each is not Operator
    ]
    assert set(shown) == {cls.__name__ for cls in classes}
    for cls in classes:
        if isinstance(cls.structure, str):  # a Sum's and a Composed's follow from their parts
            assert shown[cls.__name__] == cls.structure


def test_every_operator_has_its_picture_and_its_products() -> None:
    names = [words(row[0]).pop().partition("(")[0] for row in rows("guides/operators", "operator")]
    assert [row[2] for row in rows("guides/operators", "operator")] == [f"<!-- structure: {name} -->" for name in names]
    assert [words(row[0]).pop() for row in rows("guides/operators", "class")] == names


def test_the_table_of_commands_names_every_command() -> None:
    shown = [words(row[0]).pop().split()[1] for row in rows("guides/command-line", "command")]
    assert set(shown) == set(typer.main.get_command(app).commands)


@pytest.mark.parametrize(
    ("heading", "model"),
    [("key of a node", NodeSpec), ("key of `network`", NetworkDocument), ("key of `training`", TrainingSpec)],
)
def test_the_tables_of_a_spec_name_every_key(heading: str, model: type) -> None:
    shown = [key for row in rows("guides/specs", heading) for key in words(row[0])]
    assert sorted(shown) == sorted(set(model.model_fields) - {"component"})


def test_the_table_of_preparation_names_every_field_and_default_that_all_data_share() -> None:
    models = (CsvData, DigitsData, IdxData, NpzData)
    others = {"kind", "targets", "files"}  # each its own, and what a run writes
    shared = set.intersection(*(set(model.model_fields) for model in models)) - others
    table = {key: row[2] for row in rows("guides/data", "field") for key in words(row[0])}
    assert set(table) == shared
    assert table["seed"] == f"{NpzData.model_fields['seed'].default} (digits: {DigitsData().seed})"
    assert table["scaling"] == f"`{NpzData.model_fields['scaling'].default}` (digits: {DigitsData().scaling.divide:g})"


def test_the_page_of_errors_has_each_class_with_its_cause_its_cure_and_its_message() -> None:
    page = (ROOT / "docs/guides/errors.md").read_text(encoding="utf-8")
    classes = {name for name in bpframe.errors.__all__ if isinstance(getattr(bpframe.errors, name), type)}
    sections = dict(re.findall(r"^### (\w+)\n(.*?)(?=^##|\Z)", page, re.MULTILINE | re.DOTALL))
    no_errors = {"BpframeError", "RegistryError", "StopTraining"}  # two bases, named above their own, and a wish
    assert set(sections) == classes - no_errors
    for name, text in sections.items():
        assert "**Cause.**" in text
        assert "**Cure.**" in text
        # A warning of the machine is asked for by a variable of the environment.
        assert name == "DoctorWarning" or re.search(rf'title="output"\n{name}: ', text), name
