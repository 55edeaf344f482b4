"""A watched folder: what is put into it is loaded once and moved to done/ or, with its reason, to failed/."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import file_digest
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import Session, sessionmaker

from layers.engine import begin_writing
from layers.errors import LayersError
from layers.ingest import load_file
from layers.tables import IntakeFile

DONE, FAILED = "done", "failed"
SUFFIXES = frozenset({".csv", ".tsv", ".xlsx", ".geojson", ".gpkg", ".parquet"})


@dataclass(frozen=True)
class TakenFile:
    """What became of a file; `reason` says why it failed."""

    name: str
    moved_to: Path
    inserted: int = 0
    rejected: int = 0
    loaded_before: bool = False
    reason: str | None = None


def waiting_files(folder: Path, *, now: datetime, settle_s: float) -> list[Path]:
    """The files to load, by name: of a format that is known, not hidden, and not written to for `settle_s` seconds."""
    found = [path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES and not path.name.startswith(".")]
    return sorted(path for path in found if path.is_file() and now.timestamp() - path.stat().st_mtime >= settle_s)


def take_file(
    factory: sessionmaker[Session],
    path: Path,
    layer: str,
    *,
    now: datetime,
    crs: str | None = None,
    columns: Mapping[str, str | None] | None = None,
) -> TakenFile:
    """Load a file in one transaction that also notes its content, then move it away.

    If the process dies between the two, the next run knows the content again and only moves the file. A file that
    cannot be loaded goes to failed/ beside a text with the reason; put back, it is tried again. Refused rows are listed
    in done/.
    """
    done = path.parent / DONE
    done.mkdir(exist_ok=True)
    with path.open("rb") as stream:
        sha256 = file_digest(stream, "sha256").hexdigest()
    try:
        with factory.begin() as session:
            begin_writing(session)
            known = session.scalar(sa.select(IntakeFile.id).where(IntakeFile.sha256 == sha256))
            if known is not None:
                return TakenFile(path.name, _move(path, done), loaded_before=True)
            result = load_file(session, layer, path, crs=crs, columns=columns, now=now, reject_folder=done)
            counts = {"inserted": result.inserted, "updated": result.updated, "rejected": len(result.rejected)}
            note = IntakeFile(sha256=sha256, file_name=path.name[:300], layer=layer, loaded_at=now, counts=counts)
            session.add(note)
    except LayersError as error:
        failed = path.parent / FAILED
        failed.mkdir(exist_ok=True)
        moved = _move(path, failed)
        moved.with_name(f"{moved.name}.reason.txt").write_text(f"{error}\n", encoding="utf-8")
        return TakenFile(path.name, moved, reason=str(error))
    return TakenFile(path.name, _move(path, done), inserted=result.inserted, rejected=len(result.rejected))


def _move(path: Path, folder: Path) -> Path:
    """Move within the file system, which is atomic; a file of that name that is there already stays."""
    target, number = folder / path.name, 1
    while target.exists():
        number += 1
        target = folder / f"{path.stem}-{number}{path.suffix}"
    path.rename(target)
    return target
