"""What can go wrong in storage and its services; every message says what to do next and may be shown to a client."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


class LayersError(Exception):
    """Root of the errors of `layers`; its text is written for the person at the screen."""


class DatabaseUnavailableError(LayersError):
    """The database cannot be opened, lacks its spatial extension or has not been set up."""


class NotFoundError(LayersError):
    """Nothing with this key exists inside the caller's scope."""

    def __init__(self, what: str, key: object) -> None:
        super().__init__(f"There is no {what} {key} in your area; check the spelling, or ask for access to its area.")
        self.what, self.key = what, key


class StaleRevisionError(LayersError):
    """Somebody else has changed the row since it was read; `changes` tells how, where that is kept."""

    def __init__(
        self, what: str, key: object, revision: int, changes: Sequence[Mapping[str, Any]] | None = None
    ) -> None:
        super().__init__(f"The {what} {key} is now at revision {revision}; load it again and repeat your change.")
        self.what, self.key, self.revision, self.changes = what, key, revision, changes


class ForbiddenError(LayersError):
    """The principal lacks the permission, or the area lies outside its scope."""


class UnauthenticatedError(LayersError):
    """No valid session, key or password came with the request."""


class InvalidStateError(LayersError):
    """The step is not possible in the present state."""

    def __init__(self, what: str, state: str, step: str, allowed: Sequence[str]) -> None:
        possible = ", ".join(allowed) if allowed else "none"
        super().__init__(f"A {what} in the state {state} cannot be {step}; possible steps: {possible}.")
        self.what, self.state, self.step, self.allowed = what, state, step, tuple(allowed)


class FaultyPlanError(LayersError):
    """A plan has faults that keep it from being submitted; `findings` names them."""

    def __init__(self, plan_id: int, findings: Sequence[str]) -> None:
        some = "; ".join(findings[:5]) + ("; …" if len(findings) > 5 else "")
        super().__init__(
            f"Plan {plan_id} has {len(findings)} fault{'s' if len(findings) != 1 else ''}: {some}. Mend them first; "
            f"`fengqiao plan check {plan_id}` shows where they are."
        )
        self.plan_id, self.findings = plan_id, tuple(findings)


class OutdatedPlanError(LayersError):
    """A draft holds grids of a village that has another code since another plan came into force."""

    def __init__(self, plan_id: int, village: str) -> None:
        super().__init__(
            f"The village {village} has got another code since plan {plan_id} was drawn, so the draft can no longer be "
            "edited or published, nor its edits undone; begin a draft from the plan in force instead."
        )
        self.plan_id, self.village = plan_id, village


class NotInCatalogueError(LayersError):
    """The catalogue of matters does not let this one be given to that level."""

    def __init__(self, name: str, level: str, allowed: Sequence[str]) -> None:
        super().__init__(f"{name} may not be given to the level {level}; give it to {' or '.join(allowed)}.")
        self.name, self.level, self.allowed = name, level, tuple(allowed)


class IntakeFullError(LayersError):
    """So many reports wait to be stored that this one was not taken; it has to be sent again."""

    def __init__(self, bound: int) -> None:
        super().__init__(f"{bound:,} reports are waiting to be stored; send this one again in a few seconds.")
        self.bound = bound


class KeyReusedError(LayersError):
    """The key already belongs to something else, so this was not stored."""

    def __init__(self, what: str, key: object) -> None:
        super().__init__(f"The key {key} already belongs to another {what}; send this one with a key of its own.")
        self.what, self.key = what, key


class InvalidInputError(LayersError):
    """A value given by the caller makes no sense; the text names it and what would do."""


class UnreadableFileError(LayersError):
    """A file cannot be read as any format that is known here."""


class MissingCrsError(UnreadableFileError):
    """A file does not say in which coordinate reference system it is, so nothing was loaded."""


class MissingDataError(LayersError):
    """A step needs something that has not been loaded yet; the text names the command that loads it."""
