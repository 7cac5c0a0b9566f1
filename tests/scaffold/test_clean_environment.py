"""A stranger's way, in an environment that holds nothing but the wheel of bpframe."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bpframe.scaffold import Names

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "-qq", "--no-deps", "--wheel-dir", str(folder), str(ROOT)]
    subprocess.run(command, check=True)
    (found,) = folder.glob("bpframe-*.whl")
    return found


@pytest.mark.soak
def test_a_package_works_from_the_wheel_and_goes_without_a_trace(kind: str, wheel: Path, tmp_path: Path) -> None:
    names = Names.of(f"stranger-{kind}", kind)
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "venv")], check=True)
    scripts = tmp_path / "venv" / ("Scripts" if os.name == "nt" else "bin")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "BPFRAME"))}
    environment["PATH"] = os.pathsep.join([str(scripts), environment["PATH"]])

    def run(command: str, folder: Path, expected: int = 0) -> str:
        done = subprocess.run(
            command, shell=True, cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == expected, f"{command}\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    run(f"python -m pip install -qq {wheel}", tmp_path)
    told = run(f"bpframe new {names.distribution} --kind {kind}", tmp_path)
    package = tmp_path / names.distribution
    run(f'python -m pip install -qq --find-links {wheel.parent} -e ".[test,lint]"', package)
    for command in ("ruff check", "ruff format --check", "mypy"):
        run(command, package)
    for line in told.splitlines():
        if line.startswith(("  python -m pytest", "  bpframe ")):
            run(line.strip(), package)
    assert f"{names.package} " in run("bpframe plugins", package)

    run("python -m pip wheel -qq --no-deps --wheel-dir dist .", package)
    run(f"python -m pip uninstall -qq -y {names.distribution}", package)
    assert "UnknownComponent" in run("bpframe train examples/digits.yaml", package, expected=2)
    run("python -m pip install -qq --no-deps --no-index dist/*.whl", package)
    run(f"bpframe check {names.full_name}", tmp_path)  # where no source of the package is in reach
