"""Where and when results were measured."""

from __future__ import annotations

import datetime
import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import Any

#: What is timed, and what it computes with.
PACKAGES = ("torch", "jax", "jaxlib", "autograd", "scikit-learn", "scipy")

#: Variables that change how fast numbers are computed.
VARIABLES = ("OPENBLAS_CORETYPE", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "XLA_FLAGS")

#: Facts without which ratios of two runs do not compare.
DECISIVE = ("processor", "cores", "BLAS", "BLAS kernel", "BLAS threads", "NumPy")


def description() -> dict[str, Any]:
    """Return the date, the doctor's facts, versions, variables, and how busy the machine was at the start."""
    import bpframe

    packages = {}
    for name in PACKAGES:
        try:
            packages[name] = version(name)
        except PackageNotFoundError:
            packages[name] = "-"
    return {
        "date": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d"),
        "facts": {**bpframe.doctor(measure=False).facts, "Python": _python()},
        "packages": packages,
        "variables": {name: os.environ[name] for name in VARIABLES if name in os.environ},
        "load": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
    }


def _python() -> str:
    """Return the interpreter and the system, without the kernel's build, which is nobody's business on a page."""
    return f"{platform.python_version()} ({sys.implementation.name}), {platform.system()} {platform.machine()}"


def start_with_better_kernel() -> None:
    """Replace this process by one whose OpenBLAS runs the kernel that fits the processor, for everybody who uses it.

    As the command line does: not where OPENBLAS_CORETYPE is set already, and not with BPFRAME_BLAS=keep.
    """
    from bpframe.machine.blas import better_kernel, numpy_blas
    from bpframe.machine.kernel import CORETYPE
    from bpframe.machine.processor import cpu_features

    if sys.platform != "linux" or CORETYPE in os.environ or os.environ.get("BPFRAME_BLAS") == "keep":
        return
    kernel = better_kernel(numpy_blas(), cpu_features())
    if kernel is None:
        return
    print(f"starting again with OpenBLAS's kernel {kernel} (BPFRAME_BLAS=keep leaves it as it is)", flush=True)
    os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], {**os.environ, CORETYPE: kernel})
