"""A coverage-guided fuzz of each loader, with atheris: python -m tests.hostile.files.fuzzing npz 60 [FOLDER]

Whatever is no error of ours ends it, and is left in FOLDER; so is what takes more than 2 seconds or 1 GB. What was
found lies in `findings/`, and is read again by the tests.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from safetensors.numpy import save

from tests.hostile.files.data import good

FINDINGS = Path(__file__).with_name("findings")


def _spec(ending: str) -> Callable[[Path], object]:
    def read(path: Path) -> object:
        from bpframe.documents import read_spec

        return read_spec(path)

    return read


def _arrays(path: Path) -> object:
    from bpframe.checkpoint.array_file import read_arrays

    return read_arrays(path)


def _npz(path: Path) -> object:
    from bpframe.data.npz import read_npz

    return read_npz(path)


def _npy(path: Path) -> object:
    from bpframe.data.npz import read_npy

    return read_npy(path)


def _idx(path: Path) -> object:
    from bpframe.data.idx import read_idx

    return read_idx(path)


def _csv(path: Path) -> object:
    from bpframe.data import CsvData

    return CsvData(path=str(path), targets=("y",), one_hot=True).load()


def _series(path: Path) -> object:
    from bpframe.data import SeriesData

    return SeriesData(path=str(path), columns=("a", "b"), length=3).load()


def _text(path: Path) -> object:
    from bpframe.data import TextData

    return TextData(path=str(path), length=4).load()


def _image(path: Path) -> object:
    from bpframe.data.image_files import read_images

    return read_images([path], None, "grey")


def _record(path: Path) -> object:
    from bpframe.checkpoint.reading import _model
    from bpframe.data import FittedPreparation
    from bpframe.training.history import History

    return _model(path, History if path.read_bytes()[:1] == b"{" else FittedPreparation)


_SPEC = {
    "network": {
        "input_shape": [2],
        "layers": [{"kind": "dense", "units": 3}, {"kind": "sigmoid"}],
        "cost": {"kind": "quadratic"},
    },
    "training": {"optimizer": {"kind": "adam"}, "epochs": 1},
    "data": {"kind": "digits", "test_count": 3},
}

#: How a file of each kind is read, the end of its name, and files that are fine.
TARGETS: dict[str, tuple[Callable[[Path], object], str, Callable[[], list[bytes]]]] = {
    "yaml": (_spec(".yaml"), ".yaml", lambda: [b"network: {input_shape: [2], layers: [&a {kind: dense, units: 3}, {<<: *a, units: 2}]}\n"]),
    "toml": (_spec(".toml"), ".toml", lambda: [b"[network]\ninput_shape = [2]\n[[network.layers]]\nkind = 'dense'\nunits = 3\n"]),
    "json": (_spec(".json"), ".json", lambda: [json.dumps(_SPEC).encode()]),
    "safetensors": (_arrays, ".safetensors", lambda: [save({"w": np.ones((3, 2)), "b": np.ones(3, np.float32)}, metadata={"a": "b"})]),
    "npz": (_npz, ".npz", lambda: [good("npz")]),
    "npy": (_npy, ".npy", lambda: [good("npy")]),
    "idx": (_idx, ".idx", lambda: [good("idx"), good("idx.gz")]),
    "csv": (_csv, ".csv", lambda: [good("csv"), good("csv.gz"), good("tsv")]),
    "series": (_series, ".csv", lambda: [good("series")]),
    "text": (_text, ".txt", lambda: [good("text")]),
    "image": (_image, ".png", lambda: [good("images")]),
    "record": (_record, ".json", lambda: [b'{"epochs": [{"epoch": 1, "cost": 1.5, "seconds": 0.1, "metrics": {"a": [[1.0]]}}], "stopped": "completed", "steps": 8}']),
}  # fmt: skip


def read_again(target: str, content: bytes, folder: Path) -> None:
    """Let a loader read a file; an error of ours is right. Raises whatever else the loader raises."""
    from bpframe.errors import BpframeError

    read, ending, _ = TARGETS[target]
    path = folder / f"file{ending}"
    path.write_bytes(content)
    with contextlib.suppress(BpframeError):
        read(path)


def main(target: str, seconds: int, found: Path) -> None:
    """Fuzz a loader for so many seconds."""
    import atheris

    ours = ("bpframe", "yaml", "tomllib", "zipfile", "gzip", "csv", "PIL")
    for name in [each for each in sys.modules if each.partition(".")[0] in ours]:
        del sys.modules[name]  # to be imported again, with what counts the lines that are reached
    with atheris.instrument_imports(include=list(ours)):
        import PIL.Image  # noqa: F401

        import bpframe.checkpoint.reading
        import bpframe.data.image_files
        import bpframe.documents  # noqa: F401
    corpus = found / target
    corpus.mkdir(parents=True, exist_ok=True)
    for k, content in enumerate(TARGETS[target][2]()):
        (corpus / f"good{k}").write_bytes(content)
    place = Path(tempfile.mkdtemp(dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None))
    words = [sys.argv[0], f"-max_total_time={seconds}", "-timeout=4", "-rss_limit_mb=1200", "-max_len=6000"]
    atheris.Setup(
        [*words, f"-artifact_prefix={found}/{target}-", str(corpus)], lambda content: read_again(target, content, place)
    )
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3] if len(sys.argv) > 3 else FINDINGS))
