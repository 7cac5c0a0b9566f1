"""Check what words on the command line ask for, one report after another."""

from __future__ import annotations

import contextlib
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from bpframe.core.component import contract_of
from bpframe.errors import BpframeError, SpecError, did_you_mean
from bpframe.testing.kit import check_component, check_names, fields_of
from bpframe.testing.report import Outcome, Report, Status, family_of, in_words
from bpframe.testing.running.examples import Example, guess_examples
from bpframe.testing.running.subjects import Subject, broken, everything, found_subjects
from bpframe.testing.two_declarations import compare_jacobians

__all__ = ["Follower", "Names", "Order", "refuse_unknown", "rerun", "run_order"]


@dataclass(frozen=True)
class Order:
    """What is to be checked, and how: see `found_subjects` for the words; none of them means all that is installed."""

    words: tuple[str, ...] = ()
    seed: int = 0
    only: tuple[str, ...] = ()
    mutate: bool = False
    against: str | None = None


class Follower:
    """Is told how far a run is. This one does not mind."""

    def subject(self, number: int, report: Report, words: tuple[str, ...]) -> None:
        """Begin with a component class: which one of the order's, from 0, a report without outcomes, and its words."""

    def example(self, report: Report, names: tuple[str, ...]) -> None:
        """Begin with an example: its report, without outcomes so far, and the names of all its checks."""

    def check(self, name: str, outcome: Outcome | None) -> None:
        """Begin (None) or end with a check."""


class Names(Follower):
    """Collects the names of all checks that the examples of an order have."""

    def __init__(self) -> None:
        self.found: dict[str, None] = {}

    def example(self, report: Report, names: tuple[str, ...]) -> None:
        """Note an example's checks."""
        self.found.update(dict.fromkeys(names))


def run_order(order: Order, follower: Follower | None = None, start: int = 0) -> Iterator[Report]:
    """Check what an order asks for, from subject number `start` on, and yield one report for each example.

    Errors of components end up in reports. What a component's code prints goes to standard error.

    Errors: ComponentFileError, UnknownComponent, AmbiguousComponent, BrokenPlugin (a word of the order stands for
    nothing, or for something that cannot be used).
    """
    follower = follower or Follower()
    with contextlib.ExitStack() as stack:
        # Reports are yielded in between: whoever prints them must not print to standard error.
        with contextlib.redirect_stdout(sys.stderr):
            found = stack.enter_context(found_subjects(order.words)) if order.words else everything()
            old = stack.enter_context(found_subjects([order.against])) if order.against else []
        for number, subject in enumerate(found):
            if number < start:
                continue
            if isinstance(subject, Report):
                yield subject
                continue
            follower.subject(number, Report(component=subject.component.kind, seed=order.seed), subject.words)
            reports = _checked(subject, order, follower, old)
            while True:
                with contextlib.redirect_stdout(sys.stderr):
                    report = next(reports, None)
                if report is None:
                    break
                yield report


def refuse_unknown(only: Sequence[str], names: Collection[str]) -> None:
    """Refuse names of checks that no example has, given the names of all that the examples have.

    Errors: SpecError.
    """
    families = dict.fromkeys(map(family_of, names))
    for name in only:
        if names and name not in names and name not in families:
            raise SpecError(
                f"no check here is called '{name}'",
                expected=", ".join(dict.fromkeys(names)),
                received=name,
                hint=did_you_mean(name, [*names, *families]),
            )


def _checked(subject: Subject, order: Order, follower: Follower, old: list[Subject | Report]) -> Iterator[Report]:
    cls = subject.component
    try:
        contract_of(cls)
        examples = subject.examples or guess_examples(cls)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a class that breaks the contract, or code of its author's that fails
        yield _unusable(subject, error, order)
        return
    for example in examples:
        own = check_names(example.component, example.shapes)
        begun = Report(
            component=cls.kind,
            fields=fields_of(example.component),
            shapes=example.shapes,
            seed=order.seed,
            notes=(*subject.notes, *example.notes),
        )
        follower.example(begun, own)
        fitting = tuple(each for each in order.only if each in own or any(family_of(name) == each for name in own))
        if order.only and not fitting:
            continue
        report = check_component(
            example.component, example.shapes, seed=order.seed, only=fitting or None, watch=follower.check
        )
        if order.mutate:
            report = _with_mutation(report, example, order, follower)
        yield _finished(report, subject, example, order)
        if order.against:
            yield _compared(example, old, order)


