"""The data section of a specification: one model per kind of source."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from bpframe.data.alice import AliceData
from bpframe.data.csv import CsvData
from bpframe.data.digits import DigitsData
from bpframe.data.idx import IdxData
from bpframe.data.images import ImagesData
from bpframe.data.npz_data import NpzData
from bpframe.data.parquet import ParquetData
from bpframe.data.series import SeriesData
from bpframe.data.text import TextData
from bpframe.data.waves import WavesData

__all__ = ["DataSpec"]

DataSpec = Annotated[
    DigitsData | NpzData | CsvData | ParquetData | IdxData | ImagesData | TextData | AliceData | SeriesData | WavesData,
    Field(discriminator="kind"),
]
"""The union of the kinds of data; `kind` selects the model, and every member has `load(base, dtype, class_numbers)`."""
