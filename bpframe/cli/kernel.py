"""Starting the command line with the BLAS kernel that fits the processor."""

from __future__ import annotations

import os
import sys

__all__ = ["KEEP", "start_with_better_kernel"]

#: Set to "keep", this environment variable leaves BLAS as it is.
KEEP = "BPFRAME_BLAS"

#: The commands that multiply matrices long enough for it to matter.
COMPUTING = frozenset({"demo", "train", "range-test", "evaluate", "predict"})


def start_with_better_kernel(arguments: list[str]) -> None:
    """Replace this process by one whose OpenBLAS runs the better kernel, where there is one that it did not choose.

    OpenBLAS reads OPENBLAS_CORETYPE when it is loaded, so the variable has to stand before NumPy is imported. What is
    found out once is kept in the cache folder; from then on it costs the reading of two small files. A variable that
    the user set stays.
    """
    if sys.platform != "linux" or not COMPUTING.intersection(arguments[:1]):
        return
    from bpframe.machine.kernel import CORETYPE, remember_kernel, remembered_kernel

    if os.environ.get(KEEP) == "keep" or CORETYPE in os.environ:
        return
    known, kernel = remembered_kernel()
    if not known:
        from bpframe.machine.blas import better_kernel, numpy_blas
        from bpframe.machine.processor import cpu_features

        kernel = better_kernel(numpy_blas(), cpu_features())
        remember_kernel(kernel)
    if kernel is None:
        return
    print(f"bpframe: starting with OpenBLAS's kernel {kernel} ({KEEP}=keep leaves it as it is)", file=sys.stderr)
    sys.stdout.flush()
    sys.stderr.flush()
    environment = {**os.environ, CORETYPE: kernel}
    os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], environment)
