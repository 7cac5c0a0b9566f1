"""How fast each kernel multiplies here, and what was found out about it before."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version

from bpframe.machine.cache import cached, recalled, remember
from bpframe.machine.processor import cpu_name

__all__ = ["CORETYPE", "measured_rate", "remember_kernel", "remembered_kernel"]

#: The environment variable that chooses OpenBLAS's kernel; it is read when the library is loaded.
CORETYPE = "OPENBLAS_CORETYPE"

#: Seconds for which a measurement multiplies, and the size of its matrices.
SECONDS, SIZE = 0.5, 768

_PROGRAM = f"""
import time
import numpy as np
a = np.random.default_rng(0).standard_normal(({SIZE}, {SIZE})).astype(np.float32)
out = a @ a
times, end = [], time.perf_counter() + {SECONDS}
while time.perf_counter() < end or len(times) < 3:
    began = time.perf_counter()
    np.matmul(a, a, out=out)
    times.append(time.perf_counter() - began)
print(2 * {SIZE}**3 / sorted(times)[len(times) // 2] / 1e9)
"""


def measured_rate(kernel: str | None) -> float | None:
    """Return the GFLOP/s of a float32 product of 768×768 matrices with this kernel, in a process of its own.

    None for the kernel means the one that OpenBLAS chooses. Returns None where the process fails.
    """
    environment = dict(os.environ)
    environment.pop(CORETYPE, None)
    if kernel is not None:
        environment[CORETYPE] = kernel
    try:
        done = subprocess.run(
            [sys.executable, "-c", _PROGRAM], env=environment, capture_output=True, text=True, timeout=60, check=True
        )
        return float(done.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):
        return None


def remember_kernel(kernel: str | None) -> None:
    """Keep which kernel is the better one on this machine, or that there is none, for the next process."""
    remember(cached("blas.json"), {"machine": _machine(), "kernel": kernel})


def remembered_kernel() -> tuple[bool, str | None]:
    """Return whether the question was answered before on this machine, and the better kernel or None.

    Reads a file and no library: NumPy is not loaded.
    """
    found = recalled(cached("blas.json"))
    kernel = found.get("kernel", "")
    known = found.get("machine") == _machine() and (kernel is None or (isinstance(kernel, str) and kernel.isalnum()))
    return known, kernel if known else None


def _machine() -> str:
    """Return what the answer depends on: the processor, and the NumPy that brings the library."""
    try:
        return f"{cpu_name()}, NumPy {version('numpy')}, {sys.executable}"
    except PackageNotFoundError:
        return cpu_name()
