"""Categories that plugin sets bring: which are accepted, and which components belong to none that is known."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from bpframe.categories import CATEGORIES
from bpframe.core.component import Component, category
from bpframe.core.component.base import category_base, is_category
from bpframe.core.component.category import PLAIN
from bpframe.errors import AmbiguousComponent, BpframeError, ContractError, RegistryError
from bpframe.plugins.plugin_set import PluginSet, check_names, class_path, one_line

__all__ = ["SPACES", "accepted", "check_set", "checked", "claimed_twice", "known_categories", "unlisted"]

#: The spaces of names of bpframe's own categories, each with what messages call a component of it.
SPACES: dict[str, str] = {base._category.space: base._category.called for base in CATEGORIES.values()}

#: What names other things in spec files and in their schema.
_TAKEN = frozenset({PLAIN, "data", "network", "node", "placed_node", "training", *CATEGORIES, *SPACES})


def _check_categories(plugin_set: PluginSet) -> None:
    """Refuse categories that a set cannot bring: no base class of one, a name that is taken, a space not theirs.

    Errors: ContractError, RegistryError.
    """
    taken: dict[str, type[Component]] = {}
    for base in plugin_set.categories:
        if not is_category(base) or base is Component:
            raise ContractError(
                f"{base.__name__} is no base class of a category",
                expected=f"class {base.__name__}(Component, category=Category(...))",
                received="the base class Component" if base is Component else f"one of category '{category(base)}'",
            )
        name, space = base._category.name, base._category.space
        if base in CATEGORIES.values() or name in _TAKEN:
            raise RegistryError(f"the category '{name}' cannot be a plugin set's own: the name is taken")
        owners = [each for each in CATEGORIES.values() if each._category.space == space]
        if space != name and not issubclass(base, tuple(owners)):
            raise RegistryError(
                f"the category '{name}' cannot belong to the names of '{space}'",
                expected="a space of its own, or that of a category that its base class descends from",
            )
        if taken.setdefault(name, base) is not base:
            raise RegistryError(
                f"two categories are named '{name}': {class_path(taken[name])} and {class_path(base)}",
                hint="give one of them another name",
            )


def check_set(plugin_set: PluginSet) -> None:
    """Refuse a set of which a class breaks the contract, a name stands for two classes, or a category cannot be its.

    Errors: ContractError, RegistryError.
    """
    _check_categories(plugin_set)
    check_names(plugin_set)


def checked(plugin_set: PluginSet) -> PluginSet:
    """Return a set; as a broken one where a class breaks the contract or a name stands for two classes."""
    if plugin_set.status != "ok":
        return plugin_set
    try:
        check_set(plugin_set)
    except BpframeError as error:
        return _broken(plugin_set, error)
    return plugin_set


def accepted(sets: Iterable[PluginSet]) -> tuple[PluginSet, ...]:
    """Return the sets, as broken ones where a component belongs to a category that none of them lists."""
    found = tuple(sets)
    known = {*CATEGORIES.values(), *(base for each in found for base in each.categories)}
    return tuple(_held(each, known) for each in found)


def _held(plugin_set: PluginSet, known: set[type[Component]]) -> PluginSet:
    for cls in plugin_set.components:
        if (base := category_base(cls)) not in known:
            error = RegistryError(
                f"{cls.__name__} is of the category '{category(cls)}', which no plugin set lists",
                hint=f"def bpframe_categories(): return [{base.__name__}]",
            )
            return _broken(plugin_set, error)
    return plugin_set


def _broken(plugin_set: PluginSet, error: BpframeError) -> PluginSet:
    return replace(
        plugin_set, components=(), categories=(), status="broken", reason=one_line(error), details=str(error)
    )


def unlisted(components: Iterable[type[Component]], sets: Iterable[PluginSet]) -> tuple[type[Component], ...]:
    """Return the base classes of the categories of components that neither bpframe nor a set brings."""
    listed = {*CATEGORIES.values(), *(base for each in sets for base in each.categories)}
    return tuple(dict.fromkeys(base for cls in components if (base := category_base(cls)) not in listed))


def known_categories(sets: Iterable[PluginSet]) -> dict[str, list[tuple[PluginSet, type[Component]]]]:
    """Return the categories of plugin sets' own by name, with the set that lists each, or whose component is of it."""
    found: dict[str, list[tuple[PluginSet, type[Component]]]] = {}
    listed = [(each, base) for each in sets for base in each.categories]
    used = [(each, category_base(cls)) for each in sets for cls in each.components]
    for each, base in [*listed, *used]:
        if base not in CATEGORIES.values():
            claims = found.setdefault(base._category.name, [])
            if base not in (known for _, known in claims):
                claims.append((each, base))
    return found


def claimed_twice(name: str, claims: list[tuple[PluginSet, type[Component]]]) -> AmbiguousComponent:
    """Return the error for a category that several sets claim."""
    return AmbiguousComponent(
        f"the category '{name}' is claimed by {len(claims)} plugin sets",
        received=", ".join(str(each.provider) for each, _ in claims),
        hint="name the component with its set, as in set.kind, or uninstall one of them",
    )
