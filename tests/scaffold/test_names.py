"""All names of a package follow from one, and those that cannot work are refused before anything is written."""

from __future__ import annotations

import ast
import sys
import types
from pathlib import Path

import pytest

from bpframe.core.component.base import kind_of
from bpframe.errors import ScaffoldError
from bpframe.scaffold import KINDS, Names, new_package
from bpframe.scaffold.names import LONGEST
from bpframe.scaffold.package import rendered


@pytest.mark.parametrize(
    ("name", "kind", "expected"),
    [
        ("soft-clip", "activation", Names("soft-clip", "soft_clip", "SoftClip", "soft_clip", "soft_clip")),
        ("Soft__Clip", "activation", Names("soft-clip", "soft_clip", "SoftClip", "soft_clip", "soft_clip")),
        ("my.layers2d", "layer", Names("my-layers2d", "my_layers2d", "MyLayers2d", "my_layers2d", "my_layers2d")),
        ("huber", "cost", Names("huber", "huber", "HuberCost", "huber_cost", "huber")),
        ("huber-cost", "cost", Names("huber-cost", "huber_cost", "HuberCost", "huber_cost", "huber")),
        ("f", "layer", Names("f", "f", "F", "f", "f")),
    ],
)
def test_every_name_follows_from_one(name: str, kind: str, expected: Names) -> None:
    assert Names.of(name, kind) == expected


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["soft-clip", "a-b", "x2-y-3z", "i-f", "v" * LONGEST, "costs"])
def test_the_class_has_the_name_that_its_spec_uses(name: str, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    names = Names.of(name, kind)
    module = types.ModuleType(f"rendered_{names.module}")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    exec(rendered(names, kind)[f"src/{names.package}/{names.module}.py"], vars(module))
    assert getattr(module, names.class_name).kind == names.component


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        "-",
        "_x",
        "x-",
        "2fast",
        "größe",
        "a b",
        "a/b",
        "../a",
        "a\nb",
        "soft-clip\n",
        "a:b",
        "x" * (LONGEST + 1),
    ],
)
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(ScaffoldError, match="cannot name a package") as caught:
        Names.of(name, "layer")
    assert caught.value.expected
    assert caught.value.received
    assert caught.value.hint


@pytest.mark.parametrize("name", ["class", "lambda", "Async", "with"])
def test_a_word_of_python_is_refused(name: str) -> None:
    with pytest.raises(ScaffoldError, match="a word of Python") as caught:
        Names.of(name, "activation")
    assert f"my-{name.lower()}" in str(caught.value.hint)


@pytest.mark.parametrize("name", ["none", "true", "layer", "positive-float", "type-error", "rank-one"])
def test_a_name_whose_class_would_be_another_thing_is_refused(name: str) -> None:
    with pytest.raises(ScaffoldError, match="another thing already"):
        Names.of(name, "layer")


@pytest.mark.parametrize("kind", KINDS)
def test_a_class_never_hides_what_its_package_imports(kind: str) -> None:
    names = Names.of("soft-clip", kind)
    imported = {
        alias.asname or alias.name
        for path, text in rendered(names, kind).items()
        if path.endswith(".py")
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    } - {names.class_name}
    capitals = {name for name in imported if name[0].isupper()}
    assert {"Component", "Path", "Callable"} <= capitals
    refused = set()
    for name in capitals:
        try:
            assert Names.of(kind_of(name).replace("_", "-"), kind).class_name not in capitals
        except ScaffoldError:
            refused.add(name)
    assert refused == capitals or kind == "cost"  # PositiveFloat is refused; a cost is PositiveFloatCost
    assert refused >= {kind.capitalize()}


@pytest.mark.parametrize(
    ("name", "problem", "by"),
    [
        ("json", "the package cannot be named 'json'", "standard library"),
        ("tests", "the package cannot be named 'tests'", "a folder"),
        ("numpy", "the package cannot be named 'numpy'", "numpy"),
        ("Yaml", "the package cannot be named 'yaml'", "PyYAML"),
        ("PyYAML", "the distribution cannot be named 'pyyaml'", "PyYAML|pyyaml"),
        ("bpframe", "the package cannot be named 'bpframe'", "bpframe"),
        ("reference", "the plugin set cannot be named 'reference'", r"reference \(bpframe"),
        ("sigmoid", "the component cannot be named 'sigmoid'", r"reference\.sigmoid"),
    ],
)
def test_a_name_that_is_taken_is_refused_with_who_has_it(name: str, problem: str, by: str, tmp_path: Path) -> None:
    with pytest.raises(ScaffoldError, match=f"{problem}.*({by})") as caught:
        new_package(name, "activation", tmp_path / "new")
    assert "my-" in str(caught.value.hint)
    assert list(tmp_path.iterdir()) == []


def test_names_of_another_space_are_free(tmp_path: Path) -> None:
    new_package("dense", "cost", tmp_path / "new")  # a cost beside the layer `dense` is told apart by its place
    with pytest.raises(ScaffoldError, match=r"reference\.quadratic"):
        new_package("quadratic", "cost", tmp_path / "other")


def test_a_set_that_is_installed_keeps_its_name_in_any_spelling(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = tmp_path / "site" / "whatever-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: whatever\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[bpframe]\nMy-Own = nowhere_to_be_found\n")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    with pytest.raises(ScaffoldError, match=r"plugin set cannot be named 'my_own'.*whatever 1\.0"):
        new_package("my_own", "layer", tmp_path / "new")


def test_a_module_that_can_be_imported_keeps_its_name_and_a_mere_folder_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "loose_module.py").write_text("raise SystemExit('imported')\n")
    (tmp_path / "mere_folder").mkdir()
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ScaffoldError, match=r"the module .*loose_module\.py"):
        new_package("loose-module", "layer", tmp_path / "new")
    assert new_package("mere-folder", "layer", tmp_path / "new").is_dir()
