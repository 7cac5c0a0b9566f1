"""The names in a new plugin package, all derived from the one that its author gives."""

from __future__ import annotations

import builtins
import keyword
import re
from dataclasses import dataclass

from bpframe.categories import CATEGORIES
from bpframe.core.component.base import kind_of
from bpframe.errors import ScaffoldError
from bpframe.extend import __all__ as extend_names

__all__ = ["Names"]

#: How long a name may be: the templates' lines stay under the package's own line length up to there.
LONGEST = 40

#: What the templates import under a capital letter, beside bpframe.extend, and what else a class must not be called.
_TAKEN = frozenset(
    {*extend_names, *dir(builtins), "Any", "Callable", "Mapping", "MutableMapping", "Path", "ScaledNormal"}
)

#: What the nodes of a block are made of.
_IN_BLOCKS = frozenset({"Add", "Dense", "Sigmoid"})


@dataclass(frozen=True)
class Names:
    """The names in a plugin package, for `soft-clip`: distribution `soft-clip`, package and set `soft_clip`,
    class `SoftClip` in the module `soft_clip.soft_clip`, and `soft_clip` for it in specs.

    A cost's class ends in Cost, which specs leave out: `huber` has the class `HuberCost` and is `huber` in specs.
    """  # noqa: D205  # one sentence

    distribution: str
    package: str
    class_name: str
    module: str
    component: str

    @property
    def full_name(self) -> str:
        """The name that always stands for the component: set and component."""
        return f"{self.package}.{self.component}"

    @classmethod
    def of(cls, name: str, kind: str) -> Names:
        """Derive the names for a package called `name` with a component of this kind: layer, activation, block or cost.

        Raises
        ------
        ScaffoldError
            The name cannot be a package's, or the class that it stands for would hide one that the package needs.

        Source: PEP 503 for the distribution's name, PEP 8 for the package's and the class's.

        """
        _check(name)
        words = re.split(r"[-_.]+", name.lower())
        package = "_".join(words)
        if keyword.iskeyword(package):
            raise ScaffoldError(
                f"'{package}' cannot name a package: it is a word of Python itself",
                hint=f"a name that says more, such as my-{'-'.join(words)}",
            )
        suffix = CATEGORIES[kind]._category.suffix
        class_name = "".join(word.capitalize() for word in words)
        module = package
        if not class_name.endswith(suffix):
            class_name, module = class_name + suffix, f"{package}_{suffix.lower()}"
        taken = _TAKEN | _IN_BLOCKS if kind == "block" else _TAKEN
        if class_name in taken or keyword.iskeyword(class_name):
            raise ScaffoldError(
                f"'{name}' would name its {kind} {class_name}, which is another thing already",
                hint=f"a name that says more, such as my-{'-'.join(words)}",
            )
        return cls(
            distribution="-".join(words),
            package=package,
            class_name=class_name,
            module=module,
            component=kind_of(class_name, suffix),
        )


def _check(name: str) -> None:
    if not re.fullmatch(r"[A-Za-z0-9]+([-_.]+[A-Za-z0-9]+)*", name):
        received, hint = repr(name), "soft-clip, for example"
    elif not name[0].isalpha():
        received, hint = f"{name!r}, which begins with a digit", "put a word in front"
    elif len(name) > LONGEST:
        received, hint = f"{len(name)} characters", f"at most {LONGEST}: {name[:LONGEST].rstrip('-_.')}, for example"
    else:
        return
    raise ScaffoldError(
        "this cannot name a package",
        expected="letters a to z, digits, and single words joined by -, _ or .; a letter first",
        received=received,
        hint=hint,
    )
