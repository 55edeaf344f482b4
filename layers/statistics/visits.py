"""How many households were visited: counts by grid and week from a table, and the share of the grid they are."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import sqlalchemy as sa
from sqlalchemy.orm import Session

from layers.access import Permission, Principal
from layers.errors import InvalidInputError
from layers.statistics.ground import Areas, Ground
from layers.statistics.kpis import Reason
from layers.statistics.tables import read_table
from layers.statistics.tally import Figures
from layers.statistics.weeks import Week
from layers.tables import Audit, HouseholdVisit


def load_visits(session: Session, principal: Principal, path: Path, *, now: datetime) -> int:
    """Take in counts from a CSV or Excel table with the columns grid_code, week and households, all rows or none.

    A count that is there already is replaced. Returns the number of rows.

    Raises
    ------
    ForbiddenError : no right to load, or a grid lies outside the scope
    UnreadableFileError : the file cannot be read, or columns are missing
    InvalidInputError : a row makes no sense, or names the same grid and week twice; the text names its line
    """
    principal.require(Permission.LOAD)
    rows: dict[tuple[str, str], int] = {}
    for line, (code, week, households) in read_table(path, ("grid_code", "week", "households")):
        try:
            key, number = (code, str(Week.parse(week))), int(households)
            if not code or len(code) > 32 or not 0 <= number <= 1_000_000:
                raise ValueError("a row has a grid code and 0 to 1,000,000 households")
            if key in rows:
                raise ValueError("the grid and week stand in the table twice")
        except (ValueError, InvalidInputError) as error:
            raise InvalidInputError(f"{path.name}, line {line}: {error}") from None
        principal.scope.require(code)
        rows[key] = number
    table: Any = HouseholdVisit.__table__
    for week in {week for _, week in rows}:
        codes = [code for code, other in rows if other == week]
        for start in range(0, len(codes), 5_000):
            part = codes[start : start + 5_000]
            session.execute(sa.delete(table).where(table.c.week == week, table.c.grid_code.in_(part)))
    values = [
        {"grid_code": code, "week": week, "households": number, "loaded_at": now}
        for (code, week), number in rows.items()
    ]
    session.execute(sa.insert(table), values)
    detail = {"file": path.name, "rows": len(values)}
    session.add(Audit(at=now, by=principal.name, action="visits.load", subject="household_visit", detail=detail))
    session.flush()
    return len(values)


def visit_figures(
    session: Session, ground: Ground, weeks: Sequence[Week], areas: Sequence[Areas], *, todays: bool
) -> Figures:
    """Households visited ÷ households of the grids that sent a count, for each week and its areas.

    Counts belong to the grids of their week, which other grids cannot inherit: `todays` gives none.
    """
    shape = len(weeks), len(areas[0])
    if todays:
        return Figures.missing("visit_coverage", shape, Reason.OTHER_GRIDS)
    table: Any = HouseholdVisit.__table__
    names = [str(week) for week in weeks]
    found = session.execute(
        sa.select(table.c.week, table.c.grid_code, table.c.households).where(table.c.week.in_(names))
    ).all()
    visits = pd.DataFrame.from_records([tuple(row) for row in found], columns=["week", "code", "visited"])
    numerator, denominator, silent, unknown = np.zeros((4, *shape))
    for w, (week, here) in enumerate(zip(weeks, areas, strict=True)):
        counts = visits[visits["week"] == str(week)].set_index("code")["visited"]
        if counts.empty:
            silent[w] = 1
            continue
        cells = ground.cells(week.last_day)
        sent = cells[cells["code"].isin(counts.index)]
        at = here.positions(_around(sent, here))
        inside = at >= 0
        sent, at = sent[inside], at[inside]
        households = pd.to_numeric(sent["households"]).to_numpy(dtype=float)
        np.add.at(numerator[w], at, counts.loc[sent["code"]].to_numpy(dtype=float))
        np.add.at(denominator[w], at, np.nan_to_num(households))
        silent[w] = np.bincount(at, minlength=shape[1]) == 0
        np.logical_or.at(unknown[w], at[np.isnan(households)], True)
    figures = Figures.of("visit_coverage", numerator, denominator)
    figures = figures.because((unknown > 0) | (denominator == 0), Reason.NO_HOUSEHOLDS)
    return figures.because(silent > 0, Reason.NO_VISIT_COUNTS)


def _around(cells: pd.DataFrame, areas: Areas) -> np.ndarray:
    """The codes of the areas around grids; of a whole area its own code, for each grid that lies in it."""
    if areas.level in cells.columns:
        return cells[areas.level].to_numpy(dtype=object)
    whole = str(areas.codes[0])
    return np.where(cells["code"].str.startswith(whole), whole, "-").astype(object)
