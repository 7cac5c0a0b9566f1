"""The tables of a page: the network's values, and the gradient beside derivatives by number."""

from __future__ import annotations

from collections.abc import Sequence

from bpframe.explanation.formula.numerals import elided, in_full, in_words, printed
from bpframe.explanation.gradient import CheckedEntry, CheckedTogether, Gradient, GradientSection
from bpframe.explanation.html.equations import as_sentence, prose
from bpframe.explanation.nodes import ExplainedNode
from bpframe.explanation.paths import Multiplications, SharedFactor
from bpframe.explanation.paths.names import entry_name
from bpframe.reports.web import escaped
from bpframe.validation.plain_arrays import Array

__all__ = ["count_table", "gradient_table", "network_table", "raised", "shared_table"]

#: So many entries of a parameter, and so many values, are listed.
LISTED, NODES = 12, 200

#: So many of the shared factors are listed.
SHARED = 6


def gradient_table(section: GradientSection) -> str:
    """Return the derivatives by every parameter and input with their checks."""
    told = (
        "Two other ways to the same derivatives know nothing of the equations above: the difference (C(θ + h) − "
        f"C(θ − h)) / 2h, and the complex step Im C(θ + ih) / h. Here {section.note}."
    )
    parts = "".join(_measured(part) for part in [part for part in section.parts if part.checks][:NODES])
    return (
        f'<section class="more"><h2>The gradient, checked</h2><p class="soft">{escaped(told)}</p>{parts}'
        f"{_together(section)}</section>"
    )


def _measured(part: Gradient) -> str:
    called = part.name + ("" if part.letter is None else f", which is {part.letter}")
    names = [prose(entry_name(part.name, part.letter, each.index, part.gradient.shape)) for each in part.checks]
    return f"<h3>Derivatives by {prose(called)}</h3>{_three_ways(names[:LISTED], part.checks, part.reason)}"


def _together(section: GradientSection) -> str:
    found = section.together
    if found is None:
        return ""
    title = f"By all {section.size:,} of them together, along the gradient"
    return f"<h3>{title}</h3>{_three_ways(['‖∇C‖'], [found], found.reason)}"


def _three_ways(names: Sequence[str], checks: Sequence[CheckedEntry | CheckedTogether], reason: str | None) -> str:
    rows = "".join(
        f'<tr><th scope="row">{name}</th>'
        + "".join(
            f"<td>{'' if number is None else escaped(f'{number:.12g}'.replace('-', '−'))}</td>"
            for number in (each.back_propagation, each.difference, each.complex_step)
        )
        + "</tr>"
        for name, each in zip(names, checks, strict=False)
    )
    shown = _table(("∂C/∂…", "back-propagation", "difference", "complex step"), rows)
    more = f"<p>… and {len(checks) - len(names):,} more.</p>" if len(checks) > len(names) else ""
    told = f"<p>{escaped(as_sentence(f'no complex step: {reason}'))}</p>" if reason is not None else ""
    return f"{shown}{more}{told}"


def network_table(nodes: Sequence[ExplainedNode]) -> str:
    """Return every value with what it is made of, and the structure of its local Jacobians."""
    rows = []
    for node in nodes[:NODES]:
        called = node.name if node.symbol == node.name else f"{node.symbol} ({node.name})"
        structures = ", ".join(f"∂/∂{each.of}: {each.structure}" for each in node.jacobians if each.kind == "input")
        cells = (
            ", ".join(node.reads),
            node.kind,
            structures,
            _row(node.value),
            "" if node.error is None else _row(node.error),
        )
        rows.append(
            f'<tr><th scope="row">{prose(called)}</th>{"".join(f"<td>{escaped(each)}</td>" for each in cells)}</tr>'
        )
    names = ("value", "from", "is", "local Jacobian", "numbers", "error ∂C/∂value")
    more = f"<p>… and {len(nodes) - NODES:,} more.</p>" if len(nodes) > NODES else ""
    return f'<section class="more"><h2>The network</h2>{_table(names, "".join(rows))}{more}</section>'


def count_table(counts: Multiplications, direct: int | None) -> str:
    """Return the multiplications that each way to all derivatives needs, and `direct`, that of formulas where known."""
    rows = [] if direct is None else [("every derivative written out as a formula", direct)]
    rows += [("every path by itself", counts.path_by_path), ("forward, a sweep for each weight", counts.sweeps)]
    rows += [] if counts.reaching is None else [("forward, without what is surely 0", counts.reaching)]
    rows.append(("back-propagation", counts.reverse))
    told = (
        f"All {counts.weights:,} derivatives together, over {raised(counts.paths)} paths. Back-propagation needs "
        f"{in_words(counts.reverse_per_weight, 3)} multiplications for each weight: that is its O(n)."
    )
    body = "".join(
        f'<tr><th scope="row">{name}</th><td class="count">{raised(count)}</td></tr>' for name, count in rows
    )
    return f"<p>{told}</p>{_table(('way', 'multiplications'), body)}"


def shared_table(shared: Sequence[SharedFactor]) -> str:
    """Return the factors that many derivatives have in common."""
    if not shared:
        return ""
    rows = "".join(
        f'<tr><th scope="row">{prose(each.symbol)}</th><td>{escaped(printed(each.number))}</td>'
        f'<td class="count">{"" if each.weights is None else f"{each.weights:,} weights"}</td>'
        f'<td class="count">{raised(each.paths)}</td></tr>'
        for each in shared[:SHARED]
    )
    names = ("factor", "=", "in the derivatives by", "on paths")
    told = "Derivatives have factors in common, which a sum over paths computes again and again:"
    return f"<p>{told}</p>{_table(names, rows)}"


def raised(count: int) -> str:
    """Return a count, the power of a long one raised."""
    digits, power, exponent = in_full(count).partition("^")
    return f"{digits}<sup>{exponent}</sup>" if power else digits


def _table(names: Sequence[str], rows: str) -> str:
    """Return a table that scrolls where it is wide, with the columns' names above its rows."""
    head = "".join(f'<th scope="col">{name}</th>' for name in names)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'


def _row(array: Array) -> str:
    if array.ndim > 1:
        return f"{' × '.join(map(str, array.shape))} numbers"
    cells = [row[0] for row in elided(array)] if array.ndim else [in_words(array)]
    return ", ".join(cells).replace("-", "−")
