"""The gallery: what every component of a plugin set computes and declares, and what the checks say of it."""

from __future__ import annotations

import html
import inspect
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from drawing import Plot
from matrix_pictures import operator_picture
from pictures import picture_of
from shapes import escaped
from typeset import formulas

from bpframe.categories import CATEGORIES
from bpframe.core.component import Component, category
from bpframe.core.operators import Operator
from bpframe.testing import Report, check_component
from bpframe.testing.probe import CostProbe, Probe
from bpframe.testing.probing import probe_of
from bpframe.testing.running.examples import Example, guess_examples
from bpframe.testing.running.subjects import Subject, everything

__all__ = ["Entry", "by_use", "entries_of"]

#: The largest Jacobian that is drawn, in entries.
LARGEST = 600


@dataclass(frozen=True)
class Entry:
    """One component: its full name, such as `reference.sigmoid`, its text, its plot, and its reports."""

    name: str
    component: type[Component]
    examples: tuple[Example, ...]
    reports: tuple[Report, ...]
    plot: Plot

    def markdown(self, reference: Callable[[type[Component]], str], picture: str) -> str:
        """Lay it out; `reference` gives a link to a class, `picture` is the address of the plot."""
        sentence, formula, others = _parts(self.component)
        parts = [f"## {self.name} {{#{self.name}}}", f"**{category(self.component).capitalize()}.** {sentence}"]
        if formula:
            parts.append(_typeset(formula))
        parts += [self._figure(picture), *others, reference(self.component)]
        table = list(self._jacobians())
        if table:
            parts.append("| Jacobian of | shapes | structure | one example |\n|---|---|---|---|\n" + "\n".join(table))
        parts += list(self._compliance())
        return "\n\n".join(parts)

    def _figure(self, picture: str) -> str:
        seen = html.escape(f"{self.name}, {self.plot.seen}")
        image = f'<img class="plot" src="{picture}" alt="{seen}" width="{self.plot.width}" loading="lazy">'
        return f"<figure>{image}<figcaption>{html.escape(self.plot.caption)}</figcaption></figure>"

    def _jacobians(self) -> Iterator[str]:
        example = self.examples[0]
        probe = probe_of(example.component, example.shapes)
        if probe is None:
            return
        point = probe.sample(np.random.default_rng(1), 1)
        for key, operator in probe.operators(point).items():
            shapes = f"{probe.shapes[key]} → {probe.output_shape}"
            structure = "gradient" if category(self.component) == "cost" else operator.structure
            drawn = _picture(operator, f"{self.name}, {key}: {structure}")
            yield f"| `{key}` | `{shapes}` | {structure} | {drawn} |"
        yield from self._hessian(probe)

    def _hessian(self, probe: Probe) -> Iterator[str]:
        if not isinstance(probe, CostProbe) or "hessian" not in probe.contract:
            return
        shape = probe.shapes["a"]
        operator = probe.ask("hessian", probe.words(probe.sample(np.random.default_rng(1), 1))).bind(shape, shape)
        drawn = _picture(operator, f"{self.name}: Hessian, {operator.structure}")
        yield f"| `a`, `a`: the Hessian | `{shape} → {shape}` | {operator.structure} | {drawn} |"

    def _compliance(self) -> Iterator[str]:
        passed = sum(len(report.passed) for report in self.reports)
        ok = all(report.ok for report in self.reports)
        word, kind = ("passes", "success") if ok else ("FAILS", "failure")
        checks = f"{len(self.reports)} example{'s' * (len(self.reports) != 1)}, {passed} checks passed"
        text = "\n".join(report.text(verbose=True) for report in self.reports)
        block = "\n".join(f"    {line}" for line in f"```text\n{text}\n```".splitlines())
        yield f'??? {kind} "Compliance report: {word} ({checks})"\n\n{block}'


def entries_of(set_name: str) -> list[Entry]:
    """Return an entry for every component of an installed plugin set, by category and name."""
    found = []
    for subject in everything():
        if isinstance(subject, Subject) and subject.words[-1].partition(".")[0] == set_name:
            found.append(_entry(subject))
    order = [*dict.fromkeys(("layer", *CATEGORIES))]
    return sorted(found, key=lambda each: (order.index(category(each.component)), each.name))


def by_use(entries: list[Entry], introduction: str) -> list[Entry]:
    """Return entries in the order in which the page's introduction speaks of them, the others behind, by category."""

    def place(entry: Entry) -> int:
        found = introduction.find(f"`{entry.name.partition('.')[2]}`")
        return found if found >= 0 else len(introduction)

    return sorted(entries, key=place)


def _entry(subject: Subject) -> Entry:
    examples = subject.examples or tuple(guess_examples(subject.component))
    reports = tuple(check_component(each.component, each.shapes) for each in examples)
    name = subject.words[-1]
    return Entry(name, subject.component, examples, reports, picture_of(name))


def _parts(cls: type[Component]) -> tuple[str, str, list[str]]:
    """Return a docstring's first paragraph, its first indented block, and its other paragraphs."""
    paragraphs = inspect.cleandoc(cls.__doc__ or "").split("\n\n")
    formula = next((each for each in paragraphs[1:] if each.startswith("    ")), "")
    others = [
        _typeset(inspect.cleandoc(each)) if each.startswith("    ") else escaped(each)
        for each in paragraphs[1:]
        if each is not formula
    ]
    return escaped(paragraphs[0]), inspect.cleandoc(formula), others


def _typeset(formula: str) -> str:
    """Lay a docstring's formulas out, line by line, so that they wrap; as they are written where they defy it."""
    lines = formulas(formula)
    if lines is None:
        return f"```text\n{formula}\n```"
    rows = ("".join(rf'<span class="arithmatex">\({html.escape(each)}\)</span>' for each in line) for line in lines)
    return f'<div class="formulas">{"".join(f"<div>{row}</div>" for row in rows)}</div>'


def _picture(operator: Operator, title: str) -> str:
    if operator.couples_batch or math.prod(operator.in_shape) * math.prod(operator.out_shape) > LARGEST:
        return "too large to be drawn" if not operator.couples_batch else "couples the batch"
    drawn = operator_picture(operator, title)
    return drawn if 'class="positive"' in drawn or 'class="negative"' in drawn else f"{drawn} all 0"
