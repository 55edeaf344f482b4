"""Whether the service works; open to everybody, and tells nothing else."""

from __future__ import annotations

from typing import Literal

import sqlalchemy as sa
from fastapi import APIRouter
from pydantic import BaseModel

from api.context import Reading
from api.problems import problems

router = APIRouter(tags=["service"])


class Health(BaseModel):
    """The service answers and reaches its database."""

    status: Literal["ok"]


@router.get("/health", responses=problems(503))
def health(session: Reading) -> Health:
    """Say ok, or 503 where the database does not answer."""
    session.execute(sa.select(1))
    return Health(status="ok")
