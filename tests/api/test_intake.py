"""Tickets of the hotline come in signed, once, and without their callers."""

from __future__ import annotations

import json
from hashlib import sha256

import pytest
import sqlalchemy as sa

from api.app import create_app
from api.settings import Settings
from layers.intake.hotline import sign
from layers.tables import Report
from tests.api.checks import check_problem
from tests.two_towns import NORTH, NOW

SECRET = "a secret of the hotline"
TICKET = {
    "number": "20260310-0042",
    "kind": "投诉",
    "matter": "消防",
    "received_at": "2026-03-10T11:58:00+08:00",
    "content": "楼道堆放杂物",
    "address": "和平路12号",
    "lon": 120.002,
    "lat": 29.805,
    "caller_name": "王某某",
    "caller_phone": "13800000000",
}


@pytest.fixture
def app(filled, clock):
    """The application with a secret."""
    return create_app(Settings(database_url=filled, hotline_secret=SECRET), clock=clock)


def send(client, ticket, *, at=NOW, secret=SECRET, body=None):
    text, stamp = json.dumps(ticket, ensure_ascii=False).encode(), str(int(at.timestamp()))
    headers = {"X-Fengqiao-Timestamp": stamp, "X-Fengqiao-Signature": sign(secret, stamp, text)}
    return client.post(
        "/api/intake/hotline", content=body or text, headers=headers | {"Content-Type": "application/json"}
    )


def test_the_signature_is_the_hmac_of_rfc_2104():
    """H(key xor opad, H(key xor ipad, text)), the key filled up with zeros to 64 bytes."""
    key = b"secret".ljust(64, b"\0")
    inner = sha256(bytes(byte ^ 0x36 for byte in key) + b"1773115200." + b"{}").digest()
    assert sign("secret", "1773115200", b"{}") == sha256(bytes(byte ^ 0x5C for byte in key) + inner).hexdigest()


def test_a_ticket_becomes_a_report_once(app, sign_in):
    intake = sign_in("intake")
    for _ in range(2):
        answer = send(intake, TICKET)
        assert answer.status_code == 201, answer.text
        assert answer.json() == {
            "report_key": "hotline-20260310-0042",
            "category": "SAFETY",
            "state": "REPORTED",
            "village_code": NORTH,
            "grid_code": f"{NORTH}001",
            "assignment": "INSIDE",
        }
    with app.state.sessions() as session:
        (stored,) = session.scalars(sa.select(Report).where(Report.source == "HOTLINE_12345")).all()
        assert (stored.subtype, stored.description, stored.address_text) == ("消防", "楼道堆放杂物", "和平路12号")
        told = str([getattr(stored, column.key) for column in Report.__table__.columns])
        assert "王某某" not in told
        assert "13800000000" not in told
    check_problem(send(intake, TICKET | {"content": "另一件事"}), 409, "key-reused")


def test_a_matter_nobody_knows_goes_by_the_kind_of_call(sign_in):
    ticket = TICKET | {"matter": "飞碟", "number": "2"}
    assert send(sign_in("intake"), ticket).json()["category"] == "OPINION"


def test_only_fresh_signatures_with_the_secret_are_taken(app, sign_in, clock):
    intake = sign_in("intake")
    check_problem(send(intake, TICKET, secret="another"), 401, "unauthenticated")
    check_problem(send(intake, TICKET, body=json.dumps(TICKET | {"number": "3"}).encode()), 401, "unauthenticated")
    for stamp in (NOW.replace(hour=3, minute=54), NOW.replace(minute=6)):
        check_problem(send(intake, TICKET, at=stamp), 401, "unauthenticated")
    check_problem(intake.post("/api/intake/hotline", json=TICKET), 422, "invalid-parameter")
    check_problem(send(sign_in("viewer"), TICKET), 403, "forbidden")
    check_problem(send(intake, TICKET | {"kind": "?"}), 422, "invalid-parameter")
    with app.state.sessions() as session:
        assert session.scalar(sa.select(sa.func.count()).where(Report.source == "HOTLINE_12345")) == 0


def test_without_a_secret_nothing_is_taken(filled, clock, sign_in, app):
    intake = sign_in("intake")
    app.state.settings = Settings(database_url=filled)
    check_problem(send(intake, TICKET), 409, "missing-data")
