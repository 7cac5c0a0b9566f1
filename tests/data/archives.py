"""Arrays in an archive of a folder, and how training reads them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from bpframe.data import NpzData


def npz(folder: Path, *, name: str = "train.npz", **arrays: Any) -> Path:
    """Write arrays; return the folder."""
    np.savez(folder / name, **arrays)
    return folder


def load(folder: Path, dtype: str = "float64", **settings: Any) -> Any:
    return NpzData(path="train.npz", **settings).load(folder, dtype)
