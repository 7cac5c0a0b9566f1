"""Three components that were written from the guides alone pass the kit, and planted mistakes are found and named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bpframe.testing import parametrize_with_components
from tests.trials import fourier_features, huber, rational

FILES = ("rational.py", "fourier_features.py", "huber.py")
EXAMPLES = [*rational.bpframe_examples(), *fourier_features.bpframe_examples(), *huber.bpframe_examples()]

#: What is written wrong in a file, the check that must fail, and words of what is said about it.
PLANTED = {
    "sine-for-minus-sine": (
        "fourier_features.py",
        ("[cos, -sin]", "[cos, sin]"),
        "jacobian[x]",
        "only y[2:4] is wrong: there it has the wrong sign",
    ),
    "no-factor-of-the-square": (
        "rational.py",
        ('"b": -2 * ', '"b": -1 * '),
        "jacobian[b]",
        "measured/declared = 2 in every entry",
    ),
    "a-term-without-its-factor": (
        "rational.py",
        ("dp - 2 * y", "dp - y"),
        "jacobian[x]",
        "right where b = 0",
    ),
    "a-quotient-rule-with-a-plus": (
        "rational.py",
        ("dp - 2 * y", "dp + 2 * y"),
        "jacobian[x]",
        "right where b = 0",
    ),
    "target-minus-output": (
        "huber.py",
        ("np.clip(a - y, ", "np.clip(y - a, "),
        "jacobian[a]",
        "sign: the declared Jacobian is the negative",
    ),
    "a-slope-of-one-beyond-the-threshold": (
        "huber.py",
        (
            "np.clip(a - y, -self.delta, self.delta)",
            "np.where(np.abs(a - y) < self.delta, a - y, np.sign(a - y))",
        ),
        "jacobian[a]",
        "a wrong branch",
    ),
    "a-hessian-without-its-zeros": (
        "huber.py",
        ("(np.abs(a - y) < self.delta).astype(a.dtype)", "np.ones_like(a)"),
        "hessian",
        "they should be zero; the others are right",
    ),
}


@parametrize_with_components(EXAMPLES)
def test_the_trial_components_pass(check: Callable[[], object]) -> None:
    check()


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_checked_without_a_package(
    name: str, check: Callable[..., tuple[int, str]], altered: Callable[..., Path]
) -> None:
    code, output = check(altered(name))
    assert code == 0, output
    assert "guessed" not in output  # the file states its examples


@pytest.mark.parametrize(("name", "mistake", "failing", "said"), PLANTED.values(), ids=PLANTED)
def test_a_planted_mistake_is_found_and_named(
    name: str,
    mistake: tuple[str, str],
    failing: str,
    said: str,
    check: Callable[..., tuple[int, str]],
    altered: Callable[..., Path],
) -> None:
    code, output = check(altered(name, mistake), "--only", failing)
    assert code == 2, output
    assert f"{failing} failed" in output
    assert said in output


def test_an_index_without_an_axis_for_the_examples_is_explained(
    check: Callable[..., tuple[int, str]], altered: Callable[..., Path]
) -> None:
    code, output = check(altered("fourier_features.py", (".reshape(1, *sin.shape[1:])", ".reshape(sin.shape[1:])")))
    assert code == 2, output
    assert "[None]" in output
    # Thirteen checks of each of two instances meet it: each instance tells of it once.
    assert output.count("does not fit") == 2, output
