"""Arrays of NumPy's own class, out of whatever users hold: subclasses compute in ways of their own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from bpframe.errors import DataError

__all__ = ["PADDED", "Array", "copy_as_it_lies", "place_of", "plain_array"]

#: An array of any shape and dtype.
Array: TypeAlias = npt.NDArray[Any]

#: What to do with sequences of different lengths.
PADDED = (
    "of sequences of different lengths, pad the shorter ones, give the padding a sample_weight of 0, and layers that "
    "mix positions a mask: masked_ ones"
)


def plain_array(value: Any, what: str) -> Array:
    """Return a value as a plain `numpy.ndarray`, that of a subclass without a copy; `what` names it in messages.

    Raises
    ------
    DataError
        It is no array, or entries of it are masked: the numbers below a mask are none.

    """
    if type(value) is np.ndarray:
        return value
    for masked in _masked_parts(value):
        _refuse_mask(masked, what)
    try:
        return np.asarray(value)
    except (ValueError, TypeError, OverflowError) as error:
        raise DataError(
            f"the {what} is no array",
            expected="an array of numbers",
            received=f"{error}",
            hint=PADDED if "inhomogeneous" in str(error) else None,
        ) from error


def place_of(index: Any) -> str:
    """Return how messages write where an entry stands: `[3, 1]`."""
    return f"[{', '.join(str(int(i)) for i in index)}]"


def _masked_parts(value: Any) -> Iterator[np.ma.MaskedArray[Any, Any]]:
    """Yield the masked arrays in a value, also those in lists, out of which NumPy takes what is below the mask."""
    if isinstance(value, np.ma.MaskedArray):
        yield value
    elif isinstance(value, list | tuple) and any(
        issubclass(kind, list | tuple | np.ma.MaskedArray) for kind in set(map(type, value))
    ):
        for each in value:
            yield from _masked_parts(each)


def _refuse_mask(array: np.ma.MaskedArray[Any, Any], what: str) -> None:
    mask = np.ma.getmaskarray(array)
    if mask.dtype != bool or not mask.any():  # fields have masks of their own, and are no numbers anyhow
        return
    first = f", the first at {place_of(np.argwhere(mask)[0])}" if mask.ndim else ""
    raise DataError(
        f"entries of the {what} are masked",
        expected="an array without masked entries",
        received=f"{np.count_nonzero(mask)} of {mask.size} are masked{first}",
        hint="leave these examples out, or fill them in: x.filled(value)",
    )


def copy_as_it_lies(array: Array) -> Array:
    """Return a copy whose axes lie in memory in the order and direction of the original's.

    The last bits of products and sums depend on that.
    """
    upwards = tuple(slice(None, None, -1) if stride < 0 else slice(None) for stride in array.strides)
    return array[upwards].copy(order="K")[upwards]
