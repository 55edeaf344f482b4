"""The stream of reports that come in at the same time: stored together, each answered when it is on disk."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future

import sqlalchemy as sa
from sqlalchemy.orm import Session, sessionmaker

from layers.calendar import WorkCalendar
from layers.engine import begin_writing
from layers.intake.batcher import Batcher
from layers.intake.create import create_reports
from layers.intake.ground import Ground
from layers.intake.submission import Submission, TakenReport

MOST_WAITING = 20_000


class ReportStream:
    """Takes reports from many senders and stores those that come within a few milliseconds in one transaction.

    A future has its report only after the commit: what was acknowledged is on disk, as far as the database's own
    setting goes (SQLite with synchronous=FULL, PostgreSQL with fsync and synchronous_commit, which are its defaults).
    """

    def __init__(
        self, factory: sessionmaker[Session], calendar: WorkCalendar, *, most_waiting: int = MOST_WAITING
    ) -> None:
        self._factory, self.calendar = factory, calendar
        self._ground = Ground()
        self._batcher: Batcher[Submission, TakenReport] = Batcher(self._store, bound=most_waiting)

    def submit(self, submission: Submission) -> Future[TakenReport]:
        """A future that has the stored report, or why it was refused, as `create_report` tells it.

        Raises
        ------
        IntakeFullError : too many are waiting; this one was not taken
        """
        return self._batcher.submit(submission)

    def close(self) -> None:
        """Store what was taken, then stop."""
        self._batcher.close()

    def _store(self, submissions: Sequence[Submission], *, again: bool = False) -> list[TakenReport | Exception]:
        try:
            return self._transaction(submissions)
        except (sa.exc.OperationalError, sa.exc.InterfaceError):
            raise  # no database, which concerns everybody
        except Exception as error:  # noqa: BLE001 one report that nobody foresaw must not spoil its neighbours
            self._ground.forget_duties()  # an office may have been removed a moment ago
            if len(submissions) > 1:
                return [outcome for one in submissions for outcome in self._store([one])]
            return [error] if again else self._store(submissions, again=True)

    def _transaction(self, submissions: Sequence[Submission]) -> list[TakenReport | Exception]:
        with self._factory.begin() as session:
            begin_writing(session)
            return [*create_reports(session, submissions, calendar=self.calendar, ground=self._ground)]
