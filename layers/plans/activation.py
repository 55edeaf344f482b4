"""The day a published plan comes into force: what lies in its grids is re-homed then, and not before."""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session, sessionmaker

from layers.access import Scope
from layers.assignment import assign_all
from layers.engine import begin_writing
from layers.geocode.aliases import remember_former_names
from layers.plans.teams import rehome_teams
from layers.tables import CLOSED_STATES, AddressLevel, Block, Grid, GridLevel, Outbox, Plan, PlanState, Report
from layers.workflow.duty import give_duties


def is_due(session: Session, *, today: date) -> bool:
    """Whether a plan waits whose first day has come; one look at a small table."""
    return session.scalar(sa.select(sa.exists().where(_due(today)))) is True


def activate_plans(session: Session, *, today: date, now: datetime) -> list[Plan]:
    """Bring into force, in the order of their days, the published plans whose first day has come.

    Which grids are in force on a day follows from their dates alone; this does what has to be written down: the plans
    before them are superseded, blocks follow their village's new code, and households, addresses, cameras, open
    reports and teams are re-homed to the grids in force today. Each plan is activated once, whoever asks and however
    often, also by two processes at the same moment.

    Returns
    -------
    The plans that this call activated
    """
    due = session.scalars(sa.select(Plan.id).where(_due(today)).order_by(Plan.valid_from, Plan.id)).all()
    plans = [plan for plan_id in due if (plan := _claimed(session, plan_id, now)) is not None]
    for plan in plans:
        for old, new in plan.converted.items():
            session.execute(sa.update(Block).where(Block.village_code == old).values(village_code=new["code"]))
        rehome_teams(session, plan)
        _keep_names(session, plan, now)
    if plans:
        _supersede(session, today)
    for code in sorted({plan.scope_code for plan in plans}):
        assign_all(session, Scope(code), as_of=today)
        give_duties(session, Scope(code).located(Report), Report.state.not_in(CLOSED_STATES))
    for plan in plans:
        payload = {"plan_id": plan.id}
        session.add(Outbox(topic="plan.in_force", scope_code=plan.scope_code, payload=payload, created_at=now))
    session.flush()
    for known in session.identity_map.values():
        if isinstance(known, Plan):  # states and revisions were changed in the tables
            session.expire(known)
    return plans


def activate_due(factory: sessionmaker[Session], *, today: date, now: datetime) -> int:
    """Number of plans brought into force, in a transaction of its own; nothing is locked where none is due."""
    with factory() as session:
        if not is_due(session, today=today):
            return 0
    with factory.begin() as session:
        return len(activate_plans(begin_writing(session), today=today, now=now))


def _keep_names(session: Session, plan: Plan, now: datetime) -> None:
    """Let the earlier names of renamed villages go on to be understood in addresses."""
    assert plan.valid_from is not None
    renamed = {old: new for old, new in plan.converted.items() if new.get("name")}
    rows = session.execute(
        sa.select(Grid.code, Grid.name).where(
            Grid.level == GridLevel.VILLAGE, Grid.code.in_(list(renamed)), Grid.valid_to == plan.valid_from
        )
    ).all()
    names = {renamed[row.code]["code"]: row.name for row in rows if row.name != renamed[row.code]["name"]}
    remember_former_names(
        session, names, level=AddressLevel.VILLAGE, until=plan.valid_from, by=plan.created_by, now=now
    )


def _due(today: date) -> sa.ColumnElement[bool]:
    return sa.and_(Plan.state == PlanState.PUBLISHED, Plan.activated_at.is_(None), Plan.valid_from <= today)


def _claimed(session: Session, plan_id: int, now: datetime) -> Plan | None:
    """The plan, for the one transaction that gets to mark it first."""
    marked = (
        sa.update(Plan)
        .where(Plan.id == plan_id, Plan.state == PlanState.PUBLISHED, Plan.activated_at.is_(None))
        .values(activated_at=now, revision=Plan.revision + 1)
        .returning(Plan.id)
        .execution_options(synchronize_session=False)
    )
    if session.execute(marked).first() is None:
        return None
    return session.get_one(Plan, plan_id, populate_existing=True)


def end_plans(session: Session) -> None:
    """Note the last day's end on published plans all of whose grids end on a known day."""
    open_ = sa.select(Grid.plan_id).where(Grid.plan_id.is_not(None), Grid.valid_to.is_(None))
    last = sa.select(sa.func.max(Grid.valid_to)).where(Grid.plan_id == Plan.id).scalar_subquery()
    session.execute(
        sa.update(Plan)
        .where(Plan.state == PlanState.PUBLISHED, Plan.valid_to.is_(None), Plan.id.not_in(open_))
        .values(valid_to=last, revision=Plan.revision + 1)
        .execution_options(synchronize_session=False)
    )


def reopen_plans(session: Session) -> None:
    """Take that day off published plans again of which grids go on."""
    open_ = sa.select(Grid.plan_id).where(Grid.plan_id.is_not(None), Grid.valid_to.is_(None))
    session.execute(
        sa.update(Plan)
        .where(Plan.state == PlanState.PUBLISHED, Plan.valid_to.is_not(None), Plan.id.in_(open_))
        .values(valid_to=None, revision=Plan.revision + 1)
        .execution_options(synchronize_session=False)
    )


def _supersede(session: Session, today: date) -> None:
    over = sa.and_(Plan.state == PlanState.PUBLISHED, Plan.activated_at.is_not(None), Plan.valid_to <= today)
    session.execute(
        sa.update(Plan)
        .where(over)
        .values(state=PlanState.SUPERSEDED, revision=Plan.revision + 1)
        .execution_options(synchronize_session=False)
    )
