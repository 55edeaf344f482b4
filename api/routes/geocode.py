"""Addresses to grids and points to addresses; other names of places."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from api.context import AsOf, Now, Reading, Writing
from api.principal import Reader, allow
from api.problems import problems
from layers.access import Permission, Principal
from layers.geocode import ACCEPT_CONFIDENCE, Candidate, Geocoded, library_for
from layers.geocode.aliases import MAX_TEXT, AliasContent, add_alias, alias_row, list_aliases
from layers.geocode.scoped import reverse_within, within
from layers.tables import AddressLevel, AliasKind

router = APIRouter(prefix="/api", tags=["addresses"])
Loader = Annotated[Principal, Depends(allow(Permission.LOAD))]
AddressText = Annotated[str, Field(max_length=MAX_TEXT)]
Code = Annotated[str, Field(max_length=32, pattern=r"^[0-9A-Za-z_-]*$")]


class TraceStep(BaseModel):
    """A part of the text, the record of the library it was taken for, why, and how well it fits, from 0 to 1."""

    token: str
    record: str
    reason: str
    score: float


class CandidateInfo(BaseModel):
    """A place that the text may mean; `confidence` is the probability that its grid is the right one."""

    label: str
    level: AddressLevel
    address_key: str | None
    village_code: str | None
    grid_code: str | None
    lon: float | None
    lat: float | None
    radius_m: float | None
    confidence: float
    trace: list[TraceStep]


class GridChance(BaseModel):
    """A grid that the place may lie in."""

    grid_code: str
    probability: float


class GeocodedInfo(BaseModel):
    """Where a text lies; without an honest point or a single likely grid those fields are null.

    `level` says how far down the text is known, `radius_m` how far off the place may be; `grids` are the grids it may
    lie in and `ancestor_code` the lowest area that holds all of them. `accepted`: sure enough to do without an officer.
    """

    text: str
    level: AddressLevel
    confidence: float
    accepted: bool
    radius_m: float | None
    lon: float | None
    lat: float | None
    address_key: str | None
    village_code: str | None
    grid_code: str | None
    ancestor_code: str | None
    parts: dict[str, str]
    grids: list[GridChance]
    candidates: list[CandidateInfo]


class GeocodedList(BaseModel):
    """Answers in the order of the texts; `accept_confidence` is the probability from which an answer is accepted."""

    as_of: date
    accept_confidence: float
    results: list[GeocodedInfo]


class TextsToGeocode(BaseModel):
    """Up to 1,000 texts; of equal places the one in the area `near` is taken to be meant."""

    texts: Annotated[list[AddressText | None], Field(min_length=1, max_length=1_000)]
    near: Code | None = None


class ReverseInfo(BaseModel):
    """The standard address nearest to a point, within 500 m, and the areas that hold the point."""

    model_config = ConfigDict(from_attributes=True)

    lon: float
    lat: float
    label: str | None
    address_key: str | None
    distance_m: float | None
    village_code: str | None
    grid_code: str | None


class AliasInfo(BaseModel):
    """Another name of a place: it stands for a standard name, an address, an area or a point."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    kind: AliasKind
    level: AddressLevel
    text: str
    scope_code: str
    name: str | None
    address_key: str | None
    area_code: str | None
    lon: float | None
    lat: float | None
    valid_from: date | None
    valid_to: date | None
    created_at: datetime
    created_by: str


class Aliases(BaseModel):
    """A page of aliases in the order they were added; `next_after` asks for the next one, null on the last."""

    aliases: list[AliasInfo]
    next_after: int | None


