"""Keys for programs: made by a signed-in person, and able to do no more than that person."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from api.context import Now, Reading, Writing
from api.principal import SignedIn, require_person
from api.problems import problems
from layers.access import Role
from layers.sign_in import create_key, list_keys, revoke_key
from layers.tables import ApiKey

router = APIRouter(prefix="/api/keys", tags=["access"])


class KeyInfo(BaseModel):
    """A key; never its token."""

    id: int
    name: str
    user: str
    roles: list[Role]
    scope_code: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


class Keys(BaseModel):
    """One's own keys, and for an administrator those of the area."""

    keys: list[KeyInfo]


class NewKey(BaseModel):
    """A key to make."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=39)
    roles: list[Role] = Field(min_length=1)
    scope_code: str = Field(max_length=32)
    expires_at: AwareDatetime | None = None


class KeyToken(KeyInfo):
    """A new key with its token, which is shown once."""

    token: str


@router.get("", responses=problems(401, 403))
def read_keys(principal: SignedIn, session: Reading) -> Keys:
    """List keys, revoked ones too."""
    return Keys(keys=[KeyInfo.model_validate(_values(key, user)) for key, user in list_keys(session, principal)])


@router.post("", status_code=201, responses=problems(401, 403, 422))
def add_key(request: Request, principal: SignedIn, session: Writing, now: Now, key: NewKey) -> KeyToken:
    """Make a key; send its token as `Authorization: Bearer`."""
    require_person(request)
    made, token = create_key(
        session,
        principal,
        name=key.name,
        roles=key.roles,
        scope_code=key.scope_code,
        now=now,
        expires_at=key.expires_at,
    )
    return KeyToken.model_validate(_values(made, principal.name) | {"token": token})


@router.delete("/{key_id}", status_code=204, responses=problems(401, 403, 404))
def remove_key(
    request: Request, principal: SignedIn, session: Writing, now: Now, key_id: Annotated[int, Path(ge=1, le=2**31 - 1)]
) -> None:
    """Revoke a key for ever."""
    require_person(request)
    revoke_key(session, principal, key_id, now=now)


def _values(key: ApiKey, user: str) -> dict[str, object]:
    names = ("id", "name", "roles", "scope_code", "created_at", "expires_at", "revoked_at")
    return {name: getattr(key, name) for name in names} | {"user": user}
