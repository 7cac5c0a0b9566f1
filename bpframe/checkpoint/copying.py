"""From the arrays of another network to what a network holds, by path: all that are asked for, or none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from bpframe.checkpoint.content import STATE_PREFIX
from bpframe.core.backprop.held import Held
from bpframe.errors import BpframeError, DataError
from bpframe.validation.patterns import matching
from bpframe.validation.plain_arrays import Array, plain_array

__all__ = ["arrays_of", "copy_arrays"]


def arrays_of(held: Held) -> dict[str, Array]:
    """Return all arrays as the file of weights names them: parameters, frozen ones too, by path, then state."""
    state = {f"{STATE_PREFIX}{node}.{name}": each for node, named in held.state.items() for name, each in named.items()}
    return {**held.parameters, **held.frozen, **state}


def copy_arrays(
    held: Held, given: Mapping[str, Any], only: str | Iterable[str] | None, with_state: bool
) -> tuple[str, ...]:
    """Copy arrays, named as `arrays_of` does, into what a network holds; return the names of what was copied.

    `only` are patterns of the paths to copy, of either side; None is everything. The state of a node goes with its
    parameters; it may be missing from what is given where that is not `with_state`.

    Errors: DataError that lists all that does not fit; SpecError for a pattern that matches nothing. Nothing is copied.
    """
    mine = arrays_of(held)
    wanted = _wanted(only, dict.fromkeys((*mine, *given)))
    rows: dict[str, list[str]] = {"missing": [], "surplus": [], "shapes": [], "numbers": []}
    rows["surplus"] = [name for name in given if name in wanted and name not in mine]
    found: dict[str, Array] = {}
    for name, view in mine.items():
        if name not in wanted:
            continue
        if name in given:
            array, unfit = _fitting(given[name], view, name)
            found[name] = array
            rows["shapes" if array.shape != view.shape else "numbers"] += [unfit] if unfit else []
        elif with_state or not name.startswith(STATE_PREFIX):
            rows["missing"].append(name)
    if any(rows.values()):
        raise DataError(
            "these arrays are not those of the network's parameters: nothing is copied",
            rows=[(label, "\n".join(each)) for label, each in rows.items() if each],
            hint="only='encoder.*' takes a part; a mapping from this network's paths to arrays takes other names",
        )
    for name, array in found.items():
        if not name.startswith(STATE_PREFIX):
            mine[name][...] = array
    _replace_state(held, found)
    return tuple(found)


def _wanted(only: str | Iterable[str] | None, names: Iterable[str]) -> set[str]:
    """Return the names whose paths the patterns match, with the state of the nodes whose parameters they match."""
    paths = {name: name.removeprefix(STATE_PREFIX) for name in names}
    if only is None:
        return set(paths)
    matched = set(matching(only, dict.fromkeys(paths.values()), "only"))
    nodes = {path.rpartition(".")[0] for path in matched}
    return {
        name
        for name, path in paths.items()
        if path in matched or (name.startswith(STATE_PREFIX) and path.rpartition(".")[0] in nodes)
    }


def _fitting(value: Any, view: Array, name: str) -> tuple[Array, str | None]:
    """Return a copy of a value in the dtype of `view`, and what of it does not fit in that place."""
    try:
        array = plain_array(value, f"value of '{name}'")
    except BpframeError as error:
        return view, f"{name}: {error.received or error.problem}"
    if array.shape != view.shape:
        return array, f"{name} is {view.shape}, given {array.shape}"
    if not np.can_cast(array.dtype, view.dtype, "same_kind"):
        return array, f"{name} is {view.dtype}, given {array.dtype}"
    with np.errstate(over="ignore"):
        copied = np.array(array, view.dtype)  # its own: what is given may be views of what is written
    # State may have infinity as the value from which a minimum starts.
    bad = ~(np.isfinite(copied) | np.isinf(array)) if name.startswith(STATE_PREFIX) else ~np.isfinite(copied)
    found = f"{name}: {np.count_nonzero(bad)} of {array.size} entries are NaN or infinite in {view.dtype}"
    return copied, found if bad.any() else None


def _replace_state(held: Held, found: Mapping[str, Array]) -> None:
    if not any(name.startswith(STATE_PREFIX) for name in found):
        return
    held.state = {
        node: {
            name: np.array(found.get(f"{STATE_PREFIX}{node}.{name}", each), held.dtype) for name, each in named.items()
        }
        for node, named in held.state.items()
    }
