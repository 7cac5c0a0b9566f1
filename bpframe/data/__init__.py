"""The data side of bpframe: readers, split, scaling and one-hot targets, declared in a spec's `data` section."""

from bpframe.data.csv import CsvData
from bpframe.data.digits import DigitsData
from bpframe.data.fitted import FittedPreparation
from bpframe.data.idx import IdxData
from bpframe.data.inputs import read_inputs
from bpframe.data.npz import NpzData
from bpframe.data.samples import Dataset
from bpframe.data.scaling import Divide
from bpframe.data.spec import DataSpec

__all__ = [
    "CsvData",
    "DataSpec",
    "Dataset",
    "DigitsData",
    "Divide",
    "FittedPreparation",
    "IdxData",
    "NpzData",
    "read_inputs",
]
