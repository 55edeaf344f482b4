"""Plans in files: out with everything that makes them, and in again as the same plan."""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import geopandas as gpd
import pandas as pd
import pyogrio
import shapely
import sqlalchemy as sa
from sqlalchemy.orm import Session

from geo.crs import metric_crs
from layers.access import Permission, Principal
from layers.errors import InvalidInputError, UnreadableFileError
from layers.geometry import multi_polygons, select_frame, to_sql
from layers.plans.blocks import stored_ids
from layers.plans.converting import check_codes
from layers.plans.course import record
from layers.plans.options import DrawOptions
from layers.tables import SRID, Block, Grid, GridKind, GridLevel, Plan, PlanBlock, PlanState

FORMATS = (".geojson", ".gpkg", ".shp", ".parquet", ".csv")
COLUMNS = ("grid_id", "code", "name", "kind", "number", "locked", "village", "households", "block_key")
REQUIRED = {"code", "block_key"}


def plan_frame(session: Session, plan: Plan) -> gpd.GeoDataFrame:
    """One row for each block of a plan, in the order of their keys: everything that makes the plan.

    Columns: block_key, village, households, and of its grid code, grid_id, name, kind, locked (0 or 1), and number once
    the plan was edited; geometry in EPSG:4326.
    Grids are the unions of their blocks, so that nothing is lost when these come back.
    """
    blocks, grids = PlanBlock.__table__, Grid.__table__
    frame = select_frame(
        session, (Block.id, Block.block_key, Block.village_code, Block.households), Block.geom,
        Block.id.in_(sa.select(blocks.c.block_id).where(blocks.c.plan_id == plan.id)), order_by=Block.block_key,
    )  # fmt: skip
    if frame.empty:
        raise InvalidInputError(f"Plan {plan.id} was not drawn from blocks, so there is nothing to write as blocks.")
    of = session.execute(sa.select(blocks.c.block_id, blocks.c.grid_code).where(blocks.c.plan_id == plan.id)).all()
    said = session.execute(
        sa.select(*(grids.c[name] for name in ("code", "grid_id", "name", "kind", "number", "locked"))).where(
            grids.c.plan_id == plan.id
        )
    ).all()
    marks = pd.DataFrame([tuple(row) for row in said], columns=["code", "grid_id", "name", "kind", "number", "locked"])
    marks["locked"] = marks["locked"].astype("int64")
    frame["code"] = frame["id"].map({row.block_id: row.grid_code for row in of})
    frame = frame.rename(columns={"village_code": "village"}).merge(marks, on="code", how="left")
    frame = frame[[*COLUMNS, "geometry"]]
    return frame.drop(columns="number") if frame["number"].isna().any() else frame.astype({"number": "int64"})


def export_plan(session: Session, plan: Plan, path: Path) -> int:
    """Write a plan as its blocks with the grid of each; returns their number.

    The suffix decides: .geojson (coordinates to the last digit, so more than the seven decimals of RFC 7946), .gpkg,
    .parquet, .shp (names of grids up to 80 bytes; the plan's name and options stand in a .json beside it) and .csv,
    which is a table of block keys and codes without shapes, for use with the blocks that are stored already.

    Raises
    ------
    InvalidInputError : the suffix names no known format, or the plan was not drawn from blocks
    """
    if path.suffix not in FORMATS:
        raise InvalidInputError(f"{path.name} names no known format; end it with one of {', '.join(FORMATS)}.")
    frame = plan_frame(session, plan)
    path.parent.mkdir(parents=True, exist_ok=True)
    about = {"name": plan.name, "scope_code": plan.scope_code, "options": plan.options, "numbers": plan.numbers}
    about |= {"converted": plan.converted} if plan.converted else {}
    if path.suffix == ".csv":
        frame.drop(columns="geometry").to_csv(path, index=False, encoding="utf-8-sig")
    elif path.suffix == ".parquet":
        frame.to_parquet(path)
    elif path.suffix == ".geojson":
        pyogrio.write_dataframe(frame, path, COORDINATE_PRECISION=17, RFC7946="NO")
    else:
        pyogrio.write_dataframe(frame, path, encoding="utf-8")
    path.with_suffix(".plan.json").write_text(json.dumps(about, ensure_ascii=False, indent=1) + "\n", "utf-8")
    return len(frame)


