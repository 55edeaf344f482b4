"""Which step leads from which state to which, and which marks a report can be given beside its state."""

from __future__ import annotations

from dataclasses import dataclass

from layers.access import Permission, Principal
from layers.tables import ExtensionState, Report, ReportState, Supervision

_S = ReportState


@dataclass(frozen=True)
class Transition:
    """A step from one of `sources` to `target`; the details named in `needs` must come with it."""

    sources: tuple[ReportState, ...]
    target: ReportState
    needs: tuple[str, ...] = ()


TRANSITIONS: dict[str, Transition] = {
    "report": Transition((_S.DRAFT,), _S.REPORTED),
    "void": Transition((_S.DRAFT,), _S.VOID, ("note",)),
    "accept": Transition((_S.REPORTED, _S.RETURNED, _S.ESCALATED), _S.ACCEPTED),
    "close_on_the_spot": Transition((_S.REPORTED,), _S.CLOSED),
    "merge": Transition((_S.REPORTED,), _S.MERGED, ("into",)),
    "dispatch": Transition((_S.ACCEPTED,), _S.DISPATCHED),
    "start": Transition((_S.DISPATCHED,), _S.IN_PROGRESS),
    "return": Transition((_S.REPORTED, _S.DISPATCHED, _S.IN_PROGRESS), _S.RETURNED, ("note",)),
    "escalate": Transition((_S.ACCEPTED, _S.IN_PROGRESS), _S.ESCALATED, ("note",)),
    "handle": Transition((_S.IN_PROGRESS,), _S.HANDLED),
    "reject": Transition((_S.HANDLED,), _S.IN_PROGRESS, ("note",)),
    "close": Transition((_S.HANDLED,), _S.CLOSED),
    "reopen": Transition((_S.CLOSED,), _S.IN_PROGRESS, ("note",)),
    "follow_up": Transition((_S.CLOSED,), _S.FOLLOWED_UP, ("satisfaction",)),
}

MARKS: dict[str, tuple[str, ...]] = {
    "supervise": ("supervision",),
    "cancel_supervision": ("note",),
    "set_urgency": ("urgency",),
    "set_scale": ("scale",),
    "mark_legacy": (),
    "request_extension": ("note", "days"),
    "approve_extension": (),
    "refuse_extension": ("note",),
}
"""Steps that leave the state as it is, with the details they need; only an open report takes them."""

SUPERVISION_ORDER = tuple(Supervision)


def higher_supervision(present: str) -> tuple[str, ...]:
    """The degrees of supervision above the present one, in rising order."""
    return tuple(degree.value for degree in SUPERVISION_ORDER[SUPERVISION_ORDER.index(Supervision(present)) + 1 :])


def possible_steps(report: Report, principal: Principal) -> tuple[str, ...]:
    """The steps the principal may take on the report as it stands: transitions first, then marks."""
    if not principal.can(Permission.HANDLE):
        return ()
    names = [name for name, transition in TRANSITIONS.items() if report.state in transition.sources]
    if report.state == _S.ESCALATED and not principal.scope.covers(report.held_by):
        names.remove("accept")
    return (*names, *(name for name in MARKS if _takes(report, name)))


def _takes(report: Report, mark: str) -> bool:
    if not ReportState(report.state).is_open:
        return False
    waiting = report.extension == ExtensionState.REQUESTED
    return {
        "supervise": report.supervision != Supervision.RED,
        "cancel_supervision": report.supervision != Supervision.NONE,
        "mark_legacy": not report.legacy,
        "request_extension": report.due_at is not None and not waiting,
        "approve_extension": waiting,
        "refuse_extension": waiting,
    }.get(mark, True)
