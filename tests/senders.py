"""A town in a database, a real server on it, and clients that send it reports over HTTP."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import shapely

from layers.access import OPERATOR, Role
from layers.engine import begin_writing, connect, sessions
from layers.geometry import to_sql
from layers.sign_in import KEY_PREFIX, digest
from layers.tables import ApiKey, Grid, GridLevel, ReportCategory, User
from layers.workflow.catalogue import load_catalogue
from layers.workflow.teams import add_team
from tests.postgres import free_port

ROOT = Path(__file__).parents[1]
TOWN, VILLAGES, CELLS = "330699101", 10, 11
WEST, SOUTH, SIDE = 120.0, 29.8, 0.005
WORDS = ("井盖", "路灯", "垃圾", "积水", "占道", "噪声", "漏水", "停车", "树枝", "护栏", "电线", "消防通道")
TROUBLES = (
    "缺失",
    "损坏",
    "堆放多日",
    "无人处理",
    "影响通行",
    "需要清理",
    "存在隐患",
    "夜间扰民",
    "已经倒伏",
    "反复出现",
)


def add_town(url: str) -> str:
    """Put a town of 110 grids with its offices and the catalogue into a database; gives the token of a key."""
    token, now = KEY_PREFIX + secrets.token_urlsafe(32), datetime.now(UTC)
    engine = connect(url)
    with sessions(engine).begin() as session:
        begin_writing(session)
        rows = [(TOWN, None, GridLevel.TOWN, 0, 0, CELLS, VILLAGES)]
        for y in range(VILLAGES):
            village = f"{TOWN}{y + 1:03d}"
            rows.append((village, TOWN, GridLevel.VILLAGE, 0, y, CELLS, 1))
            rows += [(f"{village}{x + 1:03d}", village, GridLevel.CELL, x, y, 1, 1) for x in range(CELLS)]
        for code, parent, level, x, y, width, height in rows:
            box = shapely.box(WEST + x * SIDE, SOUTH + y * SIDE, WEST + (x + width) * SIDE, SOUTH + (y + height) * SIDE)
            shape = to_sql([shapely.MultiPolygon([box])])[0]
            values = {"code": code, "parent_code": parent, "level": level, "name": code, "area_m2": 1.0}
            session.add(Grid(valid_from=date(2020, 1, 1), geom=shape, **values))
        load_catalogue(session, OPERATOR, now=now)
        for code, *_ in rows:
            add_team(session, OPERATOR, name=f"{code} 办公室", area_code=code, now=now)
        user = User(name="gate", password_hash="-", roles=[Role.INTAKE], scope_code=TOWN, created_at=now)
        session.add(user)
        session.flush()
        values = {"name": "stream", "user_id": user.id, "roles": [Role.INTAKE], "scope_code": TOWN}
        session.add(ApiKey(token_digest=digest(token), created_at=now, **values))
    engine.dispose()
    return token


def reports(number: int, *, prefix: str = "s", seed: int = 0) -> list[tuple[str, bytes]]:
    """(n,) keys and JSON bodies of reports in the town; of one in ten the point lies on the edge of a grid."""
    rng = np.random.default_rng(seed)
    lon = WEST + CELLS * SIDE * rng.random(number)
    lon = np.where(rng.random(number) < 0.1, WEST + SIDE * rng.integers(1, CELLS, number), lon)
    lat = SOUTH + VILLAGES * SIDE * rng.random(number)
    categories = [category.value for category in ReportCategory]
    made = []
    for n in range(number):
        text = f"{WORDS[rng.integers(len(WORDS))]}{TROUBLES[rng.integers(len(TROUBLES))]}，{rng.integers(1, 500)}号门前"
        body = {
            "category": categories[rng.integers(len(categories))],
            "source": "PUBLIC",
            "description": text,
            "lon": round(float(lon[n]), 7),
            "lat": round(float(lat[n]), 7),
        }
        made.append((f"{prefix}{n}", json.dumps(body, ensure_ascii=False).encode()))
    return made


@contextmanager
def server(url: str, *, port: int | None = None) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """A server process on a database, once it listens, and its port; killed afterwards if it still runs."""
    port = port or free_port()
    command = [
        sys.executable,
        "-c",
        "from api.cli import main; main()",
        "--database",
        url,
        "serve",
        "--port",
        str(port),
    ]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, env=os.environ | {"PYTHONPATH": str(ROOT)})
    try:
        wait_for(port, process)
        yield process, port
    finally:
        process.kill()
        process.wait(30)


def wait_for(port: int, process: subprocess.Popen[bytes], seconds: float = 60) -> None:
    """Return when somebody listens on the port."""
    import socket

    until = time.monotonic() + seconds
    while time.monotonic() < until and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError(f"the server does not listen on {port}; its state is {process.poll()}")


class Connection:
    """One connection that stays open; it sends a report and waits for the status."""

    def __init__(self, port: int, token: str) -> None:
        self.port = port
        self.head = (
            "POST /api/reports HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            f"Authorization: Bearer {token}\r\nIdempotency-Key: "
        ).encode()
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def send(self, key: str, body: bytes) -> int:
        """The status of the answer.

        Raises
        ------
        OSError, asyncio.IncompleteReadError : the server is gone; the report may be stored or not
        """
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self.port)
        reader, writer = self._streams
        writer.write(self.head + key.encode() + b"\r\nContent-Length: " + str(len(body)).encode() + b"\r\n\r\n" + body)
        head = await reader.readuntil(b"\r\n\r\n")
        place = head.lower().index(b"content-length: ") + 16
        await reader.readexactly(int(head[place : head.index(b"\r", place)]))
        return int(head[9:12])

    def close(self) -> None:
        """Hang up."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


