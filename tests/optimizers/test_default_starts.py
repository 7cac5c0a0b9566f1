"""Every shipped layer starts alike: weights from `ScaledNormal`; what differs is named on the page about starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from bpframe.core.component import Initializer, Layer
from bpframe.extend import ScaledNormal
from bpframe.plugins import default_registry

PAGE = (Path(__file__).parents[2] / "docs/guides/starts.md").read_text(encoding="utf-8")


def starts() -> dict[str, Initializer]:
    found = {}
    for plugins in default_registry().sets:
        if plugins.provider.distribution == "bpframe":
            for cls in plugins.components:
                for name, field in cls.model_fields.items() if issubclass(cls, Layer) else ():
                    default = None if field.is_required() else field.get_default(call_default_factory=True)
                    if isinstance(default, Initializer):
                        found[f"{cls.kind}.{name}"] = default
    return found


STARTS = starts()


@pytest.mark.parametrize("field", STARTS)
def test_weights_start_from_scaled_normal_numbers_or_the_page_says_otherwise(field: str) -> None:
    kind, _, name = field.partition(".")
    rows = [line for line in PAGE.splitlines() if line.startswith("|") and f"`{kind}`" in line and f"`{name}`" in line]
    assert STARTS[field] == ScaledNormal() or rows


def test_layers_with_weights_were_looked_at() -> None:
    assert {"dense.weights", "dense.biases"} <= set(STARTS)
