"""A plugin set's own category works wherever those of bpframe do; one that is wrong is told and takes nobody down."""

from __future__ import annotations

from typing import Any

import jsonschema
import numpy as np
import pytest
from pydantic import ValidationError

from bpframe.core.component import Component, Initializer, Layer
from bpframe.core.component.category import Category, Method
from bpframe.documents import component_document, json_schema
from bpframe.documents.resolving import KindResolver
from bpframe.errors import AmbiguousComponent, BrokenPlugin, ContractError, SpecError, UnknownComponent
from bpframe.extend import Activation, Optimizer, PositiveFloat, PositiveInt
from bpframe.plugins import PluginSet, Provider, Registry, default_registry, plugin_report
from bpframe.validation.mistakes import translated
from bpframe.validation.model import Validated


class Sampler(
    Component,
    category=Category(
        "sampler",
        {"draw": Method({"count", "rng"}, required=True), "weights": Method({"count"})},
        suffix="Sampler",
        example="EverySampler()",
        written="{kind: every}",
    ),
):
    """Which examples come next."""


class EverySampler(Sampler):
    """Every example, in order, in steps."""

    step: PositiveInt = 1

    def draw(self, count):
        return np.arange(0, count, self.step)


class MixedSampler(Sampler):
    """One of two samplers."""

    first: Sampler = EverySampler()
    second: PositiveFloat | Sampler = 0.5

    def draw(self, count, rng):
        return self.first.draw(count)


class Sampling(Optimizer):
    """An optimizer with a sampler."""

    sampler: Sampler

    def update(self, gradient):
        return -gradient


SETS = PluginSet(
    Provider("sampling", "bp-sampling", "1.0", "s"), (EverySampler, MixedSampler, Sampling), categories=(Sampler,)
)


def registry(*more: PluginSet, first: PluginSet = SETS) -> Registry:
    return Registry.build([*default_registry().sets, first, *more])


def read(written: object, among: Registry | None = None, wanted: type[Component] = Sampler) -> Component:
    field = type("Reads", (Validated,), {"__annotations__": {"sampler": wanted}, "__module__": __name__})
    return field.model_validate({"sampler": written}, context=KindResolver(among or registry())).sampler


def told(written: object, among: Registry | None = None) -> str:
    with pytest.raises(ValidationError) as caught:
        read(written, among)
    return str(translated(caught.value))


@pytest.fixture(scope="module")
def definitions() -> dict[str, Any]:
    """What the schema of all installed sets and this one defines; it takes half a second to write."""
    found: dict[str, Any] = json_schema(registry())["$defs"]
    return found


def test_its_components_are_found_by_both_names_in_a_space_of_their_own() -> None:
    found = registry()
    assert found.find("every", "sampler") is found.find("sampling.every", "sampler") is EverySampler
    assert found.categories["sampler"] is Sampler
    assert found.spaces["sampler"] == "a sampler"
    assert found.name_of(EverySampler) == "sampling.every"
    assert list(found.components("sampler")) == ["sampling.every", "sampling.mixed"]
    with pytest.raises(UnknownComponent) as caught:
        found.find("evry", "sampler")
    assert "did you mean  sampling.every?" in str(caught.value)
    with pytest.raises(UnknownComponent) as caught:
        found.find("every", "node")
    assert "'every' is the name of a sampler" in str(caught.value)


