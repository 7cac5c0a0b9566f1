"""What once ended a loader with somebody else's error, or made it take too long, is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.hostile.files.fuzzing import FINDINGS, TARGETS


@pytest.mark.parametrize("name", sorted(each.name for each in FINDINGS.iterdir()))
def test_what_was_found_is_refused(name: str, tmp_path: Path) -> None:
    from bpframe.errors import BpframeError

    read, _, _ = TARGETS[name.partition("-")[0]]
    path = tmp_path / name
    path.write_bytes((FINDINGS / name).read_bytes())
    with pytest.raises(BpframeError) as caught:
        read(path)
    assert len(str(caught.value)) <= 4000


@pytest.mark.parametrize("target", TARGETS)
def test_what_a_fuzz_begins_with_is_fine(target: str, tmp_path: Path) -> None:
    read, ending, good = TARGETS[target]
    if target == "image":
        pytest.importorskip("PIL")
    for k, content in enumerate(good()):
        if content.startswith(b"\x1f\x8b") and target == "csv":
            ending = ".csv.gz"
        (tmp_path / f"{k}{ending}").write_bytes(content)
        read(tmp_path / f"{k}{ending}")