def import_plan(
    session: Session,
    principal: Principal,
    path: Path,
    *,
    now: datetime,
    name: str | None = None,
    scope_code: str | None = None,
) -> Plan:
    """Make a draft of a file that `export_plan` wrote, or of one with the columns block_key and code.

    Blocks are told by their key; those that are not stored yet need a shape, a village and households. What the file
    says of a grid (grid_id, name, kind, number) is kept where it is given.

    Raises
    ------
    ForbiddenError : no right to plan, or a grid lies outside the scope
    UnreadableFileError : the file cannot be read, or lacks a column
    InvalidInputError : a block comes twice or is not known, a code is none, the rows of a grid contradict each other,
        or the scope is given neither here nor beside the file
    """
    principal.require(Permission.PLAN)
    rows, about = _read(path), _about(path)
    scope_code = scope_code if scope_code is not None else about.get("scope_code")
    if scope_code is None:
        raise InvalidInputError("Say of which area the plan is: --scope CODE.")
    principal.scope.require(scope_code)
    _check(rows, scope_code)
    plan = Plan(
        name=name or str(about.get("name") or path.stem)[:200],
        scope_code=scope_code,
        state=PlanState.DRAFT,
        options=_options(about.get("options")),
        converted=_converted(about.get("converted") or {}),
        created_at=now,
        created_by=principal.name,
    )
    session.add(plan)
    session.flush()
    ids = _blocks(session, rows)
    session.execute(
        sa.insert(PlanBlock),
        [
            {"plan_id": plan.id, "block_id": ids[key], "grid_code": code}
            for key, code in zip(rows["block_key"], rows["code"], strict=True)
        ],
    )
    numbered = _store_grids(session, plan, rows, ids)
    if numbered:
        plan.numbers = max(int(about.get("numbers") or 0), numbered)
    record(session, plan, "import", principal.name, now, path.name)
    session.flush()
    return plan


def _read(path: Path) -> pd.DataFrame:
    try:
        if path.suffix == ".csv":
            rows: pd.DataFrame = pd.read_csv(path, dtype=str, encoding="utf-8-sig", keep_default_na=False)
            rows = rows.replace("", None)
        elif path.suffix == ".parquet":
            rows = gpd.read_parquet(path)
        elif path.suffix in FORMATS:
            rows = gpd.read_file(path)
        else:
            raise InvalidInputError(f"{path.name} names no known format; end it with one of {', '.join(FORMATS)}.")
    except (OSError, ValueError, pyogrio.errors.DataSourceError) as error:
        raise UnreadableFileError(f"{path.name} cannot be read as {path.suffix[1:]}; export it again.") from error
    missing = REQUIRED - set(rows.columns)
    if missing:
        raise UnreadableFileError(f"{path.name} has no column {', '.join(sorted(missing))}.")
    if isinstance(rows, gpd.GeoDataFrame) and (rows.crs is None or rows.crs.to_epsg() != SRID):
        raise UnreadableFileError(f"{path.name} is not in EPSG:4326 (WGS 84), in which plans are written.")
    return rows.sort_values("block_key").reset_index(drop=True)


def _about(path: Path) -> dict[str, Any]:
    beside = path.with_suffix(".plan.json")
    if not beside.is_file():
        return {}
    try:
        about = json.loads(beside.read_text("utf-8"))
    except ValueError as error:
        raise UnreadableFileError(f"{beside.name} is damaged; export the plan again or remove it.") from error
    return about if isinstance(about, dict) else {}


def _options(given: Any) -> dict[str, Any]:
    """Of the options, those that are known, after the same checks as when a plan is drawn."""
    known = {field.name for field in fields(DrawOptions)}
    if not isinstance(given, dict):
        return {}
    kept = {name: value for name, value in given.items() if name in known}
    try:
        DrawOptions(**kept)
    except TypeError as error:
        raise InvalidInputError("The options beside the file make no sense; export the plan again.") from error
    return kept


def _converted(given: Any) -> dict[str, Any]:
    """Villages that get another code with the plan, after the same checks as when they are edited."""
    try:
        found = {old: {"code": new["code"], "name": new.get("name")} for old, new in given.items()}
    except (AttributeError, KeyError, TypeError) as error:
        raise InvalidInputError("The converted villages beside the file make no sense; export again.") from error
    if found:
        check_codes({old: new["code"] for old, new in found.items()})
    return found


