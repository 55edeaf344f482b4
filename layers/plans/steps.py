"""What an edit does to a plan, as a step that can be stored, taken back and made again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any
from uuid import uuid4

import geopandas as gpd
import numpy as np
import shapely
import sqlalchemy as sa
from sqlalchemy.orm import Session

from geo import redraw
from geo.redraw import Edit as Change
from layers.access import Scope
from layers.errors import InvalidInputError
from layers.plans.converting import cell_codes, check_codes, check_new
from layers.plans.numbering import grid_name, next_codes
from layers.plans.options import DrawOptions
from layers.plans.workspace import Identity, Workspace
from layers.tables import SRID, Grid, Plan


@dataclass(frozen=True, eq=False)
class Step:
    """A change of blocks and marks, with the codes that grids get, lose or swap by it.

    births, deaths : by number, the grids that begin and end
    codes : number, old and new code
    plan : columns of the plan that change with it: value before and after
    """

    change: Change
    births: dict[int, Identity] = field(default_factory=dict)
    deaths: dict[int, Identity] = field(default_factory=dict)
    codes: list[tuple[int, str, str]] = field(default_factory=list)
    plan: dict[str, tuple[Any, Any]] = field(default_factory=dict)

    def record(self) -> dict[str, Any]:
        """The step as plain data; `read_step` makes it a step again."""
        plain = [{str(n): [i.grid_id, i.code] for n, i in some.items()} for some in (self.births, self.deaths)]
        plan = {name: list(both) for name, both in self.plan.items()}
        return {
            "change": self.change.record(), "births": plain[0], "deaths": plain[1], "codes": self.codes, "plan": plan
        }  # fmt: skip


def make_step(session: Session, plan: Plan, workspace: Workspace, op: str, params: Mapping[str, Any]) -> Step:
    """The step that an edit is on the present state; see `layers.plans.editing.edit_plan` for ops and errors."""
    try:
        if op == "renumber":
            return _renumber(session, workspace)
        if op == "convert":
            return _convert(session, plan, workspace, params["codes"], params.get("names") or {})
        if op in OPS:
            return _born(session, workspace, OPS[op](workspace, params))
    except KeyError as error:
        raise InvalidInputError(f"The edit {op} needs {error.args[0]}.") from error
    raise InvalidInputError(f"There is no edit {op}; use one of {', '.join(OPS)}, renumber, convert.")


def drawing_step(
    session: Session, plan: Plan, workspace: Workspace, labels: np.ndarray, options: Mapping[str, Any]
) -> Step:
    """The step that gives every block the grid of its label, and the plan the options it was drawn with.

    Parameters
    ----------
    labels : (n,) those past the taken numbers make new grids
    options : fields of `DrawOptions` that were given for this drawing
    """
    division = workspace.division
    size = len(division.grids)
    fresh = np.unique(labels[labels >= size])
    target = np.where(labels >= size, size + np.searchsorted(fresh, labels), labels)
    blocks = np.flatnonzero(target != division.label)
    wanted = asdict(DrawOptions(**(asdict(DrawOptions()) | plan.options | dict(options))))
    changed = {"options": (plan.options, wanted)} if any(plan.options.get(k) != v for k, v in wanted.items()) else {}
    if changed and not len(blocks):
        return Step(redraw.edit.restate("redraw", division), plan=changed)
    change = redraw.edit.relabel(
        "redraw", division, blocks, target[blocks], created=[redraw.Grid() for _ in range(len(fresh))]
    )
    return replace(_born(session, workspace, change), plan=changed)


def _split(workspace: Workspace, params: Mapping[str, Any]) -> Change:
    line = _line(workspace, params["line"])
    return redraw.split(workspace.division, params["grid"], line, strict=params.get("strict", False))


def _merge(workspace: Workspace, params: Mapping[str, Any]) -> Change:
    strict = params.get("strict", False)
    return redraw.merge(workspace.division, params["grids"], into=params.get("into"), strict=strict)


def _move_boundary(workspace: Workspace, params: Mapping[str, Any]) -> Change:
    line = _line(workspace, params["line"])
    strict = params.get("strict", False)
    return redraw.move_boundary(workspace.division, params["one"], params["other"], line, strict=strict)


def _give(workspace: Workspace, params: Mapping[str, Any]) -> Change:
    blocks = workspace.ground.positions(params["blocks"])
    return redraw.give(workspace.division, blocks, params["to"], strict=params.get("strict", False))


def _carve_out(workspace: Workspace, params: Mapping[str, Any]) -> Change:
    blocks, polygon = params.get("blocks"), params.get("polygon")
    if (blocks is None) == (polygon is None):
        raise InvalidInputError("Carve out either blocks or a polygon: give exactly one of the two.")
    site = workspace.ground.positions(blocks or []) if polygon is None else _polygon(workspace, polygon)
    name, strict = params.get("name") or "", params.get("strict", False)
    return redraw.carve_out(workspace.division, site, name=name, strict=strict)


def _abolish(workspace: Workspace, params: Mapping[str, Any]) -> Change:
    return redraw.abolish(workspace.division, params["grid"], strict=params.get("strict", False))


def _rename(workspace: Workspace, params: Mapping[str, Any]) -> Change:
    return redraw.rename(workspace.division, params["grid"], params["name"])


def _lock(workspace: Workspace, params: Mapping[str, Any]) -> Change:
    return redraw.lock(workspace.division, params.get("grids"))


def _unlock(workspace: Workspace, params: Mapping[str, Any]) -> Change:
    return redraw.unlock(workspace.division, params.get("grids"))


OPS: dict[str, Callable[[Workspace, Mapping[str, Any]], Change]] = {
    "split": _split,
    "merge": _merge,
    "move_boundary": _move_boundary,
    "give": _give,
    "carve_out": _carve_out,
    "abolish": _abolish,
    "rename": _rename,
    "lock": _lock,
    "unlock": _unlock,
}


def _born(session: Session, workspace: Workspace, change: Change) -> Step:
    """The change with codes for the grids that come into being and plain names for those without a name."""
    deaths = {number: workspace.identities[number] for number in change.abolished}
    if not change.created:
        return Step(change, deaths=deaths)
    created = sorted(change.created, key=lambda n: _place(workspace, change.blocks[change.new == n]))
    parents = [_parent(workspace, change.blocks[change.new == number]) for number in created]
    born = {number: new for number, old, new in change.entries if old is None and new is not None}
    taken = {identity.code for identity in workspace.identities.values()}
    codes = next_codes(session, parents, [born[number].dedicated for number in created], taken)
    births = {number: Identity(0, str(uuid4()), code) for number, code in zip(created, codes, strict=True)}
    entries = tuple(
        (n, old, replace(new, name=new.name or grid_name(births[n].code)) if old is None and new else new)
        for n, old, new in change.entries
    )
    return Step(replace(change, entries=entries), births, deaths)


def _place(workspace: Workspace, blocks: np.ndarray) -> tuple[float, float]:
    """Sorts from west to east, then from north to south."""
    ground = workspace.ground
    weight = ground.area_m2[blocks]
    return float(np.average(ground.x[blocks], weights=weight)), -float(np.average(ground.y[blocks], weights=weight))


def _parent(workspace: Workspace, blocks: np.ndarray) -> str:
    """Code of the village that brings most households, then most ground, then the smallest code."""
    ground, division = workspace.ground, workspace.division
    size = len(division.villages)
    households = np.bincount(division.village[blocks], ground.households[blocks], size)
    area = np.bincount(division.village[blocks], ground.area_m2[blocks], size)
    return str(division.villages[int(np.lexsort((-np.arange(size), area, households))[-1])])


def _renumber(session: Session, workspace: Workspace) -> Step:
    """New codes for the grids that were never in force, in the order of the rule; others keep theirs."""
    division = workspace.division
    ids = [workspace.identities[number].grid_id for number in division.numbers]
    published = set(session.scalars(sa.select(Grid.grid_id).where(Grid.valid_from.is_not(None), Grid.grid_id.in_(ids))))
    free = [n for n in division.numbers if workspace.identities[n].grid_id not in published]
    members = {number: division.members(number) for number in free}
    free.sort(key=lambda number: _place(workspace, members[number]))
    parents = [_parent(workspace, members[number]) for number in free]
    special = [division.grid(number).dedicated for number in free]
    stay = {workspace.identities[n].code for n in division.numbers} - {workspace.identities[n].code for n in free}
    new = dict(zip(free, next_codes(session, parents, special, stay), strict=True))
    codes = [(n, workspace.identities[n].code, new[n]) for n in free if workspace.identities[n].code != new[n]]
    if not codes:
        raise InvalidInputError("The grids are numbered from west to east, then from north to south already.")
    return Step(redraw.edit.restate("renumber", division, entries=_renamed(workspace, codes)), codes=codes)


def _convert(
    session: Session, plan: Plan, workspace: Workspace, codes: Mapping[str, str], names: Mapping[str, str]
) -> Step:
    """Other codes for villages, and for their grids; it happens when the plan comes into force."""
    check_codes(codes)
    outside = [code for code in [*codes, *codes.values()] if not Scope(plan.scope_code).covers(code)]
    if outside:
        raise InvalidInputError(f"The village {outside[0]} lies outside {plan.scope_code}; use a plan of its town.")
    check_new(session, codes.values())
    division = workspace.division
    change = redraw.convert(division, codes)
    recoded: list[tuple[int, str, str]] = []
    taken = {identity.code for identity in workspace.identities.values()}
    for old, new in sorted(codes.items()):
        if new in division.villages:
            raise InvalidInputError(f"The village {new} is in this plan already; take the next free code.")
        numbers = [n for n in division.numbers if workspace.identities[n].code[:-3] == old]
        cells = [(workspace.identities[n].code, division.grid(n).dedicated) for n in numbers]
        given = cell_codes(session, cells, new, taken)
        recoded += [(n, was, code) for n, (was, _), code in zip(numbers, cells, given, strict=True)]
    first = {new["code"]: old for old, new in plan.converted.items()}
    converted = dict(plan.converted)
    for old, new in codes.items():
        origin = first.get(old, old)
        name = names.get(new) or converted.get(origin, {}).get("name")
        converted[origin] = {"code": new, "name": name}
    change = replace(change, entries=tuple(_renamed(workspace, recoded)))
    return Step(change, codes=recoded, plan={"converted": (plan.converted, converted)})


def _renamed(workspace: Workspace, codes: Sequence[tuple[int, str, str]]) -> list[redraw.edit.Entry]:
    """Plain names follow the numbers in their grids' codes; names that somebody has chosen stay."""
    division = workspace.division
    return [
        (n, division.grid(n), replace(division.grid(n), name=grid_name(new)))
        for n, old, new in codes
        if division.grid(n).name == grid_name(old) != grid_name(new)
    ]


