"""Class labels, their one-hot form and their numbers.

y_{nk} = 1 where example n carries class k, else 0;    y_n = k
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation

import numpy as np

from bpframe.data.cells import is_missing
from bpframe.data.place import Array, Place
from bpframe.data.usable_arrays import FloatName, require_finite
from bpframe.errors import DataError, closest

__all__ = ["Label", "as_labels", "class_numbers", "find_classes", "one_hot", "one_hot_numbers"]

Label = int | str

# Beyond this many entries a one-hot array is a mistake (identifiers taken for classes), and fills the memory.
_MOST_ENTRIES = 2**31


def as_labels(targets: Array, place: Place) -> Array:
    """Return targets as a vector (N,) of integer or text labels.

    Shapes: (N,) or (N, 1) -> (N,). Whole floating-point numbers count as integers.
    Raises DataError for several columns, fractions, NaN and every other kind of array.
    """
    if targets.ndim != 1 and targets.shape[1:] != (1,):
        raise DataError(
            f"{place.source} does not hold one label per example",
            expected="shape (N,) or (N, 1) for one_hot: true",
            received=f"shape {targets.shape}",
            hint="one_hot: false where the targets are already encoded",
        )
    labels = targets.reshape(-1)
    match labels.dtype.kind:
        case "i" | "u" | "U":
            return labels
        case "b":
            return labels.astype(np.int64)
        case "f":
            return _whole(labels, place)
        case "S":
            try:
                return np.strings.decode(labels, "utf-8")
            except UnicodeDecodeError as error:
                raise DataError(f"{place.source}: a label is not UTF-8 text", received=str(error)) from error
        case _:
            raise DataError(
                f"{place.source} cannot be read as class labels",
                expected="integers or text",
                received=f"dtype {labels.dtype}",
            )


def _whole(labels: Array, place: Place) -> Array:
    require_finite(labels, place)
    wrong = np.flatnonzero((labels != np.floor(labels)) | (np.abs(labels) >= 2.0**53))
    if wrong.size:
        row = int(wrong[0])
        raise DataError(
            f"{place.source}, {place.row(row)}: {labels[row]} is not a class label",
            expected="integer or text labels",
            received=str(labels[row]),
            hint="one_hot: false for targets that are measured numbers",
        )
    return labels.astype(np.int64)


def find_classes(parts: Sequence[Array], places: Sequence[Place] = ()) -> tuple[Label, ...]:
    """Return every class that occurs in the label vectors, sorted; `places` name the rows of each in errors.

    Text labels that are all written as integers are integers, and sort as such.
    Raises DataError for marks of missing values, and for texts that are one number in two spellings or differ only in
    case or surrounding blanks.
    """
    found: set[Label] = set()
    for part in parts:
        found.update(np.unique(part).tolist())
    texts = sorted({str(label) for label in found})
    if all(_is_integer(text) for text in texts):
        return tuple(sorted({int(text) for text in texts}))
    listed = "list all of them in `classes`" + (f": {json.dumps(texts, ensure_ascii=False)}" if len(texts) < 10 else "")
    spelled: dict[Decimal | str, str] = {}
    for text in texts:
        if is_missing(text.strip()):
            raise DataError(
                f"{_first(text, parts, places)} is how a missing value is written",
                expected="a label for every example",
                received=repr(text),
                hint=f"take these examples out; where it is a class, {listed}",
            )
        number = _number(text)
        key = _compared(text) if number is None else number
        if key in spelled:
            raise DataError(
                f"{_first(text, parts, places)} is the label {spelled[key]!r} in another spelling",
                expected="one spelling for each class",
                received=f"{spelled[key]!r} and {text!r}",
                hint=f"write both alike; where they are two classes, {listed}",
            )
        spelled[key] = text
    return tuple(texts)


def _first(label: str, parts: Sequence[Array], places: Sequence[Place]) -> str:
    """Name the first row that carries a label, as messages begin."""
    for part, place in zip(parts, places, strict=False):
        rows = np.flatnonzero(part.astype(str) == label)
        if rows.size:
            return f"{place.source}, {place.row(int(rows[0]))}: {label!r}"
    return f"the label {label!r}"


def _compared(text: str) -> str:
    """Return what a label has in common with its other spellings."""
    return unicodedata.normalize("NFC", text.strip().casefold())


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal({"true": "1", "false": "0"}.get(_compared(text), text))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _is_integer(text: str) -> bool:
    # Only the canonical spelling: '01' and '1' may well be different names.
    try:
        return str(int(text)) == text
    except ValueError:
        return False


def one_hot(labels: Array, classes: tuple[Label, ...], dtype: FloatName, place: Place) -> Array:
    """Return the one-hot form (N, K) of labels (N,) for K classes.

        y_{nk} = [label n is class k]

    Labels and classes are compared as they are written, so the text '1' is the class 1.
    Raises DataError for a label that is not among the classes, with its row.
    """
    _require_room(len(labels), len(classes), place)
    return one_hot_numbers(class_numbers(labels, classes, place), len(classes), dtype, place)


def one_hot_numbers(numbers: Array, classes: int, dtype: FloatName, place: Place) -> Array:
    """Return the one-hot form (N, *positions, K) of the numbers (N, *positions) of K classes."""
    _require_room(numbers.size, classes, place)
    encoded = np.zeros((numbers.size, classes), dtype=dtype)
    encoded[np.arange(numbers.size), numbers.reshape(-1)] = 1
    return encoded.reshape(*numbers.shape, classes)


def _require_room(labels: int, classes: int, place: Place) -> None:
    if labels * classes > _MOST_ENTRIES:
        raise DataError(
            f"{place.source}: one-hot targets would have {labels} x {classes} entries",
            expected=f"at most {_MOST_ENTRIES} entries",
            hint="are these identifiers or measured numbers rather than classes?",
        )


def class_numbers(labels: Array, classes: tuple[Label, ...], place: Place) -> Array:
    """Return the place of each label among the classes, (N,) integers: the number of its class.

    Raises DataError for a label that is not among the classes, with its row.
    """
    position = {str(label): k for k, label in enumerate(classes)}
    distinct, inverse = np.unique(labels, return_inverse=True)
    found = np.array([position.get(str(label), -1) for label in distinct.tolist()], dtype=np.int64)
    numbers: Array = found[inverse]
    unknown = np.flatnonzero(numbers < 0)
    if unknown.size:
        raise _unknown_label(labels, int(unknown[0]), classes, place)
    return numbers


def _unknown_label(labels: Array, row: int, classes: tuple[Label, ...], place: Place) -> DataError:
    label = labels[row].item()
    near: Label | None = None
    if isinstance(label, str):
        number = _number(label)
        same = [name for name in classes if _compared(str(name)) == _compared(label)]
        same += [name for name in classes if number is not None and _number(str(name)) == number]
        near = same[0] if same else closest(label, [name for name in classes if isinstance(name, str)])
    shown = ", ".join(repr(name) for name in classes[:12]) + (", ..." if len(classes) > 12 else "")
    return DataError(
        f"{place.source}, {place.row(row)}: label {label!r} is not among the classes",
        expected=f"one of the {len(classes)} classes {shown}",
        received=repr(label),
        hint=f"did you mean {near!r}?" if near is not None else "correct the label, or widen `classes`",
    )
