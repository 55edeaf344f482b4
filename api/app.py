"""The web application, put together from settings."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.staticfiles import StaticFiles
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware

from api.context import Clock, utc_now
from api.problems import Problem, add_problems, problems, unexpected
from api.requests import BodyLimit, Requests, SafeHeaders
from api.routes import (
    basemap,
    cameras,
    coverage,
    geocode,
    grids,
    health,
    heatmap,
    households,
    intake,
    keys,
    open311,
    pages,
    plan_course,
    plan_drawing,
    plan_editing,
    plan_files,
    plan_replay,
    plan_review,
    plan_state,
    plans,
    reports,
    review,
    search,
    session,
    statistics,
    teams,
    users,
)
from api.settings import Settings
from api.taking import Keys
from layers.engine import connect, sessions
from layers.intake.stream import ReportStream
from layers.plans.jobs import DrawJobs
from maps.errors import MissingAssetsError
from maps.pages import static_folder, vendor_folders

log = logging.getLogger("fengqiao")

SUBJECTS = (
    reports,  # first, since routes are tried in this order and most requests in a burst are reports
    health,
    session,
    users,
    keys,
    grids,
    households,
    cameras,
    review,
    intake,
    open311,
    teams,
    coverage,
    heatmap,
    statistics,
    plan_drawing,
    plan_editing,
    plan_files,
    plan_replay,
    plan_review,
    plan_state,  # all before plan_course, whose last route takes any word as a step
    plans,
    plan_course,
    basemap,
    search,
    geocode,
    pages,
)


def create_app(settings: Settings, *, clock: Clock = utc_now) -> FastAPI:
    """The application on the database that the settings name; it is opened at the first request.

    `clock` gives the present instant, aware; tests set their own.
    """
    engine = connect(settings.database_url)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        app.state.intake.close()
        app.state.keys.close()
        app.state.drawings.close()
        engine.dispose()

    secure = (settings.public_url or "").startswith("https://")
    app = FastAPI(
        title="Fengqiao Grid",
        summary="Grids, reports and cameras of a township.",
        version=_version(),
        openapi_url=None,  # its own route asks who wants it
        docs_url=None,  # the usual pages load scripts from outside
        redoc_url=None,
        lifespan=lifespan,
        generate_unique_id_function=lambda route: route.name,
        middleware=[
            Middleware(SafeHeaders, tile_origin=settings.tile_origin, secure=secure),
            Middleware(Requests, unexpected=unexpected),
            Middleware(GZipMiddleware, minimum_size=2000, compresslevel=5),
            Middleware(BodyLimit),
        ],
    )
    app.state.settings, app.state.sessions, app.state.clock = settings, sessions(engine), clock
    app.state.intake = ReportStream(app.state.sessions, settings.calendar, most_waiting=settings.intake_waiting)
    app.state.keys = Keys(app.state.sessions)
    app.state.drawings = DrawJobs()
    add_problems(app)
    for subject in SUBJECTS:
        app.include_router(subject.router)
    _mount(app)
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]
    return app


def _mount(app: FastAPI) -> None:
    app.mount("/static", StaticFiles(directory=static_folder()), "static")
    try:
        for path, folder in vendor_folders().items():
            app.mount(path, StaticFiles(directory=folder), path.strip("/"))
    except MissingAssetsError as error:
        log.warning("the map pages will stay empty: %s", error)


def _openapi(app: FastAPI) -> dict[str, Any]:
    """The description of all routes; made once."""
    if app.openapi_schema is None:
        schema = get_openapi(title=app.title, version=app.version, summary=app.summary, routes=app.routes)
        problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        parts = schema.setdefault("components", {}).setdefault("schemas", {})
        for name in ("HTTPValidationError", "ValidationError"):
            parts.pop(name, None)
        parts |= problem.pop("$defs", {}) | {"Problem": problem}
        for operation in (operation for methods in schema["paths"].values() for operation in methods.values()):
            if "422" in operation["responses"]:
                operation["responses"]["422"] = problems(422)[422]
            if "requestBody" in operation:  # a body that cannot be read at all
                operation["responses"].setdefault("400", problems(400)[400])
        app.openapi_schema = schema
    return app.openapi_schema


def _version() -> str:
    try:
        return version("fengqiao-grid")
    except PackageNotFoundError:
        return "0"
