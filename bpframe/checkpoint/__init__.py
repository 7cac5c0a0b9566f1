"""What is kept on disk?

A network and what led to it, in a folder: spec, weights, history, preparation, versions, and digests of all. In goes an
engine; out comes a folder that appears whole or not at all, and an engine again. A run's folder has one such checkpoint
after another, written while its training goes on. Nothing in a file is executed. Start with `content.py`, then
`writing.py` and `reading.py`, then `run_folder.py`.
"""

from bpframe.checkpoint.content import Checkpoint
from bpframe.checkpoint.copying import arrays_of, copy_arrays
from bpframe.checkpoint.folder import check_destination, free_folder
from bpframe.checkpoint.kept_preparation import restored_preparation, saved_preparation
from bpframe.checkpoint.random_streams import streams_of
from bpframe.checkpoint.reading import read_checkpoint
from bpframe.checkpoint.restoring import restored_engine
from bpframe.checkpoint.run_folder import RunFolder, kept_run
from bpframe.checkpoint.run_reading import read_run
from bpframe.checkpoint.writing import write_checkpoint

__all__ = [
    "Checkpoint",
    "RunFolder",
    "arrays_of",
    "check_destination",
    "copy_arrays",
    "free_folder",
    "kept_run",
    "read_checkpoint",
    "read_run",
    "restored_engine",
    "restored_preparation",
    "saved_preparation",
    "streams_of",
    "write_checkpoint",
]
