"""One file into one layer, as part of the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy.orm import Session

from layers.access import EVERYWHERE, Scope
from layers.calendar import CHINA, WorkCalendar
from layers.errors import InvalidInputError
from layers.ingest.bulk import bulk_insert
from layers.ingest.editions import check_day
from layers.ingest.fields import LAYERS
from layers.ingest.loading import Loading, Progress
from layers.ingest.read import open_source
from layers.ingest.rejects import RejectFile
from layers.ingest.result import LoadResult, Notes
from layers.ingest.rows import Reading
from layers.ingest.rules import Rules
from layers.ingest.settle import settle_reports


def load_file(  # noqa: PLR0913 - each is an option of the command line
    session: Session,
    layer: str,
    path: str | Path,
    *,
    crs: object = None,
    encoding: str | None = None,
    columns: Mapping[str, str | None] | None = None,
    level: str | None = None,
    parent_code: str | None = None,
    valid_from: date | str | None = None,
    now: datetime,
    loaded_by: str = "operator",
    scope: Scope = EVERYWHERE,
    sheet_or_layer: str | None = None,
    keep_geometry: bool = False,
    tz: str = "Asia/Shanghai",
    calendar: WorkCalendar = CHINA,
    reject_folder: Path | None = None,
    progress: Progress | None = None,
) -> LoadResult:
    """Load a file, and say what became of every row.

    Rows are known again by their key: equal ones are left alone, changed ones updated, so that loading a file twice
    changes nothing. All happens in the caller's transaction, which is rolled back whatever is raised, so that nothing
    of the file stays. Refused rows are put, with line, reason and their columns, into `<input>.rejected.csv` beside it.

    Parameters
    ----------
    layer : boundaries, blocks, households, addresses, places, buildings, roads, water, cameras or reports
    path : GeoJSON, GeoPackage, Shapefile (also zipped), GeoParquet, CSV, TSV, Excel or OSM extract
    crs : anything that `geo.crs.parse_crs` takes; wins over what the file states, and is needed where it states nothing
    encoding : of text files and Shapefiles; None lets the file tell
    columns : field -> header, "HEADER / 2.2" for a count to be divided, "=VALUE" for all rows, None for an unused field
    level, parent_code : of boundaries that do not say it themselves
    valid_from : day from which changed boundaries are in force as a new edition; without it they are corrected in place
    now : the moment of the load, with time zone
    sheet_or_layer : what to read of a file that holds several tables
    keep_geometry : leave the place of rows that are already loaded as it is
    reject_folder : where the file of refused rows goes instead of beside the input
    tz : time zone of times written without an offset
    calendar : the office hours in which the deadlines of reports run
    progress : called with the rows done and their total, 0 where that is unknown

    Raises
    ------
    UnreadableFileError : missing, empty, damaged, of no known format
    MissingCrsError : the file states no CRS and none is named
    InvalidInputError : an option or the file as a whole makes no sense for the layer
    ForbiddenError : the layer cannot be loaded with this scope
    MissingDataError : blocks that name no village, and no village is loaded
    """
    spec = LAYERS.get(layer)
    if spec is None:
        raise InvalidInputError(f"There is no layer {str(layer)[:40]!r}; known are {', '.join(LAYERS)}.")
    if now.tzinfo is None:
        raise InvalidInputError("now needs a time zone.")
    rules = Rules(level, parent_code, check_day(valid_from), now, loaded_by, scope, keep_geometry, calendar)
    with ExitStack() as stack:
        notes = Notes()
        source = open_source(Path(path), stack, layer=layer, encoding=encoding, named=sheet_or_layer)
        notes.warnings += source.notes
        reading = Reading.of(source, spec, columns, _zone(tz), notes)
        rejects = RejectFile(source.folder, reading.headers)
        with _all_or_nothing(session):
            loading = Loading(session, source, reading, rules, rejects, notes, crs)
            with bulk_insert(session, spec.model.__tablename__):
                loading.run(progress)
            if layer == "reports":  # after the spatial index is filled, since a text may give a row its point
                settle_reports(session, loading.load.id, loading.store.updated_ids, rules)
            load_id = loading.finish(source.file)
        session.expire_all()
        reject_file = rejects.settle(_reject_path(Path(path), reject_folder))
    return LoadResult(
        load_id=load_id,
        layer=layer,
        file_name=Path(path).name,
        crs=loading.crs_name,
        read=notes.read,
        inserted=notes.inserted,
        updated=notes.updated,
        unchanged=notes.unchanged,
        rejected=sorted(notes.rejected, key=lambda reject: reject.line),
        repaired=sorted(notes.repaired, key=lambda repair: repair.line),
        warnings=notes.warnings,
        dropped_columns=reading.dropped,
        reject_file=reject_file,
        bounds=loading.bounds,
    )


@contextmanager
def _all_or_nothing(session: Session) -> Iterator[None]:
    """Roll the whole transaction back when anything is raised.

    A savepoint would leave the caller's earlier work alone, but below one SQLite keeps what pages were before in a list
    in memory, and walks through all of it after every row.
    """
    try:
        yield
    except BaseException:
        session.rollback()
        raise


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InvalidInputError(f"There is no time zone {name[:40]!r}; write it like Asia/Shanghai.") from error


def _reject_path(path: Path, folder: Path | None) -> Path:
    path = path.absolute()
    return (folder or path.parent) / f"{path.name}.rejected.csv"
