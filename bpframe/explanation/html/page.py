"""An explanation as one HTML file, which asks nobody for anything."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from importlib.resources import files

from bpframe.explanation.elision import SHOWN, ends
from bpframe.explanation.formula.numerals import DIGITS, in_words, printed, roughly
from bpframe.explanation.html.data import script_data
from bpframe.explanation.html.detail import DETAILS, LIMIT, Detail
from bpframe.explanation.html.drawing import drawing
from bpframe.explanation.html.equations import as_sentence, equation, formula, prose, sentence
from bpframe.explanation.html.growth import growth_figures, growth_sentence
from bpframe.explanation.html.jacobians import jacobians_of_lines, jacobians_section
from bpframe.explanation.html.picture import Picture, picture_of
from bpframe.explanation.html.placing import placed
from bpframe.explanation.html.tables import count_table, gradient_table, network_table, raised, shared_table
from bpframe.explanation.html.walk import PHASES, WalkStep, shortened, walk
from bpframe.explanation.line import Line
from bpframe.explanation.sections import Sections
from bpframe.explanation.step import Step
from bpframe.reports.web import base_style, escaped, filled, json_in_script

__all__ = ["as_page", "title_of"]

#: A formula of more signs is folded away.
UNFOLDED = 800


def as_page(explanation: Sections) -> str:
    """Return the whole file, at most `LIMIT` bytes; of large networks it shows less, which it says."""
    picture = picture_of(explanation)
    drawings = "\n".join(drawing(explanation, picture, placed(picture), upright) for upright in (False, True))
    steps, found = walk(explanation, picture), ""
    for detail in DETAILS:
        found = _page(explanation, picture, drawings, steps, detail)
        if len(found.encode("utf-8", "backslashreplace")) <= LIMIT:
            break
    return found


@cache
def _packaged(name: str) -> str:
    return files(__package__).joinpath(name).read_text("utf-8")


def title_of(explanation: Sections) -> str:
    """Return what the page is called."""
    return f"One example, explained: {explanation.differentiated} = {in_words(explanation.value)}"


def _page(explanation: Sections, picture: Picture, drawings: str, every: Sequence[WalkStep], detail: Detail) -> str:
    steps, left_out = shortened(every, detail.steps)
    script, style = _packaged("typesetting.js") + _packaged("report.js"), base_style() + _packaged("report.css")
    notes = [*explanation.notes]
    if left_out:
        notes.append(f"{left_out:,} steps in the middle are left out here; the data has all of them")
    single, pictures = picture.single, jacobians_of_lines(explanation)
    return filled(
        _packaged("page.html"),
        script=script,
        style=style,
        version=escaped(explanation.version),
        title=escaped(title_of(explanation)),
        heading=f"One example, explained: {escaped(explanation.differentiated)} = "
        f"{escaped(in_words(explanation.value).replace('-', '−'))}",
        about=_about(explanation),
        notes="".join(f"<p>{prose(as_sentence(note))}</p>" for note in notes),
        arrangement="beside" if single and len(picture.units) <= 14 else "above",
        drawings=drawings,
        steps="\n".join(_step(step, number, len(steps), detail, pictures) for number, step in enumerate(steps)),
        choose="Paths from" if single else "Paths of the parameter",
        click="; click a weight for its paths" if picture.weights else "",
        sections="\n".join(_sections(explanation, detail)),
        meaning=prose(explanation.backward.meaning),
        data=json_in_script(script_data(explanation, picture, steps)),
    )


def _about(explanation: Sections) -> str:
    parameters = sum(each.value.size for each in explanation.gradient.parts if each.kind == "parameter")
    first, left_out, last = ends([explanation.nodes[0].value.size, *(each.units for each in explanation.layers)], 16)
    sizes = [*first, *(["…"] if left_out else []), *last]
    chain = all(node.role != "other" and len(node.reads) < 2 for node in explanation.nodes)
    told = f"A network {'-'.join(map(str, sizes))}: " if explanation.layers and chain else ""
    nodes = len(explanation.nodes)
    text = f"{told}{nodes:,} values, {parameters:,} parameter{'s' * (parameters != 1)}, {explanation.dtype}."
    return escaped(text[0].upper() + text[1:])


def _step(step: WalkStep, number: int, count: int, detail: Detail, pictures: Callable[[Line], str]) -> str:
    phase = PHASES[step.phase]
    drawn = pictures(step.line) if step.phase in ("backward", "derivatives") else ""
    return (
        f'<article class="step {step.phase}"><h2><span class="phase">{phase} · {number + 1} of {count}</span> '
        f"{escaped(step.title)}</h2>{sentence(step.line)}{equation(step.line, detail)}{drawn}</article>"
    )


def _sections(explanation: Sections, detail: Detail) -> Iterable[str]:
    forward, backward, neuron = explanation.forward, explanation.backward, explanation.neuron
    if neuron is not None:
        told = "The same in single numbers: multiply along a path, add over all paths."
        yield _section(f"Neuron {neuron.number} of {neuron.place}", told, neuron.lines, detail)
    if backward.matrices:
        told = "The transpose of a layer's Jacobian, times its error."
        yield _section("One step back as a matrix", told, backward.matrices, detail)
    yield jacobians_section(explanation, detail.pictures)
    yield _one_formula(explanation)
    yield _along_paths(explanation, detail)
    yield _why(explanation)
    if explanation.step is not None:
        yield _descent(explanation.step)
    yield gradient_table(explanation.gradient)
    yield network_table(explanation.nodes)
    if forward.weights:
        yield _section("Which letter is which number", "", forward.weights, detail)


def _one_formula(explanation: Sections) -> str:
    """Return eq. (5), which shows why nobody differentiates a network that way."""
    found = explanation.expansion.formula
    head = '<section class="more"><h2>As one formula</h2>'
    if found is None:
        return f"{head}<p>Nothing is shown: {escaped(explanation.expansion.reason or '')}.</p></section>"
    weights = f" in its {found.weights:,} weights" if found.weights else ""
    terms = ""
    if found.terms is not None:
        terms = f"; multiplied out it has {roughly(found.terms, '10<sup>{}</sup>'.format)} terms"
    told = f"The whole network is one formula{weights}, of {raised(found.operations)} operations{terms}."
    if found.formula is None:
        return f"{head}<p>{told} It is too long, or nested too deeply, to be written.</p></section>"
    whole = f"{found.of} = {found.formula.text}"
    rows = f'<p class="long">{formula(whole)} <span class="tag">(5)</span></p>'
    for each in found.derivatives[:1]:
        number = printed(each.number)
        rows += f'<p class="long">{formula(f"{each.symbol} = {each.formula.text}")} = {escaped(number)}</p>'
    if len(whole) > UNFOLDED:
        rows = f"<details><summary>Show it</summary>{rows}</details>"
    return f"{head}<p>{told}</p>{rows}</section>"


def _along_paths(explanation: Sections, detail: Detail) -> str:
    paths = explanation.paths
    if paths.reason is not None:
        return f'<section class="more"><h2>Along paths</h2><p>Nothing is shown: {escaped(paths.reason)}.</p></section>'
    told = "The chain rule of a single weight: multiply along a path, add over all paths."
    return _section("Along paths", told, paths.lines, detail, shared_table(paths.shared))


def _why(explanation: Sections) -> str:
    """Return what each way to all derivatives costs, on this network and on larger ones."""
    counts, formula = explanation.paths.counts, explanation.expansion.formula
    if counts is None or not counts.weights:
        return ""
    direct = None if formula is None else formula.direct_multiplications
    return (
        f'<section class="more"><h2>Why back-propagation</h2>{count_table(counts, direct)}'
        f"{growth_figures(counts, direct)}<p>{escaped(growth_sentence())}</p></section>"
    )


def _section(title: str, told: str, lines: Sequence[Line], detail: Detail, end: str = "") -> str:
    first, left_out, last = ends(lines, min(detail.steps, SHOWN))
    blocks = [f'<div class="block">{sentence(line)}{equation(line, detail)}</div>' for line in (*first, *last)]
    if left_out:
        blocks.insert(len(first), f"<p>… {left_out:,} like these are left out here …</p>")
    rows = "\n".join(blocks)
    intro = f'<p class="soft">{escaped(told)}</p>' if told else ""
    return f'<section class="more"><h2>{escaped(title)}</h2>{intro}<div class="blocks">{rows}</div>{end}</section>'


def _descent(step: Step) -> str:
    rows = (
        ("C before", step.cost_before), ("C after", step.cost_after), ("change", step.change),
        ("what the gradient promised, −η ‖∇C‖²", step.predicted),
    )  # fmt: skip
    told = "".join(
        f'<tr><th scope="row">{name}</th><td>{escaped(printed(number, DIGITS + 3))}</td></tr>' for name, number in rows
    )
    rate = escaped(in_words(step.learning_rate))
    return (
        '<section class="more"><h2>One step of gradient descent</h2><p class="soft">Every parameter goes against its '
        f'derivative, eq. (1), with the learning rate η = {rate}.</p><div class="wide"><table>{told}</table></div>'
        f"<p>{escaped(as_sentence(step.says))}</p></section>"
    )
