"""An explanation as a LaTeX document; its equations are those of the text, with the tutorial's tags."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence

from bpframe.explanation.elision import ends
from bpframe.explanation.formula.latex import GREEK, as_latex, cell, in_text
from bpframe.explanation.formula.numerals import DIGITS, in_words
from bpframe.explanation.formula.tree import Call, Numbers
from bpframe.explanation.gradient import CheckedEntry, CheckedTogether
from bpframe.explanation.line import Line
from bpframe.explanation.long_formula import breakable
from bpframe.explanation.paths.expansion import FormulaText
from bpframe.explanation.paths.names import entry_name, latex_derivative, latex_name
from bpframe.explanation.sections import Sections

__all__ = ["as_document", "display"]

#: So many entries of a parameter are listed beside their measurements.
LISTED = 12

#: A formula of more signs is too wide for a line, and wider than TeX can measure where it is far more.
MEASURED = 2_000

# \fit makes mathematics that is too wide as wide as the line; \formula{MATHS}{TAG}{BROKEN} has it broken into lines.
HEAD = r"""\documentclass{article}
\usepackage[a4paper, margin=2cm]{geometry}
\ifdefined\pdftexversion\usepackage[T1]{fontenc}\fi
\usepackage{amsmath, amssymb, graphicx}
\setlength{\parindent}{0pt}
\newcommand{\fit}[1]{\sbox0{$\displaystyle #1$}%
  \ifdim\wd0>\linewidth\resizebox{\linewidth}{!}{\usebox0}\else\usebox0\fi}
\newcommand{\broken}[1]{\medskip{\raggedright\linespread{1.3}\selectfont\binoppenalty=0 \relpenalty=0 $#1$\par}\medskip}
\newcommand{\formula}[3]{\sbox0{$\displaystyle #1$}\ifdim\wd0>\linewidth\broken{#3}\else\[ #1 #2 \]\fi}
"""


#: What the Latin fonts of TeX have under their own signs: ASCII, and letters such as é.
FOREIGN = re.compile(r"[^\x00-\x7f\xc0-\xff]")


def as_document(explanation: Sections) -> str:
    """Return a document that LaTeX compiles with amsmath and graphicx alone.

    Letters that Latin fonts lack are written as their numbers, [U+4E2D]: TeX stops at them, or drops them in silence.
    """
    body = FOREIGN.sub(lambda found: f"[U+{ord(found[0]):04X}]", "\n".join(_parts(explanation)))
    return f"{HEAD}\\begin{{document}}\n\\sloppy\n{body}\n\\end{{document}}\n"


def _parts(explanation: Sections) -> Iterator[str]:
    forward, backward, neuron, step = (
        explanation.forward, explanation.backward, explanation.neuron, explanation.step,
    )  # fmt: skip
    what = in_text(explanation.differentiated)
    yield rf"\section*{{One example, explained: ${what} = {cell(in_words(explanation.value))}$}}"
    yield from (prose(note) + "\n" for note in explanation.notes)
    yield r"\section*{Forward}"
    yield from _displays(forward.weights)
    yield from _displays(forward.lines)
    yield from _displays([] if forward.whole is None else [forward.whole])
    yield from _displays(forward.costs)
    yield r"\section*{Backward}"
    yield prose(backward.meaning) + ".\n"
    yield from _displays(backward.errors)
    yield from _displays(backward.matrices)
    yield from _displays(backward.gradients)
    if neuron is not None:
        yield rf"\section*{{Neuron {neuron.number} of {prose(neuron.node)}}}"
        yield from _displays(neuron.lines)
    found = explanation.expansion.formula
    if found is not None and found.formula is not None:
        yield r"\section*{As one formula}"
        yield _formula(latex_name(found.of), found.formula, tag="5")
        for each in found.derivatives[:1]:
            yield _formula(latex_derivative(found.of, each.weight), each.formula, f" = {cell(in_words(each.number))}")
    if explanation.paths.lines:
        yield r"\section*{Along paths}"
        yield from _displays(explanation.paths.lines)
    yield r"\section*{The gradient, checked}"
    yield prose(explanation.gradient.note[0].upper() + explanation.gradient.note[1:]) + ".\n"
    if explanation.gradient.warning is not None:
        yield rf"\textbf{{{prose(explanation.gradient.warning)}}}" + "\n"
    for part in explanation.gradient.parts:
        if part.checks:
            indices = [each.index for each in part.checks[:LISTED]]
            names = [latex_name(entry_name(part.name, part.letter, index, part.value.shape)) for index in indices]
            yield from _measured(f"Entries of the derivative by {part.name}:", names, part.checks, part.reason)
    together = explanation.gradient.together
    if together is not None:
        title = f"All {explanation.gradient.size:,} of them together, along the gradient:"
        yield from _measured(title, [r"\lVert \nabla C \rVert"], [together], together.reason)
    if step is not None:
        yield r"\section*{One step of gradient descent}"
        yield from _displays(step.lines)
        before, after = (cell(in_words(each, DIGITS + 3)) for each in (step.cost_before, step.cost_after))
        promised = cell(in_words(step.predicted))
        yield rf"$C$ before: ${before}$, after: ${after}$; $-\eta \lVert \nabla C \rVert^2 = {promised}$."
        yield prose(step.says[0].upper() + step.says[1:]) + "."


def _displays(lines: Sequence[Line]) -> Iterator[str]:
    first, left_out, last = ends(lines)
    for line in first:
        yield from _said(line)
    if left_out:
        yield prose(f"... {left_out:,} equations like these are left out here; the data has them ...") + "\n"
    for line in last:
        yield from _said(line)


def _said(line: Line) -> Iterator[str]:
    if line.says:
        keeps = LETTERS.match(line.says) or not line.says[0].isascii()
        begin = line.says[0] if keeps else line.says[0].upper()
        yield prose(begin + line.says[1:]) + ("." if line.says[-1] not in ".:" else "")
    yield rf"\[ \fit{{{aligned(line)}}}{_tag(line.tag)} \]"


def _formula(left: str, formula: FormulaText, end: str = "", tag: str = "") -> str:
    """Return a formula as displayed mathematics where it fits, and else broken into lines."""
    broken = f"{left} = {breakable(formula.text)}{end}" + (rf" \qquad \text{{({_escaped(tag)})}}" if tag else "")
    if len(formula.latex) > MEASURED:
        return rf"\broken{{{broken}}}"
    return rf"\formula{{{left} = {formula.latex}{end}}}{{{_tag(tag)}}}{{{broken}}}"


def display(line: Line) -> str:
    """Return a line for displayed mathematics: aligned at its signs, with its tag."""
    return aligned(line) + _tag(line.tag)


def _tag(tag: str) -> str:
    return rf" \tag{{{_escaped(tag)}}}" if tag else ""


def aligned(line: Line) -> str:
    """Return a line's letters, numbers and result below one another, aligned at their signs."""
    sign = r"\leftarrow" if line.arrow else "="
    steps = [as_latex(line.symbols)]
    if not isinstance(line.symbols, Call) and not line.shown_twice:
        steps.append(as_latex(line.numbers))
    steps.append(as_latex(Numbers(line.result)))
    rows = [rf"{as_latex(line.left)} &{sign} {steps[0]}", *(f"&= {each}" for each in steps[1:])]
    return r"\begin{aligned} " + r" \\ ".join(rows) + r" \end{aligned}"


def _measured(
    title: str, names: Sequence[str], checks: Sequence[CheckedEntry | CheckedTogether], reason: str | None
) -> Iterator[str]:
    rows = []
    for name, each in zip(names, checks, strict=False):
        numbers = (each.back_propagation, each.difference, each.complex_step)
        cells = ("" if number is None else f"${_twelve(number)}$" for number in numbers)
        rows.append(" & ".join((f"${name}$", *cells)))
    yield prose(title) + "\\par\\nopagebreak\\smallskip"
    yield r"\begin{tabular}{rrrr} entry & back-propagation & difference & complex step \\ \hline \rule{0pt}{2.6ex}%"
    yield " \\\\\n".join(rows)
    yield "\\end{tabular}\\medskip\n"
    if reason is not None:
        yield prose(f"No complex step: {reason}.") + "\n"


def _twelve(number: float) -> str:
    return cell(f"{number:.12g}" if math.isfinite(number) else in_words(number))


#: What sentences hold that a text font may lack.
SIGNS = {
    "δ": r"$\delta$", "σ": r"$\sigma$", "∂": r"$\partial$", "θ": r"$\theta$", "η": r"$\eta$", "∇": r"$\nabla$",
    "−": "$-$", "½": r"$\tfrac{1}{2}$", "∞": r"$\infty$", "∘": r"$\circ$", "²": "$^2$", "×": r"$\times$",
}  # fmt: skip


#: Letters with a layer in a sentence, which are mathematics: w^2_jk.
LETTERS = re.compile(r"(?<![\w^])([abwzδ])\^([0-9]+|l)(?:_([0-9,]+|jk|j|k)(?!\w))?(?!\w)")


def prose(text: str) -> str:
    """Return a sentence outside mathematics, with nothing in it that TeX would act on."""
    parts, end = [], 0
    for found in LETTERS.finditer(text):
        parts += [_escaped(text[end : found.start()]), _letter(*found.groups())]
        end = found.end()
    return "".join([*parts, _escaped(text[end:])])


def _escaped(text: str) -> str:
    inner = in_text(text)[len(r"\text{") : -1].replace(r"\_", r"\_\allowbreak{}")
    return "".join(SIGNS.get(each, each) for each in inner)


def _letter(base: str, layer: str, index: str | None) -> str:
    below = "" if index is None else f"_{{{index}}}"
    return f"${GREEK.get(base, base)}^{{{layer}}}{below}$"
