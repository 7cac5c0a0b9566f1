"""Class labels and their one-hot form.

y_{nk} = 1 where example n carries class k, else 0
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation

import numpy as np

from bpframe.data.cells import is_missing
from bpframe.data.checks import FloatName, require_finite
from bpframe.data.place import Array, Place
from bpframe.errors import DataError, closest

__all__ = ["Label", "as_labels", "find_classes", "one_hot"]

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
    Raises DataError for texts that are one number in two spellings, and for marks of missing values among numbers.
    """
    found: set[Label] = set()
    for part in parts:
        found.update(np.unique(part).tolist())
    texts = sorted({str(label) for label in found})
    if all(_is_integer(text) for text in texts):
        return tuple(sorted({int(text) for text in texts}))
    spelled: dict[Decimal, str] = {}
    missing = [text for text in texts if is_missing(text)]
    for text in texts:
        number = _number(text)
        if number is None:
            continue
        if missing:
            raise DataError(
                f"{_first(missing[0], parts, places)} stands among labels that are numbers, as a missing value would",
                expected="a label for every example",
                received=repr(missing[0]),
                hint="take these examples out; where it is a class, list all of them in `classes`",
            )
        if number in spelled:
            raise DataError(
                f"{_first(text, parts, places)} is the label {spelled[number]!r} in another spelling",
                expected="one spelling for each class",
                received=f"{spelled[number]!r} and {text!r}",
                hint="write both alike; where they are two classes, list all of them in `classes`",
            )
        spelled[number] = text
    return tuple(texts)


def _first(label: str, parts: Sequence[Array], places: Sequence[Place]) -> str:
    """Name the first row that carries a label, as messages begin."""
    for part, place in zip(parts, places, strict=False):
        rows = np.flatnonzero(part.astype(str) == label)
        if rows.size:
            return f"{place.source}, {place.row(int(rows[0]))}: {label!r}"
    return f"the label {label!r}"


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
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
    if len(labels) * len(classes) > _MOST_ENTRIES:
        raise DataError(
            f"{place.source}: one-hot targets would have {len(labels)} x {len(classes)} entries",
            expected=f"at most {_MOST_ENTRIES} entries",
            hint="are these identifiers or measured numbers rather than classes?",
        )
    position = {str(label): k for k, label in enumerate(classes)}
    distinct, inverse = np.unique(labels, return_inverse=True)
    found = np.array([position.get(str(label), -1) for label in distinct.tolist()], dtype=np.intp)
    columns = found[inverse]
    unknown = np.flatnonzero(columns < 0)
    if unknown.size:
        raise _unknown_label(labels, int(unknown[0]), classes, place)
    encoded = np.zeros((len(labels), len(classes)), dtype=dtype)
    encoded[np.arange(len(labels)), columns] = 1
    return encoded


def _unknown_label(labels: Array, row: int, classes: tuple[Label, ...], place: Place) -> DataError:
    label = labels[row].item()
    near: Label | None = None
    if isinstance(label, str):
        number = _number(label)
        same = [name for name in classes if number is not None and _number(str(name)) == number]
        near = same[0] if same else closest(label, [name for name in classes if isinstance(name, str)])
    shown = ", ".join(repr(name) for name in classes[:12]) + (", ..." if len(classes) > 12 else "")
    return DataError(
        f"{place.source}, {place.row(row)}: label {label!r} is not among the classes",
        expected=f"one of the {len(classes)} classes {shown}",
        received=repr(label),
        hint=f"did you mean {near!r}?" if near is not None else "correct the label, or widen `classes`",
    )
