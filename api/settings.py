"""What an installation sets: read once from the environment (FENGQIAO_…), then passed on as plain data."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from layers.calendar import WorkCalendar
from layers.errors import InvalidInputError


class Settings(BaseSettings):
    """All settings; each has the environment variable FENGQIAO_ and its name in capitals."""

    model_config = SettingsConfigDict(env_prefix="FENGQIAO_", frozen=True, extra="ignore")

    database_url: str = "sqlite:///fengqiao.sqlite"
    public_url: str | None = Field(None, description="How browsers reach the service, for example https://grid.example")
    timezone: str = "Asia/Shanghai"
    office_hours: str = Field("08:30-12:00,13:30-17:30", description="When deadlines in working time run")
    jurisdiction_id: str | None = Field(None, description="How Open311 clients name this place; needed by none")
    hotline_secret: SecretStr | None = Field(None, description="Shared with the hotline, which signs its tickets")
    intake_waiting: int = Field(20_000, ge=1, description="Reports that may wait to be stored; more are told to wait")
    index_file: Path | None = Field(None, description="JSON that declares the composite index; else the template")
    session_hours: float = Field(12.0, gt=0, le=168)
    tile_url: str | None = Field(None, description="Background tiles with {z}, {x} and {y}, and {key} for the key")
    tile_attribution: str = ""
    tile_key: str | None = None

    @field_validator("public_url")
    @classmethod
    def _is_origin(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.netloc or parts.path not in {"", "/"} or parts.query:
            raise ValueError("write the scheme and host only, for example https://grid.example")
        return f"{parts.scheme}://{parts.netloc}".lower()

    @field_validator("timezone")
    @classmethod
    def _is_timezone(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError("write a name of the tz database, for example Asia/Shanghai")
        return value

    @field_validator("office_hours")
    @classmethod
    def _are_hours(cls, value: str) -> str:
        try:
            WorkCalendar.parse(value)
        except InvalidInputError as error:
            raise ValueError(str(error)) from None
        return value

    @field_validator("tile_url")
    @classmethod
    def _is_tile_url(cls, value: str | None) -> str | None:
        if value is None:
            return None
        named = all(part in value for part in ("{z}", "{x}", "{y}"))
        if not named or not re.fullmatch(r"https?://[\w.{}:-]+/[^\s;,'\"]*", value):
            raise ValueError("write an http(s) address that holds {z}, {x} and {y}")
        return value

    @property
    def zone(self) -> ZoneInfo:
        """The time zone in which days begin and end."""
        return ZoneInfo(self.timezone)

    @property
    def calendar(self) -> WorkCalendar:
        """The office hours of the place."""
        return WorkCalendar.parse(self.office_hours, self.timezone)

    @property
    def tile_address(self) -> str | None:
        """The tile URL with its key filled in, as the page needs it; None without tiles."""
        return None if self.tile_url is None else self.tile_url.replace("{key}", self.tile_key or "")

    @property
    def tile_origin(self) -> str | None:
        """Where tiles come from, as a source of a content security policy; None without tiles."""
        if self.tile_url is None:
            return None
        parts = urlsplit(self.tile_url)
        host = re.sub(r"^[^.]*\{s\}[^.]*", "*", parts.netloc)
        return f"{parts.scheme}://{host}"
