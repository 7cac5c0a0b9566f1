"""An explanation as text, from the first number to the last."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from textwrap import wrap

from bpframe.explanation.chain import PathsSection, in_rows
from bpframe.explanation.formula.numerals import DIGITS, elided, in_words
from bpframe.explanation.formula.text import Box, beside, text_box
from bpframe.explanation.formula.tree import Call, Numbers
from bpframe.explanation.gradient import Gradient
from bpframe.explanation.line import Line
from bpframe.explanation.neuron import NeuronSection
from bpframe.explanation.nodes import ExplainedNode
from bpframe.explanation.paths import Multiplications
from bpframe.explanation.paths.expansion import Expansion
from bpframe.explanation.paths.names import entry_name
from bpframe.explanation.sections import Sections
from bpframe.explanation.step import Step
from bpframe.validation.plain_arrays import Array

__all__ = ["as_text", "line_as_text"]

WIDTH = 110

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
    yield from _heading(f"One example, explained: {what} = {in_words(explanation.value)}", "=")
    for note in explanation.notes:
        yield from _paragraph(note)
    yield from _heading("The network")
    yield from _network(explanation.nodes)
    yield from _heading("Forward")
    yield from _paragraph(
        "Each value is made of those before it. A line has the equation in letters, then with this network's numbers, "
        "then the result. A layer's neurons stand below one another."
    )
    if forward.weights:
        yield from _listed(forward.weights[:3])
    yield from _listed(forward.lines)
    if forward.whole is not None:
        yield from _listed([forward.whole])
    yield from _listed(forward.costs)
    yield from _heading("Backward")
    yield from _paragraph(f"{backward.meaning}. The errors run from the output back to the inputs.")
    yield from _listed(backward.errors)
    if backward.matrices:
        yield from _paragraph("One step back as a matrix: the transpose of a layer's Jacobian, times its error.")
        yield from _listed(backward.matrices)
    if backward.gradients:
        yield from _paragraph("From the errors follow the derivatives by every parameter.")
        yield from _listed(backward.gradients)
    if explanation.neuron is not None:
        yield from _heading(f"Neuron {explanation.neuron.number} of {_place(explanation.neuron)}")
        yield from _paragraph("The same in single numbers: multiply along a path, add over all paths.")
        yield from _listed(explanation.neuron.lines)
    yield from _heading("As one formula")
    if explanation.expansion.formula is None:
        yield from _paragraph(f"Nothing is shown: {explanation.expansion.reason}.")
    else:
        yield from _formula(explanation.expansion.formula, explanation.paths.counts)
    yield from _heading("Along paths")
    yield from _paths(explanation.paths)
    yield from _heading("The gradient, checked")
    yield from _gradients(explanation)
    if explanation.step is not None:
        yield from _heading("One step of gradient descent")
        yield from _step(explanation.step)


def _heading(title: str, sign: str = "-") -> Iterator[str]:
    yield from (title, sign * len(title), "")


def _paragraph(text: str) -> Iterator[str]:
    yield from wrap(text, WIDTH, break_long_words=False, break_on_hyphens=False)
    yield ""


def _network(nodes: Sequence[ExplainedNode]) -> Iterator[str]:
    rows = [("value", "from", "is", "local Jacobian", "=")]
    for node in nodes:
        reads = ", ".join(node.reads)
        called = node.name if node.symbol == node.name else f"{node.symbol} ({node.name})"
        structures = ", ".join(f"∂/∂{each.of}: {each.structure}" for each in node.jacobians if each.kind == "input")
        rows.append((called, reads, node.kind, structures, _row(node.value)))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield "  ".join(cells).rstrip()
    yield ""


def _place(neuron: NeuronSection) -> str:
    return neuron.node if neuron.layer is None else f"layer {neuron.layer} ({neuron.node})"


def _row(array: Array) -> str:
    if array.ndim > 1:
        return f"{' × '.join(map(str, array.shape))} numbers"
    return ", ".join(row[0] for row in elided(array)) if array.ndim else in_words(array)


def _listed(lines: Iterable[Line]) -> Iterator[str]:
    for line in lines:
        yield from line_as_text(line)
        yield ""


def line_as_text(line: Line) -> list[str]:
    """Return a line: the sentence, then tag, letters, numbers and result next to or below one another."""
    tag = f"({line.tag})" if line.tag else ""
    sign = " ← " if line.arrow else " = "
    steps = [text_box(line.symbols)]
    if not isinstance(line.symbols, Call) and not line.shown_twice:
        steps.append(text_box(line.numbers))
    steps.append(text_box(Numbers(line.result)))
    left = text_box(line.left)
    whole = beside(left, sign, steps[0], *(part for each in steps[1:] for part in (" = ", each)))
    told = f"{tag} {line.says}".strip()
    lines = wrap(told, WIDTH, subsequent_indent="  ") if told else []
    if whole.width <= WIDTH - 4:
        return lines + [f"    {each}".rstrip() for each in whole.lines]
    row, room = beside(left, sign, _broken(steps[0], WIDTH - 8 - left.width)), WIDTH - 4
    rows: list[Box] = []
    for each in steps[1:]:
        further = _broken(each, WIDTH - 8 - left.width)
        if rows and row.width + 3 + further.width <= room:
            row = beside(row, " = ", further)
            continue
        rows.append(row)
        row = beside(" " * left.width, " = ", further)
    for box in (*rows, row):
        lines += [f"    {each}".rstrip() for each in box.lines]
    return lines


def _broken(box: Box, width: int) -> Box:
    """Return a formula on one line as several, where it is too long: a sum is broken before its signs."""
    if len(box.lines) > 1 or box.width <= width or " + " not in box.lines[0]:
        return box
    rows = wrap(
        box.lines[0].replace(" + ", "\0+ ").replace(" ", "\1").replace("\0", " "), width, break_long_words=False
    )
    told = [row.replace("\1", " ").replace(" +", " +") for row in rows]
    most = max(map(len, told))
    return Box(tuple(row.ljust(most) for row in told))


def _paths(paths: PathsSection) -> Iterator[str]:
    if paths.reason is not None:
        yield from _paragraph(f"Nothing is shown: {paths.reason}.")
        return
    yield from _paragraph("The chain rule of a single weight: multiply along a path, add over all paths.")
    written = {line.node for line in paths.lines}
    yield from _listed(paths.lines)
    for rule in paths.rules:
        if rule.weight in written:
            continue
        yield f"    {rule.symbol} = {in_words(rule.total)}, a sum over {rule.count:,} paths; the largest:"
        rows = in_rows(tuple(sorted(rule.paths, key=lambda path: -abs(path.product))[:LARGEST]))
        yield from (f"      {way}:  {product}" for way, product in rows)
        yield ""
    if paths.counts is not None:
        yield from _counts(paths.counts)
    factors = [("factor", "=", "in the derivatives by", "on paths")]
    for each in paths.shared[:SHARED]:
        weights = "" if each.weights is None else f"{each.weights:,} weights"
        factors.append((each.symbol, in_words(each.number), weights, f"{each.paths:,}"))
    if len(factors) > 1:
        yield from _paragraph("Derivatives have factors in common, which a sum over paths computes again and again:")
        yield from _table(factors)


def _formula(found: Expansion, counts: Multiplications | None) -> Iterator[str]:
    needed = "" if counts is None else f", where back-propagation needs {counts.reverse:,}"
    direct = found.direct_multiplications
    by = f" in its {found.weights:,} weights, of" if found.weights else " of"
    whole = f"The whole network is one formula{by} {found.operations:,} operations"
    terms = "" if found.terms is None else f"; multiplied out it has {_many(found.terms)} terms"
    if found.collected is not None and found.collected != found.terms:
        terms += f", {found.collected:,} of them different"
    by_hand = "" if not direct else f" Its derivatives, each by itself, take {_many(direct)} multiplications{needed}."
    yield from _paragraph(f"{whole}{terms}.{by_hand}")
    if found.formula is None:
        yield from _paragraph("It is too long to be written.")
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
        yield from _paragraph(f"The formula holds where {', '.join(found.conditions[:CONDITIONS])}{more}.")


def _many(count: int) -> str:
    """Return a count in words: large ones as a power of ten."""
    return f"{count:,}" if count < 10**9 else f"10^{len(str(count)) - 1}"


def _counts(counts: Multiplications) -> Iterator[str]:
    rows = [("way", "multiplications"), ("every path by itself", f"{counts.path_by_path:,}")]
    rows.append(("forward, a sweep for each weight", f"{counts.sweeps:,}"))
    if counts.reaching is not None:
        rows.append(("forward, without what is surely 0", f"{counts.reaching:,}"))
    rows.append(("back-propagation", f"{counts.reverse:,}"))
    yield from _paragraph(
        f"All {counts.weights:,} derivatives together, over {counts.paths:,} paths. Back-propagation needs "
        f"{in_words(counts.reverse_per_weight, 3)} multiplications for each weight: that is its O(n)."
    )
    yield from _table(rows)


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        first, *others = zip(row, widths, strict=True)
        cells = [first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)]
        yield f"    {'  '.join(cells)}".rstrip()
    yield ""


def _gradients(explanation: Sections) -> Iterator[str]:
    section = explanation.gradient
    yield from _paragraph(
        f"Two other ways to the same derivatives know nothing of the equations above: the difference (C(θ + h) − "
        f"C(θ − h)) / 2h, and the complex step Im C(θ + ih) / h. Here {section.note}."
    )
    if section.warning is not None:
        yield from _paragraph(f"WARNING: {section.warning}.")
    for part in section.parts:
        yield from _measured(part)


def _measured(part: Gradient) -> Iterator[str]:
    rows = [("∂C/∂...", "back-propagation", "difference", "complex step")]
    for each in part.checks[:LISTED]:
        place = entry_name(part.name, part.letter, each.index, part.gradient.shape)
        complex_step = "" if each.complex_step is None else f"{each.complex_step:.12g}"
        rows.append((place, f"{each.back_propagation:.12g}", f"{each.difference:.12g}", complex_step))
    yield f"by {part.name}" + ("" if part.letter is None else f", which is {part.letter}")
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    if len(rows) > 1:
        for row in rows:
            yield "    " + "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
    if len(part.checks) > LISTED:
        yield f"    ... and {len(part.checks) - LISTED:,} more"
    if part.reason is not None:
        yield f"    no complex step: {part.reason}"
    yield ""


def _step(step: Step) -> Iterator[str]:
    yield from _paragraph(
        f"Every parameter goes against its derivative, θ ← θ − η ∂C/∂θ, eq. (1), with the learning rate η = "
        f"{in_words(step.learning_rate)}:"
    )
    yield from _listed(step.lines)
    before, after = (in_words(each, DIGITS + 3) for each in (step.cost_before, step.cost_after))
    yield f"    C before: {before}, after: {after}, a change of {in_words(step.change)}"
    yield f"    the gradient promised -η ‖∇C‖² = {in_words(step.predicted)}"
    yield ""
    yield from _paragraph(step.says[0].upper() + step.says[1:] + ".")
