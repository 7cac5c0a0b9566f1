"""Which component a name stands for: a frozen value, built from plugin sets.

Every component has two names: the bare one, `dense`, and one that says which set provides it, `reference.dense`.
Layers and activations share one space of names, since a network's nodes are of both; every other category, also one
that a plugin set brings itself, has its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from bpframe.categories import CATEGORIES
from bpframe.core.component import Component, category
from bpframe.core.component.category import with_article
from bpframe.errors import AmbiguousComponent, BrokenPlugin, RegistryError, UnknownComponent, closest
from bpframe.plugins.categories import SPACES, accepted, check_set, checked, claimed_twice, known_categories, unlisted
from bpframe.plugins.plugin_set import PluginSet, Provider, check_set_name, class_path, group_of

__all__ = ["PluginSet", "Provider", "Registry", "check_set_name", "group_of"]

#: More names than these are counted in a message, set by set, and not listed.
_MOST_NAMES = 12


@dataclass(frozen=True)
class Registry:
    """The components of some plugin sets by name. `Registry.build` makes one."""

    sets: tuple[PluginSet, ...] = ()

    @classmethod
    def build(cls, sets: Iterable[PluginSet]) -> Registry:
        """Build a registry; a set whose components cannot all be accepted is kept as a broken one."""
        return cls(accepted(checked(each) for each in sets))

    @cached_property
    def categories(self) -> dict[str, type[Component]]:
        """The base class of each category by its name: bpframe's own, then those that plugin sets bring."""
        return {**CATEGORIES, **{name: claims[0][1] for name, claims in self._claims.items()}}

    @cached_property
    def spaces(self) -> dict[str, str]:
        """Each space of names, with what messages call a component of it: "a layer"."""
        return {base._category.space: base._category.called for base in self.categories.values()}

    @cached_property
    def _claims(self) -> dict[str, list[tuple[PluginSet, type[Component]]]]:
        return known_categories(self.sets)

    def _is_claimed_twice(self, group: str) -> bool:
        """Whether a space of names is that of a category that two sets bring; bpframe's own are nobody else's."""
        return group not in SPACES and len(self._claims.get(group, ())) > 1

    @cached_property
    def _offers(self) -> dict[str, dict[str, list[tuple[PluginSet, type[Component]]]]]:
        """Group -> bare name -> who offers which class under it."""
        found: dict[str, dict[str, list[tuple[PluginSet, type[Component]]]]] = {group: {} for group in self.spaces}
        for each in self.sets:
            for cls in each.components:
                offers = found[group_of(cls)].setdefault(cls.kind, [])
                if (each, cls) not in offers:
                    offers.append((each, cls))
        return found

    @cached_property
    def _by_set(self) -> dict[str, list[PluginSet]]:
        found: dict[str, list[PluginSet]] = {}
        for each in self.sets:
            if each.status != "refused":  # what has no right to a name does not make it ambiguous
                found.setdefault(each.provider.set, []).append(each)
        return found

    @cached_property
    def _names(self) -> dict[type[Component], str]:
        names: dict[type[Component], str] = {}
        for each in self.sets:
            for cls in each.components:
                names.setdefault(cls, f"{each.provider.set}.{cls.kind}")
        return names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names.values())

    def __len__(self) -> int:
        return len(self._names)

    def __contains__(self, cls: object) -> bool:
        return cls in self._names

    def components(self, group: str) -> dict[str, type[Component]]:
        """Return the components of a group by the name that always works, in order of these names.

        Those of a set that two distributions provide are left out: no name stands for them.
        """
        found = {
            f"{each.provider.set}.{kind}": cls
            for kind, offers in self._offers.get(group, {}).items()
            for each, cls in offers
            if len(self._by_set[each.provider.set]) == 1
        }
        return dict(sorted(found.items()))

    def spellings(self, cls: type[Component]) -> tuple[str, ...]:
        """Return the names that stand for a component: the bare one, if it is no other's too, and the full one."""
        full = self.name_of(cls)
        group = group_of(cls)
        offers = {other for _, other in self._offers[group][cls.kind]}
        return (full,) if self._is_claimed_twice(group) or offers != {cls} else (cls.kind, full)

    def find(self, name: str, group: str) -> type[Component]:
        """Return the component that a name stands for in a group.

        Raises
        ------
        UnknownComponent
            No set provides it; names the closest and what is available.
        AmbiguousComponent
            Two sets provide this bare name or this category, or two distributions this set.
        BrokenPlugin
            The set could not be loaded, or BPFRAME_PLUGINS leaves it out.

        """
        if "." in name:
            return self._find_in_set(name, group)
        if self._is_claimed_twice(group):
            raise claimed_twice(group, self._claims[group])
        offers = self._offers.get(group, {}).get(name, [])
        if not offers:
            raise self._unknown(name, group)
        if len({cls for _, cls in offers}) > 1:
            raise AmbiguousComponent(
                f"'{name}' is provided by {len(offers)} plugin sets",
                received=", ".join(str(each.provider) for each, _ in offers),
                hint=" or ".join(dict.fromkeys(f"{each.provider.set}.{name}" for each, _ in offers)),
            )
        return offers[0][1]

    def _find_in_set(self, name: str, group: str) -> type[Component]:
        set_name, _, kind = name.partition(".")
        sets = self._by_set.get(set_name, [])
        if len(sets) > 1:
            raise self._claimed_twice(name, sets)
        if not sets:
            hint = f"install the package that brings the plugin set '{set_name}'; bpframe plugins lists what is here"
            raise self._unknown(name, group, hint)
        (plugin_set,) = sets
        if plugin_set.status != "ok":
            raise _unusable(name, plugin_set)
        for cls in plugin_set.components:
            if cls.kind == kind and group_of(cls) == group:
                return cls
        raise self._unknown(name, group)

    def name_of(self, cls: type[Component]) -> str:
        """Return the name that always works for a component class, such as `reference.dense`.

        Raises
        ------
        RegistryError
            The class belongs to no plugin set of this registry.
        AmbiguousComponent
            Two distributions provide its set, so that the name could not be read back.

        """
        name = self._names.get(cls)
        if name is None:
            raise RegistryError(
                f"{cls.__name__} belongs to no plugin set, so that no file can name it",
                received=class_path(cls),
                hint="list it in the bpframe_components() of an installed plugin set, or give a registry that has it: "
                f"bpframe.plugins.default_registry().with_components('mine', [{cls.__name__}])",
            )
        sets = self._by_set[name.partition(".")[0]]
        if len(sets) > 1:
            raise self._claimed_twice(name, sets)
        return name

    def with_components(self, name: str, components: Iterable[type[Component]]) -> Registry:
        """Return a registry that has these classes too, as a set of this name.

        Raises
        ------
        ContractError
            A class breaks the contract.
        RegistryError
            A name is taken.

        """
        added = tuple(components)
        before = self._by_set.get(name, [])
        if any(each.provider != Provider(name) for each in before):
            raise RegistryError(
                f"the plugin set '{name}' is installed: {', '.join(str(each.provider) for each in before)}",
                hint="choose another name",
            )
        joined = tuple(dict.fromkeys([*(cls for each in before for cls in each.components), *added]))
        others = tuple(each for each in self.sets if each not in before)
        for cls in joined:
            category(cls)  # before its base class is asked for
        extended = PluginSet(Provider(name), joined, categories=unlisted(joined, others))
        check_set(extended)
        return Registry((*others, extended))

    def _claimed_twice(self, name: str, sets: list[PluginSet]) -> AmbiguousComponent:
        return AmbiguousComponent(
            f"'{name}' is ambiguous: {len(sets)} distributions provide a plugin set '{sets[0].provider.set}'",
            received=", ".join(str(each.provider) for each in sets),
            hint="uninstall one of them",
        )

    def _unknown(self, name: str, group: str, hint: str | None = None) -> UnknownComponent:
        bare = name.rpartition(".")[2]
        words = self.spaces
        elsewhere = [words[other] for other in words if other != group and self._offers[other].get(bare)]
        notes = [("note", f"'{bare}' is the name of {' and '.join(elsewhere)}")] if elsewhere else []
        return self.unknown(name, bare, words.get(group) or with_article(group), self.components(group), notes, hint)

    def unknown(
        self, name: str, plain: str, wanted: str, full: Mapping[str, type[Component]],
        notes: Iterable[tuple[str, str]] = (), hint: str | None = None,
    ) -> UnknownComponent:  # fmt: skip
        """Return the error for a name, or its `plain` spelling, that is none of the `full` ones.

        What other frameworks call a component, its class says by `also_known_as: ClassVar[tuple[str, ...]]`.
        """
        bare = {each.rpartition(".")[2]: each for each in full}
        near = closest(name, [*full, *bare]) or closest(plain, bare)
        meant = [each for each, cls in full.items() if _letters(plain) in map(_letters, _other_names(cls))]
        meant = meant or ([bare.get(near, near)] if near else [])
        rows = [("did you mean", f"{' or '.join(meant)}?")] if meant else []
        rows += [*notes, ("available", _listed([*full]))]
        lost = [each for each in self.sets if each.status != "ok"]
        if lost:
            rows.append(("not loaded", "; ".join(f"{each.provider.set}: {each.reason}" for each in lost)))
        return UnknownComponent(f"'{name}' is not {wanted}", rows=rows, hint=hint)


def _unusable(name: str, plugin_set: PluginSet) -> BrokenPlugin:
    set_name = plugin_set.provider.set
    hint = {
        "broken": f"bpframe plugins --json shows the whole traceback; to go on without it: BPFRAME_PLUGINS without "
        f"{set_name}",
        "refused": "uninstall it, or have its author rename the set",
        "excluded": f"add {set_name} to BPFRAME_PLUGINS",
        "missing": "install the distribution that provides it",
    }[plugin_set.status]
    return BrokenPlugin(
        f"'{name}' is of the plugin set '{set_name}', which was not loaded",
        rows=[("reason", plugin_set.reason or ""), ("provider", str(plugin_set.provider))],
        hint=hint,
    )


def _other_names(cls: type[Component]) -> tuple[str, ...]:
    return getattr(cls, "also_known_as", ())


def _letters(name: str) -> str:
    return name.replace("_", "").replace("-", "").lower()


def _listed(names: list[str]) -> str:
    """Return full names in a line; of many, how many each set has."""
    if len(names) <= _MOST_NAMES:
        return ", ".join(names) or "none"
    counts = Counter(name.partition(".")[0] for name in names)
    return f"{', '.join(f'{count} of {name}' for name, count in counts.items())}: bpframe plugins lists them"
