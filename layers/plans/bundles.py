"""A plan as one file to send: a ZIP archive with its blocks in one of the formats, and what else makes the plan."""

from __future__ import annotations

import io
import zipfile
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy.orm import Session

from layers.access import Principal
from layers.errors import InvalidInputError, UnreadableFileError
from layers.plans.exchange import FORMATS, export_plan, import_plan
from layers.tables import Plan

MOST_BYTES = 1_000_000_000
PARTS = (*FORMATS, ".json", ".shx", ".dbf", ".prj", ".cpg")


def pack_plan(session: Session, plan: Plan, kind: str) -> bytes:
    """The archive of a plan; `kind` is geojson, gpkg, shp, parquet or csv.

    Raises
    ------
    InvalidInputError : another kind, or the plan was not drawn from blocks
    """
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"plan-{plan.id}.{kind}"
        export_plan(session, plan, path)
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
            for part in sorted(Path(folder).iterdir()):
                archive.write(part, part.name)
    return buffer.getvalue()


def unpack_plan(
    session: Session,
    principal: Principal,
    content: bytes,
    *,
    file_name: str,
    now: datetime,
    name: str | None = None,
    scope_code: str | None = None,
) -> Plan:
    """A draft made of an archive of `pack_plan`, or of one file of `export_plan`; `file_name` tells by its suffix.

    Raises
    ------
    UnreadableFileError : the archive is damaged, too large, or holds no plan; others as for `import_plan`
    """
    suffix = Path(file_name).suffix.lower()
    with TemporaryDirectory() as folder:
        if suffix == ".zip":
            path = _extracted(content, Path(folder), file_name)
        elif suffix in FORMATS and suffix != ".shp":
            path = Path(folder) / f"plan{suffix}"
            path.write_bytes(content)
        else:
            raise InvalidInputError(f"Send a .zip, or a file that ends with {', '.join(FORMATS)} (Shapefiles as .zip).")
        return import_plan(session, principal, path, now=now, name=name, scope_code=scope_code)


def _extracted(content: bytes, folder: Path, file_name: str) -> Path:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = [part for part in archive.infolist() if Path(part.filename).suffix.lower() in PARTS]
            if sum(part.file_size for part in parts) > MOST_BYTES:
                raise UnreadableFileError(f"{file_name} holds more than {MOST_BYTES:,} bytes.")
            for part in parts:  # only the last part of a name counts, so that nothing lands outside the folder
                (folder / Path(part.filename).name).write_bytes(archive.read(part))
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
        raise UnreadableFileError(f"{file_name} is damaged or locked; export the plan again.") from error
    found = [path for path in sorted(folder.iterdir()) if path.suffix.lower() in FORMATS]
    if len(found) != 1:
        raise UnreadableFileError(f"{file_name} holds {len(found)} files with blocks, not one.")
    return found[0]
