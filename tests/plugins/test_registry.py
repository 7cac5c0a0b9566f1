"""A name stands for one component, or the error says why it does not."""

from __future__ import annotations

import pytest

from bpframe.categories import Optimizer
from bpframe.core.component import Activation, Cost, Initializer, Layer
from bpframe.errors import AmbiguousComponent, BrokenPlugin, ContractError, RegistryError, UnknownComponent
from bpframe.plugins import default_registry
from bpframe.plugins.registry import PluginSet, Provider, Registry


def layer(name: str, base: type = Layer) -> type:
    def forward(self, x):
        return x

    def jacobian(self, x):
        return x

    return type(name, (base,), {"__module__": "somewhere", "forward": forward, "jacobian": jacobian})


def cost(name: str) -> type:
    def forward(self, a, y):
        return a

    return type(name, (Cost,), {"__module__": "somewhere", "forward": forward, "jacobian": forward})


class Descent(Optimizer):
    def update(self, gradient):
        return gradient


class Normal(Initializer):
    def draw(self, shape, rng):
        return rng.normal(size=shape)


Dense, Sigmoid, Quadratic = layer("Dense"), layer("Sigmoid", Activation), cost("QuadraticCost")
REFERENCE = PluginSet(Provider("reference", "bpframe", "1.0", "r"), (Dense, Sigmoid, Quadratic, Descent, Normal))


def other(name: str, *components: type, distribution: str | None = None, version: str = "2.0") -> PluginSet:
    return PluginSet(Provider(name, distribution or f"bp-{name}", version, name), components)


def test_bare_and_full_names_find_the_same_class():
    registry = Registry.build([REFERENCE])
    assert registry.find("dense", "node") is registry.find("reference.dense", "node") is Dense
    assert registry.find("sigmoid", "node") is Sigmoid
    assert registry.find("quadratic", "cost") is Quadratic
    assert registry.find("descent", "optimizer") is Descent
    assert registry.find("normal", "initializer") is Normal


def test_every_name_leads_back_to_its_class():
    registry = Registry.build([REFERENCE, other("more", layer("Dense"), cost("Dense"))])
    for group in ("node", "cost", "optimizer", "initializer"):
        for name, cls in registry.components(group).items():
            assert registry.name_of(cls) == name
            assert registry.find(name, group) is cls
    assert len(registry) == 7
    assert Dense in registry


def test_groups_have_names_of_their_own():
    dense_cost = cost("DenseCost")
    registry = Registry.build([REFERENCE, other("more", dense_cost)])
    assert registry.find("dense", "cost") is dense_cost
    assert registry.find("dense", "node") is Dense


def test_an_unknown_name_lists_what_there_is_and_the_closest():
    registry = Registry.build([REFERENCE, other("convolution", layer("Conv2d"))])
    with pytest.raises(UnknownComponent) as caught:
        registry.find("densee", "node")
    assert caught.value.problem == "'densee' is not a layer"
    assert dict(caught.value.rows) == {
        "did you mean": "reference.dense?",
        "available": "convolution.conv2d, reference.dense, reference.sigmoid",
    }


@pytest.mark.parametrize("name", ["reference.densee", "referense.dense", "convolution.dense"])
def test_a_misspelt_full_name_names_the_closest(name):
    registry = Registry.build([REFERENCE])
    with pytest.raises(UnknownComponent) as caught:
        registry.find(name, "node")
    assert dict(caught.value.rows)["did you mean"] == "reference.dense?"


def test_a_name_of_a_set_that_nobody_installed_asks_for_its_package():
    with pytest.raises(UnknownComponent) as caught:
        Registry.build([REFERENCE]).find("faraway.layer", "node")
    assert "install the package that brings the plugin set 'faraway'" in caught.value.hint


def test_a_name_of_another_group_says_so():
    with pytest.raises(UnknownComponent) as caught:
        Registry.build([REFERENCE]).find("reference.quadratic", "node")
    assert dict(caught.value.rows)["note"] == "'quadratic' is the name of a cost"


def test_an_empty_registry_says_that_there_is_nothing():
    with pytest.raises(UnknownComponent) as caught:
        Registry().find("dense", "node")
    assert dict(caught.value.rows)["available"] == "none"


def test_a_name_claimed_twice_is_an_error_only_when_the_bare_name_is_used():
    mine = layer("Dense")
    registry = Registry.build([REFERENCE, other("mine", mine)])
    assert registry.find("mine.dense", "node") is mine
    assert registry.find("reference.dense", "node") is Dense
    assert registry.find("sigmoid", "node") is Sigmoid
    with pytest.raises(AmbiguousComponent) as caught:
        registry.find("dense", "node")
    assert caught.value.received == "reference (bpframe 1.0), mine (bp-mine 2.0)"
    assert caught.value.hint == "reference.dense or mine.dense"
    assert registry.spellings(mine) == ("mine.dense",)
    assert registry.spellings(Sigmoid) == ("sigmoid", "reference.sigmoid")


