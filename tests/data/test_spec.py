from __future__ import annotations

import json
import subprocess
import sys

import jsonschema
import pytest
from pydantic import TypeAdapter, ValidationError

from bpframe.data import (
    AliceData,
    CsvData,
    DataSpec,
    DigitsData,
    Divide,
    IdxData,
    ImagesData,
    NpzData,
    SeriesData,
    TextData,
    WavesData,
)

SPECS = TypeAdapter(DataSpec)
EXAMPLES = [
    ({"kind": "digits"}, DigitsData),
    (
        {"kind": "npz", "path": "train.npz", "inputs": "x", "targets": "y", "test_fraction": 0.2, "one_hot": True},
        NpzData,
    ),
    ({"kind": "csv", "path": "iris.csv", "targets": ["species"], "scaling": "minmax", "one_hot": True}, CsvData),
    (
        {
            "kind": "idx",
            "inputs": "images",
            "targets": "labels",
            "scaling": {"divide": 255},
            "classes": 10,
            "one_hot": True,
        },
        IdxData,
    ),
    ({"kind": "images", "path": "pets", "size": [32, 32], "mode": "grey", "test_fraction": 0.2}, ImagesData),
    ({"kind": "text", "path": "a.txt", "unit": "words", "vocabulary": 500, "length": 16}, TextData),
    ({"kind": "alice", "vocabulary": ["a", "b"]}, AliceData),
    ({"kind": "series", "path": "s.csv", "columns": ["load", 2], "horizon": 3, "scaling": "minmax"}, SeriesData),
    ({"kind": "waves", "steps": 100, "noise": 0.0}, WavesData),
]


@pytest.mark.parametrize(("plain", "kind"), EXAMPLES)
def test_kind_selects_the_model_and_the_spec_survives_json(plain, kind):
    spec = SPECS.validate_python(plain)
    assert type(spec) is kind
    assert SPECS.validate_json(spec.model_dump_json()) == spec


@pytest.mark.parametrize(("plain", "kind"), EXAMPLES)
def test_the_json_schema_accepts_what_the_models_accept(plain, kind):
    schema = SPECS.json_schema()
    jsonschema.Draft202012Validator(schema).validate(plain)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(schema).validate({**plain, "no_such_field": 1})
    jsonschema.Draft202012Validator(schema).validate(json.loads(kind.model_validate(plain).model_dump_json()))


@pytest.mark.parametrize("kind", [*(kind for _, kind in EXAMPLES), Divide])
def test_every_field_is_described(kind):
    for name, field in kind.model_fields.items():
        assert field.description, name


@pytest.mark.parametrize("plain", [{"kind": "digit"}, {}, {"kind": "npz"}, {"kind": "csv", "path": "a.csv"}])
def test_an_unknown_kind_and_missing_fields_are_refused(plain):
    with pytest.raises(ValidationError):
        SPECS.validate_python(plain)


def test_the_data_side_loads_without_the_rest_of_the_framework():
    """Beside what a component is, which a scaling may be."""
    code = "import sys, bpframe.data; print([m for m in sys.modules if m.startswith(('bpframe', 'scipy', 'pluggy'))])"
    loaded = eval(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)
    declared = tuple(f"bpframe.{room}" for room in ("data", "categories", "core", "forms", "machine", "validation"))
    assert not [name for name in loaded if name.startswith(("bpframe.core.graph", "bpframe.core.backprop"))]
    assert {name for name in loaded if not name.startswith(declared)} <= {
        "bpframe",
        "bpframe._version",
        "bpframe.errors",
    }
