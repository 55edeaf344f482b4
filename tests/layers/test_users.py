"""Accounts: the first one, the ones it makes, and the guesses that are slowed down."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from layers.access import Permission, Principal, Role, Scope
from layers.errors import ForbiddenError, InvalidInputError, KeyReusedError, NotFoundError
from layers.passwords import (
    FREE_ATTEMPTS,
    LONGEST_LOCK,
    begin_attempt,
    check_password,
    hash_password,
    succeed,
    verify_password,
)
from layers.sign_in import open_session, session_principal
from layers.tables import Audit, User
from layers.users import (
    change_user,
    create_user,
    ensure_administrator,
    get_user,
    list_users,
    principal_of,
    reset_password,
    set_password,
)
from tests.two_towns import ADMIN, AWAY, HOME, HOME_ADMIN, NOW


@pytest.fixture
def officer(session):
    """A duty officer of the home town and the one-time password."""
    return create_user(session, ADMIN, name="officer", roles=[Role.DUTY_OFFICER], scope_code=HOME, now=NOW)


def test_the_first_start_makes_one_administrator_with_a_one_time_password(session):
    password = ensure_administrator(session, NOW)
    (user,) = session.scalars(sa.select(User)).all()
    assert principal_of(user) == Principal("admin", frozenset({Role.ADMINISTRATOR}), Scope(), password_is_one_time=True)
    assert password not in user.password_hash
    assert user.password_hash.startswith("$argon2id$")
    assert begin_attempt(session, "admin", NOW).matches(password)
    assert ensure_administrator(session, NOW) is None


def test_an_account_has_the_roles_and_the_area_it_was_given(session, officer):
    principal = principal_of(officer[0])
    assert (principal.name, principal.scope) == ("officer", Scope(HOME))
    assert principal.can(Permission.HANDLE)
    assert not principal.can(Permission.ADMINISTER)
    assert session.scalars(sa.select(Audit.action)).all() == ["user.create"]


def test_names_are_one_account_in_any_letter_case_and_width(session, officer):
    with pytest.raises(KeyReusedError):
        create_user(session, ADMIN, name=" ＯFFICER ", roles=[Role.VIEWER], scope_code="", now=NOW)
    assert begin_attempt(session, "Officer", NOW).matches(officer[1])


@pytest.mark.parametrize(
    "wrong",
    [{"name": ""}, {"name": "a/b"}, {"name": "x" * 41}, {"name": "a\tb"}, {"roles": []}, {"scope_code": "1" * 33}],
)
def test_accounts_that_make_no_sense_are_refused(session, wrong):
    with pytest.raises(InvalidInputError):
        create_user(session, ADMIN, **{"name": "n", "roles": [Role.VIEWER], "scope_code": "", "now": NOW} | wrong)


def test_an_administrator_of_a_town_reaches_only_its_accounts(session, officer):
    create_user(session, ADMIN, name="stranger", roles=[Role.VIEWER], scope_code=AWAY, now=NOW)
    create_user(session, ADMIN, name="county", roles=[Role.VIEWER], scope_code=HOME[:6], now=NOW)
    assert [user.name for user in list_users(session, HOME_ADMIN.scope)] == ["officer"]
    for name in ("stranger", "county", "nobody"):
        with pytest.raises(NotFoundError):
            reset_password(session, HOME_ADMIN, name, now=NOW)
    with pytest.raises(ForbiddenError):
        create_user(session, HOME_ADMIN, name="spy", roles=[Role.VIEWER], scope_code=AWAY, now=NOW)
    with pytest.raises(ForbiddenError):
        change_user(session, HOME_ADMIN, "officer", now=NOW, scope_code="")


def test_nobody_without_the_right_changes_accounts_and_nobody_their_own(session, officer):
    principal = principal_of(officer[0])
    with pytest.raises(ForbiddenError):
        create_user(session, principal, name="friend", roles=[Role.VIEWER], scope_code=HOME, now=NOW)
    ensure = create_user(session, ADMIN, name="chief", roles=[Role.ADMINISTRATOR], scope_code=HOME, now=NOW)[0]
    with pytest.raises(ForbiddenError):
        change_user(session, principal_of(ensure), "chief", now=NOW, disabled=True)


def test_a_disabled_account_is_signed_out_and_cannot_sign_in(session, officer):
    user, password = officer
    token = open_session(session, user, now=NOW, lifetime=timedelta(hours=1))
    change_user(session, ADMIN, "officer", now=NOW, disabled=True)
    assert session_principal(session, token, now=NOW) is None
    assert not begin_attempt(session, "officer", NOW).matches(password)
    change_user(session, ADMIN, "officer", now=NOW, disabled=False)
    assert begin_attempt(session, "officer", NOW).matches(password)


def test_a_new_one_time_password_replaces_the_old_one(session, officer):
    user, old = officer
    set_password(session, user, hash_password("a long sentence"), NOW)
    assert not user.password_is_one_time
    new = reset_password(session, ADMIN, "officer", now=NOW)
    assert new != old
    assert user.password_is_one_time
    assert begin_attempt(session, "officer", NOW).matches(new)


def test_guesses_are_counted_before_they_are_checked_and_then_locked_out(session, officer):
    _, password = officer
    attempts = [begin_attempt(session, "officer", NOW) for _ in range(FREE_ATTEMPTS)]
    assert all(attempt.is_open for attempt in attempts)
    locked = begin_attempt(session, "officer", NOW + timedelta(seconds=29))
    assert not locked.matches(password)
    later = begin_attempt(session, "officer", NOW + timedelta(seconds=30))
    assert later.matches(password)
    assert succeed(session, later).failed_logins == 0
    assert begin_attempt(session, "officer", NOW + timedelta(seconds=30)).is_open


def test_the_lock_doubles_up_to_a_quarter_of_an_hour(session, officer):
    at, locks = NOW, []
    for _ in range(FREE_ATTEMPTS + 8):
        begin_attempt(session, "officer", at)
        until = get_user(session, Scope(), "officer").locked_until
        if until is not None:
            locks.append((until - at).total_seconds())
            at = until
    assert locks == [30, 60, 120, 240, 480, 900, 900, 900, 900]
    assert LONGEST_LOCK.total_seconds() == 900


def test_an_unknown_name_is_refused_after_a_real_check(session):
    attempt = begin_attempt(session, "nobody", NOW)
    assert not attempt.matches("x")
    assert succeed(session, attempt) is None


def test_a_password_changed_between_check_and_success_does_not_sign_in(session, officer):
    attempt = begin_attempt(session, "officer", NOW)
    assert attempt.matches(officer[1])
    reset_password(session, ADMIN, "officer", now=NOW)
    assert succeed(session, attempt) is None


def test_passwords_are_compared_in_one_unicode_form():
    kept = hash_password("Cafe\u0301 枫溪 2026")
    assert verify_password(kept, "Caf\u00e9 枫溪 ２０２６")
    assert not verify_password(kept, "cafe 枫溪 2026")
    assert not verify_password("no hash", "cafe")


@pytest.mark.parametrize("weak", ["short", "aaaaaaaaaaaaaaaa", "officer-officer", "x" * 201])
def test_weak_passwords_are_refused(weak):
    with pytest.raises(InvalidInputError):
        check_password(weak, "officer")
