"""Say how long frames take in the planner with 20,000 blocks: python -m tests.maps.browser.frames.

The page is the real one on the real application; only its blocks are made up. Nothing is asserted. Frames are timed by
the clock, so they tell of a quiet machine only; the CPU time of single tasks, of the page's main thread and of the
thread that puts the picture together, says how long a frame lasts whatever else runs. Nothing uses a graphics card.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import sync_playwright

from layers.access import OPERATOR, Role
from layers.engine import connect, sessions, upgrade_schema
from layers.passwords import hash_password
from layers.plans import DrawOptions, draw_plan
from layers.tables import User
from tests import world
from tests.maps.browser.conftest import ARGUMENTS, PASSWORD, serving

COLUMNS, ROWS, GRID_SIDE = 200, 100, 10
STEP, SCALE = 4_000, 10_000_000  # a block is about 40 m wide; an edge has a vertex in its middle
RECORD = """
window.frames_ = []; window.last_ = 0;
const tick = (now) => {
  if (window.last_) window.frames_.push(now - window.last_);
  window.last_ = now;
  requestAnimationFrame(tick);
};
requestAnimationFrame(tick);
"""


def town(revision: int) -> dict[str, dict[str, Any]]:
    """The answers of /blocks, /state and /assignment for a town of 20,000 blocks in 200 grids."""
    number = np.arange(COLUMNS * ROWS)
    column, row = number % COLUMNS, number // COLUMNS
    grid = row // GRID_SIDE * (COLUMNS // GRID_SIDE) + column // GRID_SIDE
    half = STEP // 2
    around = [half, 0, half, 0, 0, half, 0, half, -half, 0, -half, 0, 0, -half, 0, -half]
    corners = zip((1_205_000_000 + column * STEP).tolist(), (298_000_000 + row * STEP).tolist(), strict=True)
    households = 3 + number % 2
    blocks = {
        "revision": revision,
        "scale": SCALE,
        "id": number.tolist(),
        "households": households.tolist(),
        "village": (grid // 10).tolist(),
        "villages": [f"330699001{i:03d}" for i in range(20)],
        "polygons": [[[[x, y, *around]]] for x, y in corners],
    }
    sums = np.bincount(grid, households)
    grids = [
        {
            "number": i,
            "code": f"330699001{i // 10:03d}{i % 10:03d}",
            "name": f"第{i}网格",
            "parent_code": f"330699001{i // 10:03d}",
            "dedicated": False,
            "locked": False,
            "blocks": 100,
            "households": float(total),
            "deviation": total / 350 - 1,
            "area_m2": 1.6e5,
            "perimeter_m": 1600.0,
            "polsby_popper": 0.785,
            "villages": 1,
            "pieces": 1,
            "holes": 0,
            "contiguous": True,
            "in_band": True,
        }
        for i, total in enumerate(sums)
    ]
    status = {
        "revision": revision,
        "state": "DRAFT",
        "name": "20,000",
        "scope_code": world.TOWN,
        "target": 350.0,
        "tolerance": 0.1,
        "low": 315.0,
        "high": 385.0,
        "can_undo": None,
        "can_redo": None,
        "grids": grids,
    }
    return {"blocks": blocks, "state": status, "assignment": {"revision": revision, "grid": grid.tolist()}}


def put_town(page: Any) -> None:
    """Let plan 1 of a page be that of such a town."""
    empty = {"other": None, "households": 0, "addresses": 0, "cameras": 0, "open_reports": 0, "rows": [],
        "places": {"type": "FeatureCollection", "features": []}}  # fmt: skip
    edited = {"revision": 2, "edit": None, "blocks": [], "grid": [], "grids": [], "gone": [], "broken": [],
        "moved_households": 0, "can_undo": "give", "can_redo": None}  # fmt: skip
    for name, body in {**town(1), "compare": empty, "edits": edited}.items():
        page.route(f"**/api/plans/1/{name}", _answer(body))


def main() -> None:
    """Print the frames of opening, brushing, panning and zooming."""
    with tempfile.TemporaryDirectory(prefix="fengqiao-frames-") as folder:
        url = f"sqlite:///{Path(folder) / 'town.sqlite'}"
        engine = connect(url)
        upgrade_schema(engine)
        with sessions(engine).begin() as session:
            world.add_world(session)
            options = DrawOptions(effort="fast")
            draw_plan(
                session,
                OPERATOR,
                scope_code=world.TOWN,
                name="x",
                options=options,
                as_of=date(2026, 6, 1),
                now=world.NOW,
            )
            made = datetime(2026, 1, 1, tzinfo=UTC)
            session.add(
                User(
                    name="planner",
                    password_hash=hash_password(PASSWORD),
                    roles=[Role.PLANNER],
                    scope_code="",
                    created_at=made,
                )
            )
        engine.dispose()
        with serving(url, world.NOW) as home, sync_playwright() as play:
            _measure(play, home, folder)


def _measure(play: Any, home: str, folder: str) -> None:
    browser = play.chromium.launch_persistent_context(
        f"{folder}/profile",
        executable_path=shutil.which("chromium"),
        args=ARGUMENTS,
        viewport={"width": 1920, "height": 1080},
    )
    account = {"name": "planner", "password": PASSWORD}
    assert browser.request.post(f"{home}/api/session", data=account, headers={"Origin": home}).ok
    page = browser.new_page()
    put_town(page)
    page.add_init_script(RECORD)
    tracer = browser.new_cdp_session(page)
    with _told(page, tracer, "open"):
        page.goto(f"{home}/plan?plan=1")
        page.wait_for_selector("html[data-plan]")
        page.wait_for_timeout(1500)
    box = page.locator("#map").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.keyboard.press("2")
    for _ in range(3):
        page.keyboard.press("]")
    page.mouse.move(x - 300, y)
    with _told(page, tracer, "brush"):
        page.mouse.down()
        page.mouse.move(x + 300, y + 150, steps=60)
        page.mouse.up()
    page.keyboard.press("1")
    with _told(page, tracer, "hover"):
        page.mouse.move(x, y, steps=60)
    with _told(page, tracer, "pan"):
        page.mouse.down()
        page.mouse.move(x + 350, y + 150, steps=60)
        page.mouse.up()
        page.wait_for_timeout(600)
    for what, way in (("zoom in", -240), ("zoom out", 240)):
        with _told(page, tracer, what):
            for _ in range(6):
                page.mouse.wheel(0, way)
                page.wait_for_timeout(300)
    browser.close()


def _answer(body: dict[str, Any]) -> Callable[[Any], None]:
    text = json.dumps(body)
    return lambda route: route.fulfill(content_type="application/json", body=text)


@contextmanager
def _told(page: Any, tracer: Any, what: str) -> Iterator[None]:
    """Print the frames of what is done inside, and the CPU times of its longest tasks."""
    events: list[dict[str, Any]] = []
    ended: list[object] = []
    hear = {
        "Tracing.dataCollected": lambda part: events.extend(part["value"]),
        "Tracing.tracingComplete": lambda _: ended.append(True),
    }
    for name, take in hear.items():
        tracer.on(name, take)
    tracer.send("Tracing.start", {"traceConfig": {"includedCategories": ["toplevel", "__metadata"]}})
    page.evaluate("void (window.frames_ = [])")
    yield
    found = sorted(page.evaluate("window.frames_.splice(0)"))
    tracer.send("Tracing.end")
    while not ended:
        page.wait_for_timeout(20)
    for name, take in hear.items():
        tracer.remove_listener(name, take)
    middle, most, longest = (found[min(len(found) - 1, int(len(found) * part))] for part in (0.5, 0.95, 1.0))
    times = f"median {middle:5.1f} ms, 95 % {most:5.1f} ms, longest {longest:5.1f} ms"
    print(f"{what:9s} {len(found):4d} frames, {times}; CPU of the longest tasks: {_longest(events)}", flush=True)


def _longest(events: list[dict[str, Any]]) -> str:
    names = {(e["pid"], e["tid"]): e["args"]["name"] for e in events if e["name"] == "thread_name"}
    tasks: dict[str, list[float]] = defaultdict(list)
    for event in events:
        if event["name"].endswith("RunTask") and event.get("ph") == "X":
            tasks[names.get((event["pid"], event["tid"]), "")].append(event.get("tdur", 0) / 1000)
    threads = {"page": "CrRendererMain", "picture": "VizCompositorThread"}
    return ", ".join(f"{what} {max(tasks[name], default=0):.0f} ms" for what, name in threads.items())


if __name__ == "__main__":
    main()
