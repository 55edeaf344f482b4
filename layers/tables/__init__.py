"""The tables, one module for each subject."""

from layers.tables.access import ApiKey, User, UserSession
from layers.tables.base import SRID, Base
from layers.tables.log import Audit, Load, Outbox
from layers.tables.register import Address, Building, Household, Road, Water
from layers.tables.reports import (
    CLOSED_STATES,
    Assignment,
    Report,
    ReportCategory,
    ReportEvent,
    ReportSource,
    ReportState,
)
from layers.tables.territory import (
    Block,
    Grid,
    GridKind,
    GridLevel,
    GridLineage,
    LineageOp,
    Plan,
    PlanBlock,
    PlanEdit,
    PlanEvent,
    PlanState,
)
from layers.tables.video import Camera, Gap, GridSight, Isovist

__all__ = [
    "CLOSED_STATES",
    "SRID",
    "Address",
    "ApiKey",
    "Assignment",
    "Audit",
    "Base",
    "Block",
    "Building",
    "Camera",
    "Gap",
    "Grid",
    "GridKind",
    "GridLevel",
    "GridLineage",
    "GridSight",
    "Household",
    "Isovist",
    "LineageOp",
    "Load",
    "Outbox",
    "Plan",
    "PlanBlock",
    "PlanEdit",
    "PlanEvent",
    "PlanState",
    "Report",
    "ReportCategory",
    "ReportEvent",
    "ReportSource",
    "ReportState",
    "Road",
    "User",
    "UserSession",
    "Water",
]
