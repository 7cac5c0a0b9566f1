"""The text that comes with bpframe: the first seven chapters of Alice's Adventures in Wonderland."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

import numpy.typing as npt
from pydantic import Field

from bpframe.data.paths import find_file
from bpframe.data.samples import Dataset
from bpframe.data.text import TextWindows, text_bytes

__all__ = ["AliceData"]

_FILE = Path(__file__).with_name("alice.txt")
_HELD_BACK = 0.1


class AliceData(TextWindows):
    """Take windows of the text in the package, 86,886 characters of 67 kinds; shapes as in `TextWindows`.

    By default the last tenth of the text is held back for testing.

    Source: Lewis Carroll, Alice's Adventures in Wonderland, 1865, chapters I to VII; in the public domain.
    """

    _title: ClassVar[str] = "data of kind 'alice'"

    kind: Literal["alice"] = Field(
        default="alice", description="Chapters I to VII of Alice's Adventures in Wonderland."
    )

    def load(self, base: Path = Path(), dtype: npt.DTypeLike = "float64", class_numbers: bool = False) -> Dataset:
        """Return windows of the text; `base` is not used, as the file lies in the package."""
        settings = self.holding_back(test_fraction=_HELD_BACK)
        return super(AliceData, settings).load(base, dtype, class_numbers)

    def read(self, base: Path) -> tuple[bytes, str]:
        """Return the bytes of the text in the package."""
        return text_bytes(find_file(base, _FILE)), "alice"
