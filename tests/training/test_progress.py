"""Telling how training goes: a bar for a person, a few lines for a log, otherwise nothing."""

from __future__ import annotations

import os
import re
import sys
import threading

import pytest

from bpframe.extend import Optimizer
from tests.network.networks import chain, descent, samples

pty = pytest.importorskip("pty")


@pytest.fixture(autouse=True)
def ordinary_environment(monkeypatch):
    for name in ("FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "JUPYTER_COLUMNS", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")


def train(epochs=5, progress=None, **fields):
    return chain().fit(*samples(20), optimizer=descent(), epochs=epochs, batch_size=5, progress=progress, **fields)


class Method(Optimizer):
    """Reports figures without moving."""

    def minimize(self, problem):
        while problem.report(0.125, damping=1e-3, gain_ratio=0.75, gradient_norm=3.0):
            pass


def minimize(progress=None):
    chain().fit(*samples(20), optimizer=Method(), epochs=5, validation_data=samples(4), progress=progress)


def in_terminal(monkeypatch, progress=None, train=train):
    """Train with a pseudo-terminal as standard error; return what a person would be shown."""
    reader, writer = pty.openpty()
    shown = []

    def read():
        while True:
            try:
                part = os.read(reader, 1024)
            except OSError:  # Linux's way to say that the other end is closed
                return
            if not part:
                return
            shown.append(part)

    thread = threading.Thread(target=read)
    thread.start()
    with os.fdopen(writer, "w") as terminal:
        monkeypatch.setattr(sys, "stderr", terminal)
        train(progress=progress)
        terminal.flush()
    monkeypatch.undo()
    thread.join()
    os.close(reader)
    return b"".join(shown).decode()


@pytest.mark.parametrize("progress", [None, True])
def test_a_terminal_shows_a_bar(monkeypatch, progress):
    shown = in_terminal(monkeypatch, progress)
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown)
    assert "━" in text
    assert "epoch 5/5" in text
    assert re.search(r"cost 0\.\d+", text)
    assert shown.count("\x1b[?25l") == shown.count("\x1b[?25h") == 1  # the cursor comes back


def test_a_method_that_drives_itself_shows_its_figures_within_80_columns(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", in_terminal(monkeypatch, train=minimize))
    assert "iteration 5/5" in text
    assert re.search(r"━ cost 0\.125  damping 0\.001  gain ratio 0\.75 ", text)
    assert "gradient" not in text
    assert all(len(line) <= 80 for line in re.split(r"[\r\n]+", text))


def test_a_terminal_shows_nothing_when_told_so(monkeypatch):
    assert in_terminal(monkeypatch, False) == ""


def test_a_dumb_terminal_gets_no_bar(monkeypatch):
    monkeypatch.setenv("TERM", "dumb")
    assert in_terminal(monkeypatch) == ""


@pytest.mark.parametrize("progress", [None, False])
def test_without_a_terminal_nothing_is_written(capfd, progress):
    train(progress=progress, metrics=["accuracy"])
    assert capfd.readouterr() == ("", "")


def test_a_log_file_gets_a_line_per_epoch_when_asked(tmp_path, monkeypatch):
    with (tmp_path / "log").open("w") as log:
        monkeypatch.setattr(sys, "stderr", log)
        history = train(progress=True, metrics=["accuracy"], validation_data=samples(4, seed=1))
    monkeypatch.undo()
    lines = (tmp_path / "log").read_text().splitlines()
    assert len(lines) == 5
    for record, line in zip(history.epochs, lines, strict=True):
        assert line == (
            f"epoch {record.epoch}/5  cost {record.cost:.4g}  validation cost {record.validation_cost:.4g}  "
            f"validation accuracy {record.validation_accuracy:.4g}"
        )


@pytest.mark.parametrize("epochs", [1, 9, 10, 11, 100, 1000])
def test_a_log_file_gets_few_lines_however_long_it_takes(capfd, epochs):
    train(epochs=epochs, progress=True)
    out, err = capfd.readouterr()
    lines = err.splitlines()
    assert out == ""
    assert min(epochs, 6) <= len(lines) <= 12
    assert lines[0].startswith(f"epoch 1/{epochs}  ")
    assert lines[-1].startswith(f"epoch {epochs}/{epochs}  ")
    assert "\x1b" not in err
    assert "\r" not in err


def test_a_log_file_ends_with_the_last_iteration_that_there_was(capfd):
    class Ending(Optimizer):
        def minimize(self, problem):
            for cost in range(57):
                problem.report(cost)
            problem.stop("enough")

    chain().fit(*samples(20), optimizer=Ending(), epochs=1000, progress=True)
    assert [line.split("  ")[0] for line in capfd.readouterr().err.splitlines()] == [
        "iteration 1/1000",
        "iteration 57/1000",
    ]
