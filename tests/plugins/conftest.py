"""A folder of installed distributions, made for a test, and a process that discovers them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.installed import python_path, write_distribution

COMPONENT = """
from bpframe.core.component import Layer
from bpframe.plugins import hookimpl

class {name}(Layer):
    def forward(self, x):
        return x

    def jacobian(self, x):
        return x
"""


class Site:
    """A folder on the path, with modules and the metadata that an installer writes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def module(self, name: str, source: str) -> None:
        (self.folder / f"{name}.py").write_text(textwrap.dedent(source), encoding="utf-8")

    def distribution(self, name: str, version: str, entry_points: str, *, folder: str | None = None) -> None:
        write_distribution(self.folder, name, version, entry_points, folder)

    def plugin(self, name: str, source: str, *, version: str = "1.0", module: str | None = None) -> None:
        module = module or f"plugin_{name}"
        self.module(module, source)
        self.distribution(f"bp-{name}", version, f"[bpframe]\n{name} = {module}\n")

    def layer(self, name: str, class_name: str) -> None:
        source = (
            COMPONENT.format(name=class_name) + f"\n@hookimpl\ndef bpframe_components():\n    return [{class_name}]\n"
        )
        self.plugin(name, source)


@pytest.fixture(scope="session")
def make_site(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Site]:
    return lambda: Site(tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="session")
def run_in() -> Callable[..., Any]:
    """Run a script in a process that sees a site's distributions; return the JSON that it prints last."""

    def run(site: Site, script: str, plugins: str | None = None) -> Any:
        environment = {key: value for key, value in os.environ.items() if key != "BPFRAME_PLUGINS"}
        environment["PYTHONPATH"] = python_path([site.folder])
        if plugins is not None:
            environment["BPFRAME_PLUGINS"] = plugins
        done = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(script)],
            env=environment,
            cwd=site.folder,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert done.stderr == ""
        return json.loads(done.stdout)

    return run
