"""What can go wrong while something is drawn; every message says what to do next."""

from __future__ import annotations

from collections.abc import Sequence


class MapsError(Exception):
    """Root of the errors of `maps`; its text is written for the person at the screen."""


class MissingAssetsError(MapsError):
    """The browser libraries have not been installed."""


class UnknownNameError(MapsError, ValueError):
    """A page, language, ramp or other name is not known."""

    def __init__(self, what: str, name: str, known: Sequence[str]) -> None:
        super().__init__(f"There is no {what} {name!r}; take one of {', '.join(known)}.")
        self.what, self.name, self.known = what, name, tuple(known)


class RasterError(MapsError, ValueError):
    """Values and class edges do not make an image."""
