"""Ninety days of reports from a sample town, with the rhythm of hours, week, feasts and rain."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd

from geo.town.addresses import Named
from geo.town.build import TownBuilt
from geo.town.doubtful import make_doubtful
from geo.town.matters import EVENTS_PER_GRID_WEEK, MATTERS, SOURCES, TICKETS_PER_EVENT, festivals
from geo.town.site import Site
from geo.town.spots import Places
from geo.town.terrain import Floats, Ints

DAYS = 90
PER_HOUSEHOLD_DAY = EVENTS_PER_GRID_WEEK * (1 + TICKETS_PER_EVENT) / 300 / 7
NO_POINT, NO_PLACE = 0.15, 0.02


def make_reports(
    rng: np.random.Generator,
    site: Site,
    town: int,
    done: TownBuilt,
    named: Named,
    cameras: tuple[pd.DataFrame, Floats],
    until: date,
    rain: Floats,
) -> tuple[pd.DataFrame, Floats]:
    """Reports of one town in order of time, and their points in metres (n, 2), NaN where only a text is known.

    rain : (DAYS,) how wet each day was, 0 … 1; the last day is `until`
    """
    n = round(PER_HOUSEHOLD_DAY * DAYS * int(done.households.sum()))
    share = np.array([m.share for m in MATTERS])
    days = [until - timedelta(days=DAYS - 1 - k) for k in range(DAYS)]
    feast = festivals(days[0], days[-1])
    holiday = np.array([d in feast for d in days])
    weekday = np.array([d.weekday() for d in days])
    weight = np.stack(
        [
            share[k] * np.array(m.week)[weekday] * np.where(holiday, m.festival, 1.0) * (1 + (m.rain - 1) * rain)
            for k, m in enumerate(MATTERS)
        ]
    )
    # Rare kinds that come with rain must not crowd out the rest of a wet quarter.
    weight = (
        weight
        / weight.sum(axis=1, keepdims=True)
        * (share * np.clip(weight.mean(axis=1) / (share * 9.0), 0.8, 2.5))[:, None]
    )
    pick = rng.choice(weight.size, n, p=(weight / weight.sum()).ravel())
    matter, day = np.divmod(pick, DAYS)
    hour = _hours(rng, matter, holiday[day])
    second = day * 86_400 + hour * 3600 + rng.integers(0, 3600, n)
    order = np.argsort(second, kind="stable")
    matter, day, second = matter[order], day[order], second[order]
    xy, text = Places(rng, site, town, done, named, cameras).draw(matter)
    where = rng.random(n)
    xy[where < NO_POINT + NO_PLACE] = np.nan
    lost = where < NO_PLACE
    text[lost] = rng.choice(["", "具体位置不详", "老地方", "路边", "村里"], int(lost.sum()))
    state, closed = _course(rng, matter, second, DAYS * 86_400)
    stamp = np.datetime64(days[0].isoformat() + "T00:00:00")
    words = [
        MATTERS[m].texts[int(r * len(MATTERS[m].texts))]
        for m, r in zip(matter.tolist(), rng.random(n).tolist(), strict=True)
    ]
    table = pd.DataFrame(
        {
            "report_key": "",
            "reported_at": _text(stamp, second),
            "category": [MATTERS[m].category for m in matter],
            "subtype": [MATTERS[m].subtype for m in matter],
            "source": _sources(rng, matter),
            "severity": np.where(
                rng.random(n) < np.array([m.severe for m in MATTERS])[matter], rng.choice([3, 3, 3, 2], n), 4
            ),
            "description": words,
            "address_text": text,
            "state": state,
            "closed_at": _text(stamp, closed),
        }
    )
    # Draws of their own, so that the other reports stay as they are.
    make_doubtful(np.random.default_rng([n, until.toordinal()]), table, xy)
    return table, xy


def _hours(rng: np.random.Generator, matter: Ints, holiday: Any) -> Ints:
    chance = np.array([m.hours for m in MATTERS], dtype=float)
    late = chance.copy()
    late[:, 18:24] *= 1.7
    chance = np.cumsum(chance / chance.sum(axis=1, keepdims=True), axis=1)
    late = np.cumsum(late / late.sum(axis=1, keepdims=True), axis=1)
    return np.asarray(
        (rng.random(matter.size)[:, None] > np.where(holiday[:, None], late[matter], chance[matter]))
        .sum(axis=1)
        .clip(0, 23)
    )


def _sources(rng: np.random.Generator, matter: Ints) -> Any:
    usual = rng.choice([s for s, _ in SOURCES], matter.size, p=[p for _, p in SOURCES]).astype(object)
    fixed = np.array([m.source for m in MATTERS], dtype=object)[matter]
    return np.where(fixed == "", usual, fixed)


def _text(start: np.datetime64, second: Floats | Ints) -> list[str]:
    known = np.isfinite(second)
    stamps = np.datetime_as_string(start + np.where(known, second, 0).astype("timedelta64[s]"), unit="s")
    return [f"{s}+08:00" if k else "" for s, k in zip(stamps.tolist(), known.tolist(), strict=True)]


def _course(rng: np.random.Generator, matter: Ints, second: Ints, end: int) -> tuple[Any, Floats]:
    """State of each report at the end of the period, and when it was closed (NaN while open)."""
    n = matter.size
    needs = np.array([m.hours_to_close for m in MATTERS])[matter] * rng.lognormal(0, 0.75, n) * 3600
    needs[rng.random(n) < 0.05] *= 0.02
    age = (end - second).astype(float)
    part = age / needs
    state = np.select(
        [part >= 1, part > 0.82, part > 0.35, part > 0.15, part > 0.05],
        ["CLOSED", "HANDLED", "IN_PROGRESS", "DISPATCHED", "ACCEPTED"],
        "REPORTED",
    ).astype(object)
    luck = rng.random(n)
    state[(part < 1) & (part > 0.1) & (luck < 0.05)] = "RETURNED"
    state[(part < 1) & (part > 0.3) & (luck > 0.96)] = "ESCALATED"
    done = part >= 1
    state[done & (age - needs > 3 * 86_400) & (luck < 0.55)] = "FOLLOWED_UP"
    state[done & (luck > 0.972)] = "MERGED"
    state[done & (luck > 0.988)] = "VOID"
    return state, np.where(done, np.round(second + needs), np.nan)
