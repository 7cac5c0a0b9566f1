"""What a command is told to change of a spec: `--set PATH=VALUE`, `--grid PATH=VALUE,VALUE`, `--seed 0,1,2`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

__all__ = ["grid_of", "seeds_of", "settings_of"]


def settings_of(texts: Iterable[str]) -> dict[str, Any]:
    """Return values by path, of texts PATH=VALUE whose value is YAML. Errors: SpecError."""
    return {path: _value(value, path) for path, value in _parted(texts, "--set", "training.epochs=5")}


def grid_of(texts: Iterable[str]) -> dict[str, list[Any]]:
    """Return the values of every path, of texts PATH=VALUE,VALUE,... whose values are YAML. Errors: SpecError."""
    from bpframe.errors import SpecError

    found = {}
    for path, value in _parted(texts, "--grid", "training.optimizer.learning_rate=0.1,1,3"):
        found[path] = _value(f"[{value}]", path)
        if not found[path]:
            raise SpecError(f"--grid {path} has no values", expected="values with commas between them")
    return found


def seeds_of(text: str | None) -> list[int]:
    """Return the seeds in a text like 0,1,2, none of None. Errors: SpecError."""
    from bpframe.errors import SpecError
    from bpframe.validation.mistakes import shortened

    seeds = [] if text is None else [each.strip() for each in text.split(",")]
    if not all(each.isascii() and each.isdecimal() and len(each) < 20 for each in seeds):
        raise SpecError(
            "--seed cannot be read",
            expected="an integer from 0 on, or several with commas between them",
            received=shortened(text),
        )
    found = list(map(int, seeds))
    if len(set(found)) < len(found):
        raise SpecError("--seed names a seed twice", received=shortened(text))
    return found


def _parted(texts: Iterable[str], option: str, example: str) -> list[tuple[str, str]]:
    from bpframe.errors import SpecError
    from bpframe.validation.mistakes import shortened

    found: dict[str, str] = {}
    for text in texts:
        path, mark, value = text.partition("=")
        if not mark or not path.strip():
            raise SpecError(
                f"{option} cannot be read",
                expected="a path into the spec, =, and a value",
                received=shortened(text),
                hint=f"{option} {example}",
            )
        if path in found:
            raise SpecError(f"{option} names {path} twice", received=f"{found[path]} and {value}")
        found[path] = value
    return list(found.items())


def _value(text: str, path: str) -> Any:
    from bpframe.documents.yaml_text import parse_yaml
    from bpframe.errors import SpecError, SpecFileError
    from bpframe.validation.mistakes import shortened

    try:
        return parse_yaml(text, f"the value of {path}")
    except SpecFileError as error:
        quoted = text.replace("'", "''")
        raise SpecFileError(
            error.problem,
            expected="YAML",
            received=shortened(text, 100),
            hint=f"""a text that YAML has a meaning for is written in quotes: --set "{path}='{quoted}'\"""",
        ) from None
    except (RecursionError, ValueError) as error:
        raise SpecError(
            f"the value of {path} cannot be read", expected="YAML", received=shortened(error, 100)
        ) from None
