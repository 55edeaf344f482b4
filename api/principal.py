"""Who asks: every route depends on `allow(permission)`, which gives the principal whose scope its queries apply."""

from datetime import timedelta
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer

from api.context import now_of, sessions_of, settings_of
from api.errors import CrossSiteError, PasswordChangeRequiredError, SignInRequiredError
from layers.access import Permission, Principal
from layers.errors import ForbiddenError, UnauthenticatedError
from layers.sign_in import key_principal, prolong, prolonged, session_principal

COOKIE = "fengqiao_session"
UNKNOWN_KEY = "This key is unknown, revoked or has run out; ask its owner for a new one."
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

cookie_scheme = APIKeyCookie(
    name=COOKIE, scheme_name="session", description="Set by POST /api/session", auto_error=False
)
bearer_scheme = HTTPBearer(scheme_name="key", description="A key made by POST /api/keys", auto_error=False)


class Allow:
    """A dependency that gives the principal if it has the permission; None asks only that somebody is signed in."""

    def __init__(self, permission: Permission | None, *, one_time: bool = False, page: bool = False) -> None:
        self.permission, self.one_time, self.page = permission, one_time, page

    def __call__(
        self,
        request: Request,
        cookie: Annotated[str | None, Security(cookie_scheme)],
        bearer: Annotated[HTTPAuthorizationCredentials | None, Security(bearer_scheme)],
    ) -> Principal:
        """The principal of this request.

        Raises
        ------
        UnauthenticatedError : no valid session or key; SignInRequiredError for pages
        PasswordChangeRequiredError : the account still has its one-time password
        ForbiddenError, CrossSiteError : the permission is missing, or a page of another site sent the request
        """
        try:
            principal = _principal(request, cookie, bearer)
        except UnauthenticatedError as error:
            raise (SignInRequiredError() if self.page else error) from None
        return self.admit(request, principal)

    def admit(self, request: Request, principal: Principal | None) -> Principal:
        """The principal, noted for the log, if it may go on; None is a key that stands for nobody."""
        if principal is None:
            raise UnauthenticatedError(UNKNOWN_KEY)
        request.state.principal = principal
        if principal.password_is_one_time and not self.one_time:
            if self.page:
                raise SignInRequiredError
            raise PasswordChangeRequiredError("Choose your own password first: PUT /api/session/password.")
        if self.permission is not None:
            principal.require(self.permission)
        return principal


def allow(permission: Permission | None = None, *, one_time: bool = False, page: bool = False) -> Allow:
    """A dependency that lets in those who have the permission; with `one_time` also before the password is changed.

    With `page`, a browser without a session is sent to the sign-in page instead of being given a problem.
    """
    return Allow(permission, one_time=one_time, page=page)


def require_person(request: Request) -> None:
    """Refuse keys: what follows concerns the account itself.

    Raises
    ------
    ForbiddenError : the request came with a key
    """
    if "authorization" in request.headers:
        raise ForbiddenError("A key cannot do this; sign in with the account's password.")


def require_same_origin(request: Request, *, proven: bool = True) -> None:
    """Refuse what a page of another site sends; with `proven`, also what does not say where it comes from.

    Raises
    ------
    CrossSiteError : the request comes from another site, or does not prove that it comes from ours
    """
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is None and origin is None:
        ours = not proven
    else:
        ours = site in {None, "same-origin"} and origin in {None, *_origins(request)}
    if not ours:
        raise CrossSiteError("Changes with a session are taken only from our own pages; programs use a key instead.")


def is_https(request: Request) -> bool:
    """Whether browsers reach this service over https."""
    public_url = settings_of(request).public_url
    return (public_url or str(request.url)).startswith("https://")


def _origins(request: Request) -> set[str]:
    """The origins that are ours: the public one, or any scheme with the host that was asked for."""
    public_url = settings_of(request).public_url
    if public_url:
        return {public_url}
    host = request.headers.get("host", urlsplit(str(request.base_url)).netloc)
    return {f"http://{host}", f"https://{host}"}


def _principal(request: Request, cookie: str | None, bearer: HTTPAuthorizationCredentials | None) -> Principal:
    now = now_of(request)
    if "authorization" in request.headers:
        with sessions_of(request)() as session:
            by_key = key_principal(session, bearer.credentials, now=now) if bearer else None
        if by_key is None:
            raise UnauthenticatedError(UNKNOWN_KEY)
        return by_key
    if cookie is None:
        raise UnauthenticatedError("Sign in with POST /api/session, or send a key as Authorization: Bearer.")
    with sessions_of(request)() as session:
        found = session_principal(session, cookie, now=now)
    if found is None:
        raise UnauthenticatedError("Your session has ended; sign in again.")
    if request.method not in SAFE_METHODS:
        require_same_origin(request)
    principal, stored = found
    until = prolonged(stored, now=now, lifetime=lifetime_of(request))
    if until is not None:
        with sessions_of(request).begin() as session:
            prolong(session, cookie, until)
    return principal


def lifetime_of(request: Request) -> timedelta:
    """How long a session lasts without being used."""
    return timedelta(hours=settings_of(request).session_hours)


Reader = Annotated[Principal, Depends(allow(Permission.READ))]
SignedIn = Annotated[Principal, Depends(allow())]
