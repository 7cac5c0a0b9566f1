"""What is to be checked: component classes with their examples, found by a file's path or by a registered name."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bpframe.categories import CATEGORIES
from bpframe.core.component import Component, category
from bpframe.core.component.category import with_article
from bpframe.errors import UnknownComponent, closest
from bpframe.plugins import Discovery, default_discovery
from bpframe.plugins.registry import PluginSet
from bpframe.testing.report import Outcome, Report, in_words
from bpframe.testing.running.examples import Example, read_examples
from bpframe.testing.running.loose_file import components_of, is_file, loose_file, no_component

__all__ = ["Subject", "broken", "everything", "found_subjects"]


@dataclass(frozen=True)
class Subject:
    """A component class to be checked, the examples that its author states, and the words that find it."""

    component: type[Component]
    words: tuple[str, ...]
    examples: tuple[Example, ...] = ()
    notes: tuple[str, ...] = ()


def broken(what: str, check: str, message: str, rows: Sequence[tuple[str, str]] = ()) -> Report:
    """Return the report on what could not even be tried."""
    return Report(component=what, outcomes=(Outcome(check=check, status="failed", message=message, rows=tuple(rows)),))


@contextlib.contextmanager
def found_subjects(words: Sequence[str]) -> Iterator[list[Subject | Report]]:
    """Yield what words on the command line ask for; a loose file stays imported inside the block.

    A word is a Python file, `file.py::Class` for one class in it, the name of a component, with its set or without, or
    the name of a plugin set. A category, such as `cost`, before a name says which of several components is meant.

    Errors: ComponentFileError, UnknownComponent, AmbiguousComponent, BrokenPlugin (a word stands for nothing, or for
    something that cannot be used).
    """
    with contextlib.ExitStack() as stack:
        found: list[Subject | Report] = []
        waiting = list(words)
        while waiting:
            word = waiting.pop(0)
            group = None
            if waiting and _is_category(word):
                group, word = word, waiting.pop(0)
            path, _, name = word.partition("::")
            if is_file(path):
                found += _in_file(stack, path, name)
            else:
                found += _named(word, group)
        yield found


def _is_category(word: str) -> bool:
    if word in CATEGORIES:
        return True
    return not is_file(word.partition("::")[0]) and word in default_discovery().registry.categories


def everything() -> list[Subject | Report]:
    """Return every component of every installed set, and a report on each set that cannot be used."""
    discovery = default_discovery()
    return [each for plugin_set in discovery.registry.sets for each in _of_set(plugin_set, discovery)]


def _in_file(stack: contextlib.ExitStack, path: str, name: str) -> list[Subject | Report]:
    module = stack.enter_context(loose_file(Path(path)))
    hook = getattr(module, "bpframe_examples", None)
    where = f"EXAMPLES in {path}" if hook is None else f"bpframe_examples() in {path}"
    stated, reports = _stated(path, where, lambda: [getattr(module, "EXAMPLES", ()) if hook is None else hook()])
    # An instance of a class from elsewhere is checked too where the file states it as an example.
    classes = list(dict.fromkeys([*components_of(module), *(type(each.component) for each in stated)]))
    by_class = {each.__name__: each for each in classes}
    if not classes:
        raise no_component(module, path)
    if name and name not in by_class:
        near = closest(name, by_class)
        raise UnknownComponent(
            f"no component of {path} is called '{name}'",
            rows=[("available", ", ".join(by_class))],
            hint=f"{path}::{near}" if near else None,
        )
    for cls in classes:
        if not name or cls.__name__ == name:
            words = (f"{path}::{cls.__name__}" if len(classes) > 1 else path,)
            reports.append(Subject(cls, words, _of_class(stated, cls)))
    return reports


def _stated(
    what: str, where: str, returned: Callable[[], Iterable[Any]]
) -> tuple[list[Example], list[Subject | Report]]:
    """Return the examples that an author states, and a report where the code that states them fails."""
    stated: list[Example] = []
    try:
        for each in returned():
            stated += read_examples(each, where)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # the author's own code
        return stated, [broken(what, "examples", f"{where}: {in_words(error)}")]
    return stated, []


def _of_class(stated: list[Example], cls: type[Component]) -> tuple[Example, ...]:
    return tuple(each for each in stated if type(each.component) is cls)


def _of_set(plugin_set: PluginSet, discovery: Discovery) -> list[Subject | Report]:
    name = plugin_set.provider.set
    if plugin_set.status == "excluded":
        return []
    if plugin_set.status != "ok":
        return [broken(name, "loading", f"the plugin set is {plugin_set.status}: {plugin_set.reason}")]
    where = f"bpframe_examples() of {name}"
    stated, reports = _stated(name, where, lambda: _returned_examples(plugin_set, discovery))
    for cls in plugin_set.components:
        # A kind may be one of several categories' names; the category before it tells them apart.
        alike = [other for other in plugin_set.components if other.kind == cls.kind]
        words = (f"{name}.{cls.kind}",) if len(alike) == 1 else (category(cls), f"{name}.{cls.kind}")
        reports.append(Subject(cls, words, _of_class(stated, cls)))
    return reports


def _returned_examples(plugin_set: PluginSet, discovery: Discovery) -> list[Any]:
    """Ask one set alone for its examples, so that another's mistake is not taken for its own."""
    provider = plugin_set.provider
    plugin = discovery.manager.get_plugin(f"{provider.distribution}: {provider.set}")
    if plugin is None:
        return []
    others = [each for each in discovery.manager.get_plugins() if each is not plugin]
    caller = discovery.manager.subset_hook_caller("bpframe_examples", others)
    return list(caller())


