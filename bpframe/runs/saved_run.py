"""A run that training left in a folder, opened to be measured and to predict."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from bpframe.checkpoint import read_run
from bpframe.checkpoint.content import SPEC
from bpframe.core.component import Component
from bpframe.data import CsvData, Dataset, FittedPreparation, NpzData, ParquetData, read_inputs
from bpframe.data.csv import is_csv
from bpframe.data.inputs import names_of_images
from bpframe.data.labels import Label
from bpframe.data.located import located
from bpframe.data.parquet import is_parquet
from bpframe.data.source import Source
from bpframe.data.tabular import TableSpec
from bpframe.data.text import TextWindows
from bpframe.documents import RunSpec, read_spec
from bpframe.documents.reading import MOST_BYTES
from bpframe.documents.text import SUFFIXES, parse_text
from bpframe.errors import DataError, SpecError
from bpframe.machine.memory import enough_memory
from bpframe.machine.opening import text_of
from bpframe.network import Network
from bpframe.runs.averages import keeps_averages, measured_network
from bpframe.runs.evaluation import Evaluation, evaluate
from bpframe.runs.numbered import row_of
from bpframe.runs.predictions import Predictions, probabilities_of
from bpframe.runs.standard_input import is_standard_input, named_input
from bpframe.training.history import History
from bpframe.training.outputs import yes_above
from bpframe.validation.plain_arrays import Array

__all__ = ["SavedRun", "open_run"]


@dataclass(frozen=True)
class SavedRun:
    """A trained network with the spec, the history and the data's preparation that were saved beside it.

    Where its optimizer keeps averages (`averages`), the network is the one with the averaged parameters, of which the
    history tells; `bpframe.load` returns the one that was trained, which goes on.
    """

    folder: Path
    network: Network
    spec: RunSpec
    history: History | None
    preparation: FittedPreparation | None
    columns: Sequence[str] | None = None
    averages: bool = False

    def evaluate(self, data: str | os.PathLike[str] | None = None) -> tuple[Evaluation, str]:
        """Measure the network; return the figures and which examples they are of.

        That is `test`, `validation`, `training` or `all`. Without `data`, on the test part of the run's own data, or
        the last part that there is. With a spec's file, on that of its data section. With an .npz or .csv file, on all
        of its examples, read as the run's data were. Inputs go through the preparation that was fitted to the run's
        training part.

        Raises
        ------
        DataError, SpecError

        """
        if data is not None and is_standard_input(data):
            with named_input(Path(data), self._text_ending()) as file:
                return self.evaluate(file)
        source, base, part = self._source(data)
        x, y, weight, part = self._examples(source, base, part)
        return evaluate(self.network.without_preparation(), x, y, sample_weight=weight), part

    def predict(self, file: str | os.PathLike[str]) -> Predictions:
        """Return what the network makes of the inputs in a .npz, .npy, .csv or IDX file, or one like its own data.

        `-` and `/dev/stdin` are standard input, in CSV or as numpy.save writes it; its content says which.

        That may be an image or a folder of images, a .txt file, or a series. Images are read in the order of their
        names as text (`10.png` before `2.png`); the predictions tell their names.

        Raises
        ------
        DataError, ShapeMismatch

        """
        source, fitted = self.spec.data, self.preparation
        with named_input(Path(file), self._text_ending()) as path:
            x, place = read_inputs(path, source=source, preparation=fitted, columns=self.columns)
            found = self.predict_array(x if fitted is None else fitted.apply_inputs(x, place))
            return found if path != Path(file) else replace(found, files=names_of_images(path, source))

    def predict_array(self, x: Array) -> Predictions:
        """Return what the network makes of prepared inputs (N, *features)."""
        found = self.network.predict(x, raw=False)
        if self.preparation is not None and not isinstance(found, dict):
            found = self.preparation.restored(found)
        outputs = dict(found) if isinstance(found, dict) else {self.network.graph.outputs[0]: found}
        classes = None if self.preparation is None else self.preparation.class_labels
        if classes is None and (above := yes_above(self.network.graph)) is not None:
            shares = probabilities_of(self.network.graph, found, 2)
            return Predictions(outputs, _sides(found, above), (0, 1), probabilities=shares)
        if self.preparation is None or classes is None or isinstance(found, dict):
            return Predictions(outputs, None, None)
        labels = self.preparation.labels(found)
        shares = probabilities_of(self.network.graph, found, len(classes))
        return Predictions(outputs, labels, classes, probabilities=shares)

    def example(self, number: int) -> tuple[Array, Array]:
        """Return an example of the run's own data, (1, *features) and its target, prepared; numbers as in `row_of`.

        Raises
        ------
        DataError

        """
        source, base, _ = self._source(None)
        return self._prepared(*row_of(self._loaded(source, base), number))

    def _text_ending(self) -> str:
        """Return what a file of text is named like that the run reads."""
        return ".txt" if isinstance(self.spec.data, TextWindows) else ".csv"

    def _source(self, data: str | os.PathLike[str] | None) -> tuple[Source, Path, str]:
        """Return where the examples come from, the folder of its paths, and `all` where no part is held back."""
        own = self.spec.data
        if data is None:
            if own is None:
                raise DataError(
                    f"the run {self.folder} does not say which data it was trained on",
                    hint="bpframe evaluate RUN --data SPEC",
                )
            return located(own, self.folder), self.folder, "training"
        path = Path(data).expanduser()
        name = path.name.lower()
        if name.endswith(tuple(SUFFIXES)):
            found = self._data_of_spec(path)
            if found is None:
                raise DataError(f"{path} has no section 'data'", expected="data: {kind: ...}")
            return found, path.absolute().parent, "all"
        if own is not None and (same_kind := own.of_file(path) or _other_kind(own, path)) is not None:
            return same_kind, Path(), "all"
        if name.endswith(".npz"):
            keys = (
                own.model_dump(include={"inputs", "targets", "sample_weight", "flatten"})
                if isinstance(own, NpzData)
                else {}
            )
            flatten = self.preparation is not None and self.preparation.flatten
            return NpzData(path=str(path), **{"flatten": flatten, **keys}).whole(), Path(), "all"
        raise DataError(
            f"{path} does not say which of its numbers are inputs and which are targets",
            expected="a spec with a data section, an .npz file with x and y, or a table like the run's own",
            hint="write a spec: network as in the run's spec.yaml, data: {kind: ..., ...}",
        )

    def _data_of_spec(self, path: Path) -> Source | None:
        """Return the data section of a spec, which may be all that the file holds."""
        try:
            return read_spec(path).data
        except SpecError:
            document = parse_text(text_of(path, DataError, MOST_BYTES), path.suffix.lower(), str(path))
            if not isinstance(document, Mapping) or set(document) != {"data"}:
                raise
        own = self.folder / SPEC
        network = parse_text(text_of(own, DataError, MOST_BYTES), own.suffix, str(own))["network"]
        return read_spec({"network": network, **document}).data

    def _examples(self, source: Source, base: Path, part: str) -> tuple[Array, Array, Array | None, str]:
        """Return inputs, targets and weights, prepared with the numbers that were fitted in training."""
        loaded = self._loaded(source, base)
        *_, (last, (x, y, weight)) = loaded.parts.items()
        return *self._prepared(x, y), weight, part if last == "training" else last

    def _loaded(self, source: Source, base: Path) -> Dataset:
        fitted = self.preparation
        names = self.columns or (None if fitted is None else fitted.feature_names)
        if names is not None and isinstance(source, TableSpec) and getattr(source, "header", True):
            given = source.inputs or names
            if not set(given).isdisjoint(names) or not any(isinstance(each, str) for each in given):
                source = source.model_copy(update={"inputs": tuple(names)})  # files differ in their order
        with enough_memory("the data", DataError):
            if fitted is None:
                return source.load(base, self.network.spec.dtype, bool(self.network.graph.integer_targets))
            # Only the choice of examples is the source's; its own scaling and classes would be fitted anew.
            return source.raw(fitted).load(base, "float64", fitted.class_numbers or fitted.threshold is not None)

    def _prepared(self, x: Array, y: Array) -> tuple[Array, Array]:
        fitted = self.preparation
        if fitted is None:
            return x, y
        if fitted.target_scaling is not None:
            return fitted.apply_inputs(x), fitted.apply_targets(y)
        return fitted.apply_inputs(x), y if fitted.class_numbers else fitted.yes_or_no(y).astype(fitted.dtype)


def _other_kind(own: Source, path: Path) -> Source | None:
    """Return all of a table in another kind of file than the run's own, None where it is no table."""
    kinds = ((ParquetData, is_parquet), (CsvData, is_csv))
    kind = next((kind for kind, is_one in kinds if is_one(path)), None)
    if kind is None or not isinstance(own, TableSpec):
        return None
    told = {name: getattr(own, name) for name in TableSpec.model_fields}
    return kind(**told, path=str(path)).of_file(path)


def _sides(prediction: Array, threshold: float) -> list[Label]:
    """Return 1 where the one output (N, 1) is above the threshold, else 0. Errors: DataError for NaN."""
    if (unknown := np.isnan(prediction)).any():
        raise DataError(
            "the prediction says neither yes nor no",
            expected="outputs that are numbers",
            received=f"NaN in {np.count_nonzero(unknown)} of {len(prediction)} examples",
        )
    return [int(each) for each in prediction[:, 0] > threshold]


def open_run(folder: str | os.PathLike[str], components: Iterable[type[Component]] = ()) -> SavedRun:
    """Open a run's folder; `components` are the classes that no installed plugin set provides.

    Raises
    ------
    CheckpointError
        There is no run, or it is damaged.

    """
    place, saved = read_run(folder, components)
    columns = () if saved.columns is None else next(iter(saved.columns.inputs.values()), ())
    network = Network.from_checkpoint(saved)
    return SavedRun(
        folder=place,
        network=measured_network(network),
        averages=keeps_averages(network),
        spec=saved.spec,
        history=saved.history,
        preparation=saved.preparation,
        columns=tuple(each for each in columns if isinstance(each, str)) or None,
    )
