"""How does a plugin package begin?

What `bpframe new` does: a package from templates, with a component that passes its tests and is meant to be replaced.
In goes a name; out comes a folder, written whole or not at all. Start with `package.py`.
"""

from bpframe.scaffold.names import Names
from bpframe.scaffold.package import KINDS, new_package

__all__ = ["KINDS", "Names", "new_package"]
