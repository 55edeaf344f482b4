"""An index in a file that a server maps into memory instead of building it.

Layout: MAGIC, the length of a JSON header and the header's checksum (8 bytes each), the header, then the arrays, each
from a page border on. Arrays that can grow keep their free room, as a hole that takes no disk.
"""

from __future__ import annotations

import json
import mmap
import os
import tempfile
import zlib
from dataclasses import fields
from os import PathLike
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from geo.assign.arena import Arena
from geo.assign.leaves import Order
from geo.assign.raster import Raster, in_threads
from geo.assign.rings import Rings
from geo.errors import GeoError, IndexFileError

MAGIC = b"FQGRIDIX"
VERSION = 1
PAGE = 4096
PREFIX = 24


def save(path: str | PathLike[str], raster: Raster, extra: dict[str, NDArray[Any]], edition: str, kind: str) -> None:
    """Write the raster and the extra arrays; an existing file is replaced in one step."""
    arrays: dict[str, tuple[NDArray[Any], int]] = {
        name: (plain(name, array), len(array)) for name, array in _arrays(raster, extra).items()
    }
    for name, arena in (("sub", raster.sub), ("blob", raster.blob), ("coords", raster.coords)):
        arrays[name] = arena.data, arena.used
    table, offset = {}, 0
    for name, (array, used) in arrays.items():
        table[name] = {
            "dtype": array.dtype.str,
            "shape": array.shape,
            "used": used,
            "offset": offset,
            "crc": zlib.crc32(_bytes(array[:used])),
        }
        offset += -(-array.nbytes // PAGE) * PAGE
    header = json.dumps({
        "version": VERSION, "kind": kind, "edition": edition, "frame": [value.hex() for value in raster.frame],
        "coarser": raster.coarser, "bytes": offset, "arrays": table,
    }).encode()  # fmt: skip
    body = -(-(PREFIX + len(header)) // PAGE) * PAGE
    target = Path(path)
    with tempfile.NamedTemporaryFile(dir=target.parent, prefix=target.name, delete=False) as file:
        try:
            file.write(MAGIC + len(header).to_bytes(8, "little") + zlib.crc32(header).to_bytes(8, "little") + header)
            for name, (array, used) in arrays.items():
                file.seek(body + int(table[name]["offset"]))  # type: ignore[call-overload]
                file.write(_bytes(array[:used]))
            file.truncate(body + offset)
            file.flush()
            os.fsync(file.fileno())
            Path(file.name).replace(target)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise


def load(
    path: str | PathLike[str], edition: str | None, kind: str, *, verify: bool
) -> tuple[Raster, dict[str, NDArray[Any]]]:
    """The raster and the extra arrays of a file, in private pages of its mapping."""
    with Path(path).open("rb") as file:
        header, body = _header(file.read(PREFIX), file, path)
        size = os.fstat(file.fileno()).st_size
        if size != body + header["bytes"]:
            raise IndexFileError(path, f"has {size} bytes instead of {body + header['bytes']}")
        if header["kind"] != kind:
            raise IndexFileError(path, f"holds a {header['kind']}, not a {kind}")
        if edition is not None and header["edition"] != edition:
            raise IndexFileError(path, f"is of edition {header['edition']!r}, not {edition!r}")
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
    arrays = {name: _array(mapped, body, entry) for name, entry in header["arrays"].items()}
    if verify:
        jobs = [(path, name, arrays[name], entry) for name, entry in header["arrays"].items()]
        in_threads(_verify, jobs)
    arenas = {name: Arena(arrays.pop(name), header["arrays"][name]["used"]) for name in ("sub", "blob", "coords")}
    raster = Raster(
        frame=tuple(float.fromhex(value) for value in header["frame"]),  # type: ignore[arg-type]
        codes=arrays.pop("codes"),
        rings=Rings(*(arrays.pop(f"rings.{field.name}") for field in fields(Rings))),
        order=Order(*(arrays.pop(f"order.{name}") for name in Order._fields)),
        suspect=arrays.pop("suspect"),
        coarser=header["coarser"],
        **arenas,
    )
    return raster, arrays


def _arrays(raster: Raster, extra: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    rings = {f"rings.{field.name}": getattr(raster.rings, field.name) for field in fields(Rings)}
    order = {f"order.{name}": array for name, array in zip(Order._fields, raster.order, strict=True)}
    return {"codes": raster.codes, "suspect": raster.suspect, **rings, **order, **extra}


def plain(name: str, array: NDArray[Any]) -> NDArray[Any]:
    """The array itself, or as fixed-width text if it holds text objects; other objects have no place in a file."""
    if not array.dtype.hasobject:
        return array
    if all(isinstance(value, str) for value in array):
        return array.astype(str)
    raise GeoError(f"{name} holds other things than numbers or text; only these can be saved.")


def _header(prefix: bytes, file: BinaryIO, path: str | PathLike[str]) -> tuple[dict[str, Any], int]:
    """The header and where the arrays start."""
    if len(prefix) < PREFIX or prefix[:8] != MAGIC:
        raise IndexFileError(path, "is not a grid index")
    length = int.from_bytes(prefix[8:16], "little")
    text = file.read(min(length, 1 << 24))
    if len(text) != length or zlib.crc32(text) != int.from_bytes(prefix[16:24], "little"):
        raise IndexFileError(path, "has a damaged header")
    header: dict[str, Any] = json.loads(text)
    if header["version"] != VERSION:
        raise IndexFileError(path, f"has version {header['version']} where {VERSION} is read")
    return header, -(-(PREFIX + length) // PAGE) * PAGE


def _array(mapped: mmap.mmap, body: int, entry: dict[str, Any]) -> NDArray[Any]:
    count = int(np.prod(entry["shape"]))
    if count == 0:
        return np.empty(entry["shape"], entry["dtype"])
    return np.frombuffer(mapped, entry["dtype"], count, body + entry["offset"]).reshape(entry["shape"])


def _bytes(array: NDArray[Any]) -> memoryview:
    return np.ascontiguousarray(array).reshape(-1).view(np.uint8).data


def _verify(path: str | PathLike[str], name: str, array: NDArray[Any], entry: dict[str, Any]) -> None:
    if zlib.crc32(_bytes(array[: entry["used"]])) != entry["crc"]:
        raise IndexFileError(path, f"is damaged in {name}")
