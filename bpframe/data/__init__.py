"""Where do examples come from?

Readers of .npz, CSV and IDX files, of images, texts and series, of tables in memory and of the examples that come with
bpframe; split, scaling, windows and one-hot targets, as a spec's `data` section declares them. In go paths and
declarations; out come inputs and targets as arrays, with the preparation that later inputs go through. Start with
`spec.py`, then `preparation.py`.
"""

from bpframe.data.alice import AliceData
from bpframe.data.csv import CsvData
from bpframe.data.digits import DigitsData
from bpframe.data.fitted import FittedPreparation
from bpframe.data.from_table import from_table
from bpframe.data.idx import IdxData
from bpframe.data.images import ImagesData
from bpframe.data.inputs import read_inputs
from bpframe.data.mapped import map_array
from bpframe.data.npz_data import NpzData
from bpframe.data.parquet import ParquetData
from bpframe.data.samples import Dataset
from bpframe.data.scaling import Divide
from bpframe.data.series import SeriesData
from bpframe.data.spec import DataSpec
from bpframe.data.text import TextData
from bpframe.data.vocabulary import Vocabulary
from bpframe.data.waves import WavesData

__all__ = [
    "AliceData",
    "CsvData",
    "DataSpec",
    "Dataset",
    "DigitsData",
    "Divide",
    "FittedPreparation",
    "IdxData",
    "ImagesData",
    "NpzData",
    "ParquetData",
    "SeriesData",
    "TextData",
    "Vocabulary",
    "WavesData",
    "from_table",
    "map_array",
    "read_inputs",
]
