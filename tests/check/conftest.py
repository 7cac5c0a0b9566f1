"""Files of components in a folder of their own, and ways to run `bpframe check` on them."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bpframe.cli.app import app
from bpframe.plugins.discovery import default_discovery

HEAD = """\
from typing import ClassVar, Literal
import numpy as np
from bpframe.extend import *
"""

#: An activation y = kx / (1 + k|x|) without fault.
SOFT_SIGN = '''
class SoftSign(Activation):
    """Squash each entry: y = kx / (1 + k|x|)."""

    sharpness: PositiveFloat = Field(1.0, description="k")

    def forward(self, x):
        kx = self.sharpness * x
        return kx / (1 + np.abs(kx))

    def jacobian(self, x, y):
        return Diagonal(self.sharpness * (1 - np.abs(y)) ** 2)
'''

#: The same without the factor k, which shows only where k is not 1.
NO_FACTOR = SOFT_SIGN.replace("Diagonal(self.sharpness * ", "Diagonal(").replace("SoftSign", "NoFactor")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BPFRAME_PLUGINS", raising=False)
    monkeypatch.delenv("BPFRAME_TRACEBACK", raising=False)
    # That no bytecode is left is to be seen also where these tests run without.
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    monkeypatch.setattr("sys.dont_write_bytecode", False)
    return tmp_path


@pytest.fixture
def write(folder: Path) -> Callable[..., Path]:
    """Write a Python file, by default with the imports that components need."""

    def write(name: str, *sources: str, head: str = HEAD) -> Path:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(head + "".join(textwrap.dedent(source) for source in sources), encoding="utf-8")
        return path

    return write


@pytest.fixture
def invoke(folder: Path) -> Callable[..., Any]:
    """Run `bpframe check` in this process: result.exit_code, result.stdout, result.stderr."""
    return lambda *words: CliRunner().invoke(app, ["check", *map(str, words)])


@pytest.fixture
def process(folder: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a command as a process of its own."""

    def run(*command: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PYTHONIOENCODING": "utf-8"}
        return subprocess.run(
            [sys.executable, "-m", *command],
            capture_output=True, text=True, encoding="utf-8", timeout=600, env=environment, check=False,
        )  # fmt: skip

    return run


@pytest.fixture
def installed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, str], None]]:
    """Install a plugin set, given the source of its module, for this process and those that it starts."""
    site = folder / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(str(site))
    inherited = [os.environ["PYTHONPATH"]] if os.environ.get("PYTHONPATH") else []
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(site), *inherited]))

    def install(name: str, source: str) -> None:
        module = f"plugin_{name}_{abs(hash(str(folder)))}"
        (site / f"{module}.py").write_text(HEAD + textwrap.dedent(source))
        info = site / f"bp_{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: bp-{name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[bpframe]\n{name} = {module}\n")
        importlib.invalidate_caches()  # a folder that was listed in the same tick of the clock
        default_discovery.cache_clear()

    yield install
    default_discovery.cache_clear()
