"""The page of the documentation: `python tests/peers/onnx_nodes/table.py` writes it."""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from onnx_nodes.judging import Verdict, verdicts

__all__ = ["BEGIN", "END", "PAGE", "shown", "tables"]

PAGE = Path(__file__).resolve().parents[3] / "docs" / "guides" / "onnx-node-tests.md"

#: What stands between these lines is written by this module.
BEGIN, END = "<!-- tables -->", "<!-- end of tables -->"


def tables(found: Sequence[Verdict]) -> str:
    """Return the counts and both tables: operators that components express, and operators that none expresses."""
    counts = Counter(each.how for each in found)
    by_operator: dict[str, list[Verdict]] = defaultdict(list)
    for each in found:
        by_operator[each.case.operator].append(each)
    expressed = {name: group for name, group in by_operator.items() if any(each.kinds for each in group)}
    others: dict[str, list[str]] = defaultdict(list)
    for name in sorted(by_operator.keys() - expressed.keys()):
        for reason in dict.fromkeys(each.reason for each in by_operator[name]):
            count = sum(each.reason == reason for each in by_operator[name])
            others[reason].append(f"{name} {count}")
    lines = [
        f"Of {len(found)} cases, {counts['passes']} pass, {counts['in part']} pass but for outputs that no component "
        f"has, {counts['fails']} fail, and {counts['not expressed']} are not expressed.",
        "",
        "## Operators that components express",
        "",
        "| operator | pass | by | not, or in part |",
        "|---|---|---|---|",
        *(_row(name, group) for name, group in sorted(expressed.items())),
        "",
        "## Their cases that do not pass, or in part",
        "",
        *(line for name, group in sorted(expressed.items()) for line in _names(name, group)),
        "",
        "## Operators that none expresses",
        "",
        "| why | operators, each with the number of its cases |",
        "|---|---|",
        *(f"| {reason} | {', '.join(names)} |" for reason, names in sorted(others.items())),
    ]
    return "\n".join(lines)


def _row(operator: str, group: Sequence[Verdict]) -> str:
    passed = sum(each.how == "passes" for each in group)
    kinds = sorted({kind for each in group for kind in each.kinds})
    notes = "; ".join(f"{len(names)} {reason}" for reason, names in _rest(group).items())
    return f"| {operator} | {passed} of {len(group)} | {', '.join(f'`{kind}`' for kind in kinds)} | {notes} |"


def _names(operator: str, group: Sequence[Verdict]) -> list[str]:
    """Return a line for each reason."""
    found = _rest(group).items()
    return [f"- {operator}, {reason}: {', '.join(f'`{name}`' for name in names)}" for reason, names in found]


def _rest(group: Sequence[Verdict]) -> dict[str, list[str]]:
    """The names of the cases that do not pass as a whole, by the reason."""
    found: dict[str, list[str]] = defaultdict(list)
    for each in group:
        if each.how != "passes":
            start = {"in part": "in part: ", "fails": "FAILS: "}.get(each.how, "")
            found[start + each.reason].append(each.case.name.removeprefix("test_"))
    return dict(sorted(found.items()))


def shown(page: str) -> str:
    """Return what stands between the two lines of a page."""
    return page.split(BEGIN)[1].split(END)[0].strip()


def main() -> None:
    """Write the tables into the page."""
    page = PAGE.read_text(encoding="utf-8")
    before, after = page.split(BEGIN)[0], page.split(END)[1]
    PAGE.write_text(f"{before}{BEGIN}\n\n{tables(verdicts())}\n\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
