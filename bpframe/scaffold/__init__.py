"""How does a plugin package begin, and how a project?

What `bpframe new` does: a package from templates, with a component that passes its tests and is meant to be replaced;
or a project from one of the examples. In goes a name; out comes a folder, written whole or not at all. Start with
`package.py`.
"""

from bpframe.scaffold.names import Names
from bpframe.scaffold.package import KINDS, new_package
from bpframe.scaffold.project import TEMPLATES, new_project

__all__ = ["KINDS", "TEMPLATES", "Names", "new_package", "new_project"]
