"""Arrays by path: a path that is none is answered with the closest."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from bpframe.errors import no_such
from bpframe.validation.plain_arrays import Array

__all__ = ["ByPath"]


class ByPath(Mapping[str, Array]):
    """Views of each parameter's part by path; a path that is none is answered with the closest.

    `frozen` are the paths of parameters that are not trained, and not here.
    """

    __slots__ = ()

    views: dict[str, Array]
    frozen: Collection[str] = ()

    def __getitem__(self, path: str) -> Array:
        try:
            return self.views[path]
        except KeyError:
            if path in self.frozen:
                raise KeyError(f"the parameter '{path}' is frozen: frozen_parameters has it") from None
            raise no_such("parameter", path, self.views) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self.views)

    def __len__(self) -> int:
        return len(self.views)
