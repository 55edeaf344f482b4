"""The feed of the hotline: signed tickets come in by webhook."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Request
from pydantic import AwareDatetime, BaseModel, Field

from api.context import now_of, settings_of
from api.problems import problems
from api.taking import Sender, take_in
from layers.errors import MissingDataError
from layers.intake.content import MAX_ADDRESS, MAX_DESCRIPTION, MAX_SUBTYPE
from layers.intake.hotline import HotlineKind, Ticket, require_signature, ticket_report
from layers.intake.submission import Submission
from layers.tables import Assignment, ReportCategory, ReportState

router = APIRouter(prefix="/api/intake", tags=["intake"])


class HotlineTicket(BaseModel):
    """A ticket; what else the hotline sends, such as the caller's name and number, is not read."""

    number: str = Field(min_length=1, max_length=100)
    kind: HotlineKind
    received_at: AwareDatetime
    content: str = Field(min_length=1, max_length=MAX_DESCRIPTION)
    matter: str | None = Field(None, max_length=MAX_SUBTYPE, description="The hotline's word for it, such as 消防")
    address: str | None = Field(None, max_length=MAX_ADDRESS)
    lon: float | None = Field(None, ge=-180, le=180, allow_inf_nan=False)
    lat: float | None = Field(None, ge=-90, le=90, allow_inf_nan=False)


class Taken(BaseModel):
    """The report that a ticket has become."""

    report_key: str
    category: ReportCategory
    state: ReportState
    village_code: str | None
    grid_code: str | None
    assignment: Assignment | None


async def require_signed(
    request: Request,
    principal: Sender,  # noqa: ARG001 who may not send at all learns nothing about signatures
    timestamp: Annotated[str, Header(alias="X-Fengqiao-Timestamp", max_length=20)],
    signature: Annotated[str, Header(alias="X-Fengqiao-Signature", max_length=64)],
) -> None:
    """Refuse a body that was not signed with the secret of this installation a moment ago.

    Raises
    ------
    MissingDataError : the installation has no secret
    UnauthenticatedError : the signature does not fit, or is old
    """
    secret = settings_of(request).hotline_secret
    if secret is None:
        raise MissingDataError("There is no secret to check signatures with; set FENGQIAO_HOTLINE_SECRET.")
    body = await request.body()
    require_signature(
        secret.get_secret_value(), timestamp=timestamp, signature=signature, body=body, now=now_of(request)
    )


@router.post(
    "/hotline",
    status_code=201,
    responses=problems(401, 403, 409, 413, 422, 503),
    dependencies=[Depends(require_signed)],
)
async def take_ticket(principal: Sender, request: Request, ticket: HotlineTicket) -> Taken:
    """Take in a ticket of the hotline; the same ticket again changes nothing.

    X-Fengqiao-Signature is the HMAC-SHA256 in hexadecimal of X-Fengqiao-Timestamp (seconds since 1970), a point and
    the body.
    """
    key, content = ticket_report(Ticket(**ticket.model_dump()))
    stored = await take_in(request, Submission(key, content, now_of(request), principal.name, principal.scope))
    return Taken.model_validate(stored, from_attributes=True)
