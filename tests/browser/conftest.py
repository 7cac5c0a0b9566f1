"""The built site in a real headless Chromium that reaches nothing else, and in which nothing may go wrong unseen."""

from __future__ import annotations

import contextlib
import functools
import http.server
import importlib.util
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.made_once import made_once

ROOT = Path(__file__).resolve().parents[2]

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

# playwright is in the extra `browser`, a Chromium comes from the system; this folder is tried where both are.
if CHROMIUM is None or importlib.util.find_spec("playwright") is None:
    collect_ignore_glob = ["test_*.py"]


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the built site: the one that BPFRAME_SITE names, or one that is built now, for all processes."""
    if found := os.environ.get("BPFRAME_SITE"):
        return Path(found)

    def build(folder: Path) -> None:
        words = ["-m", "mkdocs", "build", "--quiet", "--strict", "--site-dir", str(folder)]
        subprocess.run([sys.executable, *words], cwd=ROOT, check=True)

    return made_once(tmp_path_factory, "site", build)


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None: ...

    def copyfile(self, *args: Any) -> None:
        with contextlib.suppress(ConnectionError):  # a page that is left before its files have arrived
            super().copyfile(*args)


@pytest.fixture(scope="session")
def address(site: Path) -> Iterator[str]:
    """Where the site is served: http://127.0.0.1:PORT, without a slash at the end."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(site))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def open_page(browser: Any, address: str) -> Iterator[Callable[..., Any]]:
    """Opens a page of the site by its path, or a whole address such as file://...; words go to `new_context`.

    Other hosts are out of reach. When the test ends, no page may have asked one for anything, had an error on its
    console or one that nobody caught, or failed to get a file.
    """
    wrong: list[str] = []
    contexts = []

    def opened(path: str, **words: Any) -> Any:
        context = browser.new_context(**words)
        contexts.append(context)
        context.set_default_timeout(120_000)  # a machine that does other work besides is slow now and then

        def routed(route: Any) -> None:
            url = route.request.url
            if url.startswith((address, "file:", "data:", "blob:")):
                route.continue_()
            else:
                wrong.append(f"asked for {url}")
                route.abort()

        context.route("**/*", routed)
        page = context.new_page()
        page.on("console", lambda message: message.type == "error" and wrong.append(f"{path}: {message.text}"))
        page.on("pageerror", lambda error: wrong.append(f"{path}: {error}"))
        page.on("response", lambda answer: answer.status >= 400 and wrong.append(f"{answer.status}: {answer.url}"))
        page.goto(path if ":" in path else f"{address}/{path.lstrip('/')}", wait_until="load")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert wrong == []


@pytest.fixture
def open_stepper(open_page: Callable[..., Any]) -> Callable[..., tuple[Any, Any]]:
    """Opens a page, and waits for one of its steppers: page and stepper."""

    def opened(network: str, path: str = "tutorial/stepper/", **words: Any) -> tuple[Any, Any]:
        page = open_page(path, **words)
        stepper = page.locator(f'.bp-stepper[data-network="{network}"]')
        stepper.locator(".bp-equation").first.wait_for()
        return page, stepper

    return opened
