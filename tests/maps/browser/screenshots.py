"""Renew the pictures of the documentation: python -m tests.maps.browser.screenshots build/demo.sqlite."""

from __future__ import annotations

import socket
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import uvicorn
from playwright.sync_api import sync_playwright

from api.app import create_app
from api.settings import Settings
from layers.engine import connect, sessions
from layers.passwords import hash_password
from layers.tables import User
from tests.maps.browser.conftest import ARGUMENTS, PASSWORD

IMAGES = Path(__file__).parents[3] / "docs" / "images"
PICTURES = {
    "map": ("/map?view=29.7965,120.5010,16&layers=grids,cameras,isovists,reports,heat", 1920, 1080, "light"),
}


def main(database: str) -> None:
    url = f"sqlite:///{database}"
    engine = connect(url)
    with sessions(engine).begin() as session:
        if not session.query(User).filter_by(name="pictures").first():
            session.add(
                User(
                    name="pictures",
                    password_hash=hash_password(PASSWORD),
                    roles=["VIEWER"],
                    scope_code="",
                    created_at=datetime.now(UTC),
                )
            )
    engine.dispose()
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(create_app(Settings(database_url=url)), log_level="error", ws="none"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        while not server.started:
            time.sleep(0.05)
        try:
            _shoot(f"http://127.0.0.1:{listener.getsockname()[1]}")
        finally:
            server.should_exit = True
            thread.join(10)


def _shoot(home: str) -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as play, tempfile.TemporaryDirectory() as profile:
        context = play.chromium.launch_persistent_context(
            profile, executable_path="/usr/bin/chromium", args=ARGUMENTS, locale="zh-CN", reduced_motion="reduce"
        )
        answer = context.request.post(
            f"{home}/api/session", data={"name": "pictures", "password": PASSWORD}, headers={"Origin": home}
        )
        assert answer.ok, answer.text()
        for name, (path, width, height, scheme) in PICTURES.items():
            page = context.new_page()
            page.set_viewport_size({"width": width, "height": height})
            page.emulate_media(color_scheme=scheme)
            page.goto(home + path)
            page.wait_for_load_state("networkidle")
            page.wait_for_timeout(1500)
            page.screenshot(path=IMAGES / f"{name}.png")
            page.close()
        context.close()


if __name__ == "__main__":
    main(sys.argv[1])
