"""The pages: sign-in for everybody, map and planner for readers; their scripts come from us."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, JSONResponse

from api.context import Config
from api.principal import SignedIn, allow
from api.settings import Settings
from layers.access import Permission, Principal
from maps import pages
from maps.language import LANGUAGES

router = APIRouter(include_in_schema=False)
PageReader = Annotated[Principal, Depends(allow(Permission.READ, page=True))]


@router.get("/")
@router.get("/map")
def show_map(principal: PageReader, request: Request, settings: Config) -> HTMLResponse:  # noqa: ARG001
    """The map page; without a session the browser goes to the sign-in page."""
    return _with_map("map", request, settings)


@router.get("/plan")
def show_plan(principal: PageReader, request: Request, settings: Config) -> HTMLResponse:  # noqa: ARG001
    """The planner's page, to look at for all readers, to edit for planners."""
    return _with_map("plan", request, settings)


@router.get("/reports")
def show_reports(principal: PageReader, request: Request, settings: Config) -> HTMLResponse:  # noqa: ARG001
    """The list of reports, to look at for all readers, to work on for officers."""
    return _with_map("reports", request, settings)


@router.get("/review")
def show_review(principal: PageReader, request: Request, settings: Config) -> HTMLResponse:  # noqa: ARG001
    """The review queue; it tells readers without the right to handle reports that it is not theirs."""
    return _with_map("review", request, settings)


@router.get("/statistics")
def show_statistics(principal: PageReader, request: Request) -> HTMLResponse:  # noqa: ARG001
    """The page of weekly figures; closing a week is for administrators."""
    return HTMLResponse(pages.page("statistics", language_of(request)))


@router.get("/login")
def show_login(request: Request) -> HTMLResponse:
    """The sign-in page, where a one-time password is changed too."""
    return HTMLResponse(pages.page("login", language_of(request)))


@router.get("/openapi.json")
def show_openapi(principal: SignedIn, request: Request) -> JSONResponse:  # noqa: ARG001
    """The description of all routes, for whoever is signed in."""
    return JSONResponse(request.app.openapi())


def _with_map(name: str, request: Request, settings: Settings) -> HTMLResponse:
    """A page whose map may have background tiles."""
    text = pages.page(
        name, language_of(request), tile_url=settings.tile_address, tile_attribution=settings.tile_attribution
    )
    return HTMLResponse(text)


def language_of(request: Request) -> str:
    """The language of the address, else the browser's first one that we have, else Chinese."""
    wanted = [request.query_params.get("lang", ""), *request.headers.get("accept-language", "").split(",")]
    short = (tag.strip()[:2].lower() for tag in wanted)
    return next((tag for tag in short if tag in LANGUAGES), LANGUAGES[0])
