"""Lines of an explanation as blocks of a page: a sentence, the mathematics, the equation's number."""

from __future__ import annotations

import re

from bpframe.explanation.formula.text import on_one_line
from bpframe.explanation.formula.tree import Call, Numbers
from bpframe.explanation.html.detail import Detail
from bpframe.explanation.html.mathml import as_mathml
from bpframe.explanation.line import Line
from bpframe.reports.web import escaped

__all__ = ["as_sentence", "equation", "formula", "prose", "said", "sentence"]

#: Letters with a layer, an index or both: w^2_jk, w^2_{10,3}, y_1.
LETTERS = re.compile(r"(?<![\w^])([abwyzδ])(?:\^([0-9]+|l))?(?:_(\{[0-9,]+\}|[0-9]+|jk|j|k))?(?![\w^])")


def equation(line: Line, detail: Detail) -> str:
    """Return a line as displayed mathematics, one row for the letters, the numbers and the result."""
    rows = [as_mathml(line.symbols, detail)]
    if not isinstance(line.symbols, Call) and not line.shown_twice:
        rows.append(as_mathml(line.numbers, detail))
    rows.append(f'<mrow class="result">{as_mathml(Numbers(line.result), detail)}</mrow>')
    sign = "←" if line.arrow else "="
    lefts = [as_mathml(line.left, detail), *[""] * (len(rows) - 1)]
    body = "".join(
        f"<mtr><mtd>{left}</mtd><mtd><mo>{sign if number == 0 else '='}</mo></mtd><mtd>{right}</mtd></mtr>"
        for number, (left, right) in enumerate(zip(lefts, rows, strict=True))
    )
    tag = f'<span class="tag">({escaped(line.tag)})</span>' if line.tag else ""
    return (
        f'<div class="equation"><div class="formula"><math display="block"><mtable class="lines" '
        f'displaystyle="true">{body}</mtable></math></div>{tag}</div>'
    )


def sentence(line: Line) -> str:
    """Return what a line says, as a paragraph."""
    return f"<p>{prose(as_sentence(line.says))}</p>" if line.says else ""


def said(title: str, line: Line) -> str:
    """Return a step for those who hear it: its title, its sentence, the equation in letters and the result."""
    number = f", equation {line.tag}" if line.tag else ""
    sign = "becomes" if line.arrow else "="
    result = on_one_line(Numbers(line.result))
    told = f"{on_one_line(line.left)} {sign} {on_one_line(line.symbols)} = {result}"
    return f"{title}{number}. {as_sentence(line.says)} {told}"[:600]


def as_sentence(text: str) -> str:
    """Return words with a full stop, and with a capital where they do not begin with a letter of mathematics."""
    if not text:
        return ""
    first = text[0] if text[1:2] == "^" or not text[0].isascii() else text[0].upper()
    return first + text[1:] + ("" if text[-1] in ".:?" else ".")


def prose(text: str) -> str:
    """Return a sentence with its letters typeset, which are those with a layer: w^2_jk."""
    return _typeset(text, layers_alone=True)


def formula(text: str) -> str:
    """Return a long formula that breaks into lines as words do, with its letters typeset."""
    return _typeset(text.replace("-", "−"), layers_alone=False)


def _typeset(text: str, *, layers_alone: bool) -> str:
    parts, end = [], 0
    for found in LETTERS.finditer(text):
        base, layer, below = found.groups()
        if layer is None and (layers_alone or below is None):
            continue
        above = "" if layer is None else f"<mn>{layer}</mn>" if layer.isdecimal() else f"<mi>{layer}</mi>"
        index = below.strip("{}") if below else ""
        under = f"<mn>{index}</mn>" if index[:1].isdecimal() else f"<mi>{index}</mi>" if index else ""
        name = "msubsup" if above and under else "msup" if above else "msub"
        parts += [escaped(text[end : found.start()]), f"<math><{name}><mi>{base}</mi>{under}{above}</{name}></math>"]
        end = found.end()
    return "".join([*parts, escaped(text[end:])])
