"""Sessions run out and go on while used; a key does what both it and its account may."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from layers.access import Permission, Role, Scope
from layers.errors import ForbiddenError, InvalidInputError, NotFoundError
from layers.sign_in import (
    LONGEST_SESSION,
    close_session,
    create_key,
    key_principal,
    list_keys,
    open_session,
    prolong,
    prolonged,
    revoke_key,
    session_principal,
)
from layers.tables import ApiKey, User, UserSession
from layers.users import change_user, create_user, principal_of
from tests.two_towns import ADMIN, AWAY, HOME, HOME_ADMIN, NOW

HOUR = timedelta(hours=1)


@pytest.fixture
def user(session) -> User:
    """A duty officer of the home town, who has chosen a password."""
    user, _ = create_user(session, ADMIN, name="officer", roles=[Role.DUTY_OFFICER], scope_code=HOME, now=NOW)
    user.password_is_one_time = False
    return user


def make_key(session, user, **more):
    values = {"name": "hotline", "roles": [Role.INTAKE], "scope_code": HOME, "now": NOW} | more
    return create_key(session, principal_of(user), **values)


def test_a_session_lasts_its_time_and_only_its_digest_is_kept(session, user):
    token = open_session(session, user, now=NOW, lifetime=HOUR)
    (stored,) = session.scalars(sa.select(UserSession)).all()
    assert token not in stored.token_digest
    principal, _ = session_principal(session, token, now=NOW + HOUR - timedelta(seconds=1))
    assert principal == principal_of(user)
    assert session_principal(session, token, now=NOW + HOUR) is None
    assert session_principal(session, stored.token_digest, now=NOW) is None


def test_a_session_in_use_goes_on_but_not_for_ever(session, user):
    token = open_session(session, user, now=NOW, lifetime=HOUR)
    stored = session_principal(session, token, now=NOW)[1]
    assert prolonged(stored, now=NOW + timedelta(minutes=6), lifetime=HOUR) is None
    until = prolonged(stored, now=NOW + timedelta(minutes=30), lifetime=HOUR)
    assert until == NOW + timedelta(minutes=90)
    prolong(session, token, until)
    session.expire_all()
    stored = session_principal(session, token, now=NOW + HOUR)[1]
    assert stored.expires_at == until
    stored.expires_at = NOW + LONGEST_SESSION
    assert prolonged(stored, now=NOW + LONGEST_SESSION - timedelta(minutes=1), lifetime=HOUR) is None


def test_signing_out_ends_the_session_and_a_new_one_clears_the_old(session, user):
    token = open_session(session, user, now=NOW, lifetime=HOUR)
    close_session(session, token)
    assert session_principal(session, token, now=NOW) is None
    open_session(session, user, now=NOW, lifetime=HOUR)
    open_session(session, user, now=NOW + 2 * HOUR, lifetime=HOUR)
    assert session.scalar(sa.select(sa.func.count()).select_from(UserSession)) == 1


def test_a_key_speaks_for_its_account_with_its_own_roles(session, user):
    key, token = make_key(session, user)
    principal = key_principal(session, token, now=NOW)
    assert (principal.name, principal.roles, principal.scope) == ("officer/hotline", {Role.INTAKE}, Scope(HOME))
    assert token not in key.token_digest
    assert key_principal(session, token + "x", now=NOW) is None


def test_a_key_can_do_no_more_than_its_account(session, user):
    for wrong in ({"roles": [Role.ADMINISTRATOR]}, {"scope_code": ""}, {"scope_code": AWAY}):
        with pytest.raises(ForbiddenError):
            make_key(session, user, **wrong)
    for wrong in ({"name": ""}, {"name": "x" * 40}, {"roles": []}, {"expires_at": NOW}):
        with pytest.raises(InvalidInputError):
            make_key(session, user, **wrong)


def test_a_key_loses_what_its_account_loses(session, user):
    _, token = make_key(session, user, roles=[Role.DUTY_OFFICER])
    change_user(session, ADMIN, "officer", now=NOW, roles=[Role.VIEWER])
    assert not key_principal(session, token, now=NOW).can(Permission.READ)
    change_user(session, ADMIN, "officer", now=NOW, scope_code=AWAY)
    assert key_principal(session, token, now=NOW) is None
    change_user(session, ADMIN, "officer", now=NOW, roles=[Role.DUTY_OFFICER], scope_code=HOME)
    assert key_principal(session, token, now=NOW).can(Permission.HANDLE)
    change_user(session, ADMIN, "officer", now=NOW, disabled=True)
    assert key_principal(session, token, now=NOW) is None


def test_a_key_runs_out_or_is_revoked(session, user):
    _, token = make_key(session, user, expires_at=NOW + HOUR)
    assert key_principal(session, token, now=NOW + HOUR) is None
    key, token = make_key(session, user)
    revoke_key(session, principal_of(user), key.id, now=NOW)
    revoke_key(session, principal_of(user), key.id, now=NOW + HOUR)
    assert key_principal(session, token, now=NOW) is None
    assert session.get_one(ApiKey, key.id).revoked_at == NOW


def test_keys_are_managed_by_their_owner_and_the_administrator_of_the_area(session, user):
    key, _ = make_key(session, user)
    other, _ = create_user(session, ADMIN, name="other", roles=[Role.DUTY_OFFICER], scope_code=HOME, now=NOW)
    assert list_keys(session, principal_of(other)) == []
    with pytest.raises(NotFoundError):
        revoke_key(session, principal_of(other), key.id, now=NOW)
    assert list_keys(session, HOME_ADMIN) == [(key, "officer")]
    far, _ = create_user(session, ADMIN, name="far", roles=[Role.ADMINISTRATOR], scope_code=AWAY, now=NOW)
    assert list_keys(session, principal_of(far)) == []
    revoke_key(session, HOME_ADMIN, key.id, now=NOW)
    assert key.revoked_at == NOW
