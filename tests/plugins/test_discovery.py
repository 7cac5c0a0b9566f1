"""Installed plugin sets are found; what is wrong with one is told, stays its own, and never reaches the host."""

from __future__ import annotations

import pytest

BROKEN = {
    "importing": ("import a_module_that_nobody_has\n", "ModuleNotFoundError: No module named"),
    "exiting": ("raise SystemExit('bye')\n", "SystemExit: bye"),
    "interrupting": ("raise KeyboardInterrupt\n", "KeyboardInterrupt"),
    "quitting": ("import sys\nsys.exit(0)\n", "SystemExit: 0"),
    "syntax": ("def f(:\n", "SyntaxError"),
    "odd": ("class Stop(BaseException): pass\nraise Stop('halt')\n", "Stop: halt"),
    "rude": (
        "class Rude(Exception):\n    def __str__(self):\n        raise ValueError\nraise Rude\n",
        "Rude",
    ),
    "misspelt": ("def bpframe_componets():\n    return []\n", "did you mean 'bpframe_components'?"),
    "marked": (
        "from bpframe.plugins import hookimpl\n@hookimpl\ndef bpframe_component():\n    return []\n",
        "did you mean 'bpframe_components'?",
    ),
    "empty": ("x = 1\n", "implements no hook"),
    "arguments": ("def bpframe_components(registry):\n    return []\n", "registry"),
    "nothing": ("def bpframe_components():\n    pass\n", "returned None"),
    "number": ("def bpframe_components():\n    return 3\n", "of type int"),
    "strings": ("def bpframe_components():\n    return ['Dense']\n", "[0] is of type str"),
    "foreign": ("def bpframe_components():\n    return [dict]\n", "[0] is the class dict, which is no component"),
    "instance": (
        "from bpframe.core.component import Layer\ndef bpframe_components():\n    return [Layer()]\n",
        "[0] is of type Layer",
    ),
    "abstract": (
        "from bpframe.core.component import Layer\ndef bpframe_components():\n    return [Layer]\n",
        "Layer has no forward",
    ),
    "failing": ("def bpframe_components():\n    raise KeyError('lost')\n", "KeyError: 'lost'"),
    "future": (
        "BPFRAME_CONTRACT = 3\ndef bpframe_components():\n    return []\n",
        "needs version 3 of the contract, this bpframe offers 1 and 2 (install a newer bpframe, or an older version of",
    ),
    **{
        f"unversioned-{number}": (
            f"BPFRAME_CONTRACT = {value}\ndef bpframe_components():\n    return []\n",
            f"BPFRAME_CONTRACT is {value}, which is no version of the contract; this bpframe offers 1 and 2 "
            "(write BPFRAME_CONTRACT = 2, a whole number)",
        )
        for number, value in enumerate(("'2'", "None", "True", "2.0", "0", "-1", "(2,)"))
    },
    "my.set": ("def bpframe_components():\n    return []\n", "no name for a plugin set"),
}

LAYER = """
from bpframe.extend import Layer

class {name}(Layer):
    def forward(self, x):
        return x

    def jacobian(self, x):
        return x

def bpframe_components():
    return [{name}]
"""

PRINTING = """
import sys
print("to stdout")
print("to stderr", file=sys.stderr)
import warnings
warnings.warn("a warning")
def bpframe_components():
    print("from the hook")
    return []
"""

REPORT = """
import json
from bpframe.plugins import default_registry, plugin_report
print(json.dumps(plugin_report(default_registry())))
"""


@pytest.fixture(scope="module")
def site(make_site):
    site = make_site()
    for number, (name, (source, _)) in enumerate(BROKEN.items()):
        site.plugin(name, source, module=f"plugin_broken_{number}")
    site.layer("good", "Shift")
    for version in (1, 2):
        site.plugin(f"version{version}", f"BPFRAME_CONTRACT = {version}\n" + LAYER.format(name=f"Made{version}"))
    site.layer("rival", "Shift")
    site.plugin("printing", PRINTING)
    site.plugin("watching", "SEEN = []\ndef bpframe_after_epoch(epoch):\n    SEEN.append(epoch)\n    return epoch\n")
    site.layer("one", "Cut")
    site.distribution("bp-fork", "9.0", "[bpframe]\none = plugin_good\n")
    site.distribution("Bp_Good", "1.0", "[bpframe]\ngood = plugin_good\n", folder="leftover.dist-info")
    site.layer("nameless", "Nameless")
    (site.folder / "bp_nameless-1.0.dist-info" / "METADATA").unlink()
    return site


@pytest.fixture(scope="module")
def report(site, run_in):
    return run_in(site, REPORT)