class NewAlias(BaseModel):
    """Another name; give exactly one of `name`, `address_key`, `area_code`, and `lon` with `lat`."""

    text: Annotated[str, Field(min_length=1, max_length=MAX_TEXT)]
    level: AddressLevel
    kind: AliasKind = AliasKind.ALIAS
    scope_code: Code = ""
    name: Annotated[str | None, Field(max_length=MAX_TEXT)] = None
    address_key: Annotated[str | None, Field(max_length=128)] = None
    area_code: Code | None = None
    lon: Annotated[float | None, Field(ge=-180, le=180, allow_inf_nan=False)] = None
    lat: Annotated[float | None, Field(ge=-90, le=90, allow_inf_nan=False)] = None
    valid_from: date | None = None
    valid_to: date | None = None


def _candidate(one: Candidate) -> CandidateInfo:
    trace = [TraceStep.model_validate(step._asdict()) for step in one.trace]
    names = set(CandidateInfo.model_fields) - {"trace"}
    return CandidateInfo(**{name: getattr(one, name) for name in names}, trace=trace)


def _info(answer: Geocoded, limit: int) -> GeocodedInfo:
    names = set(GeocodedInfo.model_fields) - {"parts", "grids", "candidates"}
    return GeocodedInfo(
        **{name: getattr(answer, name) for name in names},
        parts=answer.address.parts(),
        grids=[GridChance(grid_code=code, probability=chance) for code, chance in answer.grids],
        candidates=[_candidate(one) for one in answer.candidates[:limit]],
    )


@router.get("/geocode", responses=problems(401, 403, 422))
def read_geocode(
    principal: Reader,
    session: Reading,
    as_of: AsOf,
    q: Annotated[str, Query(max_length=MAX_TEXT, description="An address as somebody wrote it")],
    limit: Annotated[int, Query(ge=1, le=5, description="Candidates at most")] = 5,
    near: Annotated[str | None, Query(max_length=32, pattern=r"^[0-9A-Za-z_-]*$")] = None,
) -> GeocodedInfo:
    """The grid of an address, how sure that is, and why."""
    answer = library_for(session, as_of).geocode([q], near)[0]
    return _info(within(answer, principal.scope), limit)


@router.post("/geocode", responses=problems(401, 403, 422))
def geocode_texts(principal: Reader, session: Reading, as_of: AsOf, body: TextsToGeocode) -> GeocodedList:
    """The grids of many addresses; each answer is the same as if it were asked alone."""
    answers = library_for(session, as_of).geocode(body.texts, body.near)
    results = [_info(within(answer, principal.scope), 5) for answer in answers]
    return GeocodedList(as_of=as_of, accept_confidence=ACCEPT_CONFIDENCE, results=results)


@router.get("/reverse_geocode", responses=problems(401, 403, 422))
def read_reverse_geocode(
    principal: Reader,
    session: Reading,
    as_of: AsOf,
    lon: Annotated[float, Query(ge=-180, le=180, allow_inf_nan=False)],
    lat: Annotated[float, Query(ge=-90, le=90, allow_inf_nan=False)],
) -> ReverseInfo:
    """The standard address nearest to a point, and the village and grid that hold it."""
    answer = library_for(session, as_of).reverse_geocode(lon, lat)
    return ReverseInfo.model_validate(reverse_within(answer, principal.scope))


@router.get("/address_aliases", responses=problems(401, 403, 422))
def read_aliases(
    principal: Reader,
    session: Reading,
    q: Annotated[str | None, Query(max_length=200)] = None,
    after: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
) -> Aliases:
    """Other names of places, the earliest first."""
    rows = list_aliases(session, principal.scope, q=q, after=after, limit=limit)
    following = rows[-1].id if len(rows) == limit else None
    return Aliases(aliases=[AliasInfo.model_validate(row) for row in rows], next_after=following)


@router.post("/address_aliases", status_code=201, responses=problems(401, 403, 404, 422))
def create_alias(principal: Loader, session: Writing, now: Now, body: NewAlias) -> AliasInfo:
    """Keep another name; from then on it resolves. The same one again changes nothing."""
    alias = add_alias(session, AliasContent(**body.model_dump()), by=principal.name, now=now, scope=principal.scope)
    return AliasInfo.model_validate(alias_row(session, alias.id))
