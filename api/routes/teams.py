"""Teams, the offices that act, and the catalogue of matters that may be given to them."""

from __future__ import annotations

from hashlib import blake2b
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.context import Now, Reading, Writing
from api.errors import InvalidParameterError, PreconditionRequiredError
from api.principal import Reader, allow
from api.problems import problems
from layers.access import Permission, Principal
from layers.calendar import MAX_AMOUNT
from layers.errors import NotFoundError, StaleRevisionError
from layers.tables import CatalogueItem, HandlingLevel, Platform, ReportCategory, Team, TimeUnit
from layers.workflow.catalogue import exact_item, list_catalogue, remove_item, set_item
from layers.workflow.teams import add_team, exact_team, list_teams, remove_team

router = APIRouter(prefix="/api", tags=["work flow"])
Administrator = Annotated[Principal, Depends(allow(Permission.ADMINISTER))]
AreaCode = Annotated[str, Path(pattern=r"^(\d{6}|\d{9}|\d{12}|\d{15})$", description="County, town, village or grid")]
Name = Annotated[str, Path(min_length=1, max_length=120)]
Subtype = Annotated[str, Query(max_length=60, description="Empty: every matter of the category without its own item")]


class NewTeam(BaseModel):
    """What an administrator says about an office; without a platform it takes every matter."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)

    phone: str | None = Field(None, max_length=40)
    platform: Platform | None = None


class TeamItem(NewTeam):
    """An office, the area it acts in, and the ETag that a change needs as If-Match."""

    name: str
    area_code: str
    etag: str


class Teams(BaseModel):
    """The offices inside one's area and around it, by area and name."""

    teams: list[TeamItem]


class NewMatter(BaseModel):
    """What may be done with a matter: who may be given it, and how long it may take."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)

    name: str = Field(min_length=1, max_length=120)
    levels: list[HandlingLevel] = Field(min_length=1, max_length=len(HandlingLevel))
    deadline_amount: int = Field(ge=1, le=MAX_AMOUNT)
    deadline_unit: TimeUnit
    platform: Platform | None = None


class Matter(NewMatter):
    """A matter of the catalogue, and the ETag that a change needs as If-Match."""

    category: ReportCategory
    subtype: str
    etag: str


class Catalogue(BaseModel):
    """All matters, by category and subtype."""

    matters: list[Matter]


@router.get("/teams", responses=problems(401, 403))
def read_teams(principal: Reader, session: Reading) -> Teams:
    """The offices inside one's area and around it."""
    return Teams(teams=[_team(team) for team in list_teams(session, principal.scope)])


@router.put("/teams/{area_code}/{name}", responses=problems(401, 403, 412, 422, 428))
def put_team(
    principal: Administrator,
    session: Writing,
    now: Now,
    request: Request,
    response: Response,
    area_code: AreaCode,
    name: Name,
    new: NewTeam,
) -> TeamItem:
    """Add an office, or change it; to change it needs If-Match with its ETag."""
    principal.scope.require(area_code)
    stored = exact_team(session, area_code, name)
    _require_match(request, "team", name, None if stored is None else _team(stored).etag)
    made = add_team(session, principal, name=name, area_code=area_code, now=now, **new.model_dump())
    told = _team(made)
    response.headers["ETag"] = told.etag
    return told


@router.delete("/teams/{area_code}/{name}", status_code=204, responses=problems(401, 403, 404, 412, 422, 428))
def delete_team(
    principal: Administrator, session: Writing, now: Now, request: Request, area_code: AreaCode, name: Name
) -> None:
    """Take an office away; its open reports go to the next one that may act. Needs If-Match with its ETag."""
    principal.scope.require(area_code)
    stored = exact_team(session, area_code, name)
    if stored is None:
        raise NotFoundError("team", name)
    _require_match(request, "team", name, _team(stored).etag)
    remove_team(session, principal, stored, now=now)


@router.get("/catalogue", responses=problems(401, 403))
def read_catalogue(principal: Reader, session: Reading) -> Catalogue:  # noqa: ARG001
    """The matters that may be given to each level, with their deadlines."""
    return Catalogue(matters=[_matter(item) for item in list_catalogue(session)])


@router.put("/catalogue/{category}", responses=problems(401, 403, 412, 422, 428))
def put_matter(
    principal: Administrator,
    session: Writing,
    now: Now,
    request: Request,
    response: Response,
    category: ReportCategory,
    new: NewMatter,
    subtype: Subtype = "",
) -> Matter:
    """Add a matter to the catalogue, or change it; to change it needs If-Match with its ETag.

    It holds for what comes in from now on; deadlines that are set stay.
    """
    stored = exact_item(session, category, subtype)
    _require_match(request, "matter", category, None if stored is None else _matter(stored).etag)
    item = set_item(session, principal, category=category, subtype=subtype, now=now, **new.model_dump())
    told = _matter(item)
    response.headers["ETag"] = told.etag
    return told


@router.delete("/catalogue/{category}", status_code=204, responses=problems(401, 403, 404, 412, 422, 428))
def delete_matter(
    principal: Administrator,
    session: Writing,
    now: Now,
    request: Request,
    category: ReportCategory,
    subtype: Subtype = "",
) -> None:
    """Take a matter out of the catalogue; needs If-Match with its ETag. What came in before keeps its deadline."""
    stored = exact_item(session, category, subtype)
    if stored is None:
        raise NotFoundError("matter", category)
    _require_match(request, "matter", category, _matter(stored).etag)
    remove_item(session, principal, stored, now=now)


def _etag(*values: object) -> str:
    return (
        '"'
        + blake2b(repr([str(value) for value in values]).encode("utf-8", "backslashreplace"), digest_size=8).hexdigest()
        + '"'
    )


def _team(team: Team) -> TeamItem:
    etag = _etag(team.id, team.name, team.area_code, team.phone, team.platform)
    return TeamItem(name=team.name, area_code=team.area_code, phone=team.phone, platform=team.platform, etag=etag)


def _matter(item: CatalogueItem) -> Matter:
    values = {name: getattr(item, name) for name in (*NewMatter.model_fields, "category", "subtype")}
    return Matter(**values, etag=_etag(item.id, *values.values()))


def _require_match(request: Request, what: str, key: str, etag: str | None) -> None:
    """Refuse a change of what somebody has not seen as it is; `etag` is None for what is not there yet."""
    given = request.headers.get("if-match")
    if given is None and etag is not None:
        raise PreconditionRequiredError("Send If-Match with the ETag you have seen, so that nothing unseen is changed.")
    if given is not None and given.strip() != "*" and not given.strip().startswith('"'):
        raise InvalidParameterError("header", "If-Match", "give one ETag as it came.")
    if given is not None and (etag is None or given.strip() not in {"*", etag}):
        raise StaleRevisionError(what, key, 0)
