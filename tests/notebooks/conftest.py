"""Notebooks in a real kernel: the extra `notebooks` has one."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]

if any(importlib.util.find_spec(name) is None for name in ("nbclient", "ipykernel", "nbconvert")):
    collect_ignore_glob = ["test_*.py"]


#: What a kernel is told between notebooks.
FRESH = """\
%reset -f
import os
import sys

os.chdir({folder!r})
sys.path[0] = {folder!r}
sys.dont_write_bytecode = True
for name, module in list(sys.modules.items()):
    if str(getattr(module, "__file__", "")).startswith({folders!r}):
        del sys.modules[name]
del os, sys, name, module
"""


@pytest.fixture(scope="session")
def notebooks() -> ModuleType:
    """What makes notebooks of pages."""
    sys.path.insert(0, str(ROOT / "docs" / "rendering"))
    try:
        return importlib.import_module("notebooks")
    finally:
        sys.path.remove(str(ROOT / "docs" / "rendering"))


@pytest.fixture(scope="session")
def kernel() -> Iterator[Any]:
    """One kernel for all notebooks: to start one for each would take longer than most of them."""
    from jupyter_client.manager import KernelManager

    manager = KernelManager(kernel_name="python3")
    manager.start_kernel()
    yield manager
    manager.shutdown_kernel(now=True)


@pytest.fixture
def run(notebooks: ModuleType, kernel: Any, tmp_path: Path) -> Callable[[dict[str, Any]], Any]:
    """Runs a notebook in an empty folder, with no name and no module of the one before; returns it with its outputs."""
    import nbformat
    from nbclient import NotebookClient

    def executed(made: dict[str, Any]) -> Any:
        notebook = nbformat.reads(notebooks.written(made), as_version=4)
        nbformat.validate(notebook)
        fresh = FRESH.format(folder=str(tmp_path), folders=str(tmp_path.parent))
        notebook.cells.insert(0, nbformat.v4.new_code_cell(fresh))
        client = NotebookClient(notebook, km=kernel, timeout=120)
        try:
            client.execute()
        finally:
            client.kc.stop_channels()
        del notebook.cells[0]
        return notebook

    return executed
