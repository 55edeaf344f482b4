"""Teams follow their grids and villages from one plan to the next."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from layers.plans.lineage import successors
from layers.tables import GridLineage, Plan, Team


def rehome_teams(session: Session, plan: Plan) -> int:
    """Give the teams of areas that end with a plan the areas that follow; returns how many teams got another one.

    The follower of a grid is the new one with most of its households, then most of its ground. A team whose new area
    has a team of that name already stays with the old code, for the planner to sort out.
    """
    rows = session.execute(
        sa.select(
            GridLineage.old_code, GridLineage.new_code, GridLineage.share_households, GridLineage.share_area
        ).where(GridLineage.plan_id == plan.id, GridLineage.old_code.is_not(None), GridLineage.new_code.is_not(None))
    ).all()
    follows = successors(rows)
    moved = 0
    for team in session.scalars(sa.select(Team).where(Team.area_code.in_(sorted(follows))).order_by(Team.id)).all():
        code = follows[team.area_code]
        taken = sa.select(sa.exists().where(Team.area_code == code, Team.name == team.name))
        if code != team.area_code and not session.scalar(taken):
            team.area_code = code
            session.flush()
            moved += 1
    return moved
