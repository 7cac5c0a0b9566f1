"""A package is written whole or not at all, from templates that all serve."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

import pytest
import yaml
from packaging.specifiers import SpecifierSet

from bpframe._version import __version__
from bpframe.errors import ScaffoldError
from bpframe.scaffold import KINDS, new_package
from bpframe.scaffold.package import FILES, bounded

ROOT = Path(__file__).parents[2]


def _files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_a_package_is_complete(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert new_package("Soft.Clip") == Path("soft-clip")
    assert _files(tmp_path) == {
        f"soft-clip/{path}"
        for path in (
            ".github/workflows/ci.yml",
            ".gitignore",
            "LICENSE",
            "README.md",
            "examples/digits.yaml",
            "pyproject.toml",
            "src/soft_clip/__init__.py",
            "src/soft_clip/py.typed",
            "src/soft_clip/soft_clip.py",
            "tests/test_soft_clip.py",
        )
    }


def test_nothing_is_left_to_fill_in(kind: str, written: dict[str, Path]) -> None:
    for path in _files(written[kind]):
        text = (written[kind] / path).read_text(encoding="utf-8")
        known = re.sub(r"\$\{\{ matrix\.python \}\}|^ *\$ (?=python|bpframe|ruff)", "", text, flags=re.MULTILINE)
        assert "$" not in known, path
        assert "soft_clip" not in text, path


def test_every_template_is_used() -> None:
    templates = Path(str(files("bpframe.scaffold") / "templates"))
    used = {f"{source.replace('KIND', kind)}.template" for source in FILES.values() for kind in KINDS}
    assert _files(templates) == used | {"project/README.md.template"}


@pytest.mark.parametrize("obstacle", ["folder", "full folder", "file", "link"])
def test_what_exists_is_not_touched(tmp_path: Path, obstacle: str) -> None:
    target = tmp_path / "soft-clip"
    if obstacle == "file":
        target.write_text("mine")
    elif obstacle == "link":
        (tmp_path / "soft-clip.files").mkdir()
        target.symlink_to(tmp_path / "soft-clip.files")
    else:
        target.mkdir()
        if obstacle == "full folder":
            (target / "mine").write_text("mine")
    before = _files(tmp_path)
    with pytest.raises(ScaffoldError, match="exists") as caught:
        new_package("soft-clip", "layer", target)
    assert caught.value.hint
    assert _files(tmp_path) == before
    assert {path.name for path in tmp_path.iterdir()} <= {"soft-clip", "soft-clip.files"}


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_an_interrupted_writing_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    write, calls = Path.write_text, []

    def fail_at_the_fourth(self: Path, *args: object, **named: object) -> int:
        calls.append(self)
        if len(calls) == 4:
            raise error
        return write(self, *args, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(Path, "write_text", fail_at_the_fourth)
    with pytest.raises(ScaffoldError if isinstance(error, OSError) else KeyboardInterrupt):
        new_package("soft-clip", "layer", tmp_path / "soft-clip")
    assert len(calls) == 4
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ScaffoldError, match="cannot be written"):
        new_package("soft-clip", "layer", tmp_path / "file" / "soft-clip")


def test_another_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ScaffoldError, match="'optimizer'") as caught:
        new_package("soft-clip", "optimizer", tmp_path / "new")
    assert caught.value.expected == "activation, layer, block, cost"


@pytest.mark.parametrize(
    ("version", "requirement", "inside", "outside"),
    [
        ("0.1.0", "bpframe>=0.1,<0.2", "0.1.7", "0.2.0"),
        ("0.9.3", "bpframe>=0.9,<0.10", "0.9.0", "0.10.0"),
        ("1.4.2", "bpframe>=1.4,<2", "1.5.0", "2.0.0"),
    ],
)
def test_the_requirement_ends_where_the_contract_may_change(
    version: str, requirement: str, inside: str, outside: str
) -> None:
    assert bounded(version) == requirement
    allowed = SpecifierSet(requirement.removeprefix("bpframe"))
    assert version in allowed
    assert inside in allowed
    assert outside not in allowed


def test_the_requirement_admits_the_version_that_wrote_it(written: dict[str, Path]) -> None:
    assert f'"{bounded(__version__)}",' in (written["layer"] / "pyproject.toml").read_text()
    assert __version__ in SpecifierSet(bounded(__version__).removeprefix("bpframe"))


def test_the_ci_file_needs_nothing_but_the_standard_actions(written: dict[str, Path]) -> None:
    text = (written["layer"] / ".github/workflows/ci.yml").read_text()
    steps = yaml.safe_load(text)["jobs"]["test"]["steps"]
    assert [step["uses"] for step in steps if "uses" in step] == ["actions/checkout@v4", "actions/setup-python@v5"]
    assert "://" not in text
    assert {
        "ruff check",
        "ruff format --check",
        "mypy",
        "python -m pytest",
        "bpframe check fresh_layer.fresh_layer",
    } <= {step.get("run") for step in steps}


def test_the_licence_is_the_one_that_pyproject_names(written: dict[str, Path]) -> None:
    ours, theirs = (folder.joinpath("LICENSE").read_text().splitlines() for folder in (ROOT, written["cost"]))
    assert [line for line in ours if "Copyright (c)" not in line] == [
        line for line in theirs if "Copyright (c)" not in line
    ]
    assert any("The fresh-cost developers" in line for line in theirs)
