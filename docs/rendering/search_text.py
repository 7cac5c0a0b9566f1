"""What the search knows: an index for each language, in which formulas are written as one would type them."""

from __future__ import annotations

import json
import re
import unicodedata
from pathlib import Path
from typing import Any

SYMBOLS = {
    "partial": "∂", "nabla": "∇", "sum": "Σ", "prod": "Π", "int": "∫", "infty": "∞", "sqrt": "√", "ell": "ℓ",
    "odot": "⊙", "otimes": "⊗", "oplus": "⊕", "cdot": "·", "times": "×", "circ": "∘", "pm": "±", "top": "T",
    "le": "≤", "leq": "≤", "ge": "≥", "geq": "≥", "ne": "≠", "neq": "≠", "approx": "≈", "sim": "~", "in": "∈",
    "to": "→", "rightarrow": "→", "leftarrow": "←", "gets": "←", "mapsto": "↦", "Rightarrow": "⇒", "propto": "∝",
    "cdots": "…", "dots": "…", "ldots": "…", "vdots": "…", "ddots": "…", "prime": "′", "mid": "|", "|": "‖",
    "lVert": "‖", "rVert": "‖", "lvert": "|", "rvert": "|", "langle": "⟨", "rangle": "⟩",
    "quad": " ", "qquad": " ", ",": " ", ";": " ", ":": " ", "!": "", " ": " ", "\\": " ", "{": "{", "}": "}",
    "lambda": "λ", "Lambda": "Λ", "varepsilon": "ε", "varphi": "φ", "varrho": "ρ", "vartheta": "θ",
}  # fmt: skip

#: Commands that say how something looks and nothing of what it is.
LOOKS = re.compile(
    r"left|right|[bB]igg?[lr]?|text\w*|math\w*|operatorname|displaystyle|boldsymbol|limits|tag|[td]?frac"
    r"|dd?ot|hat|bar|tilde|overline|(?:under|over)brace"
)

GROUP = r"\{((?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*)\}"


def readable(latex: str) -> str:
    """Return a formula as one line of text: δ^l_j for `\\delta^l_j`, (∂C)/(∂w) for a fraction, (18) for a tag."""
    text = re.sub(r"\\(?:begin|end)\s*\{\w+\*?\}(?:\{[lcr|]*\})?", " ", latex)
    text = re.sub(r"\\\\\[\d+pt\]", " ", text)
    text = re.sub(r"\\tag\s*\{([^{}]*)\}", r" (\1) ", text)
    while (shorter := re.sub(rf"\\[td]?frac\s*{GROUP}\s*{GROUP}", r"(\1)/(\2)", text)) != text:
        text = shorter
    text = re.sub(rf"\\sqrt\s*{GROUP}", r"√(\1)", text)
    text = re.sub(r"\\([A-Za-z]+|.)", lambda found: _command(found[1]), text, flags=re.DOTALL)
    text = re.sub(r"([∂∇])\s+", r"\1", text.replace("&", " ").replace("~", " "))
    text = re.sub(r"\^\{?\s*T\s*\}?", "ᵀ", re.sub(r"\{\s*|\s*\}", "", text))
    return re.sub(r"\s+", " ", text).strip()


def _command(name: str) -> str:
    if name in SYMBOLS:
        return SYMBOLS[name]
    case = "CAPITAL" if name[0].isupper() else "SMALL"
    try:
        return unicodedata.lookup(f"GREEK {case} LETTER {name.upper()}") if len(name) > 1 else name
    except KeyError:
        return "" if LOOKS.fullmatch(name) else name


def without_latex(text: str) -> str:
    r"""Return an entry's text with what stands in `\(…\)` and `\[…\]`, outside of code, made readable."""
    parts = re.split(r"(<pre>.*?</pre>|<code>.*?</code>)", text, flags=re.DOTALL)
    for index in range(0, len(parts), 2):
        parts[index] = re.sub(
            r"\\\((.*?)\\\)|\\\[(.*?)\\\]",
            lambda found: _escaped(readable(_plain(found[1] or found[2]))),
            parts[index],
            flags=re.DOTALL,
        )
    return "".join(parts)


