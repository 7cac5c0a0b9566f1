"""The handwritten digits that come with bpframe."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal, Self

import numpy.typing as npt
from pydantic import Field, model_validator

from bpframe.data.npz import read_npz
from bpframe.data.paths import find_file
from bpframe.data.place import Place
from bpframe.data.preparation import PreparationSpec, prepare
from bpframe.data.samples import Dataset, Examples
from bpframe.data.scaling import Divide, Scaling

__all__ = ["DigitsData"]

_FILE = Path(__file__).with_name("digits.npz")
_HELD_BACK = 360


class DigitsData(PreparationSpec):
    """Take the 1,797 optical digits: images of 8 x 8 counts from 0 to 16, and the digit that each shows.

    By default the counts are divided by 16, the targets are one-hot, and 360 examples, drawn at random with seed 2
    (not stratified), are held back for testing.

    Shapes: inputs (N, 64), or (N, 8, 8) with flatten: false, (N, 8, 8, 1) with channels; targets (N, 10), or the shape
    of the inputs where the target of an image is the image.

    Source: E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository, 1998,
    doi:10.24432/C50P49, licence CC BY 4.0; the part that the repository calls the test set (optdigits.tes).
    """

    _title: ClassVar[str] = "data of kind 'digits'"

    kind: Literal["digits"] = Field(default="digits", description="The 1,797 handwritten digits in the package.")
    scaling: Scaling = Field(
        default=Divide(divide=16),
        description="none; standard (mean 0, deviation 1); minmax (to [0, 1]); or {divide: number}.",
    )
    one_hot: bool = Field(
        default=True,
        description="Whether the targets are labels, which become one-hot vectors, or class numbers where the cost "
        "wants these (in Python load(class_numbers=True)); otherwise they are taken for measured numbers.",
    )
    seed: int = Field(default=2, ge=0, description="The seed of the split; it has a random stream of its own.")
    targets: Literal["digits", "images"] = Field(
        default="digits",
        description="What is learned: the digit; or the image itself, its counts divided by 16.",
    )
    flatten: bool = Field(default=True, description="Whether images are vectors of 64 numbers; otherwise (8, 8).")
    channels: bool = Field(
        default=False, description="Whether images are (8, 8, 1), with the axis of channels that convolutions read."
    )

    @model_validator(mode="after")
    def _ten_classes(self) -> Self:
        if self.classes is not None:
            raise ValueError("the digits have their ten classes: leave out classes")
        if self.channels and self.flatten and "flatten" in self.model_fields_set:
            raise ValueError("vectors have no channels: leave out flatten, or channels")
        return self

    def load(self, base: Path = Path(), dtype: npt.DTypeLike = "float64", class_numbers: bool = False) -> Dataset:
        """Return the prepared digits; `base` is not used, as the file lies in the package.

        With `class_numbers` the targets are the digits themselves, (N,), as a cost of class numbers wants them.
        """
        arrays = read_npz(find_file(base, _FILE), ["images", "labels"])
        flatten = self.flatten and not self.channels
        images, labels = arrays["images"].reshape(-1, 8, 8, *(1,) * self.channels), arrays["labels"]
        if self.targets == "images":
            labels = images.reshape(-1, 64) / 16 if flatten else images / 16
        examples = Examples(images, labels, Place("digits, images"), Place(f"digits, {self.targets}"))
        settings: PreparationSpec = self.holding_back(test_count=_HELD_BACK)
        if self.targets == "images":
            settings = settings.model_copy(update={"one_hot": False})
        return prepare(settings, examples, None, dtype, flatten=flatten, class_numbers=class_numbers)