def _named(word: str, group: str | None) -> list[Subject | Report]:
    discovery = default_discovery()
    registry = discovery.registry
    sets = [each for each in registry.sets if each.provider.set == word]
    if sets and group is None:
        return [each for plugin_set in sets for each in _of_set(plugin_set, discovery)]
    wanted, note = _classes(word, group, discovery)
    found: list[Subject | Report] = []
    for plugin_set in registry.sets:
        if plugin_set.status == "ok" and any(each in wanted for each in plugin_set.components):
            for each in _of_set(plugin_set, discovery):
                if isinstance(each, Report):
                    found.append(each)
                elif each.component in wanted:
                    wanted.remove(each.component)
                    found.append(replace(each, notes=note))
    return found


def _classes(word: str, group: str | None, discovery: Discovery) -> tuple[list[type[Component]], tuple[str, ...]]:
    """Return the classes that a name stands for, in every space of names, and a note where it was spelt otherwise."""
    registry = discovery.registry
    groups = list(registry.spaces) if group is None else [registry.categories[group]._category.space]
    found: list[type[Component]] = []
    for each in groups:
        # An ambiguous name and a broken set go on to the user: no other space makes up for them.
        with contextlib.suppress(UnknownComponent):
            found.append(registry.find(word, each))
    if found:
        return found, ()
    full = {name: cls for each in groups for name, cls in registry.components(each).items()}
    alike = {name: cls for name, cls in full.items() if _plain(word) in _spellings(name, cls)}
    if alike:
        return list(dict.fromkeys(alike.values())), (f"'{word}' is taken for {', '.join(alike)}",)
    article = with_article(group or "component")
    hint = f"bpframe check {word}.py, if it is a file of yours" if Path(f"{word}.py").is_file() else None
    raise registry.unknown(word, _plain(word), article, full, hint=hint)


def _plain(name: str) -> str:
    return name.replace("_", "").replace("-", "").lower()


def _spellings(name: str, cls: type[Component]) -> set[str]:
    """Return how a component may be written without regard to case and underscores, its class's name included."""
    set_name = name.partition(".")[0]
    return {_plain(each) for each in (name, cls.kind, cls.__name__, f"{set_name}.{cls.__name__}")}