def record(report, name):
    (found,) = [each for each in report if each["set"] == name]
    return found


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_set_is_listed_with_its_reason_in_one_line(report, name):
    found = record(report, name)
    assert found["status"] == "broken"
    assert BROKEN[name][1] in found["reason"]
    assert "\n" not in found["reason"]
    assert found["details"]
    assert found["components"] == {}
    assert (found["distribution"], found["version"]) == (f"bp-{name}", "1.0")


def test_a_set_that_is_fine_is_listed_with_its_components(report):
    found = record(report, "good")
    assert found["status"] == "ok"
    assert found["components"] == {"layer": ["shift"]}
    assert (found["distribution"].lower().replace("_", "-"), found["version"]) == ("bp-good", "1.0")
    assert found["module"] == "plugin_good"
    assert found["import_ms"] >= 0
    assert found["reason"] is None


@pytest.mark.parametrize("version", [1, 2])
def test_a_set_of_this_and_of_an_earlier_version_of_the_contract_loads(report, version):
    found = record(report, f"version{version}")
    assert (found["status"], found["components"]) == ("ok", {"layer": [f"made{version}"]})


def test_a_distribution_that_is_found_twice_counts_once(report):
    assert sum(each["set"] == "good" for each in report) == 1


def test_what_a_plugin_prints_is_kept_and_does_not_reach_the_host(report):
    found = record(report, "printing")
    assert found["status"] == "ok"
    for text in ("to stdout", "to stderr", "a warning", "from the hook"):
        assert text in found["output"]


def test_a_plugin_whose_metadata_are_lost_still_works(report):
    assert record(report, "nameless")["status"] == "ok"


def test_two_distributions_with_one_set_name_are_both_listed(report):
    assert {each["distribution"] for each in report if each["set"] == "one"} == {"bp-one", "bp-fork"}


def test_names_resolve_and_errors_tell_the_providers(site, run_in):
    found = run_in(
        site,
        """
        import json
        from bpframe.errors import BpframeError
        from bpframe.plugins import default_registry
        registry = default_registry()
        told = {"good.shift": registry.name_of(registry.find("good.shift", "node"))}
        for name in ("shift", "one.cut", "importing.anything"):
            try:
                registry.find(name, "node")
            except BpframeError as error:
                told[name] = [type(error).__name__, str(error)]
        print(json.dumps(told))
        """,
    )
    assert found["good.shift"] == "good.shift"
    kind, text = found["shift"]
    assert kind == "AmbiguousComponent"
    assert "bp-rival 1.0" in text
    kind, text = found["one.cut"]
    assert kind == "AmbiguousComponent"
    assert "bp-one 1.0" in text
    assert "bp-fork 9.0" in text
    kind, text = found["importing.anything"]
    assert kind == "BrokenPlugin"
    assert "a_module_that_nobody_has" in text


VARIABLE = """
import json, sys
from bpframe.plugins import discover
told = []
for environ in ({"BPFRAME_PLUGINS": " good , wacthing"}, {"BPFRAME_PLUGINS": ""}, {"BPFRAME_PLUGINS": ","}, {}):
    registry = discover(environ).registry
    told.append({each.provider.set: [each.status, each.reason] for each in registry.sets})
    told.append("plugin_printing" in sys.modules)
print(json.dumps(told))
"""


def test_the_variable_restricts_what_is_imported(site, run_in):
    some, some_imported, none, none_imported, also_none, _, everything, all_imported = run_in(site, VARIABLE)
    assert some["good"] == ["ok", None]
    assert some["rival"] == ["excluded", "BPFRAME_PLUGINS leaves it out"]
    assert some["wacthing"][0] == "missing"
    assert "did you mean 'watching'?" in some["wacthing"][1]
    assert not some_imported
    assert {status for status, _ in none.values()} <= {"excluded", "broken"}
    assert none["good"][0] == also_none["good"][0] == "excluded"
    assert none["reference"][0] == "excluded"
    assert not none_imported
    assert everything["good"][0] == "ok"
    assert all_imported


def test_an_excluded_name_says_so(site, run_in):
    text = run_in(
        site,
        """
        import json
        from bpframe.plugins import default_registry
        try:
            default_registry().find("rival.shift", "node")
        except Exception as error:
            print(json.dumps(str(error)))
        """,
        plugins="good",
    )
    assert "add rival to BPFRAME_PLUGINS" in text


def test_watchers_are_called_and_only_if_there_are_any(site, run_in):
    found = run_in(
        site,
        """
        import json
        from bpframe.plugins import listeners
        call = listeners("bpframe_after_epoch")
        returned = call(network=None, epoch=3, history=None)
        print(json.dumps([returned, listeners("bpframe_after_checkpoint") is None]))
        """,
    )
    assert found == [[3], True]


