"""ZIP files: only what a map needs comes out, and never more than a map would be."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path

from layers.errors import UnreadableFileError
from layers.ingest.source import pick

MOST_MEMBERS = 2_000
MOST_UNPACKED = 4_000_000_000
GREATEST_RATIO = 200
UNSUSPICIOUS = 50_000_000
MAIN_SUFFIXES = (
    ".shp",
    ".gpkg",
    ".geojson",
    ".json",
    ".geojsonl",
    ".parquet",
    ".geoparquet",
    ".csv",
    ".tsv",
    ".xlsx",
    ".pbf",
)
_KEPT = (*MAIN_SUFFIXES, ".shx", ".dbf", ".prj", ".cpg")


def check_archive(path: Path) -> list[zipfile.ZipInfo]:
    """The members of a ZIP file, after a look at what it would unpack to.

    Raises
    ------
    UnreadableFileError : damaged, encrypted, or it would unpack to far more than a map
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = [info for info in archive.infolist() if not info.is_dir()]
    except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError) as error:
        raise UnreadableFileError(f"{path.name} is damaged or cut off; copy or pack it again.") from error
    size = sum(info.file_size for info in members)
    packed = max(sum(info.compress_size for info in members), 1)
    if len(members) > MOST_MEMBERS or size > MOST_UNPACKED or (size > UNSUSPICIOUS and size / packed > GREATEST_RATIO):
        raise UnreadableFileError(
            f"{path.name} would unpack to {size:,} bytes in {len(members)} files, far more than a map has."
        )
    if any(info.flag_bits & 1 for info in members):
        raise UnreadableFileError(f"{path.name} is locked with a password; unpack it first.")
    return members


def unpack(path: Path, folder: Path, *, layer: str, named: str | None) -> Path:
    """Unpack one data set with its parts into `folder`, and name its main file.

    Raises
    ------
    UnreadableFileError : see `check_archive`; or it holds no data set, or several and none is named
    """
    members = {_base(info): info for info in check_archive(path) if not _is_shadow(info)}
    mains = sorted(name for name in members if name.lower().endswith(MAIN_SUFFIXES))
    stems = {Path(name).stem: name for name in mains}
    if not mains:
        orphan = next((name for name in members if name.lower().endswith((".dbf", ".shx"))), None)
        if orphan:
            raise UnreadableFileError(f"{path.name} holds {orphan} but no .shp; pack all parts of the Shapefile.")
        raise UnreadableFileError(
            f"{path.name} holds no file of a known format; it should hold one of {', '.join(MAIN_SUFFIXES)}."
        )
    wanted = Path(named).stem if named is not None and len(stems) > 1 else None
    main = stems[pick(path.name, "file", list(stems), wanted, layer)]
    try:
        with zipfile.ZipFile(path) as archive:
            for name, info in members.items():
                if Path(name).stem == Path(main).stem and name.lower().endswith(_KEPT):
                    _copy(archive, info, folder / name)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, OSError, ValueError) as error:
        raise UnreadableFileError(f"{path.name} is damaged or cut off; copy or pack it again.") from error
    return folder / main


def _base(info: zipfile.ZipInfo) -> str:
    """The bare name, so that a member can never be written outside the folder."""
    return info.filename.replace("\\", "/").rsplit("/", 1)[-1]


def _is_shadow(info: zipfile.ZipInfo) -> bool:
    return "__MACOSX" in info.filename or _base(info).startswith(".")


def _copy(archive: zipfile.ZipFile, info: zipfile.ZipInfo, target: Path) -> None:
    with archive.open(info) as packed, target.open("wb") as out:
        while block := packed.read(1 << 20):
            out.write(block)
