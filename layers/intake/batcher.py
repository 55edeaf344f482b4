"""Work that costs little more for many than for one, done for all who ask at the same time."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from typing import Generic, TypeVar

from layers.errors import IntakeFullError

ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")


class Batcher(Generic[ItemT, ResultT]):
    """Gathers what several threads ask for and does it in one go, in the order of asking.

    While one batch is done the next one gathers, so that batches grow with the load; each waits `gather_s` for
    company first.

    Parameters
    ----------
    work : gets up to `most` items and gives a result or an exception for each, in the same order; what it raises
        itself is everybody's answer
    bound : how many items may wait; one more is refused
    """

    def __init__(
        self,
        work: Callable[[Sequence[ItemT]], Sequence[ResultT | Exception]],
        *,
        most: int = 200,
        bound: int = 10_000,
        gather_s: float = 0.003,
    ) -> None:
        self._work, self._most, self._bound, self._gather_s = work, most, bound, gather_s
        self._waiting: deque[tuple[ItemT, Future[ResultT]]] = deque()
        self._lock = Lock()
        self._busy = False
        # Its thread starts with the first item, and its end waits for what is still to be done.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="batch")

    def submit(self, item: ItemT) -> Future[ResultT]:
        """A future that has the result, or its exception, once the batch is done.

        Raises
        ------
        IntakeFullError : too many are waiting; this one was not taken
        """
        future: Future[ResultT] = Future()
        with self._lock:
            if len(self._waiting) >= self._bound:
                raise IntakeFullError(self._bound)
            self._waiting.append((item, future))
            if not self._busy:
                self._busy = True
                self._thread.submit(self._run)
        return future

    def close(self) -> None:
        """Finish what was taken, then stop."""
        self._thread.shutdown()

    def _run(self) -> None:
        while True:
            if len(self._waiting) < self._most:
                time.sleep(self._gather_s)
            with self._lock:
                batch = [self._waiting.popleft() for _ in range(min(self._most, len(self._waiting)))]
                if not batch:
                    self._busy = False
                    return
            self._answer(batch)

    def _answer(self, batch: list[tuple[ItemT, Future[ResultT]]]) -> None:
        try:
            results = self._work([item for item, _ in batch])
        except Exception as error:  # noqa: BLE001 whoever waits has to hear of it
            results = [error] * len(batch)
        for (_, future), result in zip(batch, results, strict=True):
            if not future.set_running_or_notify_cancel():
                continue  # whoever asked has hung up; it is done all the same
            if isinstance(result, Exception):
                future.set_exception(result)
            else:
                future.set_result(result)
