"""Where do examples come from?

Readers of .npz, CSV and IDX files, of tables in memory and of the digits that come with bpframe; split, scaling and
one-hot targets, as a spec's `data` section declares them. In go paths and declarations; out come inputs and targets as
arrays, with the preparation that later inputs go through. Start with `spec.py`, then `preparation.py`.
"""

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
