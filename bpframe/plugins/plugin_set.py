"""What a plugin set is: who provides it, its components, and why it may have none."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from bpframe.core.component import Component, category, contract_of
from bpframe.errors import BpframeError, RegistryError

__all__ = ["PluginSet", "Provider", "check_names", "check_set_name", "class_path", "group_of", "one_line"]

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


def group_of(cls: type[Component]) -> str:
    """Return the space of names that a component class belongs to: node for layers and activations."""
    category(cls)  # refuses what is no component
    return cls._category.space


@dataclass(frozen=True)
class Provider:
    """Who provides a plugin set: its name, the installed distribution with its version, and the module."""

    set: str
    distribution: str | None = None
    version: str | None = None
    module: str | None = None

    def __str__(self) -> str:
        if self.distribution is None:
            return f"{self.set} (given in Python)"
        return f"{self.set} ({self.distribution} {self.version or '(no version)'})"


@dataclass(frozen=True)
class PluginSet:
    """A plugin set as it was found.

    Its `status` is ok; broken, with a `reason` in one line and the traceback in `details`; refused, when it was not
    even imported, since its name is another's; excluded, when BPFRAME_PLUGINS leaves it out; or missing, when
    BPFRAME_PLUGINS names it and it is not installed. Only a set that is ok has components, and `categories`, the base
    classes of those that it brings itself. `output` is what it printed
    while it was loaded, `warnings` what else it did that may surprise.
    """

    provider: Provider
    components: tuple[type[Component], ...] = ()
    status: Literal["ok", "broken", "refused", "excluded", "missing"] = "ok"
    reason: str | None = None
    details: str | None = None
    output: str = ""
    warnings: tuple[str, ...] = ()
    import_seconds: float = 0.0
    categories: tuple[type[Component], ...] = ()


def check_set_name(name: str) -> None:
    """Refuse what cannot stand before the dot of `set.name`.

    Errors: RegistryError.
    """
    if not _NAME.fullmatch(name):
        raise RegistryError(f"'{name}' is no name for a plugin set", hint="letters A-Z, digits, _ and -, no dot")


def check_names(plugin_set: PluginSet) -> None:
    """Refuse a set whose class breaks the contract, or one of whose names stands for two classes.

    Errors: ContractError, RegistryError.
    """
    name = plugin_set.provider.set
    check_set_name(name)
    taken: dict[tuple[str, str], type[Component]] = {}
    for cls in plugin_set.components:
        contract_of(cls)
        before = taken.setdefault((group_of(cls), cls.kind), cls)
        if before is not cls:
            raise RegistryError(
                f"two components of '{name}' are named '{cls.kind}': {class_path(before)} and {class_path(cls)}",
                hint="give one of them another kind",
            )


def class_path(cls: type) -> str:
    """Return where a class is defined: its module and its name in it."""
    return f"{cls.__module__}.{cls.__qualname__}"


def one_line(error: BaseException) -> str:
    """Return an error in one line, whatever its class does when it is asked for its text."""
    if isinstance(error, BpframeError):
        return error.problem + (f" ({error.hint})" if error.hint else "")
    try:
        text = str(error).strip()
    except Exception:  # an exception class of the plugin's own may be broken too
        text = ""
    first = text.splitlines()[0] if text else ""
    return f"{type(error).__name__}: {first}" if first else type(error).__name__
