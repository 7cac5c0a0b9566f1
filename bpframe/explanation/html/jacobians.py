"""The local Jacobians of a network, each with its structure named and drawn."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from bpframe.explanation.backward import ANY_GRAPH, ANY_PARAMETER
from bpframe.explanation.formula.numerals import printed
from bpframe.explanation.html.equations import prose
from bpframe.explanation.html.matrices import matrix_picture, matrix_words
from bpframe.explanation.line import Line
from bpframe.explanation.nodes import ExplainedNode, LocalJacobian
from bpframe.explanation.sections import Sections
from bpframe.reports.web import escaped
from bpframe.validation.plain_arrays import Array

__all__ = ["jacobians_of_lines", "jacobians_section"]

#: Up to so many rows and columns the numbers of a Jacobian are listed.
LISTED = 8


def jacobians_section(explanation: Sections, most: int) -> str:
    """Return a picture of every local Jacobian, of the first `most` of them."""
    letters = _letters(explanation)
    every = list(_with_entries(explanation))
    if not every:
        return ""
    told = (
        "A node sends its error back as Jᵀδ, and all that it has to know of J is its structure. A row is an entry of "
        "the node's value, a column one of what the derivative is by: blue is positive, orange negative, strong is "
        "large, and what is empty is 0."
    )
    cards = "".join(_card(node, each, letters) for node, each in every[:most])
    more = f"<p>… and {len(every) - most:,} more.</p>" if len(every) > most else ""
    return (
        f'<section class="more"><h2>Local Jacobians</h2><p class="soft">{told}</p>'
        f'<div class="jacobians">{cards}</div>{more}</section>'
    )


def jacobians_of_lines(explanation: Sections) -> Callable[[Line], str]:
    """Return what draws the Jacobians that a general line multiplies with, one for each of its terms, small."""
    letters = _letters(explanation)
    reading: dict[str | None, list[tuple[ExplainedNode, LocalJacobian]]] = {}
    for node, each in _with_entries(explanation):
        reading.setdefault(each.of, []).append((node, each))

    def pictures(line: Line) -> str:
        if line.tag not in (ANY_GRAPH, ANY_PARAMETER):
            return ""
        drawn = "".join(
            f'<figure class="jacobian">{_picture(each)}<figcaption>{_name(node, each, letters)}'
            f'<br><span class="soft">{escaped(each.structure)}</span></figcaption></figure>'
            for node, each in reading.get(line.node, [])[:LISTED]
        )
        return f'<div class="jacobians">{drawn}</div>' if drawn else ""

    return pictures


def _with_entries(explanation: Sections) -> Iterator[tuple[ExplainedNode, LocalJacobian]]:
    """Yield the Jacobians that have entries, each with its node."""
    for node in explanation.nodes:
        for each in node.jacobians:
            if each.shape[0] and each.shape[1]:
                yield node, each


def _letters(explanation: Sections) -> Mapping[str, str]:
    """Return what equations call values and parameters, by their names."""
    parameters = {part.name: part.letter for part in explanation.gradient.parts if part.letter is not None}
    return {**{node.name: node.symbol for node in explanation.nodes}, **parameters}


def _card(node: ExplainedNode, jacobian: LocalJacobian, letters: Mapping[str, str]) -> str:
    rows, columns = jacobian.shape
    entries, listed = jacobian.entries, ""
    told = f"<br>{_afar(jacobian)}" if entries is None else f", {escaped(matrix_words(entries))}"
    if entries is not None and max(rows, columns) <= LISTED and rows * columns > 1:
        listed = _listed(entries, f"{node.name} by {jacobian.of}")
    return (
        f'<figure class="jacobian">{_picture(jacobian)}<figcaption><b>{_name(node, jacobian, letters)}</b> '
        f'{escaped(jacobian.structure)}<br><span class="soft">{rows:,} × {columns:,}{told}</span>{listed}</figcaption>'
        "</figure>"
    )


def _name(node: ExplainedNode, jacobian: LocalJacobian, letters: Mapping[str, str]) -> str:
    return prose(f"∂{node.symbol}/∂{letters.get(jacobian.of, jacobian.of)}")


def _picture(jacobian: LocalJacobian) -> str:
    rows, columns = jacobian.shape
    name = f"{jacobian.structure}, {rows:,} by {columns:,}"
    if jacobian.entries is not None:
        return matrix_picture(jacobian.entries, f"{name}: {matrix_words(jacobian.entries)}")
    if jacobian.coarse is not None:
        return matrix_picture(jacobian.coarse.entries, f"{name}, seen from afar", coarse=True)
    return ""


def _afar(jacobian: LocalJacobian) -> str:
    """Return what a picture shows of a Jacobian that is too large for all its entries."""
    seen = jacobian.coarse
    if seen is None:
        return "not drawn: too large, or its products are not finite"
    rows, columns = jacobian.shape
    told = []
    if len(seen.rows) < rows:
        told.append(f"{len(seen.rows)} of its rows, evenly spread")
    if len(seen.columns) < columns:
        each, rest = divmod(columns, len(seen.columns))
        told.append(f"a square is the largest of {'about ' * bool(rest)}{each:,} columns")
    return f"drawn from afar: {', '.join(told)}" if told else "drawn whole"


def _listed(entries: Array, called: str) -> str:
    rows = "".join(
        f'<tr><th scope="row">{number}</th>{"".join(_cells(row))}</tr>' for number, row in enumerate(entries, 1)
    )
    head = "".join(f'<th scope="col">{number}</th>' for number in range(1, entries.shape[1] + 1))
    return (
        f'<details><summary>Numbers<span class="unseen"> of {escaped(called)}</span></summary><div class="wide"><table>'
        f"<thead><tr><td></td>{head}</tr></thead><tbody>{rows}</tbody></table></div></details>"
    )


def _cells(row: Array) -> Iterable[str]:
    for number in row:
        yield f'<td class="count">{escaped(printed(number))}</td>'
