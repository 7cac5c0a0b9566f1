"""Inputs that are changed at random before each step, with random numbers of the step's own."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias, cast

import numpy as np

from bpframe.errors import BpframeError, DataError, TrainingError
from bpframe.training.spec import TrainingSpec
from bpframe.validation.mistakes import shortened
from bpframe.validation.plain_arrays import Array

__all__ = ["Augment", "Augmentation", "augmented_by"]

#: A function of a batch of inputs, (B, *features) or by name, and a random generator, that returns others.
Augment: TypeAlias = Callable[[Any, np.random.Generator], Any]

_STREAM = zlib.crc32(b"augmentation")


def augmented_by(augment: Augment, spec: TrainingSpec) -> dict[str, tuple[str, tuple[int, ...], int]]:
    """Return what a training's data are recognised by that are augmented: the function's name.

    Errors: DataError (it is no function); TrainingError (the method takes all examples together, as they are).
    """
    if not callable(augment):
        raise DataError(
            "augment is no function", expected="augment(x, rng), which returns x", received=shortened(augment)
        )
    if spec.minimizes:
        raise TrainingError(
            f"{spec.optimizer.kind} drives itself, and takes the examples as they are",
            expected="no augment, or a rule such as gradient descent",
        )
    name = str(getattr(augment, "__qualname__", type(augment).__name__))
    return {f"augmentation {name}": ("function", (), 0)}


class Augmentation:
    """Changes the inputs of a batch; the random numbers of a batch depend on the seed, the epoch and its place alone.

    A training that begins in the middle of an epoch, or whose batches are read ahead, draws the same ones.
    """

    def __init__(self, augment: Augment, seed: int) -> None:
        self._augment = augment
        self._seed = seed

    def __call__(self, inputs: Mapping[str, Array], epoch: int, batch: int) -> Mapping[str, Array]:
        """Return other inputs of the same shapes and dtypes. Errors: DataError (it fails, or returns anything else)."""
        seeds = np.random.SeedSequence(self._seed, spawn_key=(_STREAM, epoch, batch))
        single = len(inputs) == 1
        where = f"augment failed in epoch {epoch}, batch {batch}"
        try:
            given: Any = next(iter(inputs.values())) if single else dict(inputs)
            found = self._augment(given, np.random.default_rng(seeds))
        except BpframeError:
            raise
        except Exception as error:
            raise DataError(where, received=f"{type(error).__name__}: {error}"[:500]) from error
        by_name = {next(iter(inputs)): found} if single else found
        if not isinstance(by_name, Mapping) or by_name.keys() != inputs.keys():
            raise DataError(where, expected=f"inputs by name: {', '.join(inputs)}", received=shortened(found))
        return {name: _checked(by_name[name], array, where) for name, array in inputs.items()}


def _checked(found: Any, like: Array, where: str) -> Array:
    right = isinstance(found, np.ndarray) and found.shape == like.shape
    if not right or found.dtype.kind not in "biuf" or (like.dtype.kind in "iu" and found.dtype.kind == "f"):
        raise DataError(
            where,
            expected=f"an array of {like.dtype} of shape {like.shape}",
            received=f"{found.dtype} of shape {found.shape}" if isinstance(found, np.ndarray) else shortened(found),
        )
    if not np.isfinite(found).all():
        raise DataError(where, expected="finite numbers", received="NaN or infinity")
    return cast(Array, found)
