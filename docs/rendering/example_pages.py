"""The shipped examples as parts of a page: story, figure, and the very files that the wheel holds."""

from __future__ import annotations

from bpframe.examples import example_named

__all__ = ["section"]


def section(name: str) -> str:
    """Return an example's part of the page of examples, whose figures lie in the folder `figures` beside it."""
    example = example_named(name)
    title, _, story = example.story.partition("\n")
    parts = [
        f"## {name} {{#{name}}}",
        f"**{title}**",
        story.strip(),
        f"![What the example {name} draws](figures/{name}.svg)",
        f"```text\nbpframe demo {name}\n```",
        _file("spec.yaml", "yaml", example.spec.read_text(encoding="utf-8")),
        _file("train.py", "python", example.script.read_text(encoding="utf-8")),
    ]
    return "\n\n".join(parts)


def _file(name: str, language: str, text: str) -> str:
    lines = [f"```{language}", *text.rstrip().splitlines(), "```"]
    return "\n".join([f'??? example "{name}"', "", *(f"    {line}".rstrip() for line in lines)])
