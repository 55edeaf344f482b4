"""Every error as a problem (RFC 9457): one table gives each class of error its status."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

import sqlalchemy as sa
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from pydantic import BaseModel
from sqlalchemy.orm.exc import StaleDataError
from starlette.exceptions import HTTPException

from api import errors as api
from api.requests import MAX_BODY, request_id
from geo.errors import GeoError
from layers import errors as layers
from maps.errors import MapsError

MEDIA_TYPE = "application/problem+json"
log = logging.getLogger("fengqiao.problems")

STATUS: dict[type[Exception], int] = {
    GeoError: 422,
    MapsError: 500,
    layers.LayersError: 422,
    layers.NotFoundError: 404,
    layers.StaleRevisionError: 412,
    layers.ForbiddenError: 403,
    layers.UnauthenticatedError: 401,
    layers.InvalidStateError: 409,
    layers.OutdatedPlanError: 409,
    layers.KeyReusedError: 409,
    layers.IntakeFullError: 503,
    layers.MissingDataError: 409,
    api.ApiError: 400,
    api.InvalidParameterError: 422,
    api.PreconditionRequiredError: 428,
    api.PasswordChangeRequiredError: 403,
    api.CrossSiteError: 403,
}
"""The nearest ancestor of an error wins. The text of these classes is written here, so clients may read it."""

DETAIL = {
    404: "There is nothing at this address; /openapi.json lists all addresses.",
    405: "This address does not take that method; the header Allow names those it takes.",
    413: f"A request may have {MAX_BODY:,} bytes; use `fengqiao load` for whole files.",
    500: "Something went wrong on our side; if it happens again, tell the administrator the request id.",
    503: "The database does not answer; try again in a moment.",
}


class InvalidParameter(BaseModel):
    """One thing that is wrong with a request."""

    where: str
    name: str
    detail: str


class Problem(BaseModel):
    """An error, as RFC 9457 describes it; `instance` is the address and `request_id` the entry in the server's log.

    `changes` lists what others have done since the revision that was given.
    """

    type: str
    title: str
    status: int
    detail: str
    instance: str
    request_id: str
    errors: list[InvalidParameter] | None = None
    changes: list[dict[str, Any]] | None = None


def problem(
    request: Request,
    status: int,
    detail: str,
    *,
    error: type[Exception] | None = None,
    headers: Mapping[str, str] | None = None,
    parameters: list[InvalidParameter] | None = None,
    changes: Sequence[Mapping[str, Any]] | None = None,
) -> Response:
    """The answer for an error; `error` gives the problem a type of its own, else it is about:blank."""
    body = Problem(
        type="about:blank" if error is None else type_of(error),
        title=HTTPStatus(status).phrase if error is None else title_of(error),
        status=status,
        detail=detail,
        instance=request.url.path,
        request_id=request_id(request),
        errors=parameters,
        changes=None if changes is None else [dict(change) for change in changes],
    )
    return JSONResponse(body.model_dump(exclude_none=True), status, dict(headers or {}), media_type=MEDIA_TYPE)


def type_of(error: type[Exception]) -> str:
    """The URI of a class of errors: urn:fengqiao:problem:not-found for NotFoundError."""
    return f"urn:fengqiao:problem:{_words(error).replace(' ', '-')}"


def title_of(error: type[Exception]) -> str:
    """The name of a class of errors in words: "Not found" for NotFoundError."""
    return _words(error).capitalize()


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What a route declares in its `responses` for the errors it can give."""
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        status: {"description": HTTPStatus(status).phrase, "content": {MEDIA_TYPE: {"schema": schema}}}
        for status in statuses
    }


def add_problems(app: FastAPI) -> None:
    """Let the application answer every error with a problem."""
    for error in STATUS:
        app.add_exception_handler(error, _ours)
    app.add_exception_handler(api.SignInRequiredError, _sign_in)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(StaleDataError, _stale)
    app.add_exception_handler(sa.exc.DataError, _unusable)
    for unavailable in (layers.DatabaseUnavailableError, sa.exc.OperationalError, sa.exc.InterfaceError):
        app.add_exception_handler(unavailable, _unavailable)


def unexpected(request: Request, error: Exception) -> Response:
    """A bare 500; what happened goes to the log and not to the client."""
    log.error("unexpected error, request %s", request_id(request), exc_info=error)
    return problem(request, 500, DETAIL[500])


def _ours(request: Request, error: Exception) -> Response:
    status = next(STATUS[ancestor] for ancestor in type(error).__mro__ if ancestor in STATUS)
    headers = {401: {"WWW-Authenticate": "Bearer"}, 503: {"Retry-After": "5"}}.get(status)
    parameters = None
    if isinstance(error, api.InvalidParameterError):
        parameters = [InvalidParameter(where=error.where, name=error.name, detail=error.detail)]
    changes = error.changes if isinstance(error, layers.StaleRevisionError) else None
    return problem(
        request, status, str(error), error=type(error), headers=headers, parameters=parameters, changes=changes
    )


def _sign_in(request: Request, _error: Exception) -> Response:
    """Send the browser to the sign-in page, which leads back to the address with all that stands in it."""
    path, query = request.url.path, request.url.query
    wanted = f"{path}?{query}" if query else path
    return RedirectResponse("/login" if wanted == "/" else f"/login?{urlencode({'next': wanted})}", 303)


def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    parameters = [_parameter(item) for item in error.errors()]
    detail = "; ".join(f"{parameter.name}: {parameter.detail}" for parameter in parameters)
    return problem(request, 422, detail, error=api.InvalidParameterError, parameters=parameters)


def _parameter(item: Mapping[str, Any]) -> InvalidParameter:
    where, *path = item["loc"]
    # A broken JSON body is located by a character position, which is no name.
    names = [str(part) for part in path if not (item["type"] == "json_invalid" and isinstance(part, int))]
    return InvalidParameter(where=str(where), name=".".join(names) or str(where), detail=str(item["msg"]))


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    detail = DETAIL.get(error.status_code, "The request cannot be read; check its body and headers.")
    return problem(request, error.status_code, detail, headers=error.headers)


def _stale(request: Request, _error: Exception) -> Response:
    detail = "Somebody else changed the same thing at the same moment; load it again and repeat your change."
    return problem(request, 412, detail, error=layers.StaleRevisionError)


def _unusable(request: Request, error: Exception) -> Response:
    log.warning("a value the database refuses, request %s", request_id(request), exc_info=error)
    detail = "A value cannot be compared or stored; look for null characters and numbers out of range."
    return problem(request, 422, detail, error=layers.InvalidInputError)


def _unavailable(request: Request, error: Exception) -> Response:
    log.error("database unavailable, request %s", request_id(request), exc_info=error)
    headers = {"Retry-After": "5"}
    return problem(request, 503, DETAIL[503], error=layers.DatabaseUnavailableError, headers=headers)


def _words(error: type[Exception]) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", error.__name__.removesuffix("Error")).lower()
