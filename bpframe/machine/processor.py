"""The processor, the interpreter and NumPy, as far as speed depends on them."""

from __future__ import annotations

import os
import platform
import sys
import sysconfig
from importlib import import_module
from pathlib import Path
from typing import Any

__all__ = ["cpu_features", "cpu_name", "is_debug_build", "numpy_build", "usable_cores"]


def cpu_name() -> str:
    """Return the processor's name, found without NumPy."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine() or "unknown"


def cpu_features() -> frozenset[str]:
    """Return the processor's instruction sets under NumPy's names, such as AVX2 and AVX512_SKX; empty where unknown."""
    try:
        features = import_module("numpy._core._multiarray_umath").__cpu_features__
    except (ImportError, AttributeError):  # a private place, although NumPy's own documentation reads it
        return frozenset()
    return frozenset(name for name, present in features.items() if present)


def numpy_build() -> str:
    """Return what NumPy was built with and for: compiler, BLAS, and the instruction sets whose loops it runs here."""
    import numpy

    try:
        config: Any = numpy.show_config(mode="dicts")
        compiler, blas = config["Compilers"]["c"], config["Build Dependencies"]["blas"]
        sets = config["SIMD Extensions"]
        loops = ", ".join([*sets.get("baseline", ()), *sets.get("found", ())]) or "no instruction set in particular"
        return f"{compiler['name']} {compiler['version']}, for {blas['name']} {blas['version']}; loops for {loops}"
    except (AttributeError, KeyError, TypeError):  # a build that does not describe itself
        return "unknown"


def usable_cores() -> int:
    """Return how many cores this process may use: affinity and, in a container, its share of processor time."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = _container_share()
    return cores if quota is None else max(1, min(cores, int(quota + 0.5)))


def is_debug_build() -> bool:
    """Return whether the interpreter was built for debugging, which makes it several times slower."""
    return hasattr(sys, "gettotalrefcount") or bool(sysconfig.get_config_var("Py_DEBUG"))


def _container_share(root: Path = Path("/sys/fs/cgroup")) -> float | None:
    """Return the cores that a Linux control group (version 2, then 1) allows, or None."""
    try:
        limit, period = (root / "cpu.max").read_text(encoding="ascii").split()
        return None if limit == "max" else int(limit) / int(period)
    except (OSError, ValueError):
        pass
    try:
        limit = (root / "cpu/cpu.cfs_quota_us").read_text(encoding="ascii")
        period = (root / "cpu/cpu.cfs_period_us").read_text(encoding="ascii")
        return int(limit) / int(period) if int(limit) > 0 else None
    except (OSError, ValueError):
        return None
