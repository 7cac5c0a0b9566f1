from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "parity")]

# They are in the extra `peers`, and this folder is tried where that is installed.
if any(importlib.util.find_spec(name) is None for name in ("torch", "onnx", "sklearn")):
    collect_ignore_glob = ["test_*.py"]
