"""The BLAS library that NumPy multiplies matrices with, and which of its kernels fits the processor."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass

__all__ = ["Blas", "beside_numpy", "better_kernel", "numpy_blas"]

#: OpenBLAS's x86 kernels in groups of equal instruction sets, slowest first, with what the processor must have.
_GROUPS: tuple[tuple[frozenset[str], frozenset[str]], ...] = (
    (frozenset({"prescott", "core2", "penryn", "nehalem", "athlon", "opteron", "barcelona", "bobcat", "atom"}),
     frozenset()),
    (frozenset({"sandybridge", "bulldozer", "piledriver", "steamroller"}), frozenset({"AVX"})),
    (frozenset({"haswell", "zen", "excavator"}), frozenset({"AVX2", "FMA3"})),
    (frozenset({"skylakex", "cooperlake", "sapphirerapids"}), frozenset({"AVX512_SKX"})),
)  # fmt: skip

#: The kernel to ask for in each group.
_NAMES = ("Nehalem", "Sandybridge", "Haswell", "SkylakeX")


@dataclass(frozen=True)
class Blas:
    """A loaded BLAS library: which, its kernel (the architecture that its inner loops were written for), threads."""

    library: str
    version: str | None
    kernel: str | None
    threads: int
    threading: str | None
    file: str


def numpy_blas() -> Blas | None:
    """Return the BLAS that NumPy has loaded, or None where threadpoolctl does not know it."""
    import numpy  # noqa: F401  # loads the library, which is not there to be found before
    from threadpoolctl import threadpool_info  # type: ignore[import-untyped]

    found = [each for each in threadpool_info() if each["user_api"] == "blas"]
    found.sort(key=lambda each: not beside_numpy(each["filepath"]))
    if not found:
        return None
    first = found[0]
    return Blas(
        library=first["internal_api"],
        version=first.get("version"),
        kernel=first.get("architecture"),
        threads=first["num_threads"],
        threading=first.get("threading_layer"),
        file=first["filepath"],
    )


def beside_numpy(file: str) -> bool:
    """Return whether a library lies where NumPy's wheels bring theirs; SciPy's bring another one."""
    import numpy

    return str(file).startswith(numpy.__path__[0])


def better_kernel(blas: Blas | None, features: Set[str]) -> str | None:
    """Return the OpenBLAS kernel that the processor could run instead of a slower one, or None."""
    if blas is None or blas.library != "openblas" or blas.kernel is None:
        return None
    names = [place for place, (group, _) in enumerate(_GROUPS) if blas.kernel.lower() in group]
    best = max((place for place, (_, needed) in enumerate(_GROUPS) if needed <= features), default=0)
    return _NAMES[best] if names and best > names[0] else None
