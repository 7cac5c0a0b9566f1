"""Hostile files, one after another in a process of its own, and whether each was refused as it should be.

    python -m tests.hostile.files.judging specs 0 100     # prints a line of JSON for each case

A case is right where the command ends with code 2 (or 0, where the file is fine after all), says in at most 4,000
characters what is wrong, with an error of ours, and took at most 2 seconds and 200 MB more than the process had.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]

#: What a case may take: seconds of the processor, seconds of the clock (it waits for something), bytes, characters.
SECONDS, PATIENCE, MEMORY, CHARACTERS = 2.0, 60, 200 * 2**20, 4000

#: What steers a terminal; a line ends with a newline, and a command may write no other control character.
STEERING = {*map(chr, range(32)), *map(chr, range(127, 160))} - {"\n", "\t"} | {"\u202e", "\u2066"}


@dataclass(frozen=True)
class Case:
    """What is done: the words of a command, in the folder where the files lie; what was done to them."""

    what: str
    words: tuple[str, ...]
    #: The spec that is also prepared from Python, which trains nothing where it is fine.
    spec: str | None = None


@dataclass(frozen=True)
class Verdict:
    """How a case ended; `wrong` is empty where that was right."""

    number: int
    what: str
    wrong: str
    code: int | None
    seconds: float
    megabytes: float
    message: str


#: What nothing that is read may make a process do, by Python's names for it.
FORBIDDEN = {
    *("os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "os.forkpty", "subprocess.Popen", "pty.spawn"),
    *("pickle.find_class", "socket.connect", "socket.getaddrinfo", "ctypes.dlopen", "code.__new__", "cpython.run_file"),
}

#: Which of them happened in the present case.
_happened: set[str] = set()


def _watch(event: str, _: object) -> None:
    if event in FORBIDDEN:
        _happened.add(event)


#: Makes a case in a folder, the same from the same number.
Maker = Callable[[int, Path], Case]


def judged(number: int, case: Case) -> Verdict:
    """Carry a case out in the current folder, in this process."""
    _forget_peak()
    before = _resident("VmRSS")
    code, out, told, seconds = _carried_out(case)
    grown = _resident("VmHWM") - before
    wrong = [f"did {each}" for each in sorted(_happened)]
    if Path("ran").exists():
        wrong.append("ran what stands in the file")
    _happened.clear()
    if code not in (0, 2):
        wrong.append(f"ended with {code}")
    if code == 2 and not told.strip():
        wrong.append("said nothing")
    if "Traceback" in told or "Sorry" in told:
        wrong.append("an error that is none of ours")
    if len(told) > CHARACTERS + 200:  # the kind of the error stands before its message
        wrong.append(f"{len(told)} characters")
    if steering := STEERING & {*told, *out}:
        wrong.append(f"steers the terminal: {sorted(map(ascii, steering))}")
    if seconds > SECONDS:
        wrong.append(f"took {seconds:.1f} s")
    if grown > MEMORY:
        wrong.append(f"took {grown / 2**20:.0f} MB")
    return Verdict(number, case.what, "; ".join(wrong), code, round(seconds, 3), round(grown / 2**20, 1), told[:1500])


def _carried_out(case: Case) -> tuple[int | None, str, str, float]:
    """Return the exit code, what was written to both streams, and the seconds of the slower of Python and command."""
    from typer.testing import CliRunner

    from bpframe.cli.app import app
    from bpframe.documents import read_spec
    from bpframe.errors import BpframeError
    from bpframe.runs import prepare_experiment

    said, began, seconds = "", time.process_time(), 0.0
    try:
        with _patience():
            if case.spec is not None:
                try:
                    prepare_experiment(read_spec(case.spec))
                except BpframeError as error:
                    said = str(error)
                seconds, began = time.process_time() - began, time.process_time()
                if not said:
                    return 0, "", "", seconds
            done = CliRunner().invoke(app, list(case.words))
    except TimeoutError:
        return None, "", f"still waiting after {PATIENCE} s", 0.0
    except BaseException as error:  # whatever it is, it should have been one of ours
        return None, "", f"Traceback: {type(error).__name__}: {error!s:.500}", 0.0
    if isinstance(done.exception, TimeoutError):
        return None, "", f"still waiting after {PATIENCE} s", 0.0
    told = done.stderr
    if said and done.exit_code != 2:
        told += f"\nTraceback: refused from Python, not by the command: {said}"
    return done.exit_code, done.stdout, told, max(seconds, time.process_time() - began)


@contextlib.contextmanager
def _patience() -> Iterator[None]:
    def over(*_: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, over)
    signal.alarm(PATIENCE)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def _forget_peak() -> None:
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def _resident(what: str) -> int:
    """Return what the process has of memory, or had at most."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{what}:"):
            return 1024 * int(line.split()[1])
    raise LookupError(what)


def in_a_process(kind: str, first: int, count: int, gib: float = 0.5) -> list[Verdict]:
    """Judge cases in a process with so much more memory than it has; one that ends the process is wrong itself."""
    found: list[Verdict] = []
    while len(found) < count:
        words = [
            sys.executable,
            "-m",
            "tests.hostile.files.judging",
            kind,
            str(first + len(found)),
            str(count - len(found)),
            str(gib),
        ]
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "BPFRAME_CACHE": "", "COLUMNS": "200"}
        done = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=3600)
        lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
        found += [Verdict(**json.loads(line)) for line in lines]
        if done.returncode != 0:
            at = first + len(found)
            wrong = f"ended the process with {done.returncode}"
            found.append(Verdict(at, kind, wrong, done.returncode, 0, 0, done.stderr[-1500:]))
    return found


def main(kind: str, first: int, count: int, gib: float = 0.5) -> None:
    """Judge cases here, and print a line for each."""
    maker: Any = importlib.import_module(f"tests.hostile.files.{kind}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        maker.prepare(folder / "prepared")  # what every case begins with; everything is imported by that
        sys.addaudithook(_watch)
        most = _resident("VmSize") + int(gib * 2**30)
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
        resource.setrlimit(resource.RLIMIT_FSIZE, (2**40, 2**40))
        for number in range(first, first + count):
            place = folder / "case"
            place.mkdir()
            os.chdir(place)
            case = maker.case(number, place, folder / "prepared")
            print(json.dumps(asdict(judged(number, case))), flush=True)
            os.chdir(folder)
            shutil.rmtree(place)


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:4]), *map(float, sys.argv[4:5]))
