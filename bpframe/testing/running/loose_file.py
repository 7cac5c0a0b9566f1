"""One Python file of components, imported where it lies, without packaging and without a trace."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import inspect
import sys
import traceback
import types
import zlib
from collections.abc import Iterator
from pathlib import Path

from bpframe.categories import CATEGORIES
from bpframe.core.component import Component
from bpframe.errors import BpframeError, ComponentFileError, closest

__all__ = ["components_of", "is_file", "loose_file", "no_component"]


def is_file(word: str) -> bool:
    """Whether a word on the command line means a file and not a component's name."""
    return word.endswith(".py") or "/" in word or "\\" in word or Path(word).is_file()


@contextlib.contextmanager
def loose_file(path: Path) -> Iterator[types.ModuleType]:
    """Import a Python file, and yield its module.

    Inside the block its folder is on sys.path, so that it may import the files beside it, with or without a dot; a file
    of a package is imported as that package's module. No bytecode is written. Afterwards the modules that came from
    this folder are forgotten.

    Errors: ComponentFileError (there is no such file, it is no Python file, or it cannot be imported, with the line).
    """
    source = _checked(path)
    root = _root(source)
    before = set(sys.modules)
    bytecode, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    sys.path.insert(0, str(root))
    importlib.invalidate_caches()
    try:
        yield _imported(source, root, path)
    finally:
        sys.dont_write_bytecode = bytecode
        with contextlib.suppress(ValueError):
            sys.path.remove(str(root))
        for name in set(sys.modules) - before:
            if _lies_in(sys.modules[name], root):
                del sys.modules[name]


def components_of(module: types.ModuleType) -> list[type[Component]]:
    """Return the component classes of a module: those that it defines, and those that its hook returns.

    Classes that others of them derive from and that are not whole, and those whose name begins with _, are the author's
    own bases.
    """
    found = [each for each in _own(module) if issubclass(each, Component)]
    hook = getattr(module, "bpframe_components", None)
    listed = hook() if inspect.isfunction(hook) else []
    found += [each for each in listed if isinstance(each, type) and issubclass(each, Component)]
    return [
        each
        for each in dict.fromkeys(found)
        if each in listed or not (each.__name__.startswith("_") or _is_base(each, found))
    ]


def no_component(module: types.ModuleType, path: str) -> ComponentFileError:
    """Return the error for a file without a component, which says what it has instead."""
    names = [each.__name__ for each in _own(module)]
    return ComponentFileError(
        f"no component is in {path}",
        expected="a class that derives from " + ", ".join(base.__name__ for base in CATEGORIES.values()),
        received="the classes " + ", ".join(names) if names else "no class",
        hint=f"class {names[0]}(Activation), with: from bpframe.extend import Activation" if names else None,
    )


def _own(module: types.ModuleType) -> list[type]:
    return [each for each in vars(module).values() if isinstance(each, type) and each.__module__ == module.__name__]


def _is_base(cls: type[Component], found: list[type[Component]]) -> bool:
    has_children = any(each is not cls and issubclass(each, cls) for each in found)
    return has_children and not any(hasattr(cls, method) for method in ("forward", "update", "draw"))


def _checked(path: Path) -> Path:
    source = path.expanduser().absolute()
    if source.is_dir():
        raise ComponentFileError(f"{path} is a folder", hint="name the file that holds the component")
    if not source.is_file():
        try:
            near = closest(source.name, [each.name for each in source.parent.glob("*.py")])
        except OSError:
            near = None
        raise ComponentFileError(
            f"there is no file {path}", hint=f"did you mean {path.with_name(near)}?" if near else None
        )
    if source.suffix != ".py":
        raise ComponentFileError(f"{path} is no Python file", expected="a name that ends in .py")
    return source


def _root(source: Path) -> Path:
    """Return the folder that goes on sys.path: the file's own, or that of the outermost package it is in."""
    folder = source.parent
    while (folder / "__init__.py").is_file() and folder.parent != folder:
        folder = folder.parent
    return folder


def _imported(source: Path, root: Path, path: Path) -> types.ModuleType:
    try:
        module = _loose_module(source) if source.parent == root else _package_module(source, root)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # somebody else's code, which may raise anything
        raise _broken(error, source, path) from error
    if not module.__file__ or not Path(module.__file__).samefile(source):
        raise ComponentFileError(
            f"{path} is a module of a package that is imported from elsewhere",
            expected=str(source),
            received=str(module.__file__),
            hint="check the installed component by its name, or uninstall the package",
        )
    return module


def _loose_module(source: Path) -> types.ModuleType:
    # A package that exists in memory alone: it lets the file say `from .beside import ...`, and keeps a file that is
    # called numpy.py from being taken for NumPy.
    package = f"loose_{zlib.crc32(str(source.parent).encode()):08x}"
    if package not in sys.modules:
        parent = types.ModuleType(package)
        parent.__path__ = [str(source.parent)]
        sys.modules[package] = parent
    name = f"{package}.{source.stem.replace('.', '_')}"
    again = sys.modules.get(name)
    if again is not None and again.__file__ and Path(again.__file__).samefile(source):
        return again  # named twice: its classes have to be the same
    spec = importlib.util.spec_from_file_location(name, source)
    if spec is None or spec.loader is None:
        raise ImportError(f"{source.name} cannot be imported")
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _package_module(source: Path, root: Path) -> types.ModuleType:
    parts = source.relative_to(root).with_suffix("").parts
    return importlib.import_module(".".join(parts[:-1] if parts[-1] == "__init__" else parts))


def _lies_in(module: types.ModuleType, root: Path) -> bool:
    places = [getattr(module, "__file__", None), *getattr(module, "__path__", [])]
    return any(isinstance(each, str) and Path(each).is_relative_to(root) for each in places)


def _broken(error: BaseException, source: Path, path: Path) -> ComponentFileError:
    """Say why a file could not be imported, with the line of the author's code."""
    first = (str(error).strip().splitlines() or [""])[0]
    if isinstance(error, BpframeError):
        first = error.problem
    if isinstance(error, SyntaxError):
        where, number, text = Path(error.filename or source), error.lineno, (error.text or "").rstrip("\n")
        column = max((error.offset or 1) - 1, 0)
        shown = f"{text}\n{' ' * column}^" if text.strip() else ""
        problem, first = f"{path} is not Python", error.msg
    else:
        frames = [each for each in traceback.extract_tb(error.__traceback__) if Path(each.filename) == source]
        where, number = source, frames[-1].lineno if frames else None
        shown = (frames[-1].line or "") if frames else ""
        problem, first = f"{path} cannot be imported", f"{type(error).__name__}: {first}"
    name = "" if where == source else f"{where.name}, "
    rows = [("reason", first)]
    if number is not None and shown:
        rows.append((f"{name}line {number}", shown))
    hint = error.hint if isinstance(error, BpframeError) else None
    return ComponentFileError(problem, rows=rows, hint=hint)
