"""All hostile sets installed together: every command works, and each set is told of."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import jsonschema
import pytest
import yaml

from bpframe.runs import open_run
from tests.hostile.at_import import AT_IMPORT
from tests.hostile.conftest import BROKEN, Done, Host
from tests.hostile.distributions import LISTED
from tests.hostile.in_components import DECLARED, RUNNING
from tests.hostile.sin import Sin

Outcome = Callable[[str], Done]
Listed = list[dict[str, Any]]

SETS: dict[str, Sin] = {**AT_IMPORT, **DECLARED, **{name: each[0] for name, each in RUNNING.items()}}
UNPRINTABLE = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")


@pytest.mark.parametrize("name", ["first", "help", "json", "table", "schema", "demo", "train", "loud"])
def test_commands_that_need_none_of_the_sets_work(outcome: Outcome, name: str) -> None:
    done = outcome(name)
    assert done.code == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert "Sorry" not in done.stderr


@pytest.mark.parametrize("name", ["first", "json", "schema", "demo", "train", "loud", "kit"])
def test_standard_output_is_one_json_value_whatever_plugins_write_there(outcome: Outcome, name: str) -> None:
    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is no JSON")

    json.loads(outcome(name).stdout, parse_constant=refuse)


def test_the_first_start_survives_too_and_says_what_takes_so_long(outcome: Outcome) -> None:
    first = outcome("first")
    assert "Trying new plugin sets in another process" in first.stderr
    assert "Trying" not in outcome("json").stderr
    told = [{key: value for key, value in each.items() if key not in ("import_ms", "output", "details", "warnings")}
            for each in json.loads(first.stdout)]  # fmt: skip
    again = [{key: each[key] for key in told[0]} for each in json.loads(outcome("json").stdout)]
    assert told == again


@pytest.mark.parametrize("name", SETS)
def test_each_set_is_listed_with_what_it_did(listed: Listed, outcome: Outcome, name: str) -> None:
    (found,) = [each for each in listed if each["set"] == name]
    each = SETS[name]
    assert (found["status"], found["distribution"]) == (each.status, f"hostile-{name}")
    assert (each.reason or "") in (found["reason"] or "")
    assert (found["reason"] is None) == (each.status == "ok")
    assert any((each.warning or "") in warning for warning in found["warnings"]) or not each.warning
    table = re.sub(r"\s+", "", outcome("table").stdout)
    for words in (name, each.reason, each.warning):
        assert re.sub(r"\s+", "", words or "") in table


@pytest.mark.parametrize(("distribution", "name", "status", "words"), LISTED)
def test_each_distribution_is_listed_with_what_is_wrong_with_it(
    listed: Listed, distribution: str, name: str, status: str, words: str
) -> None:
    found = [(each["status"], each["reason"] or "") for each in listed
             if (each["distribution"], each["set"]) == (distribution, name)]  # fmt: skip
    assert any(status == each and words in reason for each, reason in found), found


def test_a_class_that_is_listed_twice_is_one_component(listed: Listed) -> None:
    (found,) = [each for each in listed if each["set"] == "twice"]
    assert found["components"] == {"activation": ["twice"]}


def test_what_is_printed_is_kept_with_its_set(listed: Listed) -> None:
    (found,) = [each for each in listed if each["set"] == "prints"]
    for words in ("by print", "by os.write", "by C", "by a child"):
        assert f"SPOILT {words}\n" in found["output"]
        # The thread that `starts_threads` left behind writes into whatever is loaded a second later.
        having = [each["set"] for each in listed if f"SPOILT {words}\n" in (each["output"] or "")]
        assert having == ["prints"]


def test_the_slow_import_is_told_with_its_time(listed: Listed) -> None:
    (found,) = [each for each in listed if each["set"] == "is_slow"]
    assert 1500 <= found["import_ms"] < 8000


def test_no_name_moves_the_cursor(outcome: Outcome) -> None:
    assert not UNPRINTABLE.search(outcome("table").stdout)
    assert r"red\x1b[31m" in outcome("table").stdout


def test_the_schema_knows_the_components_that_work_and_no_other(host: Host, outcome: Outcome) -> None:
    schema = json.loads(outcome("schema").stdout)
    spec = yaml.safe_load((host.folder / "unrelated.yaml").read_text())
    jsonschema.Draft202012Validator(schema).validate(spec)
    for name in ("defaults_never.never", "has_no_schema.schemaless", "defaults_oddly.odd"):
        assert f"node.{name}" in schema["$defs"]
        spec["network"]["layers"][1] = {"kind": name}
        jsonschema.Draft202012Validator(schema).validate(spec)
    assert not [name for name in schema["$defs"] if name.startswith(("node.names_two_alike", "node.claimed"))]


def test_unrelated_networks_train_as_if_nobody_else_were_there(outcome: Outcome) -> None:
    assert json.loads(outcome("demo").stdout)["gradient_max_relative_error"] < 1e-9
    assert json.loads(outcome("train").stdout)["test"]["accuracy"] > 0.3
    for hook, words in (("epoch", "SystemExit: no more epochs"), ("checkpoint", "RuntimeError: no run for you")):
        assert f"a plugin's bpframe_after_{hook} failed: {words}" in outcome("train").stderr


def test_a_run_that_was_trained_beside_them_is_whole(host: Host, outcome: Outcome) -> None:
    told = json.loads(outcome("train").stdout)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(host.folder)
        found, part = open_run(told["run"]).evaluate()
    assert (part, found.as_dict()) == ("test", told["test"])


def test_a_dependent_network_says_why_not(host: Host, outcome: Outcome) -> None:
    done = outcome("dependent")
    assert done.code == 2
    assert done.stderr.startswith(f"BrokenPlugin: network.layers[0].kind = '{BROKEN}.dense' is of the plugin set")
    assert done.stderr.count("BrokenPlugin") == 1
    assert "loading it ends the process: exit status 3" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (host.folder / "never").exists()


# In Python it is the caller who keeps pydantic from searching for plugins, which ends at a malformed entry_points.txt.
NAMES = """
import json, os
os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"
from bpframe.errors import BpframeError
from bpframe.plugins import default_registry
from bpframe.documents import parse_spec
registry = default_registry()
told = {}
for name in NAMES:
    try:
        parse_spec(json.dumps({"network": {"input_shape": [4], "layers": [{"kind": name}]}}), registry)
        told[name] = ["ok", ""]
    except BpframeError as error:
        told[name] = [type(error).__name__, str(error)]
