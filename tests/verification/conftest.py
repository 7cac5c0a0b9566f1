"""A cache folder for each test, what the kit is asked to check, and an author's package."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from bpframe import Network
from bpframe.core.component import Component
from bpframe.testing import kit

GOOD = "return Diagonal(self.factor * (1 - np.tanh(x) ** 2))"


BAD = "return Diagonal(1 - np.tanh(x) ** 2)"


MODULE = """
import numpy as np
from bpframe.extend import Activation, Diagonal, Field
from {package}helper import identity


class Scaled(Activation):
    "y = k tanh x."

    factor: float = Field(2.0, description="k.")

    def forward(self, x):
        return identity(self.factor * np.tanh(x))

    def jacobian(self, x):
        {jacobian}
"""


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """A cache folder of the test's own."""
    monkeypatch.delenv("BPFRAME_VERIFY", raising=False)
    monkeypatch.setenv("BPFRAME_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "verified"


@pytest.fixture
def checked(monkeypatch):
    """The components that the kit is asked to check."""
    found: list[Component] = []
    check = kit.check_component

    def watched(component, *arguments, **options):
        found.append(component)
        return check(component, *arguments, **options)

    monkeypatch.setattr(kit, "check_component", watched)
    return found


class Package:
    """A package of an author's, written to a folder and imported anew."""

    def __init__(self, folder: Path, monkeypatch) -> None:
        self.folder = folder / "authors_package"
        self.folder.mkdir()
        monkeypatch.syspath_prepend(str(folder))
        monkeypatch.setattr(sys, "dont_write_bytecode", True)
        (self.folder / "__init__.py").write_text("")
        self.helper("return x")
        self.write(GOOD)

    def write(self, jacobian: str) -> None:
        (self.folder / "layers.py").write_text(MODULE.format(package=".", jacobian=jacobian))

    def helper(self, line: str) -> None:
        (self.folder / "helper.py").write_text(f"def identity(x):\n    {line}\n")

    def network(self, verify: bool | None = True, size: int = 3, **fields: float) -> Network:
        for name in [name for name in sys.modules if name.startswith("authors_package")]:
            del sys.modules[name]
        from authors_package.layers import Scaled

        return Network([Scaled(**fields)], input_shape=(size,), verify=verify)


@pytest.fixture
def package(tmp_path, monkeypatch):
    yield Package(tmp_path, monkeypatch)
    for name in [name for name in sys.modules if name.startswith("authors_package")]:
        del sys.modules[name]
