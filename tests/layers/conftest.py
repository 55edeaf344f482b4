"""Two small towns side by side, for the services that read."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from tests.two_towns import two_towns


@pytest.fixture
def world(session: Session) -> Session:
    """The session, with two small towns in it."""
    two_towns(session)
    return session
