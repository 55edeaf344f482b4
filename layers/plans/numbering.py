"""Codes and names of grids: the village's code and a number that is never given twice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

import numpy as np
import sqlalchemy as sa
from sqlalchemy.orm import Session

from layers.errors import InvalidInputError
from layers.tables import Grid, GridLevel, PlanBlock

LAST_BASE_NUMBER = 899
LAST_NUMBER = 999
DIGITS = "零一二三四五六七八九"


def number_grids(session: Session, parents: list[str], x: np.ndarray, y: np.ndarray) -> list[str]:
    """(n,) codes of new grids with the given village codes and centre points.

    Inside a village numbers run from west to east, then from north to south, and go on after the highest number
    that a grid in force or retired ever had; drafts that were never published hold no number.

    Raises
    ------
    InvalidInputError : a village has used all its numbers up to 899 (901 to 999 are for dedicated grids)
    """
    used = _highest_numbers(session, sorted(set(parents)))
    codes = [""] * len(parents)
    for i in sorted(range(len(parents)), key=lambda i: (parents[i], x[i], -y[i])):
        parent = parents[i]
        used[parent] += 1
        if used[parent] > LAST_BASE_NUMBER:
            raise InvalidInputError(
                f"Village {parent} has used all grid numbers up to {LAST_BASE_NUMBER}; codes are never reused, "
                "so give the village a new code first."
            )
        codes[i] = f"{parent}{used[parent]:03d}"
    return codes


def next_codes(
    session: Session, parents: Sequence[str], dedicated: Sequence[bool], taken: Collection[str]
) -> list[str]:
    """(n,) codes of grids that join a draft, after the highest number that is in `taken` or was ever published.

    Dedicated grids are numbered from 901, others from 001.

    Raises
    ------
    InvalidInputError : a village has used all its numbers
    """
    statement = sa.select(Grid.code).where(
        Grid.level == GridLevel.CELL, Grid.valid_from.is_not(None), Grid.parent_code.in_(sorted(set(parents)))
    )
    used = set(taken) | set(session.scalars(statement))
    codes = []
    for parent, special in zip(parents, dedicated, strict=True):
        first, last = (LAST_BASE_NUMBER + 2, LAST_NUMBER) if special else (1, LAST_BASE_NUMBER)
        numbers = [int(code[-3:]) for code in used if code[:-3] == parent and code[-3:].isdecimal()]
        number = max((n for n in numbers if first <= n <= last), default=first - 1) + 1
        if number > last:
            raise InvalidInputError(
                f"Village {parent} has used all grid numbers up to {last}; codes are never reused, "
                "so give the village a new code first."
            )
        codes.append(f"{parent}{number:03d}")
        used.add(codes[-1])
    return codes


def _highest_numbers(session: Session, parents: list[str]) -> dict[str, int]:
    statement = sa.select(Grid.code).where(
        Grid.level == GridLevel.CELL, Grid.valid_from.is_not(None), Grid.parent_code.in_(parents)
    )
    highest: dict[str, int] = defaultdict(int)
    for code in session.scalars(statement):
        number = code[-3:]
        if number.isdecimal() and int(number) <= LAST_BASE_NUMBER:
            highest[code[:-3]] = max(highest[code[:-3]], int(number))
    return highest


def grid_name(code: str) -> str:
    """The plain name that the rules ask for: 第一网格 for …001, without the village's name.

    >>> grid_name("330699101201001"), grid_name("330699101201010"), grid_name("330699101201023")
    ('第一网格', '第十网格', '第二十三网格')
    >>> grid_name("330699101201105"), grid_name("330699101201320")
    ('第一百零五网格', '第三百二十网格')
    """
    hundreds, rest = divmod(int(code[-3:]), 100)
    tens, ones = divmod(rest, 10)
    text = f"{DIGITS[hundreds]}百" if hundreds else ""
    if tens:
        text += "十" if tens == 1 and not hundreds else f"{DIGITS[tens]}十"
    elif hundreds and ones:
        text += "零"
    text += DIGITS[ones] if ones else ""
    return f"第{text}网格"


def renumber_taken(session: Session, plan_id: int) -> dict[str, str]:
    """Give new numbers in those villages of a draft whose codes another plan has been published with meanwhile.

    A grid that goes on from one plan to the next, with its `grid_id`, keeps its code. Where none in the village does,
    the whole village is numbered anew, so that its numbers stay in order; else only the codes that are taken.

    Returns old code -> new code of the grids that were renumbered.
    """
    ours = sa.select(Grid.code, Grid.grid_id).where(Grid.plan_id == plan_id, Grid.level == GridLevel.CELL)
    drafted = {row.code: row.grid_id for row in session.execute(ours)}
    ever = sa.select(Grid.code, Grid.grid_id).where(
        Grid.valid_from.is_not(None), Grid.parent_code.in_(sorted({code[:-3] for code in drafted}))
    )
    given = {row.code: row.grid_id for row in session.execute(ever)}
    goes_on = {code for code, grid_id in drafted.items() if given.get(code) == grid_id}
    taken = {code for code in drafted if code in given} - goes_on
    anew = {code[:-3] for code in taken} - {code[:-3] for code in goes_on}
    codes = sorted(code for code in drafted if code in taken or code[:-3] in anew)
    special = [int(code[-3:]) > LAST_BASE_NUMBER for code in codes]
    # Codes of a draft already stand in the order of the rule, so their order is all that new numbers need.
    fresh = next_codes(session, [code[:-3] for code in codes], special, drafted.keys() - set(codes))
    renamed = dict(zip(codes, fresh, strict=True))
    recode(session, plan_id, renamed)
    return renamed


def recode(session: Session, plan_id: int, codes: Mapping[str, str]) -> None:
    """Give grids of a draft other codes, old to new, and the plain names that belong to them.

    Names that somebody has chosen stay. New codes may be old codes of others.
    """
    plan = (Grid.plan_id == plan_id, Grid.level == GridLevel.CELL)
    for old, new in codes.items():  # a mark before the new code keeps the two apart until all are set
        session.execute(sa.update(Grid).where(*plan, Grid.code == old).values(code=f"~{new}", parent_code=new[:-3]))
        named = (*plan, Grid.code == f"~{new}", Grid.name == grid_name(old))
        session.execute(sa.update(Grid).where(*named).values(name=grid_name(new)))
        session.execute(
            sa.update(PlanBlock)
            .where(PlanBlock.plan_id == plan_id, PlanBlock.grid_code == old)
            .values(grid_code=f"~{new}")
        )
    if codes:
        marked = {f"~{new}": new for new in codes.values()}
        for table, column in ((Grid, Grid.code), (PlanBlock, PlanBlock.grid_code)):
            for mark, new in marked.items():
                session.execute(sa.update(table).where(table.plan_id == plan_id, column == mark).values({column: new}))
        session.expire_all()
