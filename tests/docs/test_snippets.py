"""What the documentation shows is what happens."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# What lies below docs/examples/ are packages, which are tested as such.
PAGES = [
    *sorted(ROOT.glob("README*.md")),
    *sorted(page for page in (ROOT / "docs").rglob("*.md") if ROOT / "docs/examples" not in page.parent.parents),
]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_the_blocks_of_a_page_run_in_order(page: Path, run_page: Callable[[Path], int]) -> None:
    ran = run_page(page)
    assert ran or "```python" not in page.read_text(encoding="utf-8")


@pytest.fixture
def page(tmp_path: Path) -> Path:
    return tmp_path / "page.md"


def test_blocks_share_a_namespace_and_the_files_above_or_below_them(
    page: Path, run_page: Callable[[Path], int]
) -> None:
    page.write_text(
        "```python\nfrom pathlib import Path\ntext = Path('spec.yaml').read_text()\n```\n"
        '\n```yaml title="spec.yaml"\nkind: x\n```\n'
        "\n- in a list:\n\n    ```python\n    assert text == 'kind: x\\n'\n    ```\n"
    )
    assert run_page(page) == 3


def test_titled_python_is_a_file_and_is_not_run(page: Path, run_page: Callable[[Path], int]) -> None:
    page.write_text(
        '```python title="mine.py"\nraise SystemExit\n```\n'
        "\n```python\nfrom pathlib import Path\nassert 'SystemExit' in Path('mine.py').read_text()\n```\n"
    )
    assert run_page(page) == 2


def test_a_failing_snippet_fails_at_its_line_in_the_page(page: Path, run_page: Callable[[Path], int]) -> None:
    page.write_text("# Title\n\n```python\nx = 1\nassert x == 2\n```\n")
    with pytest.raises(AssertionError) as failure:
        run_page(page)
    where = failure.traceback[-1]
    assert (Path(where.path).name, where.lineno + 1) == ("page.md", 5)


def test_a_failing_command_fails(page: Path, run_page: Callable[[Path], int]) -> None:
    page.write_text("```console\n$ python -m pip install nothing-is-run-here\n$ bpframe no-such-command\n```\n")
    with pytest.raises(AssertionError, match="no-such-command` exited"):
        run_page(page)


def test_a_command_that_is_to_fail_must_fail(page: Path, run_page: Callable[[Path], int]) -> None:
    page.write_text('```console title="exit code 2"\n$ bpframe no-such-command\n```\n')
    assert run_page(page) == 1
    page.write_text('```console title="exit code 2"\n$ bpframe --version\n```\n')
    with pytest.raises(AssertionError, match="--version` exited 0"):
        run_page(page)


def test_a_file_that_a_page_changes_is_written_where_it_stands(page: Path, run_page: Callable[[Path], int]) -> None:
    file = '```python title="mine.py"\nvalue = {}\n```\n'
    run = "```console\n$ python other.py\n{}\n```\n"
    other = '```python title="other.py"\nimport mine\nprint(mine.value)\n```\n'
    page.write_text(file.format(1) + run.format(1) + file.format(2) + run.format(2) + other)
    assert run_page(page) == 5
    page.write_text(file.format(1) + run.format(1) + file.format(2) + run.format(1) + other)
    with pytest.raises(AssertionError, match=r"the page shows\s+1\s+but this was printed\s+2"):
        run_page(page)


def test_modules_of_a_page_are_forgotten_after_it(page: Path, run_page: Callable[[Path], int]) -> None:
    page.write_text('```python title="mine.py"\nvalue = 1\n```\n```python\nimport mine\n```\n')
    assert run_page(page) == 2
    assert "mine" not in sys.modules


def test_classes_of_a_snippet_resolve_their_annotations(page: Path, run_page: Callable[[Path], int]) -> None:
    page.write_text(
        "```python\nfrom __future__ import annotations\nfrom pydantic import BaseModel, PositiveFloat\n\n"
        "class Model(BaseModel):\n    value: PositiveFloat\n\nassert Model(value=1).value == 1.0\n```\n"
    )
    assert run_page(page) == 1


def test_shown_output_is_compared_with_what_the_block_before_it_printed(
    page: Path, run_page: Callable[[Path], int]
) -> None:
    text = '```python\nprint(6 * 7, "seconds 0.123")\n```\n\n```text title="output"\n{}\n```\n'
    page.write_text(text.format("42 seconds ..."))
    assert run_page(page) == 2
    page.write_text(text.format("41 seconds ..."))
    with pytest.raises(AssertionError, match=r"page.md:5: the page shows\s+41"):
        run_page(page)


def test_shown_output_of_a_command_is_compared(page: Path, run_page: Callable[[Path], int]) -> None:
    page.write_text("```console\n$ bpframe --version\nbpframe ...\n```\n")
    assert run_page(page) == 1
    page.write_text("```console\n$ bpframe --version\nsomething else\n```\n")
    with pytest.raises(AssertionError, match="something else"):
        run_page(page)
