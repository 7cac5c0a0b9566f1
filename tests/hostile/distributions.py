"""Distributions that sin in their metadata: the names of their sets, and the file that states them."""

from __future__ import annotations

from tests.hostile.sin import layer

__all__ = ["DISTRIBUTIONS", "LISTED", "MALFORMED"]

#: Name of the distribution -> its entry_points.txt, and its module.
DISTRIBUTIONS: dict[str, tuple[str, str]] = {
    "bad-path": ("[bpframe]\n../outside = {module}\n", layer()),
    "bad-empty": ("[bpframe]\n = {module}\n", layer()),
    "bad-foreign": ("[bpframe]\nσ-set = {module}\n", layer()),
    "bad-escape": ("[bpframe]\nred\x1b[31m = {module}\n", layer()),
    "bad-value": ("[bpframe]\nbad_value = no module at all!\n", layer()),
    "bad-nothing": ("[bpframe]\nbad_nothing =\n", layer()),
    "bad-file": ("[bpframe]\nthis line says nothing\n", layer()),
    "impostor": ("[bpframe]\nreference = {module}\n", layer(name="Dense")),
    "claims-first": ("[bpframe]\nclaimed = {module}\n", layer(name="Claimed")),
    "claims-second": ("[bpframe]\nclaimed = {module}\n", layer(name="Claimed")),
    "registers-twice": (
        "[bpframe]\ntwice = {module}\ntwice_too = {module}\n",
        layer(name="Twice").replace("[Twice]", "[Twice, Twice]"),
    ),
    "repeats": (
        "[bpframe]\nrepeated = {module}\nrepeated = {module}:hooks\n",
        layer(name="Repeated") + "\nhooks = 1\n",
    ),
}

MALFORMED = "bad-file"

#: (distribution, set, status, words of the reason).
LISTED: list[tuple[str, str, str, str]] = [
    ("bad-path", "../outside", "broken", "'../outside' is no name for a plugin set"),
    ("bad-empty", "", "broken", "'' is no name for a plugin set"),
    ("bad-foreign", "σ-set", "broken", "'σ-set' is no name for a plugin set"),
    ("bad-escape", "red\x1b[31m", "broken", "is no name for a plugin set"),
    ("bad-value", "bad_value", "broken", "'no module at all!' names no module"),
    ("bad-nothing", "bad_nothing", "broken", "names no module"),
    ("bad-file", "?", "broken", "entry_points.txt is malformed: the line 'this line says nothing' has no '='"),
    ("impostor", "reference", "refused", "comes with bpframe itself"),
    ("claims-first", "claimed", "ok", ""),
    ("claims-second", "claimed", "ok", ""),
    ("registers-twice", "twice", "ok", ""),
    ("registers-twice", "twice_too", "ok", ""),
    ("repeats", "repeated", "ok", ""),
    ("repeats", "repeated", "refused", "names it twice"),
]