async def send_all(
    ports: Sequence[int],
    token: str,
    made: list[tuple[str, bytes]],
    *,
    connections: int,
    seconds_at_most: float | None = None,
) -> tuple[dict[str, int], np.ndarray]:
    """Key -> status of what was answered, and (n,) seconds each answer took; ends when all are sent or nobody answers,
    at the latest after `seconds_at_most`.

    Connections take turns among the ports, behind which are server processes on one database.
    """
    waiting, status, seconds = iter(made), {}, []

    async def work(port: int) -> None:
        connection = Connection(port, token)
        try:
            for key, body in waiting:
                start = time.perf_counter()
                status[key] = await connection.send(key, body)
                seconds.append(time.perf_counter() - start)
        except (OSError, asyncio.IncompleteReadError):
            return
        finally:
            connection.close()

    with suppress(TimeoutError):
        async with asyncio.timeout(seconds_at_most):
            await asyncio.gather(*(work(ports[n % len(ports)]) for n in range(connections)))
    return status, np.array(seconds)


async def send_at_rate(
    ports: Sequence[int],
    token: str,
    made: list[tuple[str, bytes]],
    *,
    rate: float,
    connections: int,
    seconds_at_most: float | None = None,
) -> tuple[dict[str, int], np.ndarray]:
    """As `send_all`, but each report is due at its own time and its seconds count from then, whether or not a
    connection was free."""
    queue: asyncio.Queue[tuple[str, bytes, float] | None] = asyncio.Queue()
    status, seconds = {}, []

    async def work(port: int) -> None:
        connection = Connection(port, token)
        try:
            while (item := await queue.get()) is not None:
                key, body, due = item
                status[key] = await connection.send(key, body)
                seconds.append(time.perf_counter() - due)
        except (OSError, asyncio.IncompleteReadError):
            return
        finally:
            connection.close()

    async def feed() -> None:
        begin = time.perf_counter() + 0.05
        for place, (key, body) in enumerate(made):
            due = begin + place / rate
            wait = due - time.perf_counter()
            if wait > 0:
                await asyncio.sleep(wait)
            queue.put_nowait((key, body, due))
        for _ in range(connections):
            queue.put_nowait(None)

    with suppress(TimeoutError):
        async with asyncio.timeout(seconds_at_most):
            await asyncio.gather(feed(), *(work(ports[n % len(ports)]) for n in range(connections)))
    return status, np.array(seconds)
