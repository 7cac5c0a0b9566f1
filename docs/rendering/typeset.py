"""The formulas of docstrings as LaTeX: `a_i = e^{z_i} / Σ_j e^{z_j}` is how they are written, in plain text.

A line is cut into formulas where it has two blanks or more. Words become text, `_` and `^` take what follows, roots
their argument, and letters of other alphabets stay, since KaTeX knows them.
"""

from __future__ import annotations

import re
import unicodedata

__all__ = ["formulas"]

#: Names that are set upright.
FUNCTIONS = (
    "argmax attention concat cos diag exp ln log max mean min norm rule sign sin softmax tanh tr Var AUC FN FP TP"
    " LSTM GRU"
)
OPERATORS = {
    "−": "-", "½": r"\tfrac12", "¼": r"\tfrac14", "...": r"\dots ", "<=": r"\le ", ">=": r"\ge ", "~": r"\sim ",
    "‖": r"\|", "⌊": r"\lfloor ", "⌋": r"\rfloor ", "·": r"\cdot ", "+=": r"\mathrel{+}= ", "Σ": r"\sum ",
    "¬": r"\neg ", "ϱ": r"\varrho ", "√": r"\sqrt ", "←": r"\leftarrow ", "↦": r"\mapsto ", "∈": r"\in ",
}  # fmt: skip
RAISED = dict(
    zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ᵀᵗ", ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "+", "-", "T", "t"], strict=True)
)
LOWERED = dict(zip("₀₁₂₃₄₅₆₇₈₉", "0123456789", strict=True))
MARKS = {"\u0302": r"\hat", "\u0304": r"\bar", "\u0307": r"\dot", "\u0308": r"\ddot"}

TOKEN = re.compile(
    r"`(?P<code>\w+)`"
    r"|(?P<word>[A-Za-z]{2,}\d?)"
    r"|(?P<marked>\w[\u0302\u0304\u0307\u0308])"
    rf"|(?P<raised>[{''.join(RAISED)}]+)|(?P<lowered>[{''.join(LOWERED)}]+)"
    r"|(?P<script>[_^])(?=[\w{(⌊¬])"
    r"|(?P<operator>\.\.\.|<=|>=|\+=|.)",
    re.DOTALL,
)
KNOWN = re.compile(r"[\w\s+\-*/=<>()\[\]|.,:;'!{}\\^∂∇⊙⊗≠≤≥≈→×∞]*")


def formulas(text: str) -> list[list[str]] | None:
    """Return the formulas of each line in LaTeX, or None where one holds what cannot be typeset."""
    lines = [[part.strip() for part in re.split(r" {2,}", line) if part.strip()] for line in text.splitlines()]
    found = [[latex(part) for part in line] for line in lines if line]
    return None if any(each is None for line in found for each in line) else found  # type: ignore[return-value]


def latex(formula: str) -> str | None:
    """Return one formula in LaTeX; None where a character of it is not known."""
    text = _translated("".join(_decomposed(each) for each in formula))
    return text if KNOWN.fullmatch(re.sub(r"\\(?:text|texttt)\{[^{}]*\}|\\\|", "", text)) else None


def _decomposed(character: str) -> str:
    """Return a letter with a hat or a bar as two characters, and others as they are."""
    parts = unicodedata.normalize("NFD", character)
    return parts if len(parts) == 2 and parts[1] in MARKS else character


def _translated(text: str) -> str:
    out, place = "", 0
    while place < len(text):
        found = TOKEN.match(text, place)
        assert found
        place = found.end()
        kind, said = found.lastgroup, found[0]
        if kind == "code":
            out += rf"\texttt{{{found['code'].replace('_', chr(92) + '_')}}}"
        elif kind == "word" and said in FUNCTIONS.split():
            out += rf"\operatorname{{{said}}}"
        elif kind == "word":
            # Words in a row are one text, with the blanks around it.
            more = re.compile(r"(?:[ ,]+[A-Za-z]{2,}(?![\w^(]))*").match(text, place)
            assert more
            place = more.end()
            before, after = text[: found.start()][-1:] == " ", text[place : place + 1] == " "
            out += rf"\text{{{' ' * before}{said}{more[0]}{' ' * after}}}"
        elif kind == "marked":
            out += f"{MARKS[said[1]]}{{{said[0]}}}"
        elif kind == "raised":
            out += f"^{{{''.join(map(RAISED.__getitem__, said))}}}"
        elif kind == "lowered":
            out += f"_{{{''.join(map(LOWERED.__getitem__, said))}}}"
        elif kind == "script":
            argument, place = _argument(text, place)
            if re.fullmatch(r"[A-Za-z]{2}", argument) and argument != "in":
                out += f"{said}{{{argument}}}"  # two indices
            elif re.fullmatch(r"[A-Za-z]{2,}", argument):
                out += rf"{said}{{\mathrm{{{argument}}}}}"
            else:
                out += f"{said}{{{_translated(argument)}}}"
        elif said == "√":
            argument, place = _root(text, place)
            out += rf"\sqrt{{{_translated(argument)}}}"
        elif said in "{}":
            out += f"\\{said}"
        else:
            out += OPERATORS.get(said, said)
    return out


def _argument(text: str, place: int) -> tuple[str, int]:
    """Return what a `_` or `^` takes: a group in braces, brackets that stay, or letters and digits."""
    for opening, closing in ("{}", "()", "⌊⌋"):
        if text[place] == opening:
            end = _closed(text, place, opening, closing)
            return (text[place + 1 : end] if opening == "{" else text[place : end + 1]), end + 1
    found = re.compile(rf"¬?[^\W_{''.join(RAISED)}{''.join(LOWERED)}]+").match(text, place)
    assert found
    return found[0], found.end()


def _root(text: str, place: int) -> tuple[str, int]:
    if text[place : place + 1] == "(":
        end = _closed(text, place, "(", ")")
        return text[place + 1 : end], end + 1
    found = re.compile(r"\w[\u0302\u0304]?(?:_\w+)?").match(text, place)
    return (found[0], found.end()) if found else ("", place)


def _closed(text: str, place: int, opening: str, closing: str) -> int:
    depth = 0
    for end in range(place, len(text)):
        depth += (text[end] == opening) - (text[end] == closing)
        if not depth:
            return end
    return len(text)
