"""Reports: categories, sources and states in the words of other systems, and the first entries of their history."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlalchemy.orm import Session

from layers.ingest.arrays import Array
from layers.ingest.batch import Batch
from layers.ingest.result import Notes
from layers.ingest.rules import Rules
from layers.ingest.words import CATEGORIES, CATEGORY, SEVERITIES, SOURCE, STATE, plain_word
from layers.tables import Report, ReportCategory, ReportEvent, ReportSource, ReportState

_C, _S, _T = ReportCategory, ReportSource, ReportState
_IDS_PER_STATEMENT = 5_000


def prepare_reports(_session: Session, batch: Batch, rules: Rules, notes: Notes) -> None:
    """Bring categories, sources, states and severities to ours; no report is lost for a word nobody knows.

    A category that is not known becomes OTHER, and its word the subtype.
    """
    _categorise(batch)
    for name, known, fallback in (("source", SOURCE, _S.PUBLIC.value), ("state", STATE, _T.REPORTED.value)):
        if name in batch.fields:
            batch.fields[name] = _translated(batch, name, _lookup(known), fallback, notes)
    if "severity" in batch.fields:
        batch.fields["severity"] = _translated(batch, "severity", _severity, None, notes)
    late = batch.get("reported_at")
    ahead = [when is not None and when > rules.now + timedelta(days=1) for when in late]
    if any(ahead):
        notes.warn("Some reports lie in the future; check the time zone and the order of day and month.")


def _lookup(known: Mapping[str, str]) -> Callable[[str], object]:
    return lambda word: known.get(plain_word(word))


def _categorise(batch: Batch) -> None:
    words = batch.get("category")
    subtypes = batch.get("subtype").copy()
    codes = np.full(len(batch), _C.OTHER.value, dtype=object)
    for row, word in enumerate(words):
        if word is None:
            continue
        known = CATEGORY.get(plain_word(word))
        codes[row] = known or _C.OTHER.value
        general = known is not None and plain_word(word) in {
            plain_word(known),
            plain_word(CATEGORIES[_C(known)].split()[0]),
        }
        if subtypes[row] is None and not general:
            subtypes[row] = word[:60]
    batch.fields["category"], batch.fields["subtype"] = codes, subtypes


def _translated(batch: Batch, name: str, find: Callable[[str], object], fallback: object, notes: Notes) -> Array:
    words = batch.fields[name]
    out = np.full(len(batch), fallback, dtype=object)
    unknown = []
    for row, word in enumerate(words):
        if word is not None:
            found = find(word)
            out[row] = fallback if found is None else found
            if found is None and batch.reasons[row] is None:
                unknown.append(row)
    told = "left empty" if fallback is None else f"taken as {fallback}"
    notes.repair(batch.lines[unknown], [f"{name} {words[row][:40]!r} is not known; {told}" for row in unknown])
    return out


def _severity(word: str) -> int | None:
    plain = unicodedata.normalize("NFKC", word).strip().removesuffix("级")
    if plain in SEVERITIES:
        return SEVERITIES[plain]
    return int(plain) if plain.isdecimal() and 1 <= int(plain) <= 4 else None


def add_events(session: Session, load_id: int, updated: Sequence[int], rules: Rules) -> None:
    """Begin the history of reports that have none, and go on with that of reports which the load changed.

    A report that comes in a later state than REPORTED gets an entry for either state.
    """
    report: Any = Report.__table__
    events: Any = ReportEvent.__table__
    by, note = sa.literal(rules.loaded_by), sa.literal(f"load {load_id}")
    names = ["report_id", "sequence", "at", "by", "step", "state", "note"]

    def add(sequence: Any, at: Any, step: str, state: Any, *conditions: Any) -> None:
        rows = sa.select(report.c.id, sequence, at, by, sa.literal(step), state, note).where(*conditions)
        session.execute(sa.insert(events).from_select(names, rows, include_defaults=False))

    own = events.c.report_id == report.c.id
    early = [_T.DRAFT.value, _T.REPORTED.value]
    first = sa.case((report.c.state == _T.DRAFT.value, _T.DRAFT.value), else_=_T.REPORTED.value)
    this_load = report.c.load_id == load_id
    add(sa.literal(1), report.c.reported_at, "report", first, this_load, ~sa.exists().where(own))
    begun_now = sa.exists().where(own, events.c.sequence == 1, events.c.note == note)
    now = sa.literal(rules.now, report.c.reported_at.type)
    then = sa.func.coalesce(report.c.closed_at, now)
    add(sa.literal(2), then, "load", report.c.state, this_load, begun_now, report.c.state.not_in(early))
    following = sa.select(sa.func.max(events.c.sequence) + 1).where(own).scalar_subquery()
    for start in range(0, len(updated), _IDS_PER_STATEMENT):
        add(following, now, "load", report.c.state, report.c.id.in_(list(updated[start : start + _IDS_PER_STATEMENT])))
