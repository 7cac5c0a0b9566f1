"""Take examples from the arrays of .npz files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import ClassVar, Literal, Self

import numpy.typing as npt
from pydantic import Field, model_validator

from bpframe.data.mapped import files_of, read_arrays
from bpframe.data.place import Array, Place
from bpframe.data.preparation import PreparationSpec, prepare
from bpframe.data.samples import Dataset, Examples

__all__ = ["NpzData"]


class NpzData(PreparationSpec):
    """Take inputs and targets from two arrays of an .npz file, and test data from two more or from a split."""

    path_fields: ClassVar[tuple[str, ...]] = ("path",)

    _title: ClassVar[str] = "data of kind 'npz'"

    kind: Literal["npz"] = Field(default="npz", description="Arrays of a NumPy .npz file.")
    path: str | tuple[str, ...] = Field(
        description="The .npz file, relative to the folder of the spec; or several, as a list or as a pattern such as "
        "part-*.npz, whose examples follow one another."
    )
    inputs: str = Field(default="x", description="The key of the inputs, an array (N, *features).")
    targets: str = Field(default="y", description="The key of the targets: labels (N,) or numbers (N, *shape).")
    test_inputs: str | None = Field(default=None, description="The key of the test inputs, where the file has them.")
    test_targets: str | None = Field(default=None, description="The key of the test targets, where the file has them.")
    sample_weight: str | None = Field(
        default=None, description="The key of the weights, (N,) or (N, *positions), where the file has them."
    )
    group: str | None = Field(
        default=None, description="The key of each example's group, (N,): the examples of one group stay in one part."
    )
    test_sample_weight: str | None = Field(default=None, description="The key of the test examples' weights.")
    flatten: bool = Field(default=False, description="Whether examples of several axes become vectors.")

    @model_validator(mode="after")
    def _both_test_keys(self) -> Self:
        self._require_both(self.test_inputs, self.test_targets)
        if self.test_sample_weight is not None and self.test_inputs is None:
            raise ValueError("test_sample_weight goes with test_inputs and test_targets")
        return self

    def load(self, base: Path = Path(), dtype: npt.DTypeLike = "float64", class_numbers: bool = False) -> Dataset:
        """Return the prepared data; `base` is the folder that the path starts from.

        Raises DataError for a missing file or key, a damaged file, objects, and everything `prepare` refuses.
        """
        files = files_of(base, self.path)
        keyed: list[tuple[str, str, str | None]] = [(self.inputs, self.targets, self.sample_weight)]
        if self.test_inputs is not None and self.test_targets is not None:
            keyed.append((self.test_inputs, self.test_targets, self.test_sample_weight))
        named = [key for part in keyed for key in part] + [self.group]
        arrays = read_arrays(files, [key for key in named if key is not None], {keys[0] for keys in keyed})
        where = files[0].name if len(files) == 1 else f"{files[0].name} to {files[-1].name}"
        parts = [_examples(where, arrays, *keys) for keys in keyed]
        if self.group is not None:
            parts[0] = replace(parts[0], groups=arrays[self.group])
        return prepare(
            self,
            parts[0],
            parts[1] if len(parts) > 1 else None,
            dtype,
            flatten=self.flatten,
            class_numbers=class_numbers,
        )


def _examples(where: str, arrays: dict[str, Array], inputs: str, targets: str, weights: str | None) -> Examples:
    return Examples(
        arrays[inputs],
        arrays[targets],
        Place(f"{where}, array {inputs!r}"),
        Place(f"{where}, array {targets!r}"),
        None if weights is None else arrays[weights],
        None if weights is None else Place(f"{where}, array {weights!r}"),
    )
