"""One plugin set: from its entry point to its components, or to the reason why there are none."""

from __future__ import annotations

import contextlib
import io
import time
import traceback
from collections.abc import Iterator
from dataclasses import replace
from importlib.metadata import EntryPoint

import pluggy

from bpframe.component import CONTRACT_VERSION, Component
from bpframe.errors import BpframeError
from bpframe.plugins.manager import PluginDefect, check_hooks, plugin_manager
from bpframe.registry import PluginSet, Provider

__all__ = ["load_set"]


def load_set(entry_point: EntryPoint, provider: Provider) -> tuple[PluginSet, object | None]:
    """Import a plugin set and ask it for its components.

    Whatever goes wrong in the plugin's code, also a SystemExit, ends in a broken set and is not raised; only a
    KeyboardInterrupt is. What it prints is kept in the set's `output`.

    Returns
    -------
    The set, and the plugin that implements its hooks, or None where it is broken.

    """
    printed = io.StringIO()
    started = time.perf_counter()
    seconds = 0.0
    try:
        with _quiet(printed):
            plugin = entry_point.load()
            seconds = time.perf_counter() - started
            found = PluginSet(provider, _components(plugin), import_seconds=seconds).checked()
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # somebody else's code: it must not take the host down
        found = PluginSet(
            provider,
            status="broken",
            reason=_one_line(error),
            details="".join(traceback.format_exception(error)),
            import_seconds=seconds or time.perf_counter() - started,
        )
    found = replace(found, output=printed.getvalue())
    return found, plugin if found.status == "ok" else None


@contextlib.contextmanager
def _quiet(printed: io.StringIO) -> Iterator[None]:
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        yield


def _components(plugin: object) -> tuple[type[Component], ...]:
    needed = getattr(plugin, "BPFRAME_CONTRACT", 1)
    if needed != CONTRACT_VERSION:
        raise PluginDefect(f"it needs contract {needed}, this bpframe offers {CONTRACT_VERSION}")
    manager = plugin_manager()
    try:
        manager.register(plugin)
    except pluggy.PluginValidationError as error:
        raise PluginDefect("; ".join(str(error).splitlines()[1:]) or str(error)) from error
    check_hooks(manager, plugin)
    if not manager.hook.bpframe_components.get_hookimpls():
        return ()  # a set that only watches
    results = manager.hook.bpframe_components()
    returned = results[0] if results else None
    if not isinstance(returned, list | tuple):
        raise PluginDefect(
            f"bpframe_components() returned {_described(returned)}", expected="a list of component classes"
        )
    for index, each in enumerate(returned):
        if not (isinstance(each, type) and issubclass(each, Component)):
            raise PluginDefect(
                f"bpframe_components()[{index}] is {_described(each)}",
                expected="a component class",
                hint=f"list the class {type(each).__name__} itself" if isinstance(each, Component) else None,
            )
    return tuple(returned)


def _described(value: object) -> str:
    if value is None:
        return "None, not a list of component classes"
    if isinstance(value, type):
        return f"the class {value.__name__}, which is no component"
    return f"of type {type(value).__name__}, not " + (
        "a component class" if isinstance(value, Component) else "what a hook returns"
    )


def _one_line(error: BaseException) -> str:
    if isinstance(error, BpframeError):
        return error.problem + (f" ({error.hint})" if error.hint else "")
    try:
        text = str(error).strip()
    except Exception:  # an exception class of the plugin's own may be broken too
        text = ""
    first = text.splitlines()[0] if text else ""
    return f"{type(error).__name__}: {first}" if first else type(error).__name__
