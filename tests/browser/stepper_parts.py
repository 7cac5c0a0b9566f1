"""A stepper from outside: the address that opens it, and what it shows."""

from __future__ import annotations

from typing import Any

A1, Y, RATE = [0.75, -1.5], -0.25, 0.125
W2, W3, W4 = [[0.5, -1.25], [2.0, 0.3]], [[-0.7, 1.1], [0.9, -0.4]], [[1.6, -0.8]]
B2, B3 = [0.2, -0.3], [0.1]


def address(name: str, **numbers: Any) -> str:
    def flat(value: Any) -> list[float]:
        return [entry for part in value for entry in flat(part)] if isinstance(value, list) else [value]

    return f"tutorial/stepper/#stepper={name}&" + "&".join(
        f"{key}={','.join(map(repr, flat(value)))}" for key, value in numbers.items()
    )


SHOWN = """(stepper) => [...stepper.querySelectorAll(".bp-equations .bp-equation")].map((equation) =>
  [equation.dataset.tag ?? null, JSON.parse(equation.dataset.value ?? "null"),
   equation.querySelector("annotation").textContent])"""


def shown(stepper: Any) -> list[tuple[str | None, Any]]:
    """The equations of the present step: number and value."""
    return [(tag, value) for tag, value, _ in stepper.evaluate(SHOWN)]
