"""Packages that `new_package` wrote, installed as far as discovery can tell, and processes that see them."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import pytest

from bpframe.scaffold import KINDS, new_package
from tests.installed import python_path, write_distribution


@pytest.fixture(scope="session", params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """Kind -> the folder of a package with a component of this kind, as it was written."""
    folder = tmp_path_factory.mktemp("packages")
    return {kind: new_package(f"fresh-{kind}", kind, folder / f"fresh-{kind}") for kind in KINDS}


def install(package: Path, site: Path) -> str:
    """Write what an installer of the package writes beside its modules; return the PYTHONPATH that finds both."""
    project = tomllib.loads((package / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    points = "".join(f"{name} = {value}\n" for name, value in project["entry-points"]["bpframe"].items())
    write_distribution(site, project["name"], project["version"], "[bpframe]\n" + points)
    return python_path([package / "src", site])


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run `python -m WORDS` in a package's folder, where the package is installed, and others beside it."""

    def run(
        package: Path, *words: str, installed: bool = True, beside: Iterable[Path] = ()
    ) -> subprocess.CompletedProcess[str]:
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "BPFRAME_"))
        }
        environment["PYTHONDONTWRITEBYTECODE"] = "1"
        if installed:
            site = tmp_path / f"site-{len(list(tmp_path.iterdir()))}"
            environment["PYTHONPATH"] = os.pathsep.join([install(each, site) for each in (package, *beside)])
        return subprocess.run(
            [sys.executable, "-m", *words],
            cwd=package,
            env=environment,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=600,
            check=False,
        )

    return run
