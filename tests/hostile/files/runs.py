"""Runs that were damaged, or written to do damage: with the digests of before, and with digests that fit."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from tests.hostile.files.judging import Case
from tests.hostile.files.values import replaced, value

SPEC = """\
network:
  input_shape: [2]
  layers: [{kind: dense, units: 3}, {kind: batch_norm}, {kind: sigmoid}, {kind: dense, units: 2}]
  cost: {kind: cross_entropy}
training: {optimizer: {kind: adam, learning_rate: 0.1}, epochs: 2, batch_size: 8, seed: 0, metrics: [{kind: accuracy}]}
data: {kind: csv, path: ../data.csv, targets: [y], test_fraction: 0.2, scaling: standard, one_hot: true}
"""

#: The files of a run's folder, and of a checkpoint's, that are read again.
RECORDS = {".json", ".jsonl", ".yaml", ".safetensors"}

#: Commands that read a run.
COMMANDS: tuple[tuple[str, ...], ...] = (
    ("predict", "run", "new.csv"),
    ("predict", "run", "new.npy", "--json"),
    ("evaluate", "run"),
    ("evaluate", "run", "--data", "data.csv", "--json"),
    ("explain", "run", "--example", "0"),
    ("runs", "."),
    ("runs", ".", "--json"),
    ("train", "--resume", "run", "--set", "training.epochs=4"),
    ("explain", "run", "--input", "1,2", "--target", "1,0", "--format", "json"),
)


def prepare(folder: Path) -> None:
    """Train a run, and let each command read it once."""
    from typer.testing import CliRunner

    from bpframe.cli.app import app

    folder.mkdir()
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 2))
    lines = [f"{a},{b},{'yes' if a > b else 'no'}" for a, b in x]
    (folder / "data.csv").write_text("\n".join(["a,b,y", *lines]) + "\n")
    (folder / "new.csv").write_text("a,b\n1,2\n2,1\n")
    np.save(folder / "new.npy", x[:5])
    (folder / "spec.yaml").write_text(SPEC.replace("../data.csv", "data.csv"))
    before = Path.cwd()
    os.chdir(folder)
    for words in (("train", "spec.yaml", "-o", "run"), *COMMANDS):
        done = CliRunner().invoke(app, list(words))
        assert done.exit_code == 0, (words, done.stderr)
        if words[0] == "train" and "-o" in words:
            shutil.copytree("run", "kept")
    shutil.rmtree("run")
    Path("kept").rename("run")
    os.chdir(before)


def case(number: int, folder: Path, prepared: Path) -> Case:
    """Damage a copy of the run; the same number always does the same."""
    random = Random(number)
    for name in ("data.csv", "new.csv", "new.npy"):
        shutil.copy(prepared / name, folder)
    shutil.copytree(prepared / "run", folder / "run")
    run = newest(folder / "run")
    name = random.choice(
        sorted(each.name for each in run.iterdir() if each.suffix in (".json", ".yaml", ".safetensors"))
    )
    what = random.choice(list(DAMAGES))
    DAMAGES[what](random, run / name)
    fits = random.random() < 0.7
    if fits:
        with contextlib.suppress(Exception):  # what was damaged may not be what it was
            seal(run)
    words = COMMANDS[number % len(COMMANDS)]
    return Case(f"{name}: {what}{', digests that fit' * fits}, {words[0]}", words)


def newest(run: Path) -> Path:
    """Return the folder of the newest checkpoint in a run's folder; the folder itself, where it is one."""
    checkpoints = sorted(run.glob("checkpoints/*"))
    return checkpoints[-1] if checkpoints else run


def seal(run: Path) -> None:
    """Write digests that fit what the folder holds now."""
    from bpframe.checkpoint.content import VERSIONS
    from bpframe.checkpoint.digests import digests_of, sealed

    if not (run / VERSIONS).is_file():
        return
    versions = json.loads((run / VERSIONS).read_text())
    versions.pop("digest", None)
    names = [each for each in versions.pop("digests", {}) if (run / each).exists()]
    if any(not (run / each).is_file() or (run / each).stat().st_size > 2**24 for each in names):
        return
    versions["files"] = names
    (run / VERSIONS).write_text(sealed(versions, digests_of(run, names)))


def _flip(random: Random, path: Path) -> None:
    content = bytearray(path.read_bytes())
    for _ in range(random.choice((1, 1, 3, 30))):
        content[random.randrange(len(content))] = random.randrange(256)
    path.write_bytes(content)


def _flip_at_the_beginning(random: Random, path: Path) -> None:
    content = bytearray(path.read_bytes())
    for _ in range(random.choice((1, 2, 8))):
        content[random.randrange(min(len(content), 16))] = random.choice(
            (0, 1, 0x7F, 0x80, 0xFF, random.randrange(256))
        )
    path.write_bytes(content)