print(json.dumps(told))
"""


def test_every_name_that_cannot_be_used_says_why(host: Host) -> None:
    unusable = {f"{name}.double": each for name, each in SETS.items() if each.status != "ok"}
    names = [*unusable, "claimed.claimed", "twin", "one_twin.twin", "reference.dense", "reference.sigmoid", "same"]
    # From Python, where nothing is tried apart and the verdicts of the command line hold.
    left_out = {"is_slow", "starts_threads", "closes_stdout"}
    sets = ",".join([*sorted(set(SETS) - left_out), "claimed", "reference"])
    done = host.run("-c", NAMES.replace("NAMES", repr(names)), plugins=sets)
    assert done.code == 0, done.stderr
    told = json.loads(done.stdout.strip().splitlines()[-1])
    for name, each in unusable.items():
        kind, text = told[name]
        assert kind == "BrokenPlugin", text
        assert (each.reason or "") in text
    assert told["claimed.claimed"][0] == "AmbiguousComponent"
    assert "claims-first 1.0" in told["claimed.claimed"][1]
    assert told["twin"][0] == "AmbiguousComponent"
    assert "one_twin.twin or other_twin.twin" in told["twin"][1]
    assert told["one_twin.twin"][0] == "ok"
    assert told["reference.sigmoid"][0] == "ok"
    assert "units" in told["reference.dense"][1]
    assert told["same"][0] == "UnknownComponent"
    assert "two components of 'names_two_alike' are named 'same'" in told["same"][1]


@pytest.mark.parametrize("name", RUNNING)
def test_the_kit_names_what_a_component_does(outcome: Outcome, name: str) -> None:
    _, check, words = RUNNING[name]
    reports = json.loads(outcome("kit").stdout)
    assert len(reports) == len(RUNNING)
    report = reports[list(RUNNING).index(name)]
    if not words:
        assert report["ok"]
        return
    assert not report["ok"]
    found = [each for each in report["outcomes"] if each["status"] == "failed" and each["check"].startswith(check)]
    assert any(words in f"{each['message']} {each['diagnosis']}" for each in found), report
    where = [text for each in found for label, text in each["rows"] if label == "where"]
    assert name != "never_returns" or where == ["hostile_never_returns.py, line 13, in forward"]


def test_the_kit_works_among_all_the_sets(outcome: Outcome) -> None:
    done = outcome("check")
    assert done.code == 2
    assert "jacobian[x] failed" in done.stdout
    assert "constant factor" in done.stdout
    assert outcome("kit").code == 2
