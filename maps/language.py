"""The words of the pages: one JSON file for each language, Chinese first."""

from __future__ import annotations

import json
from functools import cache

from maps.assets import HERE
from maps.errors import UnknownNameError

LANGUAGES = ("zh", "en")


@cache
def _texts(language: str) -> str:
    return (HERE / "static" / "i18n" / f"{language}.json").read_text("utf-8")


def strings(language: str = "zh") -> dict[str, str]:
    """All texts of a language by key; places for values are written `{name}`.

    Raises
    ------
    UnknownNameError : the language is not one of `LANGUAGES`
    """
    if language not in LANGUAGES:
        raise UnknownNameError("language", language, LANGUAGES)
    texts: dict[str, str] = json.loads(_texts(language))
    return texts
