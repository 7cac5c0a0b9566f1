"""A preparation of a plugin set scales a data section's inputs, and a saved run keeps its numbers."""

from __future__ import annotations

import jsonschema
import numpy as np
import pytest
import yaml
from bpframe_reference import Robust

from bpframe.data import NpzData
from bpframe.data.scaling import fit_scaling
from bpframe.documents import json_schema, parse_spec, read_spec, write_spec
from bpframe.errors import BpframeError, ContractError, DataError, SpecError
from bpframe.extend import Preparation
from bpframe.runs import run_experiment
from bpframe.testing import check_component

RNG = np.random.default_rng(0)
X = np.exp(RNG.standard_normal((40, 3)) * [1.0, 2.0, 0.5])
RETURNED: list[object] = [None]

SPEC = """
network: {input_shape: [3], layers: [{kind: dense, units: 2}], cost: {kind: quadratic}}
training: {optimizer: {kind: gradient_descent, learning_rate: 0.01}, epochs: 1}
data: {kind: npz, path: data.npz, test_fraction: 0.25, shuffle: false, scaling: {kind: robust}}
"""


class Given(Preparation):
    """Return what a test wants."""

    def fit(self, x):
        return RETURNED[0]


def test_robust_is_the_median_and_the_middle_half() -> None:
    scaled = fit_scaling(Robust(), X).apply(X, "float64")
    width = np.percentile(X, 75, axis=0) - np.percentile(X, 25, axis=0)
    np.testing.assert_allclose(scaled, (X - np.median(X, axis=0)) / width, rtol=1e-12)
    assert (fit_scaling(Robust(), np.ones((5, 2))).apply(np.ones((5, 2)), "float64") == 0).all()
    assert check_component(Robust()).ok


def test_a_data_section_names_it_and_a_saved_run_keeps_its_numbers(tmp_path) -> None:
    import bpframe as bp

    np.savez(tmp_path / "data.npz", x=X, y=RNG.standard_normal((40, 2)))
    spec = parse_spec(SPEC)
    assert spec.data.scaling == Robust()
    write_spec(spec, tmp_path / "again.yaml")
    assert read_spec(tmp_path / "again.yaml") == spec
    assert "kind: reference.robust" in (tmp_path / "again.yaml").read_text()
    experiment = run_experiment(spec, tmp_path)
    fitted = experiment.dataset.preparation
    np.testing.assert_allclose(fitted.scaling.offset, np.median(X[:30], axis=0))
    experiment.network.save(tmp_path / "run", preparation=fitted)
    again = bp.load(tmp_path / "run")
    np.testing.assert_array_equal(again.predict(X[30:]), experiment.network.predict(fitted.apply_inputs(X[30:])))


def test_the_schema_offers_it() -> None:
    schema = json_schema()
    jsonschema.Draft202012Validator(schema).validate(yaml.safe_load(SPEC))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(schema).validate(yaml.safe_load(SPEC.replace("kind: robust", "kind: robst")))


@pytest.mark.parametrize("wrong", ["{kind: robst}", "{kind: dense, units: 3}", "{kind: robust, a: 1}"])
def test_what_is_no_preparation_is_refused(wrong: str) -> None:
    with pytest.raises(BpframeError, match=r"data\.scaling"):
        parse_spec(SPEC.replace("{kind: robust}", wrong))
    with pytest.raises(SpecError):
        NpzData(path="data.npz", scaling="robust")


@pytest.mark.parametrize(
    ("returned", "kind", "said"),
    [
        (None, ContractError, "returned no (offset, scale)"),
        ((1.0, 2.0, 3.0), ContractError, "returned no (offset, scale)"),
        ((np.zeros(2), np.ones(3)), ContractError, "another shape"),
        ((np.zeros(3), np.zeros(3)), DataError, "has no scale for entry 0"),
        ((np.array([0, np.nan, 0]), 1.0), DataError, "has no offset for entry 1"),
    ],
    ids=str,
)
def test_what_is_no_scaling_is_named(returned: object, kind: type[BpframeError], said: str) -> None:
    RETURNED[0] = returned
    with pytest.raises(kind) as caught:
        fit_scaling(Given(), X)
    assert said in str(caught.value)


def test_one_number_may_stand_for_all_and_inputs_cannot_be_written() -> None:
    RETURNED[0] = (1.0, np.array([1.0, 2.0, 4.0]))
    np.testing.assert_array_equal(fit_scaling(Given(), X).apply(X, "float64"), (X - 1) / [1, 2, 4])

    class Writes(Preparation):
        def fit(self, x):
            x -= 1
            return 0.0, 1.0

    with pytest.raises(ContractError, match="fit failed"):
        fit_scaling(Writes(), X)
