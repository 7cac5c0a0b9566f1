"""The kit as pytest's tests: one line gives a test function every check of every component.

pytest is loaded with this module, and this module when `parametrize_with_components` is first asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bpframe.core.component import Component
from bpframe.errors import ContractError, MissingExtra, closest
from bpframe.testing.kit import check_component, check_names, fields_of
from bpframe.testing.report import Report, family_of
from bpframe.testing.running.examples import Example, guess_examples, read_examples
from bpframe.testing.running.subjects import Subject, everything, found_subjects

try:
    import pytest
except ModuleNotFoundError as error:
    raise MissingExtra("parametrize_with_components needs pytest", hint="pip install pytest") from error

__all__ = ["ComponentCheck", "Unusable", "parametrize_with_components"]


@dataclass(frozen=True)
class ComponentCheck:
    """One check of one example: call it, and it passes, skips or raises an AssertionError with the report's text."""

    component: Component
    shapes: tuple[tuple[int, ...], ...]
    name: str
    seed: int = 0

    def __call__(self) -> None:
        """Run the check.

        Raises
        ------
        AssertionError
            The check failed.

        """
        __tracebackhide__ = True  # the report says it all
        report = check_component(self.component, self.shapes, seed=self.seed, only=[self.name])
        if report.skipped:
            pytest.skip(report.skipped[0].message)
        assert report.ok, report.text()


@dataclass(frozen=True)
class Unusable:
    """Stands for a plugin set, or examples, that cannot be used: call it, and it says why in an AssertionError."""

    report: Report

    def __call__(self) -> None:
        """Raise the AssertionError."""
        __tracebackhide__ = True
        raise AssertionError(self.report.text())


def parametrize_with_components(
    components: str | Iterable[Any] | None = None,
    *,
    expected_failures: Mapping[tuple[str, str], str] | None = None,
    seed: int = 0,
) -> Callable[[Any], Any]:
    """Return a decorator that gives a test function, as its argument `check`, every check of some components.

        @parametrize_with_components([(SoftSign(), [(4,)])])
        def test_component(check):
            check()

    Each is a test of its own, such as `softsign-4-jacobian[x]`: the kind, the shapes and the check.

    Parameters
    ----------
    components : instances, or pairs of an instance and the shapes of its inputs, or classes; what is left out is
        guessed. Or a name: of a plugin set, of a component, or of a file. None is everything that is installed.
    expected_failures : reason by (kind, check), where the check is a name, such as "jacobian[x]", or a family, such as
        "jacobian". Such a test is expected to fail: once it passes, it fails the run until its entry is removed.
    seed : where the points come from.

    Raises
    ------
    ContractError
        An expected failure has no reason, or is that of no check.
    RegistryError
        A name stands for nothing, or for something that cannot be used.

    """
    expected = dict(expected_failures or {})
    for key, reason in expected.items():
        if not (isinstance(reason, str) and reason.strip()):
            raise ContractError(
                f"the expected failure {key} has no reason",
                expected=f"{{{key}: 'why it fails'}}",
                received=repr(reason),
            )
    found = list(_found(components))
    examples = [each for each in found if isinstance(each, Example)]
    offered: list[tuple[str, str]] = []
    met: set[tuple[str, str]] = set()
    parameters = [
        pytest.param(Unusable(each), id=f"{each.component}-{each.failed[0].check}")
        for each in found
        if isinstance(each, Report)
    ]
    for example, title in zip(examples, _titles(examples), strict=True):
        kind = example.component.kind
        for name in check_names(example.component, example.shapes):
            offered.append((kind, name))
            keys = [key for key in ((kind, name), (kind, family_of(name))) if key in expected]
            met.update(keys)
            marks = [pytest.mark.xfail(reason=expected[keys[0]], strict=True, raises=AssertionError)] if keys else []
            check = ComponentCheck(example.component, example.shapes, name, seed)
            parameters.append(pytest.param(check, id=f"{title}-{name}", marks=marks))
    _refuse_strays(expected, met, offered)
    return pytest.mark.parametrize("check", parameters)


def _found(components: str | Iterable[Any] | None) -> Iterator[Example | Report]:
    if components is None:
        yield from _of(everything())
    elif isinstance(components, str):
        with found_subjects([components]) as subjects:
            yield from _of(subjects)
    else:
        for entry in components:
            if isinstance(entry, type) and issubclass(entry, Component):
                yield from guess_examples(entry)
            else:
                yield from read_examples([entry], "the list of components")


def _of(subjects: Iterable[Subject | Report]) -> Iterator[Example | Report]:
    for subject in subjects:
        if isinstance(subject, Report):
            yield subject
        else:
            yield from subject.examples or guess_examples(subject.component)


def _titles(examples: list[Example]) -> list[str]:
    """Return a name for each example: its kind and shapes, and its fields where others share these."""
    short = ["-".join([example.component.kind, *map(_shown, example.shapes)]) for example in examples]
    return [
        title
        if short.count(title) == 1
        else "-".join(
            [
                example.component.kind,
                *(f"{name}={value}" for name, value in fields_of(example.component).items()),
                *map(_shown, example.shapes),
            ]
        )
        for title, example in zip(short, examples, strict=True)
    ]


def _shown(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape)) or "scalar"


def _refuse_strays(
    expected: Mapping[tuple[str, str], str], met: set[tuple[str, str]], offered: Iterable[tuple[str, str]]
) -> None:
    """Refuse expected failures of checks that do not exist: they would hide that nothing is checked."""
    known = {f"{kind}, {check}": None for kind, check in offered}
    for kind, check in expected:
        if (kind, check) not in met:
            near = closest(f"{kind}, {check}", known)
            raise ContractError(
                f"the expected failure ({kind}, {check}) is that of no check",
                expected="a kind and one of its checks",
                hint=f"did you mean ({near})?" if near else None,
            )
