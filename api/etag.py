"""Validators (RFC 9110): an entity tag made of a revision, and the conditions that clients put on it."""

from __future__ import annotations

import re
from typing import Any

from fastapi import Request

from api.errors import InvalidParameterError, PreconditionRequiredError

NOT_MODIFIED: dict[int | str, dict[str, Any]] = {304: {"description": "You have this state already"}}
"""What a route declares in its `responses` where it answers If-None-Match."""


def etag_of(*parts: object) -> str:
    """The strong entity tag of a thing at a revision."""
    return '"' + ".".join(map(str, parts)) + '"'


def is_fresh(request: Request, etag: str) -> bool:
    """Whether the client has this state already (If-None-Match); a weak tag will do."""
    given = request.headers.get("if-none-match", "")
    return given.strip() == "*" or etag in re.findall(r'"[^"]*"', given)


def revision_to_match(request: Request) -> int | None:
    """The revision that If-Match asks for; None for `*`, any revision.

    Raises
    ------
    PreconditionRequiredError : the header is missing
    InvalidParameterError : it is no entity tag of ours
    """
    given = request.headers.get("if-match")
    if given is None:
        raise PreconditionRequiredError("Send If-Match with the ETag you have seen, so that nothing unseen is changed.")
    if given.strip() == "*":
        return None
    found = re.fullmatch(r'\s*"(\d{1,9})"\s*', given, re.ASCII)
    if found is None:
        raise InvalidParameterError("header", "If-Match", 'give one ETag as it came, for example "3".')
    return int(found[1])
