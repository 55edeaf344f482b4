"""The real application with two small towns behind a real browser."""

from __future__ import annotations

import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest
import uvicorn
from shapely import Point

from api.app import create_app
from api.settings import Settings
from layers.access import Role
from layers.engine import connect, sessions
from layers.passwords import hash_password
from layers.tables import Report, User
from layers.users import ensure_administrator
from tests.conftest import missing
from tests.two_towns import NORTH, NOW, geom, two_towns

playwright = pytest.importorskip("playwright.sync_api")

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync"]  # fmt: skip
HARMFUL = "<img src=/x onerror=\"document.title='broken'\">路灯不亮"
PASSWORD = "four quiet grey rivers"


@dataclass(frozen=True)
class Site:
    """Where the application answers, and the one-time password of its account `admin`; `reader` has `PASSWORD`."""

    url: str
    one_time: str


@contextmanager
def serving(database_url: str, now: datetime) -> Iterator[str]:
    """The address of the application on a free port of this machine, its clock standing still."""
    app = create_app(Settings(database_url=database_url), clock=lambda: now)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", ws="none"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        for _ in range(200):
            if server.started:
                break
            time.sleep(0.05)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join(10)


@pytest.fixture(scope="module")
def site(spatialite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The application on a free port, its clock at the noon of the two towns."""
    path = tmp_path_factory.mktemp("site") / "towns.sqlite"
    shutil.copy(spatialite_template, path)
    url = f"sqlite:///{path}"
    engine = connect(url)
    with sessions(engine).begin() as session:
        two_towns(session)
        place = {"village_code": NORTH, "grid_code": f"{NORTH}002", "digest": ""}
        session.add(
            Report(report_key="late", reported_at=NOW.replace(day=1), state="REPORTED", category="CITY_ASSET",
                source="PUBLIC", description=HARMFUL, geom=geom(Point(120.0075, 29.8050)), **place)
        )  # fmt: skip
        one_time = ensure_administrator(session, NOW)
        session.add(
            User(
                name="reader", password_hash=hash_password(PASSWORD), roles=[Role.VIEWER], scope_code="", created_at=NOW
            )
        )
    engine.dispose()
    assert one_time
    with serving(url, NOW) as home:
        yield Site(home, one_time)


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    """Debian's Chromium with an empty profile."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        missing("Chromium")
    with playwright.sync_playwright() as play, tempfile.TemporaryDirectory(prefix="fengqiao-browser-") as profile:
        context = play.chromium.launch_persistent_context(
            profile,
            executable_path=program,
            args=ARGUMENTS,
            viewport={"width": 1280, "height": 720},
            locale="zh-CN",
            reduced_motion="reduce",
        )
        context.set_default_timeout(15_000)
        yield context
        context.close()


class Watch:
    """What a page did that it must not: foreign requests, errors in the console, faults of the page."""

    def __init__(self, page: object, home: str) -> None:
        self.faults: list[str] = []
        self.allowed: list[str] = []
        page.on("request", lambda request: self._request(request.url, home))
        page.on("console", lambda message: message.type == "error" and self.faults.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: self.faults.append(f"page: {error}"))

    def _request(self, url: str, home: str) -> None:
        if not url.startswith((home + "/", "data:", "blob:")):
            self.faults.append(f"foreign: {url}")

    def allow(self, part: str) -> None:
        """A fault that the test brings about itself."""
        self.allowed.append(part)

    def unexpected(self) -> list[str]:
        """The faults that nobody allowed."""
        return [fault for fault in self.faults if not any(part in fault for part in self.allowed)]


@pytest.fixture
def page(browser, site: Site) -> Iterator[object]:
    """A new tab with the attribute `watch`; its faults fail the test."""
    tab = browser.new_page()
    # A tab begins without what an earlier one has kept, such as its language.
    tab.add_init_script("if (!sessionStorage.begun) { localStorage.clear(); sessionStorage.begun = '1'; }")
    tab.watch = Watch(tab, site.url)
    yield tab
    faults = tab.watch.unexpected()
    tab.close()
    assert faults == []


@pytest.fixture
def open_map(page, browser, site: Site) -> Callable[..., object]:
    """Opens the map page, signed in, at an address with these values, and waits until it is complete."""

    def open_(query: str = "") -> object:
        if not browser.cookies(site.url):
            account = {"name": "reader", "password": PASSWORD}
            answer = browser.request.post(f"{site.url}/api/session", data=account, headers={"Origin": site.url})
            assert answer.ok, answer.text()
        page.goto(f"{site.url}/map{query}")
        page.wait_for_selector("html[data-ready]")
        return page

    return open_