def test_one_class_in_two_sets_is_not_ambiguous():
    registry = Registry.build([REFERENCE, other("again", Dense)])
    assert registry.find("dense", "node") is Dense
    assert registry.name_of(Dense) == "reference.dense"


def test_two_distributions_with_one_set_name_make_every_full_name_ambiguous():
    mine = layer("Other")
    registry = Registry.build([REFERENCE, other("reference", mine, distribution="bp-fork")])
    assert [each.status for each in registry.sets] == ["ok", "ok"]
    for name in ("reference.dense", "reference.other", "reference.nothing"):
        with pytest.raises(AmbiguousComponent, match="2 distributions provide") as caught:
            registry.find(name, "node")
        assert caught.value.received == "reference (bpframe 1.0), reference (bp-fork 2.0)"
    with pytest.raises(AmbiguousComponent):
        registry.name_of(Dense)
    assert registry.find("dense", "node") is Dense
    assert registry.components("node") == {}


def test_two_classes_of_one_name_break_their_set():
    registry = Registry.build([REFERENCE, other("twice", layer("Shift"), layer("Shift"), layer("Scale"))])
    found = registry.sets[1]
    assert found.status == "broken"
    assert "named 'shift': somewhere.Shift and somewhere.Shift" in found.reason
    with pytest.raises(BrokenPlugin) as caught:
        registry.find("twice.scale", "node")
    assert dict(caught.value.rows)["reason"] == found.reason


def test_a_class_listed_twice_counts_once():
    registry = Registry.build([other("again", Dense, Dense)])
    assert registry.sets[0].status == "ok"
    assert len(registry) == 1


def test_a_class_that_breaks_the_contract_breaks_its_set_and_registers_nothing():
    half = type("Half", (Layer,), {"__module__": "somewhere", "forward": Dense.forward})
    registry = Registry.build([other("halved", layer("Whole"), half)])
    found = registry.sets[0]
    assert found.status == "broken"
    assert "Half has no jacobian" in found.reason
    assert found.components == ()
    assert len(registry) == 0
    with pytest.raises(UnknownComponent) as caught:
        registry.find("whole", "node")
    assert "Half has no jacobian" in dict(caught.value.rows)["not loaded"]


@pytest.mark.parametrize(
    ("status", "hint"), [("broken", "traceback"), ("excluded", "add gone to BPFRAME_PLUGINS"), ("missing", "install")]
)
def test_a_name_of_a_set_that_was_not_loaded_tells_its_reason(status, hint):
    gone = PluginSet(Provider("gone", "bp-gone", "3"), status=status, reason="because")
    with pytest.raises(BrokenPlugin) as caught:
        Registry.build([REFERENCE, gone]).find("gone.anything", "cost")
    assert "'gone.anything' is of the plugin set 'gone'" in caught.value.problem
    assert dict(caught.value.rows) == {"reason": "because", "provider": "gone (bp-gone 3)"}
    assert hint in caught.value.hint


@pytest.mark.parametrize("name", ["my.set", "", "a b"])
def test_a_set_name_that_no_spec_can_write_breaks_the_set(name):
    assert Registry.build([other(name, layer("Shift"))]).sets[0].status == "broken"


def test_a_class_of_no_set_is_told_how_to_register():
    with pytest.raises(RegistryError, match="Shift belongs to no plugin set") as caught:
        Registry.build([REFERENCE]).name_of(layer("Shift"))
    assert "with_components('mine', [Shift])" in caught.value.hint


def test_components_can_be_added_and_the_registry_stays_as_it_was():
    shift, scale = layer("Shift"), layer("Scale")
    before = Registry.build([REFERENCE])
    registry = before.with_components("local", [shift]).with_components("local", [scale, shift])
    assert registry.find("local.shift", "node") is registry.find("shift", "node") is shift
    assert registry.name_of(scale) == "local.scale"
    assert shift not in before
    with pytest.raises(RegistryError, match="'reference' is installed"):
        before.with_components("reference", [shift])
    with pytest.raises(RegistryError, match="named 'shift'"):
        registry.with_components("local", [layer("Shift")])
    with pytest.raises(ContractError, match="no forward"):
        before.with_components("local", [type("Empty", (Layer,), {"__module__": "somewhere"})])


def test_a_registry_is_a_value():
    assert Registry.build([REFERENCE]) == Registry.build([REFERENCE])
    with pytest.raises(AttributeError):
        Registry.build([REFERENCE]).sets = ()


def test_many_names_are_counted_set_by_set() -> None:
    with pytest.raises(UnknownComponent) as caught:
        default_registry().find("sigmoidd", "node")
    rows = dict(caught.value.rows)
    assert rows["did you mean"] == "reference.sigmoid?"
    assert " of activations, " in rows["available"]
    assert rows["available"].endswith(": bpframe plugins lists them")
