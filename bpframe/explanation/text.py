"""An explanation as text, from the first number to the last."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import wrap

from bpframe.explanation.chain import PathsSection, in_rows
from bpframe.explanation.elision import ends
from bpframe.explanation.formula.numerals import DIGITS, elided, in_full, in_words, roughly
from bpframe.explanation.gradient import CheckedEntry, CheckedTogether, Gradient
from bpframe.explanation.layout import WIDTH, heading, listed, paragraph, table
from bpframe.explanation.nodes import ExplainedNode
from bpframe.explanation.paths import Multiplications
from bpframe.explanation.paths.expansion import Expansion
from bpframe.explanation.paths.names import entry_name
from bpframe.explanation.sections import Sections
from bpframe.explanation.step import Step
from bpframe.validation.plain_arrays import Array

__all__ = ["as_text"]

#: So many entries of a parameter are listed beside their measurements.
LISTED = 12

#: So many of the paths that are not written as an equation are listed, and so many of the shared factors.
LARGEST, SHARED = 5, 6

#: So many of a formula's conditions are listed.
CONDITIONS = 4


def as_text(explanation: Sections) -> str:
    """Return all sections below one another."""
    return "\n".join(_lines(explanation)) + "\n"


def _lines(explanation: Sections) -> Iterator[str]:
    forward, backward = explanation.forward, explanation.backward
    what = "C" if explanation.step is not None or forward.costs else explanation.differentiated
    yield from heading(f"One example, explained: {what} = {in_words(explanation.value)}", "=")
    for note in explanation.notes:
        yield from paragraph(note)
    yield from heading("The network")
    yield from _network(explanation.nodes)
    yield from heading("Forward")
    yield from paragraph(
        "Each value is made of those before it. A line has the equation in letters, then with this network's numbers, "
        "then the result. A layer's neurons stand below one another."
    )
    yield from listed(forward.weights[:3])
    yield from listed(forward.lines)
    if forward.whole is not None:
        yield from listed([forward.whole])
    yield from listed(forward.costs)
    yield from heading("Backward")
    yield from paragraph(f"{backward.meaning}. The errors run from the output back to the inputs.")
    yield from listed(backward.errors)
    if backward.matrices:
        yield from paragraph("One step back as a matrix: the transpose of a layer's Jacobian, times its error.")
        yield from listed(backward.matrices)
    if backward.gradients:
        yield from paragraph("From the errors follow the derivatives by every parameter.")
        yield from listed(backward.gradients)
    if explanation.neuron is not None:
        yield from heading(f"Neuron {explanation.neuron.number} of {explanation.neuron.place}")
        yield from paragraph("The same in single numbers: multiply along a path, add over all paths.")
        yield from listed(explanation.neuron.lines)
    yield from heading("As one formula")
    if explanation.expansion.formula is None:
        yield from paragraph(f"Nothing is shown: {explanation.expansion.reason}.")
    else:
        yield from _formula(explanation.expansion.formula, explanation.paths.counts)
    yield from heading("Along paths")
    yield from _paths(explanation.paths)
    yield from heading("The gradient, checked")
    yield from _gradients(explanation)
    if explanation.step is not None:
        yield from heading("One step of gradient descent")
        yield from _step(explanation.step)


def _network(nodes: Sequence[ExplainedNode]) -> Iterator[str]:
    first, left_out, last = ends(nodes)
    rows = [("value", "from", "is", "local Jacobian", "="), *map(_node, first)]
    rows += [(f"... {left_out:,} more ...", *[""] * 4), *map(_node, last)] if left_out else []
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield "  ".join(cells).rstrip()
    yield ""


def _node(node: ExplainedNode) -> tuple[str, ...]:
    called = node.name if node.symbol == node.name else f"{node.symbol} ({node.name})"
    structures = ", ".join(f"∂/∂{each.of}: {each.structure}" for each in node.jacobians if each.kind == "input")
    return called, ", ".join(node.reads), node.kind, structures, _row(node.value)


def _row(array: Array) -> str:
    if array.ndim > 1:
        return f"{' × '.join(map(str, array.shape))} numbers"
    return ", ".join(row[0] for row in elided(array)) if array.ndim else in_words(array)


def _paths(paths: PathsSection) -> Iterator[str]:
    if paths.reason is not None:
        yield from paragraph(f"Nothing is shown: {paths.reason}.")
        return
    yield from paragraph("The chain rule of a single weight: multiply along a path, add over all paths.")
    written = {line.node for line in paths.lines}
    yield from listed(paths.lines)
    for rule in paths.rules:
        if rule.weight in written:
            continue
        yield f"    {rule.symbol} = {in_words(rule.total)}, a sum over {in_full(rule.count)} paths; the largest:"
        rows = in_rows(tuple(sorted(rule.paths, key=lambda path: -abs(path.product))[:LARGEST]))
        yield from (f"      {way}:  {product}" for way, product in rows)
        yield ""
    if paths.counts is not None:
        yield from _counts(paths.counts)
    factors = [("factor", "=", "in the derivatives by", "on paths")]
    for each in paths.shared[:SHARED]:
        weights = "" if each.weights is None else f"{each.weights:,} weights"
        factors.append((each.symbol, in_words(each.number), weights, in_full(each.paths)))
    if len(factors) > 1:
        yield from paragraph("Derivatives have factors in common, which a sum over paths computes again and again:")
        yield from table(factors)


def _formula(found: Expansion, counts: Multiplications | None) -> Iterator[str]:
    needed = "" if counts is None else f", where back-propagation needs {in_full(counts.reverse)}"
    direct = found.direct_multiplications
    by = f" in its {found.weights:,} weights, of" if found.weights else " of"
    whole = f"The whole network is one formula{by} {in_full(found.operations)} operations"
    terms = "" if found.terms is None else f"; multiplied out it has {roughly(found.terms)} terms"
    if found.collected is not None and found.collected != found.terms:
        terms += f", {found.collected:,} of them different"
    by_hand = "" if not direct else f" Its derivatives, each by itself, take {roughly(direct)} multiplications{needed}."
    yield from paragraph(f"{whole}{terms}.{by_hand}")
    if found.formula is None:
        yield from paragraph("It is too long, or nested too deeply, to be written.")
        return
    yield "(5) direct expansion"
    yield from wrap(f"{found.of} = {found.formula.text}", WIDTH, initial_indent="    ", subsequent_indent="        ")
    yield ""
    for each in found.derivatives[:1]:
        told = f"{each.symbol} = {each.formula.text}"
        yield from wrap(told, WIDTH, initial_indent="    ", subsequent_indent="        ", break_long_words=False)
        yield f"        = {in_words(each.number)}, and back-propagation found {in_words(each.back_propagated)}"
        yield ""
    if found.conditions:
        more = f", and {found.condition_count - CONDITIONS:,} more" if found.condition_count > CONDITIONS else ""
        yield from paragraph(f"The formula holds where {', '.join(found.conditions[:CONDITIONS])}{more}.")


def _counts(counts: Multiplications) -> Iterator[str]:
    rows = [("way", "multiplications"), ("every path by itself", in_full(counts.path_by_path))]
    rows.append(("forward, a sweep for each weight", in_full(counts.sweeps)))
    if counts.reaching is not None:
        rows.append(("forward, without what is surely 0", in_full(counts.reaching)))
    rows.append(("back-propagation", in_full(counts.reverse)))
    yield from paragraph(
        f"All {counts.weights:,} derivatives together, over {in_full(counts.paths)} paths. Back-propagation needs "
        f"{in_words(counts.reverse_per_weight, 3)} multiplications for each weight: that is its O(n)."
    )
    yield from table(rows)


def _gradients(explanation: Sections) -> Iterator[str]:
    section = explanation.gradient
    yield from paragraph(
        f"Two other ways to the same derivatives know nothing of the equations above: the difference (C(θ + h) − "
        f"C(θ − h)) / 2h, and the complex step Im C(θ + ih) / h. Here {section.note}."
    )
    if section.warning is not None:
        yield from paragraph(f"WARNING: {section.warning}.")
    for part in section.parts:
        if part.checks:
            yield f"by {part.name}" + ("" if part.letter is None else f", which is {part.letter}")
            yield from _measured(part)
    if section.together is not None:
        yield f"by all {section.size:,} of them together, along the gradient: its length"
        yield from _together(section.together)


_COLUMNS = ("∂C/∂...", "back-propagation", "difference", "complex step")


def _measured(part: Gradient) -> Iterator[str]:
    left_out = len(part.checks) - LISTED
    rows = [_COLUMNS]
    for each in part.checks[:LISTED]:
        place = entry_name(part.name, part.letter, each.index, part.gradient.shape)
        rows.append((place, *_three_ways(each)))
    yield from _below(rows, part.reason, f"... and {left_out:,} more" if left_out > 0 else None)


def _together(found: CheckedTogether) -> Iterator[str]:
    yield from _below([("", *_COLUMNS[1:]), ("", *_three_ways(found))], found.reason, None)


def _three_ways(check: CheckedEntry | CheckedTogether) -> tuple[str, str, str]:
    complex_step = "" if check.complex_step is None else f"{check.complex_step:.12g}"
    return f"{check.back_propagation:.12g}", f"{check.difference:.12g}", complex_step


def _below(rows: Sequence[Sequence[str]], reason: str | None, more: str | None) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "    " + "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
    if more is not None:
        yield f"    {more}"
    if reason is not None:
        yield f"    no complex step: {reason}"
    yield ""


def _step(step: Step) -> Iterator[str]:
    yield from paragraph(
        f"Every parameter goes against its derivative, θ ← θ − η ∂C/∂θ, eq. (1), with the learning rate η = "
        f"{in_words(step.learning_rate)}:"
    )
    yield from listed(step.lines)
    before, after = (in_words(each, DIGITS + 3) for each in (step.cost_before, step.cost_after))
    yield f"    C before: {before}, after: {after}, a change of {in_words(step.change)}"
    yield f"    the gradient promised -η ‖∇C‖² = {in_words(step.predicted)}"
    yield ""
    yield from paragraph(step.says[0].upper() + step.says[1:] + ".")
