"""Check on use: what a network holds is checked once each, and what fails is refused."""

from __future__ import annotations

import textwrap
import time
from pathlib import Path

import numpy as np
import pytest
from bpframe_reference import Add, Dense, GradientDescent, QuadraticCost, Sigmoid

from bpframe import Network, load, node
from bpframe.errors import BpframeError, ComponentCheckFailed, SpecError
from bpframe.extend import Array
from bpframe.verification import wanted
from tests.components.false_jacobians import Mixed, RunningMeanInPlace, Turned, Wide

from .components import Clocked, Drafted, Half, OneMatrix, WrongMatrix
from .conftest import BAD


def test_what_a_network_holds_is_checked_once_each(checked):
    def build():
        return Network(
            [Dense(units=4), Sigmoid(), Dense(units=4), Sigmoid()],
            cost=QuadraticCost(),
            input_shape=(4,),
            verify=True,
        )

    build()
    assert sorted(each.kind for each in checked) == [
        "dense", "quadratic", "scaled_normal", "sigmoid", "standard_normal",
    ]  # fmt: skip
    checked.clear()
    build()
    assert not checked


def test_nothing_is_checked_unless_it_is_wanted(checked, cache):
    Network([Dense(units=2)], input_shape=(3,))
    Network([Dense(units=2)], input_shape=(3,), verify=False)
    assert not checked
    assert not cache.exists()


@pytest.mark.parametrize(("word", "on"), [("1", True), ("true", True), ("ON", True), ("0", False), ("", False)])
def test_the_environment_asks_for_it(word, on, checked, monkeypatch):
    monkeypatch.setenv("BPFRAME_VERIFY", word)
    Network([Sigmoid()], input_shape=(3,))
    assert bool(checked) is on
    checked.clear()
    Network([Sigmoid()], input_shape=(7,), verify=False)  # what the caller says goes first
    assert not checked


def test_a_word_that_says_neither_yes_nor_no_is_refused(monkeypatch):
    monkeypatch.setenv("BPFRAME_VERIFY", "perhaps")
    with pytest.raises(SpecError, match="BPFRAME_VERIFY says neither yes nor no"):
        wanted(None)


def test_a_wrong_component_is_refused_with_diagnosis_and_how_to_see_it_again(package):
    package.write(BAD)
    for attempt in range(2):  # remembered, and told again
        with pytest.raises(ComponentCheckFailed) as caught:
            package.network(factor=3.0)
        text = str(caught.value)
        assert isinstance(caught.value, BpframeError)
        assert text.startswith("layers[0] 'scaled_1' (scaled): Scaled fails its check jacobian[x]:")
        assert "constant factor: measured/declared = 3 in every entry, which is factor" in text
        assert "layers.py::Scaled --seed 0 --only 'jacobian[x]'" in text
        assert "check_component(Scaled(factor=3.0), [(3,)], seed=0)" in text
        assert ("remembered" in text) is bool(attempt)
    package.network(verify=False, factor=3.0)
    package.network(factor=1.0)  # with this field the two agree


def test_the_rerun_command_names_the_authors_file(package):
    package.write(BAD)
    with pytest.raises(ComponentCheckFailed) as caught:
        package.network()
    command = dict(caught.value.rows)["rerun"]
    file = command.split()[2].partition("::")[0]
    assert Path(file) == package.folder / "layers.py"


@pytest.mark.parametrize(
    ("component", "size", "said"),
    [
        (Drafted(), 3, "draft: declare jacobian.*return Diagonal"),
        (RunningMeanInPlace(), 3, "writes into an array that it was handed"),
        (Wide(), 3, "another dtype"),
        (Mixed(), 3, "depends on another example's"),
        (Turned(), 2, r"check adjoint\[x\]"),
        (Dense(units=2, weights=Clocked()), 3, r"the start of layers\[0\].*\(clocked\).*the same seed"),
    ],
    ids=lambda value: getattr(value, "kind", None),
)
def test_each_family_refuses(component, size, said):
    with pytest.raises(ComponentCheckFailed) as caught:
        Network([component], input_shape=(size,), verify=True)
    import re

    assert re.search(said, str(caught.value), re.DOTALL), str(caught.value)


def test_an_optimizer_is_checked_before_it_trains():
    x = np.ones((4, 3))
    network = Network([Sigmoid()], cost=QuadraticCost(), input_shape=(3,), verify=True)
    network.fit(x, x, optimizer=GradientDescent(learning_rate=0.1), epochs=1)
    with pytest.raises(ComponentCheckFailed, match=r"the optimizer \(half\)"):
        network.fit(x, x, optimizer=Half(), epochs=1)


def test_costs_and_graphs_are_checked_where_they_stand():
    class Doubled(QuadraticCost):
        def jacobian(self, a: Array, y: Array) -> Array:
            return 2 * (a - y)

    with pytest.raises(ComponentCheckFailed, match=r"the cost of 'c' \(doubled\).*jacobian\[a\]"):
        Network(
            inputs={"a": (2,), "b": (2,)},
            nodes={"c": node(Add(), "a", "b")},
            output="c",
            cost=Doubled(),
            verify=True,
        )


def test_large_networks_are_checked_at_small_shapes_fast():
    started = time.process_time()
    Network([Dense(units=512), Sigmoid(), Dense(units=10)], cost=QuadraticCost(), input_shape=(28, 784), verify=True)
    assert time.process_time() - started < 10


@pytest.mark.parametrize("size", [40, 200])
def test_what_takes_one_size_only_is_checked_at_that_size(size):
    Network([OneMatrix(size=size)], input_shape=(size,), verify=True)
    with pytest.raises(ComponentCheckFailed, match="wrong" if size == 200 else "disagree"):
        Network([WrongMatrix(size=size)], input_shape=(size,), verify=True)


def test_a_network_that_is_loaded_is_checked_when_the_environment_asks(tmp_path, checked, monkeypatch):
    Network([Dense(units=2)], input_shape=(3,)).save(tmp_path / "run")
    load(tmp_path / "run")
    assert not checked
    monkeypatch.setenv("BPFRAME_VERIFY", "1")
    load(tmp_path / "run")
    assert checked


def test_the_command_line_checks_on_request(tmp_path, checked, monkeypatch):
    from typer.testing import CliRunner

    from bpframe.cli.app import app

    spec = tmp_path / "spec.yaml"
    spec.write_text(
        textwrap.dedent(
            """
            network:
              input_shape: [64]
              layers:
                - {kind: dense, units: 10}
                - {kind: sigmoid}
              cost: {kind: quadratic}
            training: {optimizer: {kind: gradient_descent, learning_rate: 1.0}, epochs: 1, batch_size: 100}
            data: {kind: digits}
            """
        )
    )
    result = CliRunner().invoke(app, ["train", str(spec), "--output", str(tmp_path / "plain"), "-q"])
    assert result.exit_code == 0, result.output
    assert not checked
    result = CliRunner().invoke(app, ["train", str(spec), "--output", str(tmp_path / "run"), "-q", "--verify"])
    assert result.exit_code == 0, result.output
    assert {each.kind for each in checked} >= {"dense", "sigmoid", "quadratic", "gradient_descent"}
