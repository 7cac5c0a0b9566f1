"""What cannot be open is refused when the network is built, by name; what slips through, when its length comes."""

from __future__ import annotations

import numpy as np
import pytest
from bpframe_convolution import Flatten
from bpframe_reference import Dense, Sigmoid

import bpframe as bp
from bpframe.errors import ContractError, DataError, ShapeMismatch, SpecError

from .networks import (
    BeyondTwelve,
    Folded,
    OnPositions,
    RunningPositions,
    SometimesBiased,
    StartsByLength,
    TwelveAlone,
    UpToTwelve,
    chain,
    plain,
    samples,
    two,
)

DEPENDING = {
    "dense over the axis": (
        [Dense(units=3)],
        (None,),
        r"layers\[0\] 'dense_1' \(dense\): the parameter 'w'",
        "(3, 12)",
    ),
    "dense after flatten": (
        [Flatten(), Dense(units=3)],
        (None, 2),
        r"layers\[1\] 'dense_1' .*: the parameter 'w'",
        "(3, 24)",
    ),
    "one a position": ([OnPositions()], (None, 2), r"'on_positions_1' .*: the parameter 'b'", "(12, 2)"),
    "state a position": ([RunningPositions()], (None, 2), r"'running_positions_1' .*: the state 'mean'", "(12, 2)"),
    "a start by length": ([StartsByLength()], (None, 2), r"'starts_by_length_1' .*: the parameter 'g'", "init=0.08333"),
    "shared or not": (
        [BeyondTwelve()],
        (None, 2),
        r"> 'second' \(dense\): whose parameters it uses",
        "first for x (N, 24",
    ),
    "trained or not": (
        [BeyondTwelve(held=True)],
        (None, 2),
        r"> 'second' \(dense\): what of it is trained",
        "w, b for x (N, 12, 2), nothing",
    ),
    "there or not": ([SometimesBiased()], (None, 2), r"'sometimes_biased_1' .*: which parameters there are", "none"),
}


@pytest.mark.parametrize(("layers", "shape", "told", "received"), DEPENDING.values(), ids=DEPENDING)
def test_parameters_and_state_may_not_depend_on_an_open_axis(layers, shape, told, received):
    with pytest.raises(ContractError, match=f"{told}.* depends? on the length of an open axis") as caught:
        bp.Network(layers, input_shape=shape)
    assert received in caught.value.received
    assert "for x (N, 24" in caught.value.received


def test_what_depends_on_short_lengths_alone_is_refused_when_one_comes():
    net = bp.Network([UpToTwelve()], input_shape=(None, 2))
    with pytest.raises(ContractError, match="the parameter 'b' depends on the length of an open axis") as caught:
        net.predict(np.ones((1, 5, 2)))
    assert caught.value.received == "(12, 2) for x (N, 12, 2), (5, 2) for x (N, 5, 2)"


@pytest.mark.parametrize("held", [False, True])
def test_what_long_sequences_alone_share_or_hold_is_refused_when_one_comes(held):
    net = bp.Network([BeyondTwelve(at=40, held=held)], input_shape=(None, 2))
    net.predict(np.ones((1, 40, 2)))
    with pytest.raises(ContractError, match="depends on the length of an open axis"):
        net.predict(np.ones((1, 41, 2)))


def test_the_number_of_axes_may_not_depend_on_a_length():
    with pytest.raises(ShapeMismatch, match="how many axes there are depends") as caught:
        bp.Network([Folded()], input_shape=(None, 2))
    assert caught.value.received == "(N, 12, 2) and (N, 48)"


def test_a_network_of_one_length_is_told_to_close_its_axis():
    with pytest.raises(ShapeMismatch, match="cannot be built at several lengths") as caught:
        bp.Network([TwelveAlone()], input_shape=(None, 2))
    assert caught.value.received == "one: x (N, 12, 2)"
    assert caught.value.hint == "give these axes a length in place of None"
    with pytest.raises(ShapeMismatch, match="cannot be built at several lengths"):
        two(a=3)


def test_a_layer_that_takes_no_length_is_named_with_its_own_words():
    with pytest.raises(ShapeMismatch, match=r"layers\[1\] 'twelve_alone_2' \(twelve_alone\) cannot take its input"):
        bp.Network([Halved12(), TwelveAlone()], input_shape=(None, 2))


