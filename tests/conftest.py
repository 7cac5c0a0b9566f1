"""What all tests share: a cache folder of their own, so that they leave the user's alone and remember nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BPFRAME_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield
