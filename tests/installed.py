"""Distributions as an installer leaves them, and the environment of a process that sees them."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Iterable
from pathlib import Path


def write_distribution(site: Path, name: str, version: str, entry_points: str, folder: str | None = None) -> None:
    """Write the metadata that an installer writes beside the modules of a distribution."""
    info = site / (folder or f"{name.replace('-', '_')}-{version}.dist-info")
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(textwrap.dedent(entry_points), encoding="utf-8")


def python_path(folders: Iterable[Path]) -> str:
    """Return the PYTHONPATH with folders before what is on it."""
    inherited = [os.environ["PYTHONPATH"]] if os.environ.get("PYTHONPATH") else []
    return os.pathsep.join([*map(str, folders), *inherited])
