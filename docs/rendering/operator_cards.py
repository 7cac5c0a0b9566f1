"""Each structure drawn with its numbers: what an operator keeps, the matrix that this stands for, and what is saved."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
from line_art import number
from matrix_pictures import STRUCTURES, dense_of, matrix_picture

from bpframe.core.operators import KroneckerForm, Matrix, Operator, ScatteredForm
from bpframe.extend import Array

__all__ = ["drawn", "kept"]


#: Pulled-back vectors of one example that are kept as something shorter: as outer products, as rows and where they go.
FORMS: dict[str, KroneckerForm | ScatteredForm] = {
    "KroneckerForm": KroneckerForm(
        np.array([[[2.0, -1, 3, 1], [1, 4, -2, -1]]]),
        np.array([[[1.0, -1, 3, 2, 1, -2], [3, 1, -2, 1, -1, 2]]]),
        (4, 6),
    ),
    "ScatteredForm": ScatteredForm(np.array([[4, 1]]), np.array([[[2.0, -1, 3], [1, 4, -2]]]), (6, 3)),
}


def drawn(markdown: str) -> str:
    """Put a picture beside every paragraph that follows `<!-- drawn: Diagonal -->`, and the numbers saved before it."""
    return re.sub(r"^<!-- drawn: (\w+) -->\n((?:.+\n)+)", _card, markdown, flags=re.MULTILINE)


def _card(found: re.Match[str]) -> str:
    name, words = found[1], found[2]
    kept_arrays, matrix, saved = _form(FORMS[name]) if name in FORMS else _operator(STRUCTURES[name])
    arrays = "".join(
        f"<div><i>{label}</i>{_picture(array, f'{name} keeps {label}')}</div>" for label, array in kept_arrays
    )
    pictures = f'<div class="kept">{arrays or "nothing"}</div><div>{_picture(matrix, f"{name} written out")}</div>'
    text = f"**`{name}`** {saved} {words}"
    return f'<div class="drawn" id="drawn-{name.lower()}" markdown="1">\n<div>{pictures}</div>\n\n{text}\n</div>\n'


def _operator(operator: Operator) -> tuple[list[tuple[str, Array]], Array, str]:
    arrays, matrix = list(kept(operator)), dense_of(operator)
    count = sum(array.size for _, array in arrays)
    whole = matrix.size
    works = f"costs {operator.cost} multiply-adds in place of {whole}" if operator.cost else "multiplies nothing"
    return arrays, matrix, f"keeps {count or 'no'} numbers, the matrix has {whole}; a product {works}."


def _form(form: KroneckerForm | ScatteredForm) -> tuple[list[tuple[str, Array]], Array, str]:
    if isinstance(form, KroneckerForm):
        arrays = [("e", form.left[0]), ("a", form.right[0])]
    else:
        arrays = [("rows", form.rows), ("values", form.values[0])]
    vector = form.vectors()[0]
    count = sum(array.size for _, array in arrays)
    return arrays, vector, f"keeps {count} numbers; written out there are {vector.size}."


def kept(operator: Any) -> Iterator[tuple[str, Array]]:
    """Yield the arrays that an operator and its parts hold for one example, each as a matrix under its name."""
    for slot in operator._arrays:
        array = getattr(operator, slot)
        if array is not None:
            rows = array if isinstance(operator, Matrix) else array[0]
            yield slot, np.asarray(rows).reshape(-1, rows.shape[-1]) if rows.ndim > 1 else np.atleast_2d(rows)
    parts = [getattr(operator, slot, ()) for slot in ("factors", "terms", "steps")]
    for part in (*parts, [getattr(operator, "operator", None)]):
        for each in part:
            for one in each if isinstance(each, tuple) else (each,):
                if isinstance(one, Operator):
                    yield from kept(one)
    for i, row in enumerate(getattr(operator, "blocks", ())):
        for j, block in enumerate(row):
            if block is not None:
                yield f"d{'₁₂₃'[i]}{'₁₂₃'[j]}", np.atleast_2d(block[0])


def _picture(matrix: Array, what: str) -> str:
    rows = "; ".join(", ".join(number(entry, 2) for entry in row) for row in matrix)
    return matrix_picture(matrix, f"{what}: {rows}", numbers=True)
