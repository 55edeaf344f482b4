"""What can be wrong with a request before any service sees it; every message says what to do next."""

from __future__ import annotations


class ApiError(Exception):
    """Root of the errors of `api`; its text is written for the client."""


class InvalidParameterError(ApiError):
    """A parameter of the request makes no sense; `where` is path, query, header or body."""

    def __init__(self, where: str, name: str, detail: str) -> None:
        super().__init__(f"{name}: {detail}")
        self.where, self.name, self.detail = where, name, detail


class PreconditionRequiredError(ApiError):
    """The change needs If-Match, so that nobody overwrites what they have not seen."""


class PasswordChangeRequiredError(ApiError):
    """The account still has its one-time password."""


class CrossSiteError(ApiError):
    """A page of another site tried to change something in the name of a signed-in user."""


class SignInRequiredError(ApiError):
    """A page was asked for without a session; the browser is sent to the sign-in page."""
