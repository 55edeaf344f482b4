"""Codes and names of grids: the village's code and a number that is never given twice."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import sqlalchemy as sa
from sqlalchemy.orm import Session

from layers.errors import InvalidInputError
from layers.tables import Grid, GridLevel, PlanBlock

LAST_BASE_NUMBER = 899
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

    Returns old code -> new code of the grids that were renumbered.
    """
    draft = sa.select(Grid.code).where(Grid.plan_id == plan_id)
    ever = sa.select(Grid.parent_code).where(Grid.valid_from.is_not(None), Grid.code.in_(draft))
    villages = session.scalars(ever.distinct()).all()
    codes = sorted(
        session.scalars(sa.select(Grid.code).where(Grid.plan_id == plan_id, Grid.parent_code.in_(villages))).all()
    )
    # Codes of a draft already stand in the order of the rule, so their order is all that new numbers need.
    order = np.arange(len(codes), dtype=float)
    new_codes = number_grids(session, [code[:-3] for code in codes], order, -order)
    renamed = dict(zip(codes, new_codes, strict=True))
    for old in sorted(renamed, reverse=True):  # numbers only grow, so from the top none meets one still in use
        new = renamed[old]
        session.execute(
            sa.update(Grid).where(Grid.plan_id == plan_id, Grid.code == old).values(code=new, name=grid_name(new))
        )
        session.execute(
            sa.update(PlanBlock).where(PlanBlock.plan_id == plan_id, PlanBlock.grid_code == old).values(grid_code=new)
        )
    session.expire_all()
    return renamed
