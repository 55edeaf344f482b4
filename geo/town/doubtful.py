"""A dozen open reports of a sample town whose place nobody can be sure of, for the review queue."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from geo.town.terrain import Floats

EACH = 4
RECENT = 300
OPEN = ("REPORTED", "ACCEPTED", "DISPATCHED", "IN_PROGRESS", "RETURNED")
FAR_M = (2_500.0, 6_000.0)
SLIPS = {
    "家": "加",
    "溪": "西",
    "源": "原",
    "桥": "侨",
    "宅": "泽",
    "坞": "务",
    "陈": "程",
    "王": "汪",
    "周": "州",
    "湾": "弯",
    "坑": "吭",
    "吴": "胡",
    "新": "心",
}
"""Signs that sound alike, or nearly: what an operator types who only hears a name."""
_ROAD = re.compile(r"([\u4e00-\u9fff]{2}(?:路|街))(?:\d|与)")
_HAMLET = re.compile(r"村([^村]{2,3})自然村")
_DOOR = re.compile(r"\d+号$")


def make_doubtful(rng: np.random.Generator, table: pd.DataFrame, xy: Floats) -> None:
    """Change some of the newest open reports in place: `EACH` of a kind, fewer where the town has no more.

    Roads without a number or crossing; hamlets without a house, one name in two misspelt; and points that lie some
    kilometres away from what a full address says.
    """
    newest = np.flatnonzero(table["state"].isin(OPEN))[::-1][:RECENT]
    texts = table["address_text"].to_numpy(dtype=object)
    taken: set[int] = set()

    def chosen(fits: list[int]) -> list[int]:
        left = [row for row in fits if row not in taken]
        rows = sorted(rng.permutation(len(left))[:EACH].tolist())
        taken.update(left[k] for k in rows)
        return [left[k] for k in rows]

    rows = newest.tolist()
    known = [row for row in rows if np.isfinite(xy[row, 0])]
    for row in chosen([row for row in known if _DOOR.search(texts[row])]):
        turn, metres = rng.uniform(0, 2 * np.pi), rng.uniform(*FAR_M)
        xy[row] += metres * np.array([np.cos(turn), np.sin(turn)])
    for row in chosen([row for row in rows if _ROAD.search(texts[row])]):
        found = _ROAD.search(texts[row])
        assert found is not None
        texts[row] = found[1] + str(rng.choice(["上", "附近", "中段", "路口"]))
        xy[row] = np.nan
    for place, row in enumerate(chosen([row for row in rows if _HAMLET.search(texts[row])])):
        found = _HAMLET.search(texts[row])
        assert found is not None
        name = found[1]
        if place % 2:
            name = "".join(SLIPS.get(sign, sign) for sign in name)
        texts[row] = f"{name}{rng.choice(['村里', '村口', '那边', '自然村'])}"
        xy[row] = np.nan
    table["address_text"] = texts
