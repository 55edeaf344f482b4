"""Settings come from the environment, cannot be changed, and are checked when they are read."""

import pytest
from pydantic import ValidationError

from api.settings import Settings


def test_settings_come_from_the_environment(monkeypatch):
    monkeypatch.setenv("FENGQIAO_DATABASE_URL", "postgresql://grid@db/grid")
    monkeypatch.setenv("FENGQIAO_SESSION_HOURS", "2")
    settings = Settings()
    assert (settings.database_url, settings.session_hours) == ("postgresql://grid@db/grid", 2)
    assert settings.zone.key == "Asia/Shanghai"
    assert (settings.tile_origin, settings.tile_address) == (None, None)
    with pytest.raises(ValidationError):
        settings.timezone = "UTC"


@pytest.mark.parametrize(
    "wrong",
    [
        {"timezone": "Mars/Olympus"},
        {"session_hours": 0},
        {"public_url": "grid.example"},
        {"public_url": "https://grid.example/sub"},
        {"tile_url": "https://tiles.example/{z}/{x}.png"},
        {"tile_url": "javascript:{z}{x}{y}"},
        {"tile_url": "https://a.example;script-src *;/{z}/{x}/{y}"},
    ],
)
def test_settings_that_make_no_sense_are_refused(wrong):
    with pytest.raises(ValidationError):
        Settings(**wrong)
