"""The examination itself: each question in a function of its own."""

from __future__ import annotations

import os
import platform
import sys
import warnings
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from typing import Any

from bpframe._version import __version__
from bpframe.errors import DoctorWarning
from bpframe.machine.blas import Blas, better_kernel, numpy_blas
from bpframe.machine.blas_threads import ALL, LARGE_PRODUCT, keeps_threads, most_threads
from bpframe.machine.doctor_report import DoctorReport, Finding
from bpframe.machine.kernel import CORETYPE, measured_rate, remember_kernel
from bpframe.machine.processor import cpu_features, cpu_name, is_debug_build, numpy_build, usable_cores

__all__ = ["doctor", "examine", "warn_once"]

#: What an extra brings, by the names under which its packages are imported.
EXTRAS: Mapping[str, tuple[tuple[str, ...], str]] = {
    "plot": (("matplotlib", "networkx"), "History.plot and Network.draw"),
}

#: How much faster a kernel must be to be worth a variable.
WORTH = 1.1


def doctor(weights: Mapping[str, Any] | None = None, *, measure: bool = True) -> DoctorReport:
    """Examine the machine for what makes networks slow, and say what to do about it.

    `weights` are arrays by path, such as `network.parameters`, to be searched for denormal numbers, with which
    processors compute many times slower. `measure` compares BLAS kernels by half a second of matrix products each, in
    processes of their own; without it the processor's instruction sets decide.
    """
    blas, features = numpy_blas(), cpu_features()
    return DoctorReport(facts(blas, features), tuple(examine(blas, features, weights or {}, measure)))


def warn_once() -> None:
    """Warn of everything that is not well, in one warning; nothing is measured."""
    findings = [str(each) for each in doctor(measure=False).findings if each.level != "ok"]
    if findings:
        warnings.warn("\n".join(["bpframe could run faster on this machine", *findings]), DoctorWarning, stacklevel=3)


def facts(blas: Blas | None, features: frozenset[str]) -> dict[str, str]:
    """Return what there is, by name."""
    import numpy

    vectors = ("SSE2", "AVX", "AVX2", "FMA3", "AVX512F", "AVX512_SKX", "NEON", "SVE")
    found = [name for name in vectors if name in features]
    return {
        "bpframe": __version__,
        "Python": f"{platform.python_version()} ({sys.implementation.name}), {platform.platform()}",
        "NumPy": numpy.__version__,
        "NumPy build": numpy_build(),
        "processor": cpu_name(),
        "instruction sets": ", ".join(found) or "unknown",
        "cores": f"{usable_cores()} usable of {os.cpu_count()}",
        "BLAS": "unknown" if blas is None else " ".join(filter(None, [blas.library, blas.version])),
        "BLAS kernel": "unknown" if blas is None or blas.kernel is None else blas.kernel,
        "BLAS threads": "unknown" if blas is None else f"{blas.threads} ({blas.threading or 'threads'})",
    }


def examine(
    blas: Blas | None, features: frozenset[str], weights: Mapping[str, Any], measure: bool
) -> Iterator[Finding]:
    """Yield a finding for each question."""
    yield _kernel(blas, features, measure)
    yield _threads(blas)
    yield _build()
    if weights:
        yield _denormals(weights)
    yield from _extras()


def _kernel(blas: Blas | None, features: frozenset[str], measure: bool) -> Finding:
    if blas is None:
        return Finding("ok", "BLAS", "a library that threadpoolctl does not know; its kernel cannot be examined")
    better = better_kernel(blas, features)
    chosen = os.environ.get(CORETYPE)
    if better is None:
        if not chosen:
            remember_kernel(None)
        return Finding("ok", "BLAS kernel", f"{blas.kernel or blas.library} fits the processor")
    now, then = (measured_rate(chosen), measured_rate(better)) if measure else (None, None)
    rates = f"{now:.0f} GFLOP/s against {then:.0f} with {better}" if now and then else f"the processor can run {better}"
    if now and then and then < WORTH * now:
        if not chosen:
            remember_kernel(None)
        return Finding("ok", "BLAS kernel", f"{blas.kernel} is as fast as the newer one here: {rates}")
    if not chosen:
        remember_kernel(better)
    title, hint = f"BLAS runs its kernel for {blas.kernel} processors", f"export {CORETYPE}={better}"
    return Finding("problem", title, rates, hint + ", before Python starts")


def _threads(blas: Blas | None) -> Finding:
    cores = usable_cores()
    if blas is None or blas.threads <= cores:
        return Finding("ok", "threads", f"no more than the {cores} usable cores; training takes {_taken(os.environ)}")
    variable = {"openblas": "OPENBLAS_NUM_THREADS", "mkl": "MKL_NUM_THREADS", "blis": "BLIS_NUM_THREADS"}
    name = variable.get(blas.library, "OMP_NUM_THREADS")
    return Finding(
        "problem",
        "BLAS starts more threads than there are cores",
        f"{blas.threads} threads on {cores} usable cores wait for one another",
        f"export {name}={cores}, before Python starts",
    )


def _taken(environment: Mapping[str, str]) -> str:
    most = most_threads(LARGE_PRODUCT, environment)
    if keeps_threads(environment):
        return "all of them for every product (BPFRAME_THREADS=keep)"
    return "one for small products" if most == ALL else f"at most {most} (BPFRAME_THREADS)"


def _build() -> Finding:
    if is_debug_build():
        return Finding(
            "problem", "Python is a debug build", "every step runs several times slower", "a release build of Python"
        )
    return Finding("ok", "Python", "a release build")


def _denormals(weights: Mapping[str, Any]) -> Finding:
    import numpy as np

    found = {}
    for path, array in weights.items():
        if array.dtype.kind == "f":
            count = int(np.count_nonzero((array != 0) & (np.abs(array) < np.finfo(array.dtype).tiny)))
            if count:
                found[path] = f"{count} of {array.size} in {path}"
    if not found:
        return Finding("ok", "weights", "no denormal numbers")
    return Finding(
        "advice",
        "weights hold denormal numbers, with which processors compute many times slower",
        "; ".join(found.values()),
        "w[np.abs(w) < np.finfo(w.dtype).tiny] = 0",
    )


def _extras() -> Iterator[Finding]:
    for extra, (packages, purpose) in EXTRAS.items():
        missing = [name for name in packages if find_spec(name) is None]
        if missing:
            yield Finding(
                "ok", f"extra '{extra}' is not installed", f"{purpose} need it", f'pip install "bpframe[{extra}]"'
            )
