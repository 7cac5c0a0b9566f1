"""What is written passes its own tests, types and lint, is checked by value and trains, with nothing edited."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import tomllib
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from bpframe.scaffold import KINDS, Names, new_package
from bpframe.scaffold.names import LONGEST

Run = Callable[..., subprocess.CompletedProcess[str]]

#: A wrong derivative for each kind, and of a block, which has none of its own, a wrong shape: what is in the template,
#: and what makes it wrong.
MISTAKES = {
    "activation": ("Diagonal(1 - (y / self.limit) ** 2)", "Diagonal(1 + (y / self.limit) ** 2)"),
    "layer": ('"a": compose(u, v)', '"a": compose(u, Matrix(-p["v"]))'),
    "block": ('"narrow": Dense(units=features)', '"narrow": Dense(units=features + 1)'),
    "cost": ("self._root(a - y) ** -3", "self._root(a - y) ** -1"),
}


def _needs(module: str) -> None:
    if importlib.util.find_spec(module) is None:
        pytest.skip(f"{module} is in the lint extra, which is not installed")


def test_its_own_tests_pass(kind: str, written: dict[str, Path], run: Run) -> None:
    done = run(written[kind], "pytest", "-q", "-p", "no:cacheprovider", "-W", "error")
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^[2-9]\d passed", done.stdout, re.MULTILINE), done.stdout  # the kit is most of them


def test_its_own_tests_find_a_wrong_derivative(kind: str, tmp_path: Path, run: Run) -> None:
    package = new_package(f"wrong-{kind}", kind, tmp_path / "package")
    (component,) = (package / "src").glob(f"*/wrong_{kind}.py")
    right, wrong = MISTAKES[kind]
    text = component.read_text(encoding="utf-8")
    assert right in text
    component.write_text(text.replace(right, wrong), encoding="utf-8")
    done = run(package, "pytest", "-q", "-p", "no:cacheprovider", "-k", "test_conformance")
    assert done.returncode == 1, done.stdout + done.stderr
    assert re.search(r"FAILED .*(jacobian|hessian|construction)", done.stdout), done.stdout


def test_check_accepts_them_by_their_names(written: dict[str, Path], run: Run) -> None:
    names = [Names.of(f"fresh-{kind}", kind) for kind in KINDS]
    first, *others = (written[kind] for kind in KINDS)
    done = run(first, "bpframe", "check", *(each.full_name for each in names), "--json", beside=others)
    assert done.returncode == 0, done.stdout + done.stderr
    reports = json.loads(done.stdout)
    checked = Counter(report["component"] for report in reports)
    assert checked == {each.component: 2 for each in names}  # their own examples, and no guesses
    assert all(report["ok"] and not report["notes"] for report in reports)


def test_its_spec_trains(kind: str, written: dict[str, Path], run: Run, tmp_path: Path) -> None:
    done = run(written[kind], "bpframe", "train", "examples/digits.yaml", "--output", str(tmp_path / "run"), "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)["test"]["accuracy"] > 0.95


def test_its_linter_would_change_nothing(written: dict[str, Path], run: Run, tmp_path: Path) -> None:
    _needs("ruff")
    # The shortest name and the longest, the first and the last: they move line ends and the order of imports.
    folders = [*written.values()]
    folders += [
        new_package(name, kind, tmp_path / f"{kind}-{name[0]}") for kind in KINDS for name in ("a", "z" * LONGEST)
    ]
    for folder in folders:
        for command in (("check", "--no-cache"), ("format", "--check", "--diff", "--no-cache")):
            done = run(folder, "ruff", *command, installed=False)
            assert done.returncode == 0, done.stdout + done.stderr


def test_packages_are_typed_so_that_mistakes_are_found(written: dict[str, Path], run: Run, tmp_path: Path) -> None:
    _needs("mypy")
    wrong = new_package("wrong-activation", "activation", tmp_path / "package")
    component = wrong / "src/wrong_activation/wrong_activation.py"
    component.write_text(component.read_text(encoding="utf-8") + "\nlimit: str = WrongActivation().limit\n")
    packages = [wrong, *written.values()]
    # All packages in one run, since NumPy's and bpframe's own types take longest; what they tell mypy is the same.
    settings = [
        tomllib.loads((each / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["mypy"] for each in packages
    ]
    assert all(each == settings[0] for each in settings)
    folders = [str(each / folder) for each in packages for folder in settings[0]["files"]]
    done = run(wrong, "mypy", "--cache-dir", os.devnull, *folders, installed=False)
    assert done.returncode == 1, done.stdout + done.stderr
    assert re.search(r"wrong_activation\.py:\d+: error: Incompatible types", done.stdout), done.stdout
    assert re.search(r"^Found 1 error in 1 file \(checked 15 ", done.stdout, re.MULTILINE), done.stdout