def _cut(random: Random, path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: random.choice((0, 1, 7, 8, 9, len(content) - 1, random.randrange(len(content))))])


def _longer(random: Random, path: Path) -> None:
    with path.open("ab") as file:
        file.write(random.choice((b"\0", b"x" * 1000, b"{}", path.read_bytes())))


def _swap(random: Random, path: Path) -> None:
    others = sorted(each for each in path.parent.iterdir() if each.is_file() and each != path)
    other = random.choice(others)
    mine, theirs = path.read_bytes(), other.read_bytes()
    path.write_bytes(theirs)
    other.write_bytes(mine)


def _remove(random: Random, path: Path) -> None:
    path.unlink()


def _pipe(random: Random, path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _linked(random: Random, path: Path) -> None:
    path.unlink()
    path.symlink_to(
        random.choice(
            (
                "/dev/zero",
                "/dev/stdin",
                "/dev/random",
                path.name,
                "..",
                "/proc/self/mem",
                "/etc/passwd",
                "../../data.csv",
            )
        )
    )


def _folder(random: Random, path: Path) -> None:
    path.unlink()
    path.mkdir()


def _sparse(random: Random, path: Path) -> None:
    with path.open("r+b" if random.random() < 0.5 else "wb") as file:
        file.truncate(random.choice((2**30, 2**36, 2**40)))


def _unreadable(random: Random, path: Path) -> None:
    path.write_bytes(
        random.choice((bytes(1000), b"\xff\xfe" + "x".encode("utf-16"), b"[" * 100_000, b"{" * 9, b"9" * 10_000))
    )


def _header(random: Random, path: Path) -> None:
    """Change what the header of arrays tells; of other files, their JSON or text."""
    if path.suffix != ".safetensors":
        _value(random, path)
        return
    content = path.read_bytes()
    end = 8 + int.from_bytes(content[:8], "little")
    header: Any = json.loads(content[8:end])
    name = random.choice(list(header))
    if random.random() < 0.3:
        header[random.choice(("w" * 10_000, "\x1b[2J", "state/x.y", "state/", "", "dense_1.w"))] = header.pop(name)
    else:
        header[name] = replaced(random, header[name], value(random))
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + content[end:])


def _value(random: Random, path: Path) -> None:
    """Replace a value in JSON; of a spec a number or a word; of arrays a number."""
    if path.suffix == ".json":
        document = json.loads(path.read_text())
        for _ in range(random.choice((1, 1, 3))):
            document = replaced(random, document, value(random))
        path.write_text(json.dumps(document, skipkeys=True))
    elif path.suffix == ".safetensors":
        content = bytearray(path.read_bytes())
        at = len(content) - 8 * random.randrange(1, 6)
        content[at : at + 8] = np.float64(random.choice((np.nan, np.inf, -np.inf, 1e308, 5e-324))).tobytes()
        path.write_bytes(content)
    elif path.suffix != ".yaml":
        _flip(random, path)
    else:
        import yaml

        document = replaced(random, yaml.safe_load(path.read_text()), value(random))
        path.write_text(yaml.safe_dump(document))


def _many(random: Random, path: Path) -> None:
    """Let JSON hold thousands of what it holds one of."""
    if path.suffix != ".json":
        _longer(random, path)
        return
    document = json.loads(path.read_text())
    for key, each in document.items() if isinstance(document, dict) else ():
        if isinstance(each, list):
            document[key] = random.choice((each, [1], [{}], [None], [each])) * random.choice((1000, 200_000))
        elif isinstance(each, dict):
            document[key] = {**each, **{f"k{k}": 1 for k in range(random.choice((1000, 100_000)))}}
    path.write_text(json.dumps(document))


def _strange(random: Random, path: Path) -> None:
    (
        path.parent / random.choice(("more.txt", "evil.py", "__init__.py", "history.json.tmp", "x" * 200, "\x1b[2J"))
    ).write_text("raise SystemExit")


DAMAGES: dict[str, Callable[[Random, Path], None]] = {
    "bytes flipped": _flip,
    "bytes at its beginning": _flip_at_the_beginning,
    "cut": _cut,
    "longer": _longer,
    "exchanged with another": _swap,
    "removed": _remove,
    "a pipe": _pipe,
    "a link": _linked,
    "a folder": _folder,
    "sparse": _sparse,
    "something else": _unreadable,
    "another header": _header,
    "another value": _value,
    "two other values": _value,
    "too many values": _many,
    "a file beside it": _strange,
}