def _check(rows: pd.DataFrame, scope_code: str) -> None:
    if rows.empty:
        raise InvalidInputError("The file holds no block.")
    codes = rows["code"].astype(object)
    wrong = ~codes.map(lambda code: isinstance(code, str) and len(code) == 15 and code.isdecimal() and code.isascii())
    if wrong.any():
        raise InvalidInputError(f"{codes[wrong].iloc[0]!r} is no grid code; it has 15 digits, the village's and three.")
    outside = ~codes.str.startswith(scope_code)
    if outside.any():
        raise InvalidInputError(f"The grid {codes[outside].iloc[0]} lies outside {scope_code}.")
    twice = rows["block_key"].duplicated() | rows["block_key"].isna()
    if twice.any():
        raise InvalidInputError(f"The block {rows.loc[twice, 'block_key'].iloc[0]} comes twice or has no key.")
    for column in ("grid_id", "name", "kind", "number", "locked"):
        if column in rows and rows[["code", column]].drop_duplicates()["code"].duplicated().any():
            raise InvalidInputError(f"The blocks of one grid contradict each other in the column {column}.")


def _blocks(session: Session, rows: pd.DataFrame) -> dict[str, int]:
    """Ids by key; blocks that are not stored yet are added."""
    keys = rows["block_key"].tolist()
    stored = stored_ids(session, keys)
    new = rows[~rows["block_key"].isin(list(stored))]
    if not len(new):
        return stored
    if not isinstance(rows, gpd.GeoDataFrame) or not {"village", "households"} <= set(rows.columns):
        raise InvalidInputError(
            f"The block {new['block_key'].iloc[0]} is not stored here, and the file does not say where it lies; "
            "import a format with shapes."
        )
    shapes = multi_polygons(new.geometry)
    if any(shape.is_empty for shape in shapes):
        raise InvalidInputError("A block has no polygon.")
    session.execute(
        sa.insert(Block),
        [
            {"block_key": key, "village_code": str(village), "households": int(count), "digest": "", "geom": geom}
            for key, village, count, geom in zip(
                new["block_key"], new["village"], new["households"], to_sql(shapes), strict=True
            )
        ],
    )
    return stored | stored_ids(session, new["block_key"].tolist())


def _store_grids(session: Session, plan: Plan, rows: pd.DataFrame, ids: dict[str, int]) -> int:
    """Add the grids as unions of the stored blocks; returns how many numbers they take, 0 if they have none."""
    frame = select_frame(
        session, (Block.id, Block.households), Block.geom, Block.id.in_(
            sa.select(PlanBlock.block_id).where(PlanBlock.plan_id == plan.id)
        ), order_by=Block.id,
    )  # fmt: skip
    code = {ids[key]: code for key, code in zip(rows["block_key"], rows["code"], strict=True)}
    frame["code"] = frame["id"].map(code)
    area = frame.geometry.to_crs(metric_crs(tuple(frame.total_bounds))).area
    said = rows.drop_duplicates("code").set_index("code")
    has_numbers = "number" in said and said["number"].notna().all()
    values = []
    for name, part in frame.groupby("code", sort=True):
        row = said.loc[name]
        union = shapely.coverage_union_all(part.geometry.to_numpy())
        values.append(
            {
                "plan_id": plan.id,
                "level": GridLevel.CELL,
                "code": name,
                "parent_code": str(name)[:-3],
                "name": _text(row, "name", str(name)),
                "grid_id": _identity(row),
                "kind": _kind(row),
                "households": int(part["households"].sum()),
                "area_m2": float(area[part.index].sum()),
                "number": int(row["number"]) if has_numbers else None,
                "locked": _is_locked(row),
                "geom": to_sql(multi_polygons([union]))[0],
            }
        )
    numbers = [value["number"] for value in values]
    if has_numbers and len(set(numbers)) < len(numbers):
        raise InvalidInputError("Two grids have the same number.")
    session.execute(sa.insert(Grid), values)
    return max(numbers) + 1 if has_numbers else 0


def _text(row: pd.Series, name: str, otherwise: str) -> str:
    value = row.get(name)
    return str(value) if isinstance(value, str) and value.strip() else otherwise


def _kind(row: pd.Series) -> GridKind:
    value = _text(row, "kind", GridKind.BASE)
    if value not in set(GridKind):
        raise InvalidInputError(f"{value} is no kind of grid; use {' or '.join(GridKind)}.")
    return GridKind(value)


def _is_locked(row: pd.Series) -> bool:
    value = str(row.get("locked", 0)).strip().lower()
    if value not in {"0", "1", "0.0", "1.0", "true", "false", "none", "nan", ""}:
        raise InvalidInputError(f"locked is {value}; write 1 for a locked grid and 0 for others.")
    return value in {"1", "1.0", "true"}


def _identity(row: pd.Series) -> str:
    value = _text(row, "grid_id", str(uuid4()))
    try:
        return str(UUID(value))
    except ValueError as error:
        raise InvalidInputError(f"{value} is no grid_id; leave the column out if the grids are new.") from error
