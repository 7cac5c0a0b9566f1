"""The table of the plugin sets that ship, as the registry finds them."""

from __future__ import annotations

import importlib
from collections import Counter

from bpframe.core.component import category
from bpframe.plugins import default_registry


def directory() -> str:
    """Return a row for each shipped set: its name with a link, what it is for, and what it holds by kind."""
    rows = ["| set | what it is for | what is in it |", "|---|---|---|"]
    for each in default_registry().sets:
        if each.provider.distribution != "bpframe":
            continue
        name = each.provider.set
        counted = Counter(category(cls) for cls in each.components)
        held = ", ".join(f"{count} {_plural(kind) if count > 1 else kind}" for kind, count in counted.most_common())
        purpose = (importlib.import_module(f"bpframe_{name}").__doc__ or "").partition("\n")[0].rstrip(".")
        rows.append(f"| [`bpframe_{name}`](../gallery/{name}.md) | {purpose} | {held} |")
    return "\n".join(rows)


def _plural(kind: str) -> str:
    return f"{kind[:-1]}ies" if kind.endswith("y") else f"{kind}s"