def test_importing_loads_no_plugin_and_asking_loads_them_once(site, run_in):
    found = run_in(
        site,
        """
        import json, sys
        import bpframe, bpframe.plugins.registry, bpframe.plugins, bpframe.documents
        before = [name for name in sys.modules if name.startswith(("plugin_", "bpframe_"))]
        first = bpframe.plugins.default_registry()
        print(json.dumps([before, first is bpframe.plugins.default_registry(), "plugin_good" in sys.modules]))
        """,
    )
    assert found == [[], True, True]


def test_ctrl_c_while_a_plugin_is_imported_stops_the_host(make_site, run_in):
    site = make_site()
    site.plugin("stopping", "import os, signal, time\nos.kill(os.getpid(), signal.SIGINT)\ntime.sleep(30)\n")
    found = run_in(
        site,
        """
        import json
        from bpframe.plugins import discover
        try:
            discover({"BPFRAME_PLUGINS": "stopping"})
        except KeyboardInterrupt:
            print(json.dumps("stopped"))
        """,
    )
    assert found == "stopped"


CATEGORY = """
from bpframe.extend import Category, Component, Method, Optimizer, PositiveFloat

METHODS = {{"draw": Method({{"count"}}, required=True)}}

class Sampler(Component, category=Category("sampler", METHODS, suffix="Sampler")):
    pass

class {name}Sampler(Sampler):
    part: PositiveFloat = 1.0

    def draw(self, count):
        return range(round(self.part * count))

class {name}Rule(Optimizer):
    sampler: Sampler = {name}Sampler()

    def update(self, gradient):
        return -0.1 * gradient

def bpframe_categories():
    return [Sampler]

def bpframe_components():
    return [{name}Sampler, {name}Rule]
"""

CATEGORIES_OF_OTHERS = {
    "raising": "def bpframe_categories():\n    raise KeyError('lost')\n",
    "foreign": "def bpframe_categories():\n    return [dict]\n",
    "taken": "from bpframe.extend import Layer\ndef bpframe_categories():\n    return [Layer]\n",
    "misspelt": "def bpframe_category():\n    return []\n",
    "stating": "from bpframe.extend import Component\nclass A(Component, category='a'):\n    pass\n",
}

USING = """
import json, tempfile, pathlib
from bpframe.documents import parse_spec, write_spec, read_spec
from bpframe.errors import BpframeError
from bpframe.plugins import default_registry, plugin_report
told = {"sets": {each["set"]: [each["status"], each["reason"], each["components"], each["categories"]]
                 for each in plugin_report(default_registry())}}
text = '''
network: {input_shape: [2], layers: [{kind: dense, units: 2}], cost: {kind: quadratic}}
training: {epochs: 1, optimizer: {kind: half_rule, sampler: {kind: KIND, part: 0.5}}}
'''
for kind in ("half.half", "half"):
    try:
        spec = parse_spec(text.replace("KIND", kind))
    except BpframeError as error:
        told[kind] = [type(error).__name__, str(error)]
        continue
    folder = pathlib.Path(tempfile.mkdtemp())
    write_spec(spec, folder / "spec.yaml")
    told[kind] = [repr(spec.training.optimizer), read_spec(folder / "spec.yaml") == spec]
print(json.dumps(told))
"""


@pytest.mark.parametrize("rivals", [False, True], ids=["one set", "two sets"])
def test_a_strangers_category_is_used_in_specs_and_a_broken_one_takes_nobody_down(make_site, run_in, rivals):
    site = make_site()
    site.plugin("half", CATEGORY.format(name="Half"))
    if rivals:
        site.plugin("third", CATEGORY.format(name="Third"))
    for name, source in CATEGORIES_OF_OTHERS.items():
        site.plugin(name, source)
    found = run_in(site, USING)
    sets = found["sets"]
    assert sets["half"] == ["ok", None, {"optimizer": ["half_rule"], "sampler": ["half"]}, ["sampler"]]
    assert {name: sets[name][0] for name in CATEGORIES_OF_OTHERS} == dict.fromkeys(CATEGORIES_OF_OTHERS, "broken")
    assert sets["reference"][0] == "ok"
    assert "did you mean 'bpframe_categories'?" in sets["misspelt"][1]
    assert found["half.half"] == ["HalfRule(sampler=HalfSampler(part=0.5))", True]
    if rivals:
        kind, text = found["half"]
        assert kind == "AmbiguousComponent"
        assert "half (bp-half 1.0), third (bp-third 1.0)" in text
    else:
        assert found["half"] == found["half.half"]
