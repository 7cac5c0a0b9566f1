"""Cut a text into windows of tokens, with the tokens that follow as targets."""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path
from typing import Annotated, ClassVar, Literal, Self

import numpy as np
import numpy.typing as npt
from pydantic import Field, StrictStr, model_validator

from bpframe.data.fitted import FittedPreparation
from bpframe.data.paths import find_file
from bpframe.data.place import Array, Place
from bpframe.data.samples import Dataset
from bpframe.data.scaling import FittedScaling
from bpframe.data.source import Source
from bpframe.data.usable_arrays import float_name
from bpframe.data.vocabulary import Unit, Vocabulary, split_text
from bpframe.data.windows import cut, in_time
from bpframe.errors import DataError
from bpframe.machine.opening import bytes_of

__all__ = ["TextData", "TextWindows", "text_bytes"]

_Count = Annotated[int, Field(strict=True, ge=2, le=1_000_000)]
_Tokens = Annotated[tuple[StrictStr, ...], Field(min_length=2)]


#: Bytes that a text takes in memory for each of its own: tokens, their numbers, and windows of them.
_TAKEN = 32


def text_bytes(path: Path) -> bytes:
    """Return the bytes of a text file.

    Errors: DataError (it cannot be read, or memory has no room for its tokens).
    """
    return bytes_of(path, DataError, copies=_TAKEN)


class TextWindows(Source):
    """State how a text is cut into windows: inputs are the numbers of tokens, targets those of the tokens that follow.

    Shapes: inputs (N, length), integers; targets (N, length) with targets: every, each the token after its position,
    and (N,) with targets: last, the token after the window. They are class numbers where the cost wants integers, else
    one-hot, with an axis for the vocabulary's K tokens at the end.

    What is held back for testing is the end of the text, and what lies before it is for validation: fractions and
    counts are of tokens, and no window lies in two parts. A vocabulary of characters is that of all parts; words, and
    the most frequent tokens, are those of the training part.
    """

    unit: Unit = Field(default="characters", description="What a token is: characters, bytes or words.")
    vocabulary: _Count | _Tokens | None = Field(
        default=None,
        description="How many tokens there are: the most frequent, after one for all others; or the tokens in order. "
        "By default all that occur. Bytes are 256.",
    )
    lower_case: bool = Field(default=False, description="Whether the text is turned into lower case.")
    length: int = Field(default=32, ge=1, description="How many tokens a window has.")
    stride: int | None = Field(
        default=None, ge=1, description="How many tokens a window starts after the one before; by default its length."
    )
    targets: Literal["every", "last"] = Field(
        default="every",
        description="Whether the token after every position of a window is a target, or that after the window alone.",
    )

    @model_validator(mode="after")
    def _fitting_vocabulary(self) -> Self:
        if self.unit == "bytes" and (self.vocabulary is not None or self.lower_case):
            raise ValueError("bytes are taken as they are: leave out vocabulary and lower_case")
        if isinstance(self.vocabulary, tuple) and len(set(self.vocabulary)) < len(self.vocabulary):
            raise ValueError("vocabulary names a token twice")
        return self

    @abstractmethod
    def read(self, base: Path) -> tuple[bytes, str]:
        """Return the text as bytes, and how errors name it."""

    def load(self, base: Path = Path(), dtype: npt.DTypeLike = "float64", class_numbers: bool = False) -> Dataset:
        """Return windows of the text; `base` is the folder that the path starts from.

        Raises DataError for a missing file, one that is no UTF-8, tokens that a given vocabulary lacks, and a text that
        is shorter than a window.
        """
        content, where = self.read(base)
        tokens = split_text(content, self.unit, self.lower_case, where)
        held = self.held_back(len(tokens)) if len(tokens) else (0, 0)
        parts = in_time(tokens, held, self.length + 1, where, self.unit)
        vocabulary = self._vocabulary(tokens, parts[0])
        fitted = FittedPreparation(
            dtype=float_name(dtype),
            input_shape=(self.length,),
            flatten=False,
            scaling=FittedScaling(offset=(0.0,), scale=(1.0,)),
            class_numbers=class_numbers,
            vocabulary=vocabulary,
        )
        place = Place(where)
        windows = [None if part is None else self._windows(vocabulary.numbers(part, where)) for part in parts]
        return Dataset.of(
            fitted,
            *(None if each is None else (each[0], fitted.apply_targets(each[1], place), None) for each in windows),
        )

    def inputs(self, content: bytes, vocabulary: Vocabulary, where: str) -> Array:
        """Return the windows of another text, (N, length), each `stride` after the one before."""
        numbers = vocabulary.numbers_of(content, where)
        in_time(numbers, (0, 0), self.length, where, self.unit)
        return cut(numbers, self.length, self.stride or self.length, after=0)[0]

    def raw(self, fitted: FittedPreparation) -> Self:
        """Return the same text with the vocabulary that `fitted` has."""
        known = fitted.vocabulary
        if known is None:
            raise DataError("a network that was trained on numbers cannot be measured on text")
        changed = {"unit": known.unit, "lower_case": known.lower_case, "vocabulary": known.tokens or None}
        return self.model_copy(update=changed)

    def of_file(self, path: Path) -> TextData | None:
        """Return the windows of a whole .txt file, cut as these are."""
        if not path.name.lower().endswith(".txt"):
            return None
        fields = {name: getattr(self, name) for name in TextWindows.model_fields}
        return TextData(**{**fields, "path": str(path)}).whole()

    def _vocabulary(self, tokens: Array, training: Array) -> Vocabulary:
        if isinstance(self.vocabulary, tuple):
            return Vocabulary(unit=self.unit, lower_case=self.lower_case, tokens=self.vocabulary)
        everything = self.unit == "characters" and self.vocabulary is None
        return Vocabulary.of(tokens if everything else training, self.unit, self.lower_case, self.vocabulary)

    def _windows(self, numbers: Array) -> tuple[Array, Array]:
        x, following = cut(numbers, self.length, self.stride or self.length, after=1)
        if self.targets == "last":
            return x, following[:, 0]
        return x, np.concatenate([x[:, 1:], following], axis=1)


class TextData(TextWindows):
    """Take windows of a text file in UTF-8, with the tokens that follow as targets; shapes as in `TextWindows`."""

    path_fields: ClassVar[tuple[str, ...]] = ("path",)

    _title: ClassVar[str] = "data of kind 'text'"

    kind: Literal["text"] = Field(default="text", description="A text file, cut into windows of tokens.")
    path: str = Field(description="The text file, relative to the folder of the spec.")

    def read(self, base: Path) -> tuple[bytes, str]:
        """Return the file's bytes and its name."""
        path = find_file(base, self.path)
        return text_bytes(path), path.name
