"""Which kernel fits which processor, against the requirements that OpenBLAS states for its x86 targets."""

from __future__ import annotations

import subprocess
import sys

import pytest

from bpframe.machine import blas, examination, kernel
from bpframe.machine.blas import Blas, better_kernel, numpy_blas

OLD = frozenset({"SSE2", "AVX", "F16C"})
AVX2 = OLD | {"AVX2", "FMA3"}
AVX512 = AVX2 | {"AVX512F", "AVX512_SKX"}


def openblas(name: str | None) -> Blas:
    return Blas("openblas", "0.3.31", name, 2, "pthreads", "/lib/libopenblas.so")


@pytest.mark.parametrize(
    ("running", "features", "better"),
    [
        ("Haswell", AVX512, "SkylakeX"),
        ("Zen", AVX512, "SkylakeX"),
        ("Prescott", AVX2, "Haswell"),
        ("Nehalem", OLD, "Sandybridge"),
        ("Haswell", AVX2, None),
        ("Zen", AVX2, None),
        ("SkylakeX", AVX512, None),
        ("Cooperlake", AVX512, None),
        ("SapphireRapids", AVX512, None),
        ("SkylakeX", AVX2, None),  # a user's own choice
        ("neoversen1", frozenset({"NEON"}), None),
        (None, AVX512, None),
    ],
)
def test_better_kernel(running, features, better) -> None:
    assert better_kernel(openblas(running), features) == better


def test_only_openblas_can_be_told_to_run_another_kernel() -> None:
    assert better_kernel(Blas("mkl", "2025", "Haswell", 2, "intel", "/lib/mkl.so"), AVX512) is None
    assert better_kernel(None, AVX512) is None


def test_numpys_own_library_is_the_one_that_is_examined() -> None:
    pytest.importorskip("scipy.linalg")  # loads a library of its own
    found = numpy_blas()
    assert found is None or "scipy.libs" not in found.file


def test_the_library_is_found_before_anybody_has_loaded_numpy() -> None:
    code = "from bpframe.machine.blas import numpy_blas; print(numpy_blas())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=600)
    assert done.stdout.strip() == str(numpy_blas())


def test_a_measurement_multiplies_matrices(monkeypatch) -> None:
    monkeypatch.setattr(kernel, "_PROGRAM", kernel._PROGRAM.replace(f"+ {kernel.SECONDS}", "+ 0.01"))
    rate = kernel.measured_rate(None)
    assert rate is not None
    assert 0.1 < rate < 1e5
    monkeypatch.setattr(kernel, "_PROGRAM", "raise SystemExit(3)")
    assert kernel.measured_rate(None) is None


@pytest.mark.parametrize("answer", [None, "SkylakeX"])
def test_an_answer_is_remembered(answer, monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("BPFRAME_CACHE", str(tmp_path))
    assert kernel.remembered_kernel() == (False, None)
    kernel.remember_kernel(answer)
    assert kernel.remembered_kernel() == (True, answer)
    monkeypatch.setattr(kernel, "cpu_name", lambda: "another processor")
    assert kernel.remembered_kernel() == (False, None)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"machine": 1}'])
def test_a_damaged_answer_is_no_answer(text, monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("BPFRAME_CACHE", str(tmp_path))
    (tmp_path / "blas.json").write_text(text)
    assert kernel.remembered_kernel() == (False, None)


@pytest.mark.parametrize(
    ("now", "then", "level", "remembered"),
    [(100.0, 300.0, "problem", "SkylakeX"), (100.0, 102.0, "ok", None), (None, None, "problem", "SkylakeX")],
)
def test_what_was_measured_decides(now, then, level, remembered, monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("BPFRAME_CACHE", str(tmp_path))
    monkeypatch.delenv("OPENBLAS_CORETYPE", raising=False)
    monkeypatch.setattr(examination, "measured_rate", {None: now, "SkylakeX": then}.__getitem__)
    finding = examination._kernel(openblas("Haswell"), AVX512, measure=True)
    assert finding.level == level
    assert ("export OPENBLAS_CORETYPE=SkylakeX" in finding.hint) == (level == "problem")
    assert kernel.remembered_kernel() == (True, remembered)


def test_every_group_has_the_name_of_one_of_its_kernels() -> None:
    assert all(name.lower() in group for name, (group, _) in zip(blas._NAMES, blas._GROUPS, strict=True))
