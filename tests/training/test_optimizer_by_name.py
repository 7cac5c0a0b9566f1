"""An optimizer whose fields all have defaults may be given by its name, wherever an instance may be."""

from __future__ import annotations

import numpy as np
import pytest
from bpframe_optimizers import Adam
from bpframe_reference import GradientDescent

from bpframe.errors import SpecError
from tests.network.networks import chain, samples

WAYS = {
    "fit": lambda net, x, y, optimizer: net.fit(x, y, optimizer=optimizer, epochs=2),
    "train_step": lambda net, x, y, optimizer: net.train_step(x, y, optimizer=optimizer),
    "range_test": lambda net, x, y, optimizer: net.range_test(x, y, optimizer=optimizer, steps=5),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_name_is_the_optimizer_with_its_defaults(way):
    x, y = samples(12)
    named, made = chain(), chain()
    one, other = WAYS[way](named, x, y, "adam"), WAYS[way](made, x, y, Adam())
    assert named.parameters.vector.tobytes() == made.parameters.vector.tobytes()
    if way == "range_test":
        np.testing.assert_array_equal(one.costs, other.costs)


def test_steps_of_one_name_go_on_with_one_state():
    x, y = samples(12)
    net = chain()
    for _ in range(3):
        net.train_step(x, y, optimizer="optimizers.adam")
    assert net.optimizer_state.step == 3


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("gradient_descent", "GradientDescent(...)"),
        ("adm", "did you mean  optimizers.adam?"),
        ("sigmoid", "'sigmoid' is not an optimizer"),
        (GradientDescent, "GradientDescent(learning_rate=...)"),
    ],
)
def test_a_name_that_is_no_optimizer_or_not_enough_says_what_to_write(way, given, words):
    x, y = samples(12)
    with pytest.raises(SpecError) as caught:
        WAYS[way](chain(), x, y, given)
    assert words in str(caught.value)
