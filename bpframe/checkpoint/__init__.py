"""A network and what led to it, in a folder: spec, weights, history, preparation, versions."""

from bpframe.checkpoint.content import Checkpoint
from bpframe.checkpoint.folder import check_destination, free_folder
from bpframe.checkpoint.kept_preparation import restored_preparation, saved_preparation
from bpframe.checkpoint.reading import read_checkpoint
from bpframe.checkpoint.restoring import restored_engine
from bpframe.checkpoint.writing import write_checkpoint

__all__ = [
    "Checkpoint",
    "check_destination",
    "free_folder",
    "read_checkpoint",
    "restored_engine",
    "restored_preparation",
    "saved_preparation",
    "write_checkpoint",
]
