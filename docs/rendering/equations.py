"""Where each equation of the tutorial is computed: links from the tutorial to the code, and back."""

from __future__ import annotations

import re
from collections.abc import Iterator

from source_text import ROOT, Piece, piece, place

__all__ = ["COMPUTED_BY", "cited_in", "equations_in", "equations_text", "with_citations", "with_links"]

#: The functions that compute each equation, by its number in the tutorial, the one to read first in front. Each cites
#: the number in its docstring.
COMPUTED_BY: dict[str, tuple[str, ...]] = {
    "1": ("bpframe.training.updates:Updater.apply", "bpframe_reference.gradient_descent:GradientDescent.update"),
    "2": ("bpframe.core.backprop.forward:forward",),
    "3": ("bpframe_reference.dense:Dense.parameters",),
    "4": ("bpframe_reference.quadratic_cost:QuadraticCost.forward",),
    "5": ("bpframe.verification.gradient_check.mean_cost:MeanCost.value",),
    "6": ("bpframe.core.operators.composing:compose",),
    "7": ("bpframe.derivatives.first_order.vjp:parameter_vjp",),
    "8": ("bpframe.derivatives.first_order.vjp:parameter_vjp",),
    "9": ("bpframe.derivatives.first_order.vjp:parameter_vjp",),
    "10": ("bpframe.derivatives.first_order.vjp:parameter_vjp",),
    "11": ("bpframe.derivatives.jacobian.chain:Chain.carried_out",),
    "12, graph": (
        "bpframe_reference.arithmetic:Add",
        "bpframe_reference.arithmetic:Shift",
        "bpframe_reference.arithmetic:Multiply",
    ),
    "12": ("bpframe.core.operators.adding:add",),
    "13": ("bpframe.derivatives.first_order.node_errors:node_errors",),
    "14": ("bpframe.core.backprop.backward:pass_on",),
    "15": ("bpframe_reference.dense:Dense.jacobian",),
    "16": ("bpframe.core.backprop.backward:output_errors",),
    "17": ("bpframe.core.backprop.backward:pass_on",),
    "18": ("bpframe.core.backprop.backward:pass_on",),
    "19": ("bpframe.core.operators.batch_matrix:BatchMatrix.vjp",),
    "20": ("bpframe.core.operators.matrix:Matrix.vjp",),
    "BP1": (
        "bpframe.core.backprop.backward:output_errors",
        "bpframe.core.operators.diagonal:Diagonal.vjp",
        "bpframe.derivatives.first_order.node_errors:node_errors",
    ),
    "BP2": (
        "bpframe.core.backprop.backward:pass_on",
        "bpframe.core.operators.matrix:Matrix.vjp",
        "bpframe.core.operators.diagonal:Diagonal.vjp",
        "bpframe.derivatives.first_order.node_errors:node_errors",
    ),
    "BP3": ("bpframe.core.operators.broadcast:Broadcast.sum_vjp", "bpframe.core.backprop.backward:pass_on"),
    "BP4": ("bpframe.core.operators.weight_times:WeightTimes.sum_vjp", "bpframe.core.backprop.backward:pass_on"),
}

TUTORIAL = ROOT / "docs" / "tutorial" / "backpropagation.md"

_EQUATION = re.compile(r"^\$\$(?:(?!\$\$).)*?\\tag\{([^}]*)\}(?:(?!\$\$).)*?\$\$$", re.MULTILINE | re.DOTALL)

#: What stands in front of the links, by language.
_WORDS = {"en": "computed by ", "zh": "代码："}


def equations_in(text: str) -> dict[str, str]:
    """Return the numbered equations of a page, by number."""
    return {found[1]: found[0] for found in _EQUATION.finditer(text)}


def cited_in(docstring: str) -> set[str]:
    """Return the tutorial's numbers that a docstring cites: `eq. (7)`, `eqs. (7), (8) and (9)`, `BP2`, `BP1 to BP4`.

    A citation of another text, which stands in a sentence that begins with `Source:` and a name, counts as one.
    """
    found = set(re.findall(r"\bBP[1-4]\b", docstring))
    for first, last in re.findall(r"\bBP([1-4])(?: to |–)BP([1-4])\b", docstring):
        found |= {f"BP{number}" for number in range(int(first), int(last) + 1)}
    for numbers in re.findall(r"\beqs?\. ((?:\(\d+(?:, graph)?\)(?:, | and )?)+)", docstring):
        found |= set(re.findall(r"\((\d+(?:, graph)?)\)", numbers))
    return found


def anchor(number: str) -> str:
    """Return the id of an equation, on the tutorial's page and on that of the code."""
    return "eq-" + re.sub(r"\W+", "-", number.lower())


def label(each: Piece) -> str:
    """Return the short name of a function, with its file's: `backward.py: pass_on`."""
    return f"{each.file.rpartition('/')[2]}: {each.name.partition(':')[2]}"


def with_links(markdown: str, language: str, page: str) -> str:
    """Give every numbered equation of the tutorial an anchor, a link to itself, and one to its code on `page`."""

    def linked(found: re.Match[str]) -> str:
        number = found[1]
        below = f"[¶](#{anchor(number)}){{.headerlink}}"
        if number in COMPUTED_BY:
            names = ", ".join(f"`{label(piece(name))}`" for name in COMPUTED_BY[number])
            below = f"[{_WORDS[language]}{names}]({page}#{anchor(number)}){{.computed}} {below}"
        return f'<div class="equation" id="{anchor(number)}" markdown>\n\n{found[0]}\n\n{below}\n\n</div>'

    return _EQUATION.sub(linked, markdown)


_CITED = re.compile(
    r"(?P<kept>^ *```.*?^ *```|^#.*?$|^ *(?:\?\?\?|!!!).*?$|\$\$.*?\$\$|\$[^$]+\$|`[^`]*`|\[[^\]]*\]\([^)]*\)|<[^>]*>)"
    r"|(?P<whole>\((?P<number>\d{1,2}(?:, graph)?)\)|\b(?P<name>BP[1-4](?:-2)?)\b)",
    re.MULTILINE | re.DOTALL,
)


def with_citations(markdown: str, tutorial: str) -> str:
    """Make links of the numbers that a page's prose cites, `(18)` and `BP2`; `tutorial` is the way to that page."""
    there = equations_in(TUTORIAL.read_text(encoding="utf-8"))

    def linked(found: re.Match[str]) -> str:
        number = found["number"] or found["name"]
        return found[0] if found["kept"] or number not in there else f"[{found[0]}]({tutorial}#{anchor(number)})"

    return _CITED.sub(linked, markdown)


def equations_text(tutorial: str) -> str:
    """Return all equations with the code that computes them, in the tutorial's order; `tutorial` is that page."""
    return "\n\n".join(_parts(tutorial))


def _parts(tutorial: str) -> Iterator[str]:
    shown: dict[str, str] = {}
    for number, equation in equations_in(TUTORIAL.read_text(encoding="utf-8")).items():
        if number not in COMPUTED_BY:
            continue
        yield f"## {_title(number)} {{#{anchor(number)}}}"
        yield re.sub(r"\s*\\tag\{[^}]*\}", "", equation)
        yield f"[In the tutorial]({tutorial}#{anchor(number)})"
        for name in COMPUTED_BY[number]:
            each = piece(name)
            yield place(each)
            if name in shown:
                yield f"Its code stands [above](#{anchor(shown[name])})."
                continue
            shown[name] = number
            # The docstring cites the number, and is part of the code.
            yield each.block()


def _title(number: str) -> str:
    return number if number.startswith("BP") else f"({number})"