def read_step(workspace: Workspace, record: Mapping[str, Any], *, backwards: bool) -> Step:
    """A step as it was stored, or its inverse."""
    turn = redraw.undo if backwards else redraw.redo
    births, deaths = (
        {int(n): Identity(0, grid_id, code) for n, (grid_id, code) in record[name].items()}
        for name in ("births", "deaths")
    )
    codes = [(int(n), str(old), str(new)) for n, old, new in record["codes"]]
    if backwards:
        births, deaths, codes = deaths, births, [(n, new, old) for n, old, new in codes]
    plan = {name: (both[backwards], both[not backwards]) for name, both in record.get("plan", {}).items()}
    return Step(turn(workspace.division, record["change"]), births, deaths, codes, plan)


def _line(workspace: Workspace, positions: Sequence[Sequence[float]]) -> shapely.LineString:
    return _drawn(workspace, shapely.LineString, positions, 2)


def _polygon(workspace: Workspace, positions: Sequence[Sequence[float]]) -> shapely.Polygon:
    return _drawn(workspace, shapely.Polygon, positions, 3)


def _drawn(workspace: Workspace, kind: Any, positions: Sequence[Sequence[float]], least: int) -> Any:
    """A drawn shape in the CRS of the ground."""
    points = np.asarray(positions, dtype=float)
    if points.ndim != 2 or points.shape[1] != 2 or len(points) < least or not np.isfinite(points).all():
        raise InvalidInputError(f"Draw at least {least} positions, each a longitude and a latitude.")
    if (abs(points) > (180, 90)).any():
        raise InvalidInputError("Longitudes lie within ±180 and latitudes within ±90; are the two swapped?")
    return gpd.GeoSeries([kind(points)], crs=SRID).to_crs(workspace.ground.crs).iloc[0]
