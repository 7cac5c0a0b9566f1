"""Take images from a folder: one folder for each class in it, or a table of labels."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, ClassVar, Literal, Self

import numpy as np
import numpy.typing as npt
from pydantic import Field, StrictInt, model_validator

from bpframe.data.image_files import SUFFIXES, Mode, is_image, read_images
from bpframe.data.paths import find_file, find_folder
from bpframe.data.place import Place
from bpframe.data.preparation import PreparationSpec, prepare
from bpframe.data.samples import Dataset, Examples
from bpframe.data.scaling import Divide, Scaling
from bpframe.data.table import read_table
from bpframe.errors import DataError

__all__ = ["ImagesData", "images_of"]

_Size = tuple[Annotated[StrictInt, Field(ge=1, le=16384)], Annotated[StrictInt, Field(ge=1, le=16384)]]

#: What systems leave in folders of images.
_LEFT_BEHIND = frozenset({"thumbs.db", "desktop.ini"})


class ImagesData(PreparationSpec):
    """Take images and their classes from a folder, and test images from a second one or from a split.

    The folder holds one folder for each class, named for it; or images, and `labels` names a CSV file with the columns
    `file` and `label`, beside the spec. Files whose names begin with a point are left out, as are those that systems
    leave behind; any other file that is no image is refused.

    Shapes: inputs (N, height, width, 1) in grey and (N, height, width, 3) in rgb, divided by 255 into [0, 1]; targets
    one-hot (N, K), or class numbers where the cost wants these.
    """

    path_fields: ClassVar[tuple[str, ...]] = ("path", "labels", "test_path", "test_labels")

    _title: ClassVar[str] = "data of kind 'images'"

    kind: Literal["images"] = Field(default="images", description="A folder of images (extra `images`).")
    path: str = Field(description="The folder, relative to that of the spec.")
    labels: str | None = Field(default=None, description="A CSV file with the columns file and label.")
    test_path: str | None = Field(default=None, description="A folder of test images, laid out as the first.")
    test_labels: str | None = Field(default=None, description="The CSV file of the test images, where `labels` is one.")
    size: _Size | None = Field(
        default=None, description="Height and width that images are resized to; without it all must have one size."
    )
    mode: Mode = Field(default="rgb", description="Whether images are grey, one channel, or rgb, three.")
    flatten: bool = Field(default=False, description="Whether images become vectors, as dense layers want them.")
    scaling: Scaling = Field(
        default=Divide(divide=255),
        description="none; standard (mean 0, deviation 1); minmax (to [0, 1]); {divide: number}; or a component. "
        "Statistics come from the training part.",
    )
    one_hot: bool = Field(
        default=True,
        description="Whether the targets are classes; with labels that are numbers, false takes the numbers.",
    )

    @model_validator(mode="after")
    def _both_parts(self) -> Self:
        if self.test_path is not None:
            self._refuse_split_beside("test_path")
        if (self.test_labels is not None) != (self.test_path is not None and self.labels is not None):
            raise ValueError("test_labels goes with test_path, where labels is given")
        if not self.one_hot and self.labels is None:
            raise ValueError("one_hot: false takes numbers from a file of labels: folders are classes")
        return self

    def load(self, base: Path = Path(), dtype: npt.DTypeLike = "float64", class_numbers: bool = False) -> Dataset:
        """Return the prepared images; `base` is the folder that the paths start from.

        Raises DataError for a missing folder or file, a class without images, everything that `read_images` and
        `prepare` refuse. Raises MissingExtra where Pillow is not installed.
        """
        test = None if self.test_path is None else self._examples(base, self.test_path, self.test_labels)
        examples = self._examples(base, self.path, self.labels)
        return prepare(self, examples, test, dtype, flatten=self.flatten, class_numbers=class_numbers)

    def of_file(self, path: Path) -> ImagesData | None:
        """Return the images of another folder with a folder for each class, or None where there is no folder."""
        if self.labels is not None or not path.is_dir():
            return None
        return self.whole(path=str(path), test_path=None)

    def _examples(self, base: Path, path: str, labels: str | None) -> Examples:
        folder = find_folder(base, path)
        files, found = _by_folder(folder) if labels is None else _by_table(folder, find_file(base, labels))
        images = read_images(files, self.size, self.mode)
        targets = np.array(found) if self.one_hot else np.array([_number(each) for each in found])
        return Examples(images, targets, Place(folder.name, "image"), Place(labels or folder.name, "image"))


def images_of(folder: Path) -> list[Path]:
    """Return the images of a folder, sorted by name. Raises DataError where something else lies among them."""
    files = []
    for each in sorted(folder.iterdir()):
        if each.name.startswith(".") or each.name.lower() in _LEFT_BEHIND:
            continue
        if not each.is_file() or not is_image(each):
            raise DataError(
                f"{each} lies among the images, and is none",
                expected=f"files that end in {', '.join(SUFFIXES)}",
                received="a folder" if each.is_dir() else repr(each.name),
                hint="move it elsewhere",
            )
        files.append(each)
    if not files:
        raise DataError(f"{folder} holds no images", expected="at least one", hint="remove the folder, or fill it")
    return files


def _by_folder(folder: Path) -> tuple[list[Path], list[str]]:
    visible = [each for each in sorted(folder.iterdir()) if not each.name.startswith(".")]
    loose = next((each for each in visible if each.is_file() and is_image(each)), None)
    classes = [each for each in visible if each.is_dir()]
    if loose is not None or not classes:
        raise DataError(
            f"{folder} does not have a folder for each class",
            expected="folders that are named for the classes, with their images",
            received="no folder" if loose is None else f"the image {loose.name!r} beside them",
            hint="labels: a CSV file with the columns file and label, where images lie in one folder",
        )
    pairs = [(file, each.name) for each in classes for file in images_of(each)]
    return [file for file, _ in pairs], [name for _, name in pairs]


def _by_table(folder: Path, path: Path) -> tuple[list[Path], list[str]]:
    table = read_table(path, delimiter=",", header=True)
    names, labels = (table.texts(table.columns([name])[0]).tolist() for name in ("file", "label"))
    files: dict[Path, None] = {}
    within = folder.resolve()
    for name, line in zip(names, table.lines.tolist(), strict=True):
        try:
            file = (within / name).resolve()
            there = file.is_relative_to(within) and file.is_file()
        except (OSError, RuntimeError, ValueError):  # no name that a file can have
            there = False
        if not there:
            raise DataError(
                f"{path.name}, line {line}: there is no image {name!r} in {folder}",
                expected="a file in that folder",
                received=repr(name),
            )
        if file in files:
            raise DataError(f"{path.name} names the image {name!r} twice", expected="one label for every image")
        files[file] = None
    return list(files), labels


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise DataError(
            f"the label {text!r} is not a number", expected="numbers, with one_hot: false", received=repr(text)
        ) from error