@pytest.mark.parametrize(
    "component",
    [
        EverySampler(),
        EverySampler(step=3),
        MixedSampler(),
        MixedSampler(first=EverySampler(step=2), second=MixedSampler(second=0.25)),
        Sampling(sampler=MixedSampler(second=EverySampler())),
    ],
    ids=repr,
)
def test_they_are_read_as_they_were_written(component: Component, definitions: dict[str, Any]) -> None:
    found = registry()
    document = component_document(component, found)
    wanted = Optimizer if isinstance(component, Optimizer) else Sampler
    again = read(document, found, wanted)
    assert again == component
    assert hash(again) == hash(component)
    assert component_document(again, found) == document
    space = "optimizer" if isinstance(component, Optimizer) else "sampler"
    jsonschema.Draft202012Validator({"$defs": definitions, "$ref": f"#/$defs/{space}"}).validate(document)


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "evry"},
        {"kind": "every", "step": 0},
        {"kind": "every", "stop": 1},
        {"kind": "mixed", "second": -1},
        {"kind": "mixed", "second": "every"},
        {"kind": "mixed", "second": {"kind": "every", "step": "2"}},
        {"kind": "mixed", "first": {"kind": "dense", "units": 3}},
        {},
        3,
    ],
    ids=repr,
)
def test_the_schema_refuses_what_reading_refuses(wrong: object, definitions: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator({"$defs": definitions, "$ref": "#/$defs/sampler"}).validate(wrong)
    told(wrong)


def test_the_schema_names_its_kinds(definitions: dict[str, Any]) -> None:
    assert definitions["sampler"]["properties"]["kind"]["enum"] == [
        "every", "sampling.every", "mixed", "sampling.mixed"
    ]  # fmt: skip
    assert definitions["optimizer.sampling.sampling"]["properties"]["sampler"] == {"$ref": "#/$defs/sampler"}


def test_sets_are_listed_with_their_categories() -> None:
    (record,) = [each for each in plugin_report(registry()) if each["set"] == "sampling"]
    assert record["components"] == {"optimizer": ["sampling"], "sampler": ["every", "mixed"]}
    assert record["categories"] == ["sampler"]
    assert [each["categories"] for each in plugin_report(default_registry())] == [[]] * len(default_registry().sets)


def test_another_set_may_provide_components_of_it() -> None:
    class LastSampler(Sampler):
        def draw(self, count):
            return [count - 1]

    found = registry(PluginSet(Provider("last"), (LastSampler,)))
    assert found.find("last", "sampler") is LastSampler
    assert isinstance(read({"kind": "last.last"}, found), LastSampler)


def test_a_component_of_a_category_that_no_set_lists_is_refused_with_what_to_do() -> None:
    unlisted = PluginSet(Provider("sampling", "bp-sampling", "1.0", "s"), (EverySampler,))
    (found,) = [each for each in registry(first=unlisted).sets if each.provider.set == "sampling"]
    assert found.status == "broken"
    assert found.reason == (
        "EverySampler is of the category 'sampler', which no plugin set lists "
        "(def bpframe_categories(): return [Sampler])"
    )
    assert registry(first=unlisted).find("dense", "node").__name__ == "Dense"


class Rival(Component, category=Category("sampler", {"pick": Method(required=True)})):
    """Another idea of a sampler."""


class First(Rival):
    def pick(self):
        return 0


RIVAL = PluginSet(Provider("rival", "bp-rival", "2.0", "r"), (First,), categories=(Rival,))


def test_a_category_that_two_sets_claim_is_an_error_when_a_bare_name_is_used() -> None:
    both = registry(RIVAL)
    with pytest.raises(AmbiguousComponent) as caught:
        both.find("every", "sampler")
    assert "the category 'sampler' is claimed by 2 plugin sets" in str(caught.value)
    assert "sampling (bp-sampling 1.0), rival (bp-rival 2.0)" in str(caught.value)
    assert both.find("sampling.every", "sampler") is EverySampler
    assert both.find("rival.first", "sampler") is First
    assert both.spellings(EverySampler) == ("sampling.every",)
    assert both.find("dense", "node").__name__ == "Dense"
    assert isinstance(read({"kind": "sampling.every"}, both), EverySampler)
    assert "which is no sampler" in told({"kind": "rival.first"}, both)
    document = component_document(MixedSampler(), both)
    schema = json_schema(both)
    jsonschema.Draft202012Validator({"$defs": schema["$defs"], "$ref": "#/$defs/sampler"}).validate(document)
    assert read(document, both) == MixedSampler()


def base(name: str, group: str = "", *, of: type[Component] = Component) -> type[Component]:
    stated = Category(name, {"go": Method(required=True)}, group=group)
    return type("Base", (of,), {"__module__": __name__, "__doc__": "A base."}, category=stated)


@pytest.mark.parametrize(
    ("categories", "reason"),
    [
        ((EverySampler,), "EverySampler is no base class of a category"),
        ((Component,), "Component is no base class of a category"),
        ((Layer,), "the category 'layer' cannot be a plugin set's own: the name is taken"),
        ((base("optimizer"),), "the category 'optimizer' cannot be a plugin set's own: the name is taken"),
        ((base("network"),), "the category 'network' cannot be a plugin set's own: the name is taken"),
        ((base("node"),), "the category 'node' cannot be a plugin set's own: the name is taken"),
        ((base("filter", "node"),), "the category 'filter' cannot belong to the names of 'node'"),
        ((base("filter", "elsewhere"),), "the category 'filter' cannot belong to the names of 'elsewhere'"),
        ((base("filter"), base("filter")), "two categories are named 'filter'"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_a_category_that_cannot_be_brought_breaks_its_own_set_alone(categories, reason: str) -> None:
    found = registry(PluginSet(Provider("wrong", "bp-wrong", "1.0"), (), categories=categories))
    (record,) = [each for each in found.sets if each.provider.set == "wrong"]
    assert record.status == "broken"
    assert reason in str(record.reason)
    assert found.find("every", "sampler") is EverySampler
    with pytest.raises(BrokenPlugin):
        found.find("wrong.anything", "node")


def test_a_category_may_share_the_names_of_the_one_that_it_descends_from() -> None:
    filters = base("filter", "node", of=Layer)

    class Low(filters):  # type: ignore[misc, valid-type]
        def go(self):
            return None

    found = registry(PluginSet(Provider("filters"), (Low,), categories=(filters,)))
    assert found.find("low", "node") is Low


@pytest.mark.parametrize(
    ("stated", "message"),
    [
        (lambda: Category("Sampler", {"draw": Method()}), "a category's name is not one that specs can use"),
        (lambda: Category("sampler", {}), "the methods of category 'sampler' are no mapping"),
        (lambda: Category("sampler", ["draw"]), "the methods of category 'sampler' are no mapping"),
        (lambda: Category("sampler", {"draw": {"count"}}), "the methods of category 'sampler' are no mapping"),
        (lambda: Category("sampler", {"draw": Method()}, one_of=("drow",)), "has no method 'drow'"),
        (lambda: Method("step"), "a Method's words are no set of names"),
        (lambda: type("Base", (Component,), {"__module__": __name__}, category="sampler"), "Base states no category"),
    ],
)
def test_a_category_is_checked_when_it_is_stated(stated, message: str) -> None:
    with pytest.raises(ContractError, match=message):
        stated()


def test_mistakes_in_a_field_say_what_may_stand_there() -> None:
    assert "expected  a sampler, such as {kind: every}" in told("every")
    assert "write {kind: every}" in told("every")
    assert "the name of a sampler, as in {kind: every}" in told({})
    with pytest.raises(SpecError, match="cannot be the class EverySampler"):
        Sampling(sampler=EverySampler)
    with pytest.raises(SpecError) as caught:
        Sampling(sampler={"kind": "every"})
    assert "import the class and make an instance: EverySampler()" in str(caught.value)


def test_classes_given_in_python_bring_their_category_along() -> None:
    found = default_registry().with_components("local", [EverySampler])
    assert found.find("local.every", "sampler") is EverySampler
    assert found.categories["sampler"] is Sampler
    with pytest.raises(ContractError):
        default_registry().with_components("local", [type("Odd", (Component,), {"__module__": __name__})])


def test_bpframes_own_are_as_they_were() -> None:
    plain = default_registry()
    assert list(plain.spaces)[:4] == ["node", "cost", "optimizer", "initializer"]
    assert {Activation, Initializer} <= set(plain.categories.values())
