"""Files are opened for reading in one place, which refuses what is no file; nothing is unpickled."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.source import BPFRAME, PLUGIN_SETS, modules_of, tree_of

DOOR = "bpframe.machine.opening"

#: Calls that open what a path names, by the last name of the function.
OPENING = {
    *("open", "read_text", "read_bytes", "fromfile", "memmap", "open_memmap", "loadtxt", "genfromtxt"),
    *("load_file", "safe_open", "ZipFile", "TarFile", "GzipFile", "open_code", "FileIO", "mmap", "ParquetFile"),
}

#: What runs what it reads, whoever calls it.
RUNNING = {"pickle", "cPickle", "marshal", "shelve", "dill", "joblib", "cloudpickle"}

#: Modules that may know of it: the kit looks whether a component survives a pickle that it made itself.
PICKLING = {"bpframe.testing.checks.description"}

#: Modules that open what no user names, or a stream that came through the door, and why that is right.
OTHERS = {
    "bpframe.machine.processor": "files of the system's own in /proc and /sys",
    "bpframe.machine.memory": "files of the system's own in /proc and /sys",
    "bpframe.machine.apart": "a file of the system's own in /proc",
    "bpframe.examples.example": "examples in the package",
    "bpframe.cli.demo": "an example in the package",
    "bpframe.cli.shipped_examples": "examples in the package",
    "bpframe.explanation.html.page": "a part of the page in the package",
    "bpframe.reports.web.template": "a part of the page in the package",
    "bpframe.runs.report.page": "a part of the page in the package",
    "bpframe.scaffold.package": "templates in the package",
    "bpframe.scaffold.project": "examples in the package",
    "bpframe.plugins.installed": "what importlib.metadata knows of a distribution",
    "bpframe.checkpoint.beside_writers": "a folder, to hold its number",
    "bpframe.machine.file_lock": "a lock of our own",
    "bpframe.machine.flushing": "what was written, to wait until it is on the disk",
    "bpframe.data.idx": "gzip on a stream from the door",
    "bpframe.data.image_files": "Pillow on a stream from the door",
    "bpframe.data.npz": "arrays in a stream from the door",
    "bpframe.data.mapped": "a stream from the door, which is mapped",
    "bpframe.data.cell_index": "text in memory",
    "bpframe.data.parquet": "pyarrow on a stream from the door",
}


def other_doors(package: Path) -> dict[str, list[int]]:
    """Return the modules that open files for reading, and in which lines."""
    found = {name: sorted(set(_opened(tree_of(path)))) for name, path in modules_of(package).items()}
    return {name: lines for name, lines in found.items() if lines}


def _opened(tree: ast.Module) -> Iterator[int]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _opens(node.func) and not _writes(node):
            yield node.lineno


def _opens(function: ast.expr) -> bool:
    match function:
        case ast.Name(id=name):
            return name in OPENING
        case ast.Attribute(value=ast.Name(id="np" | "numpy"), attr="load"):
            return True
        case ast.Attribute(attr=name):
            return name in OPENING
    return False


def _writes(call: ast.Call) -> bool:
    """Whether a literal says that the file is written, or that it is the place where nothing is."""
    words = [
        each.value for each in [*call.args, *(word.value for word in call.keywords)] if isinstance(each, ast.Constant)
    ]
    modes = [word for word in words if isinstance(word, str) and word and set(word) <= set("rwxabt+")]
    nowhere = any(isinstance(each, ast.Attribute) and each.attr == "devnull" for each in call.args)
    return nowhere or any(set(mode) & set("wxa") for mode in modes)


def unpicklers(package: Path) -> list[str]:
    """Return where something is imported, called or asked for that runs what it reads."""
    problems = []
    for name, path in modules_of(package).items():
        for node in ast.walk(tree_of(path)) if name not in PICKLING else ():
            match node:
                case ast.Import(names=names) if {each.name.partition(".")[0] for each in names} & RUNNING:
                    problems.append(f"{name}:{node.lineno} imports what runs what it reads")
                case ast.ImportFrom(module=str(module)) if module.partition(".")[0] in RUNNING:
                    problems.append(f"{name}:{node.lineno} imports what runs what it reads")
                case ast.keyword(arg="allow_pickle", value=value) if not (
                    isinstance(value, ast.Constant) and value.value is False
                ):
                    problems.append(f"{name}:{node.value.lineno} allows pickles")
                case ast.Attribute(attr="unsafe_load" | "full_load" | "UnsafeLoader" | "FullLoader"):
                    problems.append(f"{name}:{node.lineno} reads YAML that makes objects")
    return problems


def test_files_are_opened_for_reading_by_one_door() -> None:
    assert other_doors(BPFRAME).keys() - {DOOR} <= OTHERS.keys()


def test_every_exception_is_one() -> None:
    assert OTHERS.keys() <= other_doors(BPFRAME).keys()


@pytest.mark.parametrize("package", PLUGIN_SETS, ids=lambda path: path.name)
def test_plugin_sets_open_no_files(package: Path) -> None:
    assert other_doors(package) == {}


@pytest.mark.parametrize("package", [BPFRAME, *PLUGIN_SETS], ids=lambda path: path.name)
def test_nothing_is_unpickled(package: Path) -> None:
    assert unpicklers(package) == []


# Each rule is seen to fail -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        "open(path)",
        "path.open()",
        "path.open('rb')",
        "Path(path).read_text()",
        "io.open(path, 'r')",
        "os.open(path, os.O_RDONLY)",
        "np.load(path)",
        "np.memmap(path, mode='r')",
        "zipfile.ZipFile(path)",
        "safe_open(path, framework='numpy')",
    ],
)
def test_another_door_is_named(package: Path, line: str) -> None:
    (package / "training/trainer.py").write_text(f"def late(path):\n    {line}\n")
    assert other_doors(package) == {"bpframe.training.trainer": [2]}


@pytest.mark.parametrize(
    "line", ["open(path, 'wb')", "path.open('x')", "path.write_text('')", "os.open(os.devnull, 1)"]
)
def test_a_file_that_is_written_is_none(package: Path, line: str) -> None:
    (package / "training/trainer.py").write_text(f"def late(path):\n    {line}\n")
    assert other_doors(package) == {}


@pytest.mark.parametrize(
    "line",
    ["import pickle", "from joblib import load", "np.load(stream, allow_pickle=True)", "yaml.unsafe_load(text)"],
)
def test_what_runs_what_it_reads_is_named(package: Path, line: str) -> None:
    (package / "training/trainer.py").write_text(f"{line}\n")
    assert len(unpicklers(package)) == 1
