"""What only a process of its own shows: signals, pipes, encodings, and what is imported."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import bpframe as bp

Process = Callable[..., subprocess.CompletedProcess[str]]


def test_ctrl_c_stops_after_the_step_and_keeps_what_was_reached(folder: Path, write_spec: Callable[..., None]) -> None:
    write_spec(("epochs: 3", "epochs: 100000000"))
    command = [sys.executable, "-m", "bpframe", "train", "spec.yaml", "-o", "run"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as training:
        assert training.stderr is not None
        assert training.stderr.readline().startswith("epoch 1/")
        time.sleep(0.1)
        training.send_signal(signal.SIGINT)
        out, err = training.communicate(timeout=600)
    assert training.returncode == 130
    assert "Interrupted: what was reached is in run" in err
    assert "Traceback" not in err
    assert "bpframe evaluate run" in out
    net = bp.load("run")
    assert net.history.stopped == "interrupted"
    assert net.history.steps >= 7 * len(net.history) >= 7
    assert {each.name for each in folder.iterdir()} == {"spec.yaml", "points.npz", "run"}


def test_a_reader_that_goes_away_is_no_error(folder: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "bpframe", "schema"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as schema:
        assert schema.stdout is not None
        assert schema.stderr is not None
        schema.stdout.close()  # before anything is written, so that the first write meets it
        assert schema.stderr.read() == b""
    assert schema.returncode == 0


@pytest.mark.skipif(os.name != "posix", reason="a shell's redirections")
@pytest.mark.parametrize(
    ("command", "closed"),
    [
        *(("plugins", closed) for closed in (">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-")),
        ("plugins --json", ">&-"),
        ("schema", ">&- 2>&-"),
    ],
)
def test_closed_streams_lead_nowhere(folder: Path, command: str, closed: str) -> None:
    done = subprocess.run(f"{sys.executable} -m bpframe {command} {closed}", shell=True, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is always full")
@pytest.mark.parametrize("command", ["schema", "plugins --json", "plugins", "--help", "--version", "train --help"])
def test_a_full_disk_is_no_defect_of_bpframe(folder: Path, command: str) -> None:
    done = subprocess.run(f"{sys.executable} -m bpframe {command} > /dev/full", shell=True, stderr=-1, text=True)
    assert (done.returncode, done.stderr) == (
        2,
        "The output could not be written to its end: No space left on device.\n",
    )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is always full")
@pytest.mark.parametrize(
    ("command", "code"), [("--help >/dev/full", 2), ("evaluate nothing", 2), ("train spec.yaml -o run", 0)]
)
def test_messages_that_cannot_be_written_change_no_exit_code(folder: Path, command: str, code: int) -> None:
    done = subprocess.run(f"{sys.executable} -m bpframe {command} 2>/dev/full", shell=True, cwd=folder, stdout=-1)
    assert done.returncode == code
    assert (folder / "run").exists() == (code == 0)


@pytest.mark.skipif(os.name != "posix", reason="terminals of POSIX")
def test_a_terminal_that_is_closed_ends_no_training(folder: Path) -> None:
    import pty

    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "bpframe", "train", "spec.yaml", "-o", "run", "--epochs", "60"]
    with subprocess.Popen(command, cwd=folder, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        os.read(ours, 1)  # it shows its progress
        os.close(ours)
    assert process.returncode in (0, 2)  # 2 where the last words were refused
    assert (folder / "run").is_dir()


@pytest.mark.parametrize(("words", "found"), [("bpframe tr", "train"), ("bpframe train --ou", "--output")])
def test_a_shell_completes_commands_and_options(process: Process, words: str, found: str) -> None:
    asked = {"COMP_WORDS": words, "COMP_CWORD": str(words.count(" ")), "_BPFRAME_COMPLETE": "complete_bash"}
    done = subprocess.run(
        [Path(sys.executable).with_name("bpframe")], env={**os.environ, **asked}, stdout=-1, text=True
    )
    assert (done.returncode, done.stdout.split()) == (0, [found])


def test_a_terminal_without_unicode_shows_everything(process: Process) -> None:
    plain = {"LC_ALL": "C", "PYTHONIOENCODING": "ascii"}
    result = process("demo", "--epochs", 1, env=plain)
    assert result.returncode == 0, result.stderr
    assert result.stdout.isascii()
    assert "weight times" in result.stdout
    missing = process("train", "ünbekannt.yaml", env=plain)
    assert missing.returncode == 2
    assert "\\xfcnbekannt.yaml does not exist" in missing.stderr


def test_without_plugins_the_demo_says_what_is_missing(process: Process) -> None:
    result = process("demo", env={"BPFRAME_PLUGINS": ""})
    assert (result.returncode, result.stdout) == (2, "")
    assert "needs the plugin set 'reference', which is not loaded" in result.stderr
    assert "BPFRAME_PLUGINS" in result.stderr
    sets = json.loads(process("plugins", "--json", env={"BPFRAME_PLUGINS": ""}).stdout)
    assert {each["status"] for each in sets} == {"excluded"}


def test_a_run_names_the_set_that_it_lacks(process: Process) -> None:
    assert process("train", "spec.yaml", "-o", "run").returncode == 0
    result = process("evaluate", "run", env={"BPFRAME_PLUGINS": ""})
    assert result.returncode == 2
    assert "'reference.dense' is of the plugin set 'reference', which was not loaded" in result.stderr


def test_no_colours_where_none_are_wanted(process: Process) -> None:
    result = process("plugins", env={"NO_COLOR": "1", "COLUMNS": "60"})
    assert "\x1b" not in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 60


def test_help_and_version_load_no_numbers_and_no_plugin(folder: Path) -> None:
    for word in ("--help", "--version"):
        code = (
            f"import sys; sys.argv = ['bpframe', {word!r}]\n"
            "from bpframe.cli import main\n"
            "try:\n    main()\n"
            "except SystemExit as end:\n    assert not end.code\n"
            "heavy = {'numpy', 'scipy', 'pydantic', 'rich', 'pluggy', 'yaml', 'bpframe_reference'} & set(sys.modules)\n"
            "assert not heavy, heavy\n"
        )
        result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert result.returncode == 0, result.stderr
    assert result.stdout == f"bpframe {bp.__version__}\n"


def test_the_console_script_is_the_same_program(folder: Path) -> None:
    script = Path(sys.executable).with_name("bpframe.exe" if os.name == "nt" else "bpframe")
    result = subprocess.run([script, "--version"], capture_output=True, text=True)
    assert result.stdout == f"bpframe {bp.__version__}\n"
