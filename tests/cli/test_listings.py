"""bpframe plugins and bpframe schema list what is installed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

import bpframe as bp
from bpframe.plugins.registry import PluginSet, Provider, Registry

Invoke = Callable[..., Any]


def test_plugins_lists_the_shipped_set(invoke: Invoke) -> None:
    (each,) = (each for each in json.loads(invoke("plugins", "--json").stdout) if each["set"] == "reference")
    assert (each["distribution"], each["version"], each["status"]) == ("bpframe", bp.__version__, "ok")
    assert "dense" in each["components"]["layer"]
    assert "sigmoid" in each["components"]["activation"]
    assert each["import_ms"] >= 0
    shown = invoke("plugins").stdout
    for word in ("reference", "bpframe", "ok", "dense", "quadratic"):
        assert word in shown


def test_plugins_says_why_a_set_is_broken(invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = PluginSet(Provider("mine", "my-layers", "0.3"), status="broken", reason="ImportError: [no] such thing")
    monkeypatch.setattr("bpframe.plugins.default_registry", lambda: Registry((broken,)))
    shown = invoke("plugins").stdout
    for word in ("mine", "my-layers 0.3", "broken", "ImportError: [no] such thing"):
        assert word in shown


def test_a_narrow_terminal_loses_no_word(invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    shown = invoke("plugins").stdout
    assert max(map(len, shown.splitlines())) <= 30
    assert "…" not in shown


def test_schema_accepts_the_spec_and_refuses_a_misspelt_one(folder: Path, invoke: Invoke) -> None:
    schema = json.loads(invoke("schema").stdout)
    spec = yaml.safe_load(Path("spec.yaml").read_text())
    jsonschema.Draft202012Validator(schema).validate(spec)
    spec["network"]["layers"][0]["unit"] = 3
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(schema).validate(spec)


def test_schema_writes_a_file_and_says_how_an_editor_uses_it(folder: Path, invoke: Invoke) -> None:
    result = invoke("schema", "-o", "bpframe.schema.json")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "yaml-language-server: $schema=bpframe.schema.json" in result.stderr
    assert json.loads(Path("bpframe.schema.json").read_text()) == json.loads(invoke("schema").stdout)


def test_every_command_has_a_line_and_an_example(invoke: Invoke) -> None:
    lines = invoke("--help").stdout.split("Commands:")[1].strip().splitlines()
    assert [line.split()[0] for line in lines] == [
        *(
            "demo",
            "train",
            "runs",
            "range-test",
            "evaluate",
            "predict",
            "explain",
            "check",
            "plugins",
            "new",
            "schema",
            "doctor",
        ),
    ]
    for line in lines:
        assert not line.rstrip().endswith("...")
        assert f"Example: bpframe {line.split()[0]}" in invoke(line.split()[0], "--help").stdout
