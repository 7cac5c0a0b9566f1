"""What the doctor finds, on machines that are made up and on this one."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest

import bpframe as bp
from bpframe.machine import examination, processor
from bpframe.machine.blas import Blas


def levels(report):
    return {each.title: each.level for each in report.findings}


def test_the_report_of_this_machine_is_complete() -> None:
    report = bp.doctor(measure=False)
    assert {"bpframe", "Python", "NumPy", "processor", "cores", "BLAS", "BLAS kernel"} <= set(report.facts)
    assert report.facts["NumPy"] == np.__version__
    assert report.facts["NumPy build"].count(";") == 1
    assert set(map(type, report.as_dict()["findings"])) == {dict}
    assert json.loads(json.dumps(report.as_dict())) == report.as_dict()
    for name, value in report.facts.items():
        assert f"{name} " in str(report)
        assert value in str(report)


def test_more_threads_than_cores_are_a_problem(monkeypatch) -> None:
    monkeypatch.setattr(examination, "usable_cores", lambda: 2)
    for library, variable in (
        ("openblas", "OPENBLAS_NUM_THREADS"),
        ("mkl", "MKL_NUM_THREADS"),
        ("x", "OMP_NUM_THREADS"),
    ):
        finding = examination._threads(Blas(library, "1", None, 16, None, "/x"))
        assert finding.level == "problem"
        assert f"export {variable}=2" in finding.hint
    assert examination._threads(Blas("openblas", "1", None, 2, None, "/x")).level == "ok"


@pytest.mark.parametrize(
    ("variable", "said"),
    [("", "one for small products"), ("2", "at most 2"), ("keep", "all of them for every product")],
)
def test_what_training_makes_of_the_threads_is_said(monkeypatch, variable, said) -> None:
    monkeypatch.setenv("BPFRAME_THREADS", variable)
    assert f"training takes {said}" in examination._threads(Blas("openblas", "1", None, 1, None, "/x")).detail


def test_a_numpy_that_does_not_describe_its_build_is_no_trouble(monkeypatch) -> None:
    monkeypatch.setattr(np, "show_config", lambda mode: {})
    assert processor.numpy_build() == "unknown"


def test_a_debug_build_is_a_problem(monkeypatch) -> None:
    assert examination._build().level == "ok"
    monkeypatch.setattr(examination, "is_debug_build", lambda: True)
    assert examination._build().level == "problem"


@pytest.mark.parametrize(("dtype", "tiny"), [("float32", 1e-40), ("float64", -1e-310)])
def test_denormal_weights_are_found_by_path(dtype, tiny) -> None:
    weights = {"a.w": np.array([[1.0, tiny], [tiny, 0.0]], dtype), "b.w": np.ones(3, dtype)}
    report = bp.doctor(weights, measure=False)
    found = next(each for each in report.findings if "denormal" in each.title)
    assert found.level == "advice"
    assert "2 of 4 in a.w" in found.detail
    assert "b.w" not in found.detail
    assert not report
    assert levels(bp.doctor({"b.w": weights["b.w"]}, measure=False))["weights"] == "ok"


def test_an_extra_that_is_not_installed_is_named(monkeypatch) -> None:
    monkeypatch.setattr(examination, "find_spec", lambda name: None)
    (finding,) = examination._extras()
    assert 'pip install "bpframe[plot]"' in finding.hint


@pytest.mark.parametrize(
    ("files", "share"),
    [
        ({"cpu.max": "150000 100000"}, 1.5),
        ({"cpu.max": "max 100000"}, None),
        ({"cpu/cpu.cfs_quota_us": "200000", "cpu/cpu.cfs_period_us": "100000"}, 2.0),
        ({"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, None),
        ({}, None),
    ],
)
def test_the_share_of_a_container(files, share, tmp_path) -> None:
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text + "\n")
    assert processor._container_share(tmp_path) == share


def run(code, **environment):
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=600, env={**os.environ, **environment}
    )


def test_importing_looks_at_nothing_unless_it_is_asked() -> None:
    code = (
        "import os, sys; before = dict(os.environ); import bpframe; assert dict(os.environ) == before;"
        "print(sorted(sys.modules))"
    )
    done = run(code)
    assert "threadpoolctl" not in done.stdout
    assert done.stderr == ""


def test_importing_warns_once_where_it_is_asked() -> None:
    code = (
        "import numpy, threadpoolctl\n"
        "info = [{'user_api': 'blas', 'internal_api': 'openblas', 'num_threads': 999, 'filepath': '/x'}]\n"
        "threadpoolctl.threadpool_info = lambda: info\n"
        "import bpframe, bpframe.network"
    )
    assert run(code).stderr == ""
    told = run(code, BPFRAME_DOCTOR="warn").stderr
    assert told.count("DoctorWarning") == 1
    assert "999 threads" in told
