"""A package as its source shows it: modules, imports, rooms. Nothing is executed, and a late import counts as any."""

from __future__ import annotations

import ast
import functools
import graphlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]
BPFRAME = ROOT / "bpframe"
PLUGIN_SETS = sorted(path for path in (ROOT / "plugins").iterdir() if (path / "__init__.py").exists())


def modules_of(package: Path) -> dict[str, Path]:
    """Return the modules of a package by dotted name; a folder stands for its __init__.py.

    The scripts of shipped examples lie in folders of their own below `examples/`: they are files, and nothing imports
    them.
    """
    named = {}
    for path in sorted(package.rglob("*.py")):
        if path.parent.parent == package / "examples":
            continue
        parts = path.relative_to(package.parent).with_suffix("").parts
        named[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return named


def tree_of(path: Path) -> ast.Module:
    """Return a file's syntax tree."""
    return ast.parse(path.read_text(encoding="utf-8"))


def imports_of(name: str, path: Path) -> tuple[tuple[str, str | None, int], ...]:
    """Return (module, imported name or None, line) for every import in the file, also by `import_module("...")`."""
    return _imports_in(path.read_bytes(), name, path)


@functools.cache  # by what the file holds: every test reads all files
def _imports_in(source: bytes, name: str, path: Path) -> tuple[tuple[str, str | None, int], ...]:
    return tuple(_found_imports(ast.parse(source), name, path))


def _found_imports(tree: ast.Module, name: str, path: Path) -> Iterator[tuple[str, str | None, int]]:
    for node in ast.walk(tree):
        match node:
            case ast.Import():
                yield from ((alias.name, None, node.lineno) for alias in node.names)
            case ast.ImportFrom():
                base = absolute(name, path, node)
                yield from ((base, alias.name, node.lineno) for alias in node.names)
            case ast.Call(func=ast.Name(id="import_module") | ast.Attribute(attr="import_module"), args=[first, *_]):
                if isinstance(first, ast.Constant) and isinstance(first.value, str):
                    yield first.value, None, node.lineno


def absolute(name: str, path: Path, node: ast.ImportFrom) -> str:
    """Return the module that `from ... import` names, seen from the top."""
    if not node.level:
        return node.module or ""
    package = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
    package = package[: len(package) - node.level + 1]
    return ".".join([*package, *([node.module] if node.module else [])])


def internal_imports(package: Path) -> dict[str, dict[str, int]]:
    """Return, for each module, the modules of the same package that it imports, with the line of the import."""
    modules = modules_of(package)
    found: dict[str, dict[str, int]] = {name: {} for name in modules}
    for name, path in modules.items():
        for module, imported, line in imports_of(name, path):
            submodule = f"{module}.{imported}"
            target = submodule if submodule in modules else module
            if target in modules:
                found[name].setdefault(target, line)
    return found


def imports_of_the_root(package: Path, root: str = "bpframe") -> list[str]:
    """Return where the package root itself is imported, instead of the module that holds the name."""
    return [
        f"{name}:{line} imports the package root"
        for name, path in modules_of(package).items()
        for module, _, line in imports_of(name, path)
        if module == root
    ]


def foreign_imports(package: Path, forbidden: Iterable[str]) -> list[str]:
    """Return where a module imports one of the `forbidden` packages, or anything below it."""
    names = set(forbidden)
    return [
        f"{name}:{line} imports {module}"
        for name, path in modules_of(package).items()
        for module, _, line in imports_of(name, path)
        if module.split(".")[0] in names
    ]


def cycle(graph: Mapping[str, Iterable[str]]) -> list[str] | None:
    """Return nodes that lead to one another in a circle, or None."""
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        return list(reversed(error.args[1]))
    return None


# Rooms ----------------------------------------------------------------------------------------------------------------


def room_of(module: str) -> str:
    """Return the room of a module: its folder or file in the package, in the heart the folder below; "" is the root."""
    parts = module.split(".")[1:]
    return ".".join(parts[: 2 if parts[:1] == ["core"] else 1])


def rooms_of(package: Path) -> list[Path]:
    """Return every folder that holds modules, also those in other rooms."""
    return sorted(path.parent for path in package.rglob("__init__.py") if path.parent != package)


def arrows(package: Path) -> dict[str, dict[str, list[str]]]:
    """Return, for each room, the other rooms that it imports from, and where."""
    found: dict[str, dict[str, list[str]]] = {}
    for name, targets in internal_imports(package).items():
        here = found.setdefault(room_of(name), {})
        for target, line in targets.items():
            if room_of(target) != room_of(name):
                here.setdefault(room_of(target), []).append(f"{name}:{line} imports {target}")
    return found


def wrong_arrows(package: Path, floors: tuple[tuple[str, ...], ...]) -> list[str]:
    """Return the rooms that are on no floor, and imports that lead from a room to one that is not on a floor below."""
    floor = {room: number for number, row in enumerate(floors) for room in row}
    problems = []
    for room, others in arrows(package).items():
        if room not in floor:
            problems.append(f"{room} is on no floor")
            continue
        for other, places in others.items():
            if other in floor and floor[other] <= floor[room]:
                problems += [f"{place}, which is not on a floor below" for place in places]
    return problems


def forbidden_arrows(package: Path, rooms: Collection[str], forbidden: Collection[str]) -> list[str]:
    """Return where one of these rooms imports from another that is forbidden to it; a room stands for its folders."""

    def within(room: str, names: Collection[str]) -> bool:
        return room in names or room.partition(".")[0] in names

    return [
        place
        for room, others in arrows(package).items()
        if within(room, rooms)
        for other, places in others.items()
        if within(other, forbidden) and other.partition(".")[0] != room.partition(".")[0]
        for place in places
    ]


def closure(package: Path, start: str) -> set[str]:
    """Return the modules of the package that are imported, sooner or later, with `start` and all below it.

    With a module come the folders that it lies in. The root is left out: it is nobody's, and loads by name.
    """
    imports, root = internal_imports(package), package.name
    found: set[str] = set()
    waiting = {name for name in imports if name == start or name.startswith(f"{start}.")}
    while waiting:
        name = waiting.pop()
        found.add(name)
        parts = name.split(".")
        folders = {".".join(parts[:length]) for length in range(2, len(parts))}
        waiting |= ({*imports[name], *folders} & imports.keys()) - found - {root}
    return found


def foreign_at_import(path: Path, package: str) -> dict[str, int]:
    """Return other packages' names that a file imports when it is imported, and not later or for types only."""
    found: dict[str, int] = {}
    waiting: list[ast.AST] = list(tree_of(path).body)
    while waiting:
        node = waiting.pop()
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
                continue
            case ast.If(test=ast.Name(id="TYPE_CHECKING") | ast.Attribute(attr="TYPE_CHECKING")):
                waiting += node.orelse
                continue
            case ast.Import():
                found.update((alias.name.split(".")[0], node.lineno) for alias in node.names)
            case ast.ImportFrom(level=0):
                found[(node.module or "").split(".")[0]] = node.lineno
        waiting += ast.iter_child_nodes(node)
    found.pop(package, None)
    return found


def lines_of(paths: Iterable[Path]) -> int:
    """Return how many lines the files have together."""
    return sum(len(path.read_text(encoding="utf-8").splitlines()) for path in paths)
