"""Measure the intake of reports over HTTP on real servers: python bench/intake.py [--seconds 10] [--only spatialite].

As root on a machine with other work: nice -n -15 python bench/intake.py; servers, database and client inherit it.

For each database its servers (one process on SpatiaLite, two on PostGIS, whose PostgreSQL is the bench's own with fsync
on) and one client process on the same machine. Three runs, each with reports that were not sent before:

  sustained   96 connections send as fast as they are answered
  steady      a fixed rate below that, each report timed from the moment it is due to its answer: from acceptance to
              stored with its grid
  burst       ten times the steady rate for some seconds over 500 connections; afterwards every report is counted

A run that does not end in time is broken off, and what was not acknowledged by then counts as not taken. Every
acknowledged report is stored with fsync: SQLite in WAL mode with synchronous=FULL, PostgreSQL with its defaults.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
import sqlalchemy as sa

from layers.engine import connect, sessions, upgrade_schema
from layers.tables import Report, ReportEvent
from tests.postgres import cluster
from tests.senders import add_town, reports, send_all, send_at_rate, server


@contextmanager
def database(name: str) -> Iterator[str]:
    """URL of an empty database."""
    if name == "spatialite":
        with tempfile.TemporaryDirectory(prefix="fengqiao-bench-") as folder:
            yield f"sqlite:///{Path(folder) / 'bench.sqlite'}"
    else:
        with cluster() as url:
            yield url


LONGEST_S = 90.0
"""When a run is broken off."""


def shown(name: str, run: str, sent: int, status: dict[str, int], seconds: np.ndarray, wall: float, cpu: float) -> None:
    """One row of the table."""
    p50, p95, p99 = (1000 * np.quantile(seconds, q) if len(seconds) else np.nan for q in (0.5, 0.95, 0.99))
    taken = sum(code == 201 for code in status.values())
    print(
        f"| {name} | {run} | {sent:,} | {taken / wall:,.0f} | {p50:.0f} | {p95:.0f} | {p99:.0f} |"
        f" {sent - taken} | {1000 * cpu / max(taken, 1):.2f} |",
        flush=True,
    )


def used(servers: Sequence[tuple[subprocess.Popen[bytes], int]]) -> float:
    """CPU seconds that the server processes have used."""
    ticks = 0
    for process, _ in servers:
        fields = Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def count(url: str) -> tuple[int, int]:
    """Reports with a grid, and first steps."""
    engine = connect(url)
    with sessions(engine)() as session:
        placed = session.scalar(sa.select(sa.func.count()).where(Report.grid_code.is_not(None)))
        steps = session.scalar(sa.select(sa.func.count()).where(ReportEvent.sequence == 1))
    engine.dispose()
    return int(placed or 0), int(steps or 0)


def measure(name: str, url: str, seconds: float, rate: float, processes: int) -> None:
    """The three runs on one database."""
    engine = connect(url)
    upgrade_schema(engine)
    engine.dispose()
    token = add_town(url)
    with ExitStack() as stack:
        servers = [stack.enter_context(server(url)) for _ in range(processes)]
        ports = [port for _, port in servers]
        asyncio.run(send_all(ports, token, reports(300, prefix="warm", seed=9), connections=8))
        total = 300
        runs = (
            ("sustained", int(2 * rate * seconds), None, 96),
            ("steady", int(rate * seconds), rate, 64),
            ("burst", int(10 * rate * min(seconds, 3.0)), 10 * rate, 500),
        )
        for number, (run, amount, pace, connections) in enumerate(runs):
            made = reports(amount, prefix=run, seed=number)
            start, before = time.perf_counter(), used(servers)
            if pace is None:
                sending = send_all(ports, token, made, connections=connections, seconds_at_most=LONGEST_S)
            else:
                sending = send_at_rate(
                    ports, token, made, rate=pace, connections=connections, seconds_at_most=LONGEST_S
                )
            status, took = asyncio.run(sending)
            label = run if pace is None else f"{run}, {pace:,.0f}/s"
            wall = time.perf_counter() - start
            shown(name, label, amount, status, took, wall, used(servers) - before)
            total += sum(code == 201 for code in status.values())
        for process, _ in servers:
            process.terminate()
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                print("a server did not end in 60 s and is killed", flush=True)
    placed, steps = count(url)
    print(f"\n{name}: {total:,} acknowledged, {placed:,} stored with their grid, {steps:,} first steps\n", flush=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--only", choices=("spatialite", "postgis"))
    parser.add_argument("--rate", type=float, help="steady rate; by default 250/s on PostGIS and 100/s on SpatiaLite")
    options = parser.parse_args()
    print(f"{os.cpu_count()} cores, load {', '.join(f'{load:.1f}' for load in os.getloadavg())}, nice {os.nice(0)}\n")
    print("| database | run | reports | reports/s | p50 ms | p95 ms | p99 ms | not taken | server CPU ms/report |")
    print("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |", flush=True)
    for name, rate, processes in (("spatialite", 100.0, 1), ("postgis", 250.0, 2)):
        if options.only in {None, name}:
            with database(name) as url:
                measure(name, url, options.seconds, options.rate or rate, processes)
    print(f"load at the end {', '.join(f'{load:.1f}' for load in os.getloadavg())}")


if __name__ == "__main__":
    main()
