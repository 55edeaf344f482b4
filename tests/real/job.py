"""The main job on one real town: load, assign, draw, check, coverage, map; and a record of what happened."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from layers.access import EVERYWHERE, OPERATOR
from layers.assignment import AssignmentCount, assign_all
from layers.checks import check_grids
from layers.engine import connect, sessions, upgrade_schema
from layers.grids import grid_frame
from layers.ingest import load_file
from layers.plans import DrawOptions, advance_plan, draw_plan, publish_plan
from layers.tables import GridLevel
from layers.video import SightCount, compute_sight
from maps.report import report_html

TODAY = date(2026, 6, 1)
NOW = datetime(2026, 6, 1, 4, tzinfo=UTC)


@dataclass
class Record:
    """What became of one town."""

    town: str
    loaded: dict[str, int] = field(default_factory=dict)
    repaired: int = 0
    refused: int = 0
    warnings: list[str] = field(default_factory=list)
    drawn: str = "–"
    assigned: str = "–"
    seen: str = "–"
    findings: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    peak_mb: dict[str, int] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)


class Job:
    """One town's database and record."""

    def __init__(self, town: str, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.record = Record(town)
        self.engine = connect(f"sqlite:///{folder / 'real.sqlite'}")
        upgrade_schema(self.engine)

    @contextmanager
    def step(self, name: str) -> Iterator[Session]:
        """One timed transaction."""
        start = time.perf_counter()
        with sessions(self.engine).begin() as session:
            yield session
        self.record.seconds[name] = self.record.seconds.get(name, 0) + time.perf_counter() - start

    @contextmanager
    def peak(self, name: str) -> Iterator[None]:
        """Note the most memory in megabytes that the process holds meanwhile; nothing where the system cannot tell."""
        reset, status = Path("/proc/self/clear_refs"), Path("/proc/self/status")
        known = reset.exists()
        if known:
            reset.write_text("5")  # begins the high-water mark anew
        yield
        if known:
            mark = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
            self.record.peak_mb[name] = int(mark.split()[1]) // 1024

    def load(self, layer: str, path: Path, **options: Any) -> Any:
        with self.step("load") as session:
            # Reject files lie beside the input, and the data folder is not ours to write into.
            result = load_file(session, layer, path, now=NOW, reject_folder=self.folder, **options)
        self.record.loaded[layer] = self.record.loaded.get(layer, 0) + result.inserted
        self.record.repaired += len(result.repaired)
        self.record.refused += len(result.rejected)
        self.record.warnings += result.warnings
        return result

    def assign(self) -> dict[str, AssignmentCount]:
        with self.step("assign") as session:
            counts = {count.table: count for count in assign_all(session, as_of=TODAY)}
        shown = [f"{c.in_village:,} of {c.rows:,} {name}" for name, c in counts.items() if c.rows]
        self.record.assigned = ", ".join(shown)
        return counts

    def draw(self, scope_code: str, **options: Any) -> Any:
        target = options.get("target", 300)
        with self.step("draw") as session:
            plan = draw_plan(
                session,
                OPERATOR,
                scope_code=scope_code,
                name="real",
                options=DrawOptions(**options),
                as_of=TODAY,
                now=NOW,
            )
            for step in ("submit", "approve"):
                advance_plan(session, OPERATOR, plan.id, step, now=NOW)
            publish_plan(session, OPERATOR, plan.id, valid_from=TODAY, now=NOW)
            grids = grid_frame(session, EVERYWHERE, level=GridLevel.CELL, as_of=TODAY)
        in_band = ((grids["households"] - target).abs() <= 0.1 * target).mean()
        self.record.drawn = f"{len(grids)} grids, {in_band:.0%} in ±10 %"
        return grids

    def check(self) -> Any:
        with self.step("check") as session:
            findings = check_grids(session, EVERYWHERE, as_of=TODAY)
        self.record.findings = findings["kind"].value_counts().to_dict()
        return findings

    def sight(self) -> SightCount:
        with self.step("coverage") as session:
            count = compute_sight(session, as_of=TODAY, now=NOW)
        self.record.seen = f"{count.cameras} cameras, {count.seen_m2 / max(count.settled_m2, 1):.0%} seen"
        return count

    def map(self) -> Path:
        with self.step("map") as session:
            html = report_html(session, EVERYWHERE, as_of=TODAY, now=NOW, title=self.record.town)
        path = self.folder / "report.html"
        path.write_text(html, encoding="utf-8")
        return path

    def close(self) -> Record:
        self.engine.dispose()
        return self.record
