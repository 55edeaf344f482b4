"""The way of a file's rows into a layer: read, placed, checked, stored, counted; refused ones noted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from sqlalchemy.orm import Session

from geo.crs import SourceCrs
from layers.access import EVERYWHERE
from layers.basemap import scope_bounds
from layers.geometry import Bounds
from layers.ingest.arrays import Array, is_none, objects
from layers.ingest.batch import Batch, join
from layers.ingest.boundaries import check_boundaries, prepare_boundaries
from layers.ingest.editions import write_boundaries
from layers.ingest.fields import Layer
from layers.ingest.gate import Gate
from layers.ingest.keys import Keys, digests
from layers.ingest.origin import checksum, shift_against_boundaries
from layers.ingest.place import Placing, place, source_crs
from layers.ingest.prepare import PREPARE
from layers.ingest.rejects import RejectFile
from layers.ingest.reports import add_events
from layers.ingest.result import Notes, Reject
from layers.ingest.rows import Reading, originals
from layers.ingest.rules import Rules
from layers.ingest.settle import home_reports
from layers.ingest.source import Chunk, Source
from layers.ingest.store import Store, Stored
from layers.ingest.territory import Territory
from layers.intake.ground import Ground
from layers.tables import Audit, Load

Progress = Callable[[int, int], None]

_SAMPLE = 2_000


class Loading:
    """One run: the state that its chunks share."""

    def __init__(
        self,
        session: Session,
        source: Source,
        reading: Reading,
        rules: Rules,
        rejects: RejectFile,
        notes: Notes,
        crs: object,
    ) -> None:
        self.session, self.source, self.reading, self.rules = session, source, reading, rules
        self.rejects, self.notes, self.named_crs = rejects, notes, crs
        self.layer: Layer = reading.layer
        self.keys = Keys()
        self.ground = Ground()
        self.crs: SourceCrs | None = None
        self.bounds: Bounds | None = None
        self.sample: list[Array] = []
        self.around = scope_bounds(session, EVERYWHERE)
        self.gate = Gate(session, self.layer, rules.scope)
        self.load = Load(layer=self.layer.name, file_name="", sha256="", crs="", loaded_at=rules.now, counts={})
        session.add(self.load)
        session.flush()
        self.store = Store(session, self.layer, self.load.id, rules)

    @property
    def crs_name(self) -> str:
        return "" if self.crs is None else str(self.crs)

    def run(self, progress: Progress | None) -> None:
        whole: list[Batch] = []
        for chunk in self.source.chunks():
            batch = self._placed(chunk)
            if self.layer.name == "boundaries":
                whole.append(batch)
            else:
                self._prepare(batch)
                self._write(batch)
            if progress:
                done = self.notes.read
                progress(done, max(done, self.source.total) if self.source.total else 0)
        if whole:
            self._write_boundaries(join(whole))
        else:
            self._warn_of_shift()
        if self.layer.name == "reports":
            add_events(self.session, self.load.id, self.store.updated_ids, self.rules)

    def _placed(self, chunk: Chunk) -> Batch:
        self.notes.read += len(chunk.lines) + len(chunk.faults)
        for fault in chunk.faults:
            self._note_reject(fault.line, fault.reason, None)
        self.rejects.add([(fault.line, fault.reason, self.reading.row_of(fault.original)) for fault in chunk.faults])
        batch, complaints = self.reading.batch(chunk, self.notes)
        if self.crs is None and not is_none(batch.geometry).all():
            self.crs = source_crs(self.named_crs, self.source.crs, batch.geometry, self.notes)
        if self.crs is not None:
            place(batch, Placing(self.layer, self.crs, self.around), complaints, self.notes)
        elif not self.layer.placeless:
            batch.reject(batch.good, "the row has no coordinates")
        return batch

    def _prepare(self, batch: Batch) -> None:
        self.gate.check(batch)
        prepare = PREPARE.get(self.layer.name)
        if prepare:
            prepare(self.session, batch, self.rules, self.notes)
        if self.layer.name == "reports":
            self.ground.refresh(self.session, self.rules.now.date())
            home_reports(self.session, batch, self.ground)

    def _identify(self, batch: Batch) -> tuple[Array, Array]:
        """(n,) keys and (n,) digests; rows whose key was used before are refused."""
        names = [field.name for field in self.layer.fields if field.name != self.layer.key]
        digest = digests(batch, names)
        keys = batch.get(self.layer.key)
        if self.layer.key not in self.reading.fields:
            self.notes.warn(
                f"The file has no column {self.layer.key}, so rows are known by their content: "
                "a row that changes will count as a new one."
            )
        keys = self.keys.complete(keys, digest, batch.good)
        first = self.keys.repeated(keys, batch.lines, batch.good)
        texts = objects(f"its {self.layer.key} is that of line {line}" for line in first)
        batch.reject(first > 0, texts)
        return keys, digest

    def _write(self, batch: Batch) -> None:
        keys, digest = self._identify(batch)
        good = batch.good
        stored = self.store.write(batch.take(good), keys[good], digest[good])
        if stored.foreign.any():
            rows = np.flatnonzero(good)[stored.foreign]
            taken = np.zeros(len(batch), dtype=bool)
            taken[rows] = True
            batch.reject(taken, f"its {self.layer.key} belongs to a row of another area")
        self._count(stored)
        self._note_accepted(batch)
        self._note_refused(batch)

    def _write_boundaries(self, batch: Batch) -> None:
        rules = self.rules
        prepare_boundaries(batch, rules.level, rules.parent_code, self.notes)
        keys, _ = self._identify(batch)
        territory = Territory.of(self.session, [code for code in keys if code is not None])
        if rules.keep_geometry:
            known = territory.frame.geometry.reindex(keys).to_numpy()
            batch.geometry = np.where(is_none(known), batch.geometry, known)
        check_boundaries(batch, territory, rules.scope, self.notes)
        good = batch.take(batch.good)
        self._note_accepted(good)
        self._warn_of_shift()
        if len(good):
            digest = digests(good, [field.name for field in self.layer.fields])
            today = rules.now.date()
            stored = write_boundaries(
                self.session, good, digest, territory, load_id=self.load.id, valid_from=rules.valid_from, today=today
            )
            self._count(stored)
        self._note_refused(batch)

    def _count(self, stored: Stored) -> None:
        self.notes.inserted += int(stored.inserted.sum())
        self.notes.updated += int(stored.updated.sum())
        self.notes.unchanged += int(stored.unchanged.sum())

    def _note_reject(self, line: int, reason: str, key: Any) -> None:
        self.notes.rejected.append(Reject(line, reason, None if key is None else str(key)))

    def _note_refused(self, batch: Batch) -> None:
        refused = ~batch.good
        if not refused.any():
            return
        lines, reasons = batch.lines[refused].tolist(), batch.reasons[refused].tolist()
        for line, reason, key in zip(lines, reasons, batch.get(self.layer.key)[refused], strict=True):
            self._note_reject(line, reason, key)
        rows = originals(batch, refused, self.reading.headers)
        self.rejects.add(list(zip(lines, reasons, rows, strict=True)))

    def _note_accepted(self, batch: Batch) -> None:
        shapes = batch.geometry[batch.good]
        shapes = shapes[~is_none(shapes)]
        if not len(shapes):
            return
        west, south, east, north = (float(v) for v in shapely.total_bounds(shapes))
        old = self.bounds or (west, south, east, north)
        self.bounds = (min(west, old[0]), min(south, old[1]), max(east, old[2]), max(north, old[3]))
        self.sample.append(shapes[:: max(1, len(shapes) // _SAMPLE)])

    def _warn_of_shift(self) -> None:
        """Tell when the file lies as a whole by the GCJ-02 or BD-09 vector beside the boundaries of other loads."""
        if self.around is None or not self.sample or self.bounds is None:
            return
        shapes = np.concatenate(self.sample)
        if self.layer.name not in {"boundaries", "blocks"}:
            # Houses and roads share no lines with boundaries; what can be asked is whether they lie inside.
            shapes = shapely.point_on_surface(shapes)
        told = shift_against_boundaries(self.session, shapes, self.bounds, self.load.id)
        if told:
            self.notes.warn(told)

    def finish(self, file: Path) -> int:
        """Complete the record of the load, and add it to the audit trail."""
        notes = self.notes
        counts = {
            "read": notes.read,
            "inserted": notes.inserted,
            "updated": notes.updated,
            "unchanged": notes.unchanged,
            "rejected": len(notes.rejected),
            "repaired": len(notes.repaired),
            "dropped_columns": self.reading.dropped,
        }
        self.load.file_name, self.load.sha256 = file.name[:300], checksum(file)
        self.load.crs, self.load.counts = self.crs_name[:80], counts
        detail = {"load_id": self.load.id, "file": self.load.file_name, "sha256": self.load.sha256, **counts}
        self.session.add(
            Audit(at=self.rules.now, by=self.rules.loaded_by, action="load", subject=self.layer.name, detail=detail)
        )
        self.session.flush()
        return self.load.id
