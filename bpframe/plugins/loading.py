"""One plugin set: from its entry point to its components, or to the reason why there are none."""

from __future__ import annotations

import time
import traceback
from dataclasses import replace
from importlib.metadata import EntryPoint

import pluggy

from bpframe.core.component import CONTRACT_VERSION, Component
from bpframe.machine.interruption import noticing_interruption
from bpframe.plugins.capturing import captured
from bpframe.plugins.categories import checked
from bpframe.plugins.disturbances import noticing
from bpframe.plugins.manager import PluginDefect, check_hooks, plugin_manager
from bpframe.plugins.plugin_set import PluginSet, Provider, check_set_name, one_line
from bpframe.validation.mistakes import shortened

__all__ = ["load_set"]

#: Seconds of import that are worth a warning: everybody who starts bpframe waits for them.
SLOW = 1.0


def load_set(entry_point: EntryPoint, provider: Provider) -> tuple[PluginSet, object | None]:
    """Import a plugin set and ask it for its components.

    Whatever goes wrong in the plugin's code, also a SystemExit, ends in a broken set and is not raised; only the
    user's own Ctrl-C is. What it prints is kept in the set's `output`, and what else may surprise, in its `warnings`.

    Returns
    -------
    The set, and the plugin that implements its hooks, or None where it is broken.

    """
    changes = noticing(entry_point.value.partition(":")[0].partition(".")[0])
    started = time.perf_counter()
    seconds = 0.0
    plugin = None
    with captured() as written, noticing_interruption() as ctrl_c:
        try:
            try:
                plugin = _imported(entry_point, provider)
            finally:
                warnings = changes()  # first of all: what follows relies on what an import may have replaced
            seconds = time.perf_counter() - started
            found = checked(_provided(plugin, provider))
        except BaseException as error:  # somebody else's code: it must not take the host down
            if ctrl_c.requested and isinstance(error, KeyboardInterrupt):
                raise
            told = "".join(traceback.format_exception(error))
            found = PluginSet(provider, status="broken", reason=one_line(error), details=told)
    seconds = seconds or time.perf_counter() - started
    warnings += changes()
    if seconds > SLOW:
        warnings.insert(0, f"its import took {seconds:.1f} s")
    if written.text.strip():
        warnings.append(f"it printed, first: {_shortened(written.text.strip().splitlines()[0])}")
    found = replace(found, output=written.text, import_seconds=seconds, warnings=tuple(warnings))
    return found, plugin if found.status == "ok" else None


def _imported(entry_point: EntryPoint, provider: Provider) -> object:
    check_set_name(provider.set)
    if entry_point.pattern.match(entry_point.value) is None:
        raise PluginDefect(f"its entry point {entry_point.value!r} names no module", expected="module or module:object")
    return entry_point.load()


def _provided(plugin: object, provider: Provider) -> PluginSet:
    """Return what a plugin provides: its components, and its categories."""
    _check_version(getattr(plugin, "BPFRAME_CONTRACT", 1))
    manager = plugin_manager()
    try:
        manager.register(plugin)
    except pluggy.PluginValidationError as error:
        raise PluginDefect("; ".join(str(error).splitlines()[1:]) or str(error)) from error
    check_hooks(manager, plugin)
    categories = _classes(manager.hook.bpframe_categories, "a base class of a category")
    return PluginSet(provider, _classes(manager.hook.bpframe_components, "a component class"), categories=categories)


def _check_version(needed: object) -> None:
    """Refuse a set that needs a version of the contract that this bpframe does not offer.

    Errors: PluginDefect.
    """
    offered = " and ".join(map(str, range(1, CONTRACT_VERSION + 1)))
    if isinstance(needed, bool) or not isinstance(needed, int) or needed < 1:
        raise PluginDefect(
            f"its BPFRAME_CONTRACT is {shortened(needed, 40)}, which is no version of the contract; "
            f"this bpframe offers {offered}",
            hint=f"write BPFRAME_CONTRACT = {CONTRACT_VERSION}, a whole number",
        )
    if needed > CONTRACT_VERSION:
        raise PluginDefect(
            f"it needs version {needed} of the contract, this bpframe offers {offered}",
            hint="install a newer bpframe, or an older version of the plugin set",
        )


def _classes(hook: pluggy.HookCaller, wanted: str) -> tuple[type[Component], ...]:
    """Return the classes that a hook returns, none where the plugin does not implement it."""
    if not hook.get_hookimpls():
        return ()
    results = hook()
    returned = results[0] if results else None
    if not isinstance(returned, list | tuple):
        raise PluginDefect(f"{hook.name}() returned {_described(returned)}", expected="a list of component classes")
    for index, each in enumerate(returned):
        if not _is_component_class(each):
            raise PluginDefect(
                f"{hook.name}()[{index}] is {_described(each)}",
                expected=wanted,
                hint=f"list the class {type(each).__name__} itself" if isinstance(each, Component) else None,
            )
        if type(each) is not type(Component):
            raise PluginDefect(
                f"the class {type.__repr__(each)} has a metaclass of its own, {type(each).__name__}",
                expected="the metaclass that Layer, Activation, Cost, Optimizer and Initializer have",
            )
    return tuple(dict.fromkeys(returned))


def _is_component_class(value: object) -> bool:
    """Return whether a value is a component class: by its ancestors, as isinstance and issubclass can be told lies."""
    return issubclass(type(value), type) and Component in type.__dict__["__mro__"].__get__(value)


def _described(value: object) -> str:
    if value is None:
        return "None, not a list of component classes"
    if issubclass(type(value), type):
        return f"the class {value.__name__}, which is no component"  # type: ignore[attr-defined]
    return f"of type {type(value).__name__}, not " + (
        "a component class" if isinstance(value, Component) else "what a hook returns"
    )


def _shortened(text: str) -> str:
    return text if len(text) <= 60 else text[:59] + "…"
