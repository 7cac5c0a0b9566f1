"""Read image files with Pillow, which is an extra: each whole, upright, in the size and mode that are asked for."""

from __future__ import annotations

import importlib
import math
import os
import warnings
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np

from bpframe.data.paths import DAMAGED
from bpframe.data.place import Array
from bpframe.errors import DataError, MissingExtra
from bpframe.machine.memory import require_memory
from bpframe.machine.opening import opened

__all__ = ["SUFFIXES", "Mode", "is_image", "read_images"]

Mode: TypeAlias = Literal["grey", "rgb"]

#: The formats that are read. Pillow knows more, some of which start other programs.
_FORMATS = ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP", "PPM")

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".pgm", ".pbm")

#: An image with more pixels is refused before they are read: a few bytes can unfold to fill the memory. Of an image
#: with many, a byte of the file stands for so many at most; photographs have one for about ten.
_MOST_PIXELS = 2**26
_MANY_PIXELS = 2**24
_MOST_UNFOLDED = 200

#: The size of a file with an image of as many pixels, not compressed.
MOST_BYTES = 2**29

_SMALLER = "size: [height, width] makes them smaller"

_EIGHT_BITS = frozenset({"1", "L", "P", "RGB", "CMYK", "YCbCr", "LA", "PA", "RGBA", "RGBX"})


def is_image(path: Path) -> bool:
    """Whether the name ends as one of an image does."""
    return path.name.lower().endswith(SUFFIXES)


def read_images(paths: list[Path], size: tuple[int, int] | None, mode: Mode) -> Array:
    """Return images of 8 bits, (N, height, width, channels): one channel where mode is grey, three where it is rgb.

    Each is turned upright as its EXIF data say, then resized (bilinear, with antialiasing; proportions may change).
    Without `size` all have to have the size of the first.

    Raises DataError for a file that is no image, damaged or truncated, an image of more than 2²⁶ pixels, one with
    several frames, with more than 8 bits, with transparency, and for images of different sizes. Raises MissingExtra
    without Pillow.
    """
    pillow = _pillow()
    found: Array | None = None
    for k, path in enumerate(paths):
        image = _read(pillow, path, size, mode)
        if found is None:
            shape = (len(paths), *image.shape)
            require_memory(math.prod(shape), f"{len(paths)} images like {path.name}", DataError, _SMALLER)
            found = np.empty(shape, np.uint8)
        if image.shape != found.shape[1:]:
            raise DataError(
                f"{path} has another size than {paths[0].name}",
                expected=f"{found.shape[1]} x {found.shape[2]} pixels (height x width), as the first image has",
                received=f"{image.shape[0]} x {image.shape[1]}",
                hint="size: [height, width] resizes all of them",
            )
        found[k] = image
    if found is None:
        raise DataError("there is no image to read", expected="at least one image file")
    return found


def _pillow() -> Any:
    try:
        return {name: importlib.import_module(f"PIL.{name}") for name in ("Image", "ImageOps")}
    except ImportError as error:
        raise MissingExtra("reading images needs Pillow", hint='pip install "bpframe[images]"') from error


def _read(pillow: Any, path: Path, size: tuple[int, int] | None, mode: Mode) -> Array:
    image_module = pillow["Image"]
    try:
        with warnings.catch_warnings():
            # What Pillow warns of (a bomb, damaged metadata) is decided here, by the image itself.
            warnings.simplefilter("ignore")
            with (
                opened(path, DataError, MOST_BYTES) as stream,
                image_module.open(stream, formats=_FORMATS) as image,
            ):
                _check(path, image, os.fstat(stream.fileno()).st_size)
                image.load()
                upright = pillow["ImageOps"].exif_transpose(image)
                opaque = _opaque(path, upright).convert("L" if mode == "grey" else "RGB")
                if size is not None and opaque.size != (size[1], size[0]):
                    opaque = opaque.resize((size[1], size[0]), image_module.Resampling.BILINEAR)
                pixels = np.asarray(opaque, np.uint8)
    except DataError:
        raise
    except image_module.DecompressionBombError as error:
        raise _too_large(path, str(error)) from error
    except image_module.UnidentifiedImageError as error:
        raise DataError(
            f"{path} is not an image", expected=f"one of {', '.join(_FORMATS)}", received=_begins(path), hint=DAMAGED
        ) from error
    except Exception as error:  # Pillow's readers meet damaged files with whatever they stumble over
        raise DataError(
            f"{path} cannot be read as an image",
            expected="a whole image file",
            received=f"{type(error).__name__}: {error}",
            hint=DAMAGED,
        ) from error
    return pixels[..., None] if mode == "grey" else pixels


def _check(path: Path, image: Any, size: int) -> None:
    pixels = image.width * image.height
    if pixels > _MOST_PIXELS or (pixels > _MANY_PIXELS and pixels > _MOST_UNFOLDED * size):
        raise _too_large(path, f"{image.width} x {image.height} pixels in {size:,} bytes")
    # A camera's MPO holds previews behind its picture; the picture is the first frame.
    if getattr(image, "n_frames", 1) > 1 and image.format != "MPO":
        raise DataError(
            f"{path} has several frames",
            expected="one image",
            received=f"{image.n_frames} frames",
            hint="save one of them",
        )
    if image.mode not in _EIGHT_BITS:
        raise DataError(
            f"{path} has pixels of another kind than 8 bits",
            expected="grey or colours of 8 bits, 0 to 255",
            received=f"mode {image.mode}",
            hint="convert it, or keep such images as arrays in an .npz file",
        )


def _opaque(path: Path, image: Any) -> Any:
    """Refuse what shines through somewhere: which colour is behind it, nobody says."""
    if not ("A" in image.mode or "transparency" in image.info):
        return image
    image = image.convert("RGBA")
    least = image.getchannel("A").getextrema()[0]
    if least < 255:
        raise DataError(
            f"{path} is transparent in places",
            expected="an opaque image",
            received=f"alpha down to {least} of 255",
            hint="put a background behind it",
        )
    return image


def _too_large(path: Path, received: str) -> DataError:
    return DataError(
        f"{path} has more pixels than are read",
        expected=f"at most {_MOST_PIXELS:,}; above {_MANY_PIXELS:,}, {_MOST_UNFOLDED} for a byte of the file",
        received=received,
        hint="shrink it",
    )


def _begins(path: Path) -> str:
    with opened(path, DataError) as file:
        start = file.read(8)
    return f"a file that begins with {start.hex(' ')}" if start else "an empty file"