def _finished(report: Report, subject: Subject, example: Example, order: Order) -> Report:
    """Return a report with its notes, and with the command that shows each failure again."""
    outcomes = tuple(
        each.model_copy(update={"rows": (*each.found, ("rerun", rerun(subject.words, order, each.check)))})
        if each.status == "failed"
        else each
        for each in report.outcomes
    )
    return report.model_copy(update={"outcomes": outcomes, "notes": (*subject.notes, *example.notes, *report.notes)})


def rerun(words: Sequence[str], order: Order, check: str | None, *more: str) -> str:
    """Return the command that runs one check again, or all where it is None, quoted for the shell."""
    command = ["bpframe", "check", *(words or ["--all"]), "--seed", str(order.seed)]
    if check is not None:
        command += ["--mutate"] if check == "mutation" else ["--only", check]
    command += more
    return subprocess.list2cmdline(command) if os.name == "nt" else shlex.join(command)


def _unusable(subject: Subject, error: BaseException, order: Order) -> Report:
    """Report on a class of which no example can be made: a breach of the contract, or a field that nobody can guess."""
    cls = subject.component
    try:
        contract_of(cls)
    except BpframeError as breach:
        report = broken(cls.kind, "contract", str(breach))
    else:
        fields = ", ".join(f"{name}=..." for name, field in cls.model_fields.items() if field.is_required())
        hint = f"state one: EXAMPLES = [({cls.__name__}({fields}), [(4,)])], or bpframe_examples() in a plugin set"
        report = broken(
            cls.kind, "example", f"no example is stated, and none could be guessed\n{in_words(error)}", [("try", hint)]
        )
    return _finished(report, subject, Example(cls.model_construct()), order)


def _with_mutation(report: Report, example: Example, order: Order, follower: Follower) -> Report:
    """Return a report with one outcome more: whether the checks notice every false Jacobian in place of this one."""
    # Loaded only where it is asked for: the usual check has no need of it.
    from bpframe.testing.mutation.mutating import mutate_component

    follower.check("mutation", None)
    started = time.perf_counter()
    status: Status = "skipped"
    notes: tuple[str, ...] = ()
    if not report.ok:
        message = "the component fails a check as it is"
    else:
        try:
            found = mutate_component(example.component, example.shapes, order.seed)
            message = found.text()
            if found.has_jacobian:
                status = "passed" if found.ok else "failed"
                notes = (message,) if found.ok else ()
        except Exception as error:  # a component's own code
            status, message = "failed", in_words(error)
    outcome = Outcome(check="mutation", status=status, message=message, seconds=time.perf_counter() - started)
    follower.check("mutation", outcome)
    return report.model_copy(
        update={
            "outcomes": (*report.outcomes, outcome),
            "called_for": (*report.called_for, "mutation"),
            "notes": (*report.notes, *notes),
        }
    )


def _compared(example: Example, old: list[Subject | Report], order: Order) -> Report:
    """Compare an example with the class of its name in the older file, or with the only class that there is."""
    new = example.component
    classes = [each.component for each in old if isinstance(each, Subject)]
    alike = [each for each in classes if each.__name__ == type(new).__name__ or each.kind == new.kind]
    alike = alike or (classes if len(classes) == 1 else [])
    if not alike:
        names = ", ".join(each.__name__ for each in classes) or "none"
        return broken(new.kind, "against", f"{order.against} has no {type(new).__name__}", [("available", names)])
    try:
        fields = {name: getattr(new, name) for name in alike[0].model_fields if name in type(new).model_fields}
        report = compare_jacobians(alike[0](**fields), new, example.shapes, seed=order.seed)
    except Exception as error:
        return broken(new.kind, "against", in_words(error))
    return report.model_copy(update={"notes": (f"compared with {order.against}", *report.notes)})
