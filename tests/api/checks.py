"""What every problem has to look like."""

from __future__ import annotations

from typing import Any


def check_problem(answer: Any, status: int, kind: str = "") -> dict[str, Any]:
    """The body of a problem of that status; `kind` is the end of its type."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert set(body) - {"errors", "changes"} == {"type", "title", "status", "detail", "instance", "request_id"}
    assert body["status"] == status
    assert body["type"].endswith(kind), body
    assert body["detail"]
    assert body["request_id"] == answer.headers["x-request-id"]
    return body
