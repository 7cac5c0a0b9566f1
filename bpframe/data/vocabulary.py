"""Which tokens a text is made of, and their numbers: characters, bytes or words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from typing import Annotated, Any, Literal, TypeAlias

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from bpframe.data.place import Array, Place
from bpframe.errors import DataError

__all__ = ["UNKNOWN", "Unit", "Vocabulary", "split_text"]

Unit: TypeAlias = Literal["characters", "bytes", "words"]

#: The token of everything that is not in a vocabulary.
UNKNOWN = "<unknown>"

_BYTES = 256
_WORD = re.compile(r"\w+(?:['’]\w+)*|[^\w\s]")


class Vocabulary(BaseModel):
    """Turn texts into the numbers of their tokens, and numbers into texts.

    A word is letters, digits and apostrophes between them; every other character that is no blank is a word of its own.
    Token k has the number k. Where `<unknown>` is a token, it stands for everything that is none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    unit: Unit = Field(description="What a token is.")
    lower_case: bool = Field(default=False, description="Whether texts are turned into lower case first.")
    tokens: Annotated[tuple[str, ...], Field(fail_fast=True)] = Field(
        default=(), description="Every token in the order of their numbers; bytes need none."
    )

    @classmethod
    def of(cls, tokens: Array, unit: Unit, lower_case: bool, most: int | None) -> Vocabulary:
        """Return the vocabulary of these tokens, in the order of their code points.

        With `most` it has the most - 1 that occur most often, after `<unknown>`. Bytes are numbered as they are.
        """
        if unit == "bytes":
            return cls(unit=unit)
        if most is None:
            found = sorted(set(tokens.tolist()))
            return cls(unit=unit, lower_case=lower_case, tokens=(UNKNOWN, *found) if unit == "words" else tuple(found))
        counted = sorted(Counter(tokens.tolist()).items(), key=lambda each: (-each[1], each[0]))
        return cls(
            unit=unit, lower_case=lower_case, tokens=(UNKNOWN, *sorted(token for token, _ in counted[: most - 1]))
        )

    def __len__(self) -> int:
        return _BYTES if self.unit == "bytes" else len(self.tokens)

    @property
    def labels(self) -> tuple[int | str, ...]:
        """What the numbers stand for: tokens, or the bytes themselves."""
        return tuple(range(_BYTES)) if self.unit == "bytes" else self.tokens

    def numbers_of(self, text: str | bytes, where: str) -> Array:
        """Return the numbers of a text's tokens, (tokens,). Raises DataError for a token that the vocabulary lacks."""
        return self.numbers(split_text(text, self.unit, self.lower_case, where), where)

    def numbers(self, tokens: Array, where: str) -> Array:
        """Return the numbers of tokens, (tokens,) -> the same. Raises DataError for one that the vocabulary lacks."""
        if self.unit == "bytes":
            return tokens.astype(np.int64)
        distinct, inverse = np.unique(tokens, return_inverse=True)
        known = self._numbers
        found = np.array([known.get(token, -1) for token in distinct.tolist()], np.int64)
        missing = [token for token, number in zip(distinct.tolist(), found, strict=True) if number < 0]
        if missing and UNKNOWN in known:
            found[found < 0] = known[UNKNOWN]
        elif missing:
            place = int(np.flatnonzero(tokens == missing[0])[0])
            raise DataError(
                f"{where}: {missing[0]!r}, number {place} of the {self.unit}, is not in the vocabulary",
                expected=f"one of the {len(self)} {self.unit} that occurred when the vocabulary was made",
                received=", ".join(map(repr, missing[:8])) + (", ..." if len(missing) > 8 else ""),
                hint=f"take them out, or train with a number as `vocabulary`: the rest is {UNKNOWN} then",
            )
        return found[inverse]

    def text(self, numbers: Sequence[int] | Array) -> str:
        """Return the text that numbers stand for; between words are blanks, and bytes that are no UTF-8 are U+FFFD."""
        if self.unit == "bytes":
            return bytes(int(each) for each in numbers).decode("utf-8", "replace")
        return (" " if self.unit == "words" else "").join(self.tokens[int(each)] for each in numbers)

    def given(self, values: Any, place: Place) -> Array:
        """Return texts (N,), or numbers of tokens (N, *positions), as numbers.

        Raises DataError for texts of different lengths, and for numbers that are not whole or that no token has.
        """
        array = np.asarray(values)
        if array.dtype == object and array.ndim == 1 and all(isinstance(each, str | bytes) for each in array):
            array = array.astype(str) if all(isinstance(each, str) for each in array) else array
        if array.dtype.kind in "USO" and array.ndim == 1:
            rows = [self.numbers_of(each, f"{place.source}, {place.row(k)}") for k, each in enumerate(array.tolist())]
            if len({len(row) for row in rows}) > 1:
                raise DataError(
                    f"{place.source}: the texts have different numbers of {self.unit}",
                    expected=f"{len(rows[0])} in each, as in the first",
                    received=", ".join(str(len(row)) for row in rows[:8]),
                    hint="cut them to one length",
                )
            return np.stack(rows)
        whole = array.dtype.kind in "iu" or (array.dtype.kind == "f" and bool((array == np.floor(array)).all()))
        if not whole or (array.size and not (array.min() >= 0 and array.max() < len(self))):
            raise DataError(
                f"{place.source} does not hold texts or the numbers of tokens",
                expected=f"texts, or integers from 0 to {len(self) - 1}",
                received=f"dtype {array.dtype}" + (f", from {array.min()} to {array.max()}" if whole else ""),
            )
        return np.ascontiguousarray(array, np.int64)

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {token: k for k, token in enumerate(self.tokens)}


def split_text(text: str | bytes, unit: Unit, lower_case: bool, where: str) -> Array:
    """Return the tokens of a text, (tokens,): texts, or numbers of bytes.

    Raises DataError for bytes that are no UTF-8, where characters or words are asked for.
    """
    if unit == "bytes":
        return np.frombuffer(text.encode() if isinstance(text, str) else text, np.uint8)
    if isinstance(text, bytes):
        try:
            text = text.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise DataError(
                f"{where} is not UTF-8 text",
                expected="UTF-8",
                received=str(error),
                hint="save it as UTF-8, or read it with unit: bytes",
            ) from error
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = text.lower() if lower_case else text
    if unit == "words":
        return np.array(_WORD.findall(text), dtype=str)
    # A NumPy text drops a NUL at its end, which would make another token of it.
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    if not codes.all():
        raise DataError(f"{where} holds a NUL character", hint="read it with unit: bytes")
    return codes.view("<U1") if codes.size else np.array([], dtype="<U1")