def _plain(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").replace("\u200b", "")


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _title(entry: dict[str, Any]) -> str:
    """Return an entry's title; that of a component or a name in the reference as one looks for it.

    `Network.gradient` for a method, `Network (bpframe)` for a class, `adam (optimizers)` in the gallery.
    """
    page, _, anchor = entry["location"].partition("#")
    title: str = re.sub(r"\s*<code>.*?</code>", "", entry["title"])
    owner, _, name = anchor.rpartition(".")
    if not owner or not re.search(r"(?:reference|gallery)/\w+/$", page):
        return entry["title"]
    return f"{name} ({owner})" if title == anchor else f"{owner.rpartition('.')[2]}.{name}" if title == name else title


#: What readers look for first, by where it stands: the tutorial explains, the glossary tells in a few words; what is
#: inside, or a member in the reference, is for those who know its name.
BOOSTS = {
    r"tutorial/": 4.0,
    r"guides/glossary/": 2.0,
    r"inside/": 0.3,
    r".*/#\w+\.(?:\w+\.)*[A-Z]\w*\.": 0.1,
}


def _boost(entry: dict[str, Any], location: str, chinese: bool) -> float:
    boost = next((boost for place, boost in BOOSTS.items() if re.match(place, location)), 1.0)
    here = re.search(r"[\u4e00-\u9fff]", entry["text"] or entry["title"]) is not None
    return boost if here or not chinese else boost * 0.3


def _text(entry: dict[str, Any], location: str) -> str:
    """Return an entry's text; the tutorial is found by the other ways to write its name, too."""
    other = " (backpropagation, backprop)" if location == "tutorial/backpropagation/" else ""
    return without_latex(entry["text"]) + other


def write_indexes(site: Path, folders: list[str], titles: dict[str, str]) -> None:
    """Split the index of the whole site by language, each of which has its pages in a folder.

    `titles` are those of the navigation, by location: a page that is not translated is found by them all the same.
    """
    whole: dict[str, Any] = json.loads((site / "search" / "search_index.json").read_text(encoding="utf-8"))
    others = tuple(f"{folder}/" for folder in folders if folder)
    for folder in folders:
        entries = []
        for entry in whole["docs"]:
            if not (entry["location"].startswith(f"{folder}/") if folder else not entry["location"].startswith(others)):
                continue
            location = entry["location"].removeprefix(f"{folder}/")
            own = {
                "boost": _boost(entry, location, folder == "zh"),
                "location": location,
                "title": without_latex(_title(entry) + titles.get(entry["location"], "")),
                "text": _text(entry, location),
            }
            entries.append({**entry, **own})
        target = site / folder / "search" / "search_index.json"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(json.dumps({**whole, "docs": entries}, separators=(",", ":")), encoding="utf-8")


#: In lunr's `TokenSet.toString`, by which it tells states of its automaton apart, edge 1 to state 23 reads as edge 1 to
#: state 2 and then an edge 3: words of which it mixes two up find nothing.
_AMBIGUOUS, _PLAIN = "e=e+s+o.id}", 'e=e+s+o.id+","}'


def mend_worker(site: Path) -> None:
    """Let the search's worker write where the number of a state ends.

    Errors: RuntimeError (the worker is another one, which has to be looked at anew).
    """
    for worker in (site / "assets" / "javascripts" / "workers").glob("search.*.min.js"):
        text = worker.read_text(encoding="utf-8")
        if _PLAIN in text:
            continue  # the site of another language was written before
        if text.count(_AMBIGUOUS) != 1:
            raise RuntimeError(f"{worker.name} writes the states of its automaton in another way than was known")
        worker.write_text(text.replace(_AMBIGUOUS, _PLAIN), encoding="utf-8")
