"""Values that nobody wrote in good faith."""

from __future__ import annotations

import os
from pathlib import Path
from random import Random
from typing import Any

#: Names that would be somebody's code, somewhere else, or a nuisance, if they were taken for more than names.
NAMES = (
    "os.system", "builtins.eval", "__import__('os').system('touch ran')", "subprocess.Popen", "bpframe.extend.Layer",
    "../../etc/passwd", "reference.dense.__class__", "reference.__init__", "reference.Dense", "Dense", "dense.dense",
    "faraway.layer", "a.b.c.d", ".", "..", "", " ", "dense ", "DENSE", "dense\x1b[2J", "\x1b]0;title\x07", "層", "de\u0301nse",
    "\u202eesned", "x" * 100_000, "./evil.py", "evil.py:Layer", "file:///etc/passwd", "http://localhost/x", "!!python/name:os.system",
    "${HOME}", "$(touch ran)", "`touch ran`", "{{7*7}}", "%s%s%s%n", "'; DROP TABLE layers; --", "dense\n", "\x00",
)  # fmt: skip

NUMBERS: tuple[Any, ...] = (
    0, -1, 1, 2, 10**5, 10**9, 10**11, 10**12, 10**18, 2**31, 2**63 - 1, 2**63, 2**64, 10**30, 10**70, -(2**63), -(10**40),
    0.5, -0.0, 1e308, 5e-324, 1e-320, 1.0, 1e11, True, False,
)  # fmt: skip

#: Where no data are: what would block, never end, or be read for ever.
PLACES = (
    "/dev/zero", "/dev/stdin", "/dev/full", "/dev/random", "/dev/tty", "/dev/fd/0", "/proc/self/mem", "/proc/self/pagemap", "pipe.csv", "pipe.npz",
    "linked.csv", "linked.npz", "circle", "folder", ".", "/", "socket", "sparse.csv", "sparse.npz", "sparse.npy", "sparse.txt", "nothing.csv",
    "~nobody/data.csv", "~", "a\x00b", "x" * 5000, "http://localhost/data.csv", "-", "", "/dev/null", "//", "con", "nul.csv", "data.csv/",
)  # fmt: skip


def value(random: Random, depth: int = 0) -> Any:
    """Return any value of those that JSON can say."""
    roll = random.random()
    if roll < 0.35:
        return random.choice(NUMBERS)
    if roll < 0.6:
        return random.choice((*NAMES, *PLACES))
    if roll < 0.65:
        return None
    if roll < 0.7:
        return [random.choice(NUMBERS)] * random.choice((0, 1, 3, 65, 2000))
    if depth > 3:
        return []
    if roll < 0.85:
        return [value(random, depth + 1) for _ in range(random.randrange(4))]
    if roll < 0.97:
        return {
            random.choice(("kind", "units", "path", *NAMES)): value(random, depth + 1)
            for _ in range(random.randrange(4))
        }
    nested: Any = 1
    for _ in range(random.choice((20, 99, 150, 400))):
        nested = [nested] if random.random() < 0.5 else {"a": nested}
    return nested


def put_places(folder: Path) -> None:
    """Put what `PLACES` names into a folder."""
    for name in ("pipe.csv", "pipe.npz"):
        os.mkfifo(folder / name)
    for name, target in (("linked.csv", "/dev/zero"), ("linked.npz", "pipe.npz"), ("circle", "circle")):
        (folder / name).symlink_to(target)
    (folder / "folder").mkdir()
    for name in ("sparse.csv", "sparse.npz", "sparse.npy", "sparse.txt"):
        with (folder / name).open("wb") as file:
            file.truncate(64 * 2**30)


def replaced(random: Random, document: Any, new: Any) -> Any:
    """Return a document with one value somewhere in it replaced, a key renamed, or something left out or doubled."""
    if isinstance(document, dict) and document and random.random() < 0.9:
        key = random.choice(list(document))
        changed = dict(document)
        roll = random.random()
        if roll < 0.08:
            del changed[key]
        elif roll < 0.14:
            changed[random.choice(NAMES)] = changed.pop(key)
        elif roll < 0.2:
            changed[random.choice(NAMES)] = new
        else:
            changed[key] = replaced(random, document[key], new)
        return changed
    if isinstance(document, list) and document and random.random() < 0.9:
        at = random.randrange(len(document))
        roll = random.random()
        if roll < 0.08:
            return document[:at] + document[at + 1 :]
        if roll < 0.16:
            return document[:at] + [document[at]] * random.choice((2, 300)) + document[at:]
        return [*document[:at], replaced(random, document[at], new), *document[at + 1 :]]
    return new
