"""Writing a new plugin package: what `bpframe new` does."""

from bpframe.scaffold.names import Names
from bpframe.scaffold.package import KINDS, new_package

__all__ = ["KINDS", "Names", "new_package"]
