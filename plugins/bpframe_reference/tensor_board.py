"""Curves of a training for TensorBoard."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

from bpframe.extend import Callback, DataError, Field, MissingExtra

__all__ = ["TensorBoard"]

#: The files that are open, by folder: those of trainings that run.
_open: dict[str, Any] = {}


class TensorBoard(Callback):
    """Write every epoch's costs, metrics, figures and norms to a folder that `tensorboard --logdir` shows.

    Epochs are counted on from one `fit` of the network to the next. What is in the folder from the first of these on is
    hidden: what a process wrote after the checkpoint from which another one resumes the training, or a training before.
    Paths start from the working directory. It needs the extra `tensorboard`, which has tensorboardX.
    """

    folder: str = Field(description="The folder, which is made where there is none.", min_length=1)

    def before_training(self, network: Any) -> None:
        """Open a file in the folder."""
        try:
            tensorboard = import_module("tensorboardX")
        except ImportError as error:
            raise MissingExtra(
                "the callback tensor_board needs tensorboardX", hint='pip install "bpframe[tensorboard]"'
            ) from error
        self._close()
        try:
            where = Path(self.folder).expanduser()
            where.mkdir(parents=True, exist_ok=True)
            number = sum(1 for _ in where.glob("events.*"))  # two in one second would have one name
            _open[self.folder] = tensorboard.SummaryWriter(
                str(where), purge_step=len(network.history or ()) + 1, filename_suffix=f".{number}"
            )
        except (OSError, ValueError, RuntimeError) as error:
            told = getattr(error, "strerror", None) or str(error)
            raise DataError(f"tensor_board: {self.folder} cannot be written", received=told) from error

    def after_epoch(self, network: Any) -> None:
        """Write the epoch."""
        writer, step = _open[self.folder], len(network.history)
        for name, value in _numbers(network.history.epochs[-1]).items():
            writer.add_scalar(name, value, step)
        writer.flush()

    def after_training(self) -> None:
        """Close the file."""
        self._close()

    def _close(self) -> None:
        writer = _open.pop(self.folder, None)
        if writer is not None:
            writer.close()


def _numbers(record: Any) -> dict[str, float]:
    """Return the single numbers of a record by the names of their curves."""
    own = ("cost", "validation_cost", "accuracy", "validation_accuracy", "penalty", "seconds")
    named = {name: getattr(record, name) for name in own}
    named |= {**record.metrics, **record.figures}
    for kind in ("error_norms", "gradient_norms"):
        named |= {f"{kind}/{name}": norm for name, norm in getattr(record, kind).items()}
    return {name: value for name, value in named.items() if isinstance(value, int | float)}
