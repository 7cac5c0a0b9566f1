"""bpframe doctor, and commands that start themselves with the better kernel."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest

from bpframe.machine import kernel


def test_the_report_as_text_and_as_json(invoke) -> None:
    shown = invoke("doctor", "--no-measure")
    assert shown.exit_code == 0
    assert "BLAS kernel" in shown.stdout
    facts = json.loads(invoke("doctor", "--no-measure", "--json").stdout)["facts"]
    assert facts["NumPy"] == np.__version__


def test_the_weights_of_a_run(invoke, folder) -> None:
    assert invoke("train", "spec.yaml", "--output", "run").exit_code == 0
    assert "no denormal numbers" in invoke("doctor", "run", "--no-measure").stdout
    missing = invoke("doctor", "nowhere", "--no-measure")
    assert missing.exit_code == 2
    assert "nowhere" in missing.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="processes replace themselves on Linux only")
class TestStart:
    @pytest.fixture
    def cache(self, tmp_path, monkeypatch):
        monkeypatch.setenv("BPFRAME_CACHE", str(tmp_path / "cache"))
        monkeypatch.delenv("OPENBLAS_CORETYPE", raising=False)

    def test_a_command_that_computes_starts_itself_anew_and_says_so(self, cache, process) -> None:
        kernel.remember_kernel("Haswell")
        done = process("train", "spec.yaml", "--output", "run")
        assert done.returncode == 0, done.stderr
        assert done.stderr.count("OpenBLAS's kernel Haswell (BPFRAME_BLAS=keep") == 1

    @pytest.mark.parametrize("variables", [{"BPFRAME_BLAS": "keep"}, {"OPENBLAS_CORETYPE": "Haswell"}])
    def test_it_does_not_where_the_user_decides(self, cache, process, variables) -> None:
        kernel.remember_kernel("Haswell")
        assert "kernel" not in process("train", "spec.yaml", "--output", "run", env=variables).stderr

    def test_other_commands_do_not(self, cache, process) -> None:
        kernel.remember_kernel("Haswell")
        assert "kernel" not in process("plugins").stderr

    def test_the_first_command_finds_out(self, cache, process) -> None:
        assert process("train", "spec.yaml", "--output", "run").returncode == 0
        assert kernel.remembered_kernel()[0]