class Halved12(TwelveAlone):
    """Takes the length 12 and gives 6, which nothing takes."""

    kind = "twelve_alone"

    def output_shape(self, shape):
        return (super().output_shape(shape)[0] // 2, *shape[1:])


def x(*shape):
    return np.ones(shape)


@pytest.mark.parametrize(
    "given",
    [x(5, 0, 2), x(5, 2), x(5, 3, 1), x(5, 3, 2, 1), x(3, 2)[0], np.float64(3), [[[1, 2]], [[1, 2], [3, 4]]]],
    ids=["no length", "an axis less", "other features", "an axis more", "no examples' axis", "a number", "ragged"],
)
@pytest.mark.parametrize("method", ["predict", "trace", "jacobian", "spectrum"])
def test_arrays_of_other_shapes_are_refused(given, method):
    with pytest.raises((ShapeMismatch, DataError)) as caught:
        getattr(plain(), method)(given)
    assert caught.value.expected in ("(N, ?, 2)", "an array of numbers")


def test_two_inputs_that_disagree_are_refused_by_who_reads_them():
    with pytest.raises(ShapeMismatch, match=r"node .sum. .* its inputs differ in shape") as caught:
        two().predict({"a": x(2, 3, 2), "b": x(2, 4, 2)})
    assert caught.value.received == "(N, 3, 2), (N, 4, 2)"


def test_nothing_is_kept_of_a_length_that_was_refused():
    net = two()
    with pytest.raises(ShapeMismatch):
        net.predict({"a": x(2, 3, 2), "b": x(2, 4, 2)})
    assert not net._engine._engines
    assert np.all(net.predict({"a": x(2, 4, 2), "b": x(2, 4, 2)}) == 2)


def test_targets_have_the_length_that_the_output_has():
    inputs, targets = samples(4)
    for method in ("cost", "gradient", "check_gradients"):
        with pytest.raises(ShapeMismatch, match="target") as caught:
            getattr(plain(), method)(inputs, targets[:, :3])
        assert caught.value.expected == "(N, 4, 2)"
    net = plain()
    with pytest.raises(ShapeMismatch, match="cotangent") as caught:
        net.vjp(inputs, targets[:, :3])
    assert caught.value.expected.startswith("(*S, 5, 4, 2)")


@pytest.mark.parametrize("shape", [(0, 2), (-1, 2), ("?", 2), (True, 2), (1.5, 2), None, "ab"], ids=repr)
def test_what_is_no_length_is_refused(shape):
    with pytest.raises(SpecError):
        bp.Network([Sigmoid()], input_shape=shape)


# ---- of one shape


@pytest.mark.parametrize("method", ["step_plan", "memory"])
def test_what_depends_on_the_length_asks_for_it(method):
    net = plain()
    with pytest.raises(ShapeMismatch, match="depends on the lengths of the open axes") as caught:
        getattr(net, method)(3)
    assert caught.value.received == "x (N, ?, 2)"
    assert "closed(" in caught.value.hint
    assert str(getattr(net.closed((4, 2)), method)(3)) == str(getattr(plain(4), method)(3))


def test_a_closed_network_and_the_open_one_are_trained_together():
    from bpframe_reference import GradientDescent

    net = chain()
    closed = net.closed(input_shape=[4, 2])
    before = net.parameters.vector.copy()
    closed.fit(*samples(4), optimizer=GradientDescent(learning_rate=0.01), epochs=1, progress=False)
    assert np.any(net.parameters.vector != before)
    assert closed.parameters is net.parameters
    assert closed.state is net.state
    assert closed.graph.inputs == {"x": (4, 2)}
    assert closed.spec.inputs == {"x": (4, 2)}
    assert net.spec.inputs == {"x": (None, 2)}
    with pytest.raises(ShapeMismatch, match="input 'x'"):
        closed.predict(np.ones((1, 5, 2)))
    assert closed.closed((4, 2)).graph.inputs == {"x": (4, 2)}


@pytest.mark.parametrize("shape", [(0, 2), (4, 3), (4,), (4, 2, 1)], ids=repr)
def test_shapes_that_the_network_does_not_take_are_refused(shape):
    with pytest.raises(ShapeMismatch, match="no shapes of the network's inputs") as caught:
        plain().closed(shape)
    assert caught.value.expected == "x (N, ?, 2)"


def test_inputs_are_closed_by_name():
    closed = two().closed(inputs={"b": (3, 2), "a": (3, 2)})
    assert closed.graph.inputs == {"a": (3, 2), "b": (3, 2)}
    for given in ({"a": (3, 2)}, {"a": (3, 2), "c": (3, 2)}):
        with pytest.raises(ShapeMismatch, match="no shapes of the network's inputs"):
            two().closed(inputs=given)
    for given in ("ab", None, (None, 2), (1.5, 2)):
        with pytest.raises(ContractError, match="is not a shape"):
            plain().closed(given)
