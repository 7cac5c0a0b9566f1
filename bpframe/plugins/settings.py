"""What a process is set to, beside the names of its modules: how each setting is read, put back and called."""

from __future__ import annotations

import contextlib
import gc
import locale
import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

__all__ = ["SETTINGS", "Setting"]


class Setting(NamedTuple):
    """One setting: what changing it is called, how it is read, and how it is put back.

    `changed` says of the values before and after whether it was changed to the worse; another value is where it is
    left out.
    """

    told: str
    read: Callable[[], Any]
    put_back: Callable[[Any], object]
    changed: Callable[[Any, Any], bool] = lambda before, after: bool(before != after)


def _folder() -> str | None:
    try:
        return os.getcwd()  # noqa: PTH109 (pathlib may be what was changed)
    except OSError:  # it was removed
        return None


def _to_folder(folder: str | None) -> None:
    if folder is not None:
        os.chdir(folder)


def _filters() -> list[Any]:
    return [*warnings.filters]


def _to_filters(before: list[Any]) -> None:
    with warnings.catch_warnings():  # whose end lets Python look at the filters anew
        pass
    warnings.filters[:] = [each for each in warnings.filters if each in before or each[0] != "error"]  # type: ignore[index]


def _more_errors(before: list[Any], after: list[Any]) -> bool:
    return any(each[0] == "error" and each not in before for each in after)


def _signals() -> dict[int, Any]:
    """Return who handles the signals that end a process; not SIGINT, which loading itself watches."""
    names = ("SIGTERM", "SIGHUP", "SIGPIPE", "SIGALRM", "SIGSEGV", "SIGABRT")
    return {number: signal.getsignal(number) for name in names if (number := getattr(signal, name, None)) is not None}


def _to_signals(before: dict[int, Any]) -> None:
    if threading.current_thread() is threading.main_thread():
        for number, handler in before.items():
            if handler is not None and signal.getsignal(number) is not handler:
                signal.signal(number, handler)


def _alarm() -> bool:
    return bool(hasattr(signal, "getitimer") and signal.getitimer(signal.ITIMER_REAL)[0])


def _no_alarm(before: bool) -> None:
    if not before:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _limits() -> dict[int, tuple[int, int]]:
    try:
        import resource  # not on Windows
    except ImportError:
        return {}
    kinds = [getattr(resource, name) for name in dir(resource) if name.startswith("RLIMIT_")]
    return {kind: resource.getrlimit(kind) for kind in kinds}


def _to_limits(before: dict[int, tuple[int, int]]) -> None:
    import resource

    for kind, (soft, hard) in before.items():
        most = resource.getrlimit(kind)[1]  # one that was lowered stays so
        lowered = most != resource.RLIM_INFINITY and (hard == resource.RLIM_INFINITY or most < hard)
        at_most = most if lowered and (soft == resource.RLIM_INFINITY or soft > most) else soft
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(kind, (at_most, most))


def _mask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _environment() -> dict[str, str]:
    return {**os.environ}


def _to_environment(before: dict[str, str]) -> None:
    os.environ.update({name: value for name, value in before.items() if os.environ.get(name) != value})


def _lost(before: dict[str, Any], after: dict[str, Any]) -> bool:
    """Whether something that was there is gone or another; what is new does no harm."""
    return any(after.get(name) is not value and after.get(name) != value for name, value in before.items())


def _modules() -> dict[str, Any]:
    return {**sys.modules}


def _to_modules(before: dict[str, Any]) -> None:
    sys.modules.update(before)


def _replaced_modules(before: dict[str, Any], after: dict[str, Any]) -> bool:
    return any(after.get(name) is not module for name, module in before.items())


def _handling() -> Any:
    import numpy as np  # only here: importing bpframe.plugins takes no numbers

    return np.geterr(), {key: value for key, value in np.get_printoptions().items() if key != "override_repr"}


def _to_handling(before: Any) -> None:
    import numpy as np

    np.seterr(**before[0])
    np.set_printoptions(**before[1])


def _collect(wanted: bool) -> None:
    gc.enable() if wanted else gc.disable()


def _to_locale(name: str) -> None:
    locale.setlocale(locale.LC_ALL, name)


#: In the order in which they are put back: modules first, which the others use.
SETTINGS: tuple[Setting, ...] = (
    Setting("it replaced modules that were imported before", _modules, _to_modules, _replaced_modules),
    Setting("it changed NumPy's handling of floating-point errors, or how it prints", _handling, _to_handling),
    Setting("it changed the current folder", _folder, _to_folder),
    Setting("it set warnings to errors", _filters, _to_filters, _more_errors),
    Setting("it took signals", _signals, _to_signals),
    Setting("it set an alarm", _alarm, _no_alarm),
    Setting("it changed what the process is allowed (rlimits)", _limits, _to_limits),
    Setting("it changed the rights of new files (umask)", _mask, os.umask),
    Setting("it changed the environment", _environment, _to_environment, _lost),
    Setting("it changed the locale", lambda: locale.setlocale(locale.LC_ALL), _to_locale),
    Setting("it changed how deep calls may go", sys.getrecursionlimit, sys.setrecursionlimit),
    Setting("it changed how long integers may be as text", sys.get_int_max_str_digits, sys.set_int_max_str_digits),
    Setting("it traces every call", sys.gettrace, sys.settrace),
    Setting("it profiles every call", sys.getprofile, sys.setprofile),
    Setting("it stopped the collection of garbage", gc.isenabled, _collect),
)
