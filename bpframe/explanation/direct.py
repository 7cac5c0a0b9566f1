"""The network as one formula in its weights, eq. (5), as a section of an explanation."""

from __future__ import annotations

from dataclasses import dataclass

from bpframe.errors import DerivativeError, MemoryLimitError, MissingExtra
from bpframe.explanation.chain import PathsSection
from bpframe.explanation.paths.expansion import Expansion, expansion, formulas
from bpframe.explanation.worked import Worked

__all__ = ["ExpansionSection", "expansion_section"]


@dataclass(frozen=True, eq=False)
class ExpansionSection:
    """The formula with its length and its derivatives; `reason` says why there is none, where there is none."""

    formula: Expansion | None
    reason: str | None = None


def expansion_section(worked: Worked, paths: PathsSection, expand: bool) -> ExpansionSection:
    """Write a network as one formula, differentiated by the last of the weights whose paths are shown first."""
    if not expand:
        return ExpansionSection(None, "it was not asked for")
    if paths.graph is None:
        return ExpansionSection(None, paths.reason)
    graph = paths.graph
    end = graph.name(graph.size - 1)
    try:
        found = formulas(worked.trace, graph, worked.targets if worked.has_cost else None)
        first = next((rule.weight for rule in reversed(paths.rules) if rule.weight in found.weights), None)
        return ExpansionSection(expansion(graph, found, end, first))
    except (DerivativeError, MemoryLimitError) as error:
        cause = str(error.received or "").partition(": forward failed: ")[2]
        return ExpansionSection(None, error.problem + (f" ({cause})" if cause else ""))
    except RecursionError:
        return ExpansionSection(None, "it is nested too deeply for SymPy, whose functions call themselves")
    except MissingExtra as error:
        return ExpansionSection(None, f"{error.problem}" + (f" ({error.hint})" if error.hint else ""))
