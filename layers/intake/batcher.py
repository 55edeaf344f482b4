"""Work that costs little more for many than for one, done for all who ask at the same time."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from threading import Condition, Thread
from typing import Generic, TypeVar

from layers.errors import IntakeFullError

ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")

_IDLE_S = 1.0
"""How long the thread waits for more before it ends."""


class Batcher(Generic[ItemT, ResultT]):
    """Gathers what several threads ask for and does it in one go, in the order of asking.

    While one batch is done the next one gathers, so that batches grow with the load; each waits `gather_s` for
    company first. Whatever happens to a batch, everybody in it gets an answer, and the next one is done.

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
        gather_s: float = 0.012,
    ) -> None:
        self._work, self._most, self._bound, self._gather_s = work, most, bound, gather_s
        self._waiting: deque[tuple[ItemT, Future[ResultT]]] = deque()
        self._changed = Condition()
        self._closing = False
        self._thread: Thread | None = None

    def submit(self, item: ItemT) -> Future[ResultT]:
        """A future that has the result, or its exception, once the batch is done.

        Raises
        ------
        IntakeFullError : too many are waiting; this one was not taken
        """
        future: Future[ResultT] = Future()
        with self._changed:
            if len(self._waiting) >= self._bound:
                raise IntakeFullError(self._bound)
            if self._thread is None:
                # Where the system gives no thread, this raises before anything was taken, and the next one tries again.
                thread = Thread(target=self._run, name="batch")
                thread.start()
                self._thread = thread
            self._waiting.append((item, future))
            self._changed.notify()
        return future

    def close(self) -> None:
        """Finish what was taken, then stop; whoever asks afterwards starts it again."""
        with self._changed:
            thread, self._closing = self._thread, self._thread is not None
            self._changed.notify()
        if thread is not None:
            thread.join()

    def _run(self) -> None:
        while self._is_wanted():
            if len(self._waiting) < self._most:
                time.sleep(self._gather_s)
            batch = [self._waiting.popleft() for _ in range(min(self._most, len(self._waiting)))]
            self._answer(batch)

    def _is_wanted(self) -> bool:
        """Whether something is to be done, now or soon; otherwise the thread has to end, and is forgotten."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closing, _IDLE_S)
            if not self._waiting:
                self._thread, self._closing = None, False
            return bool(self._waiting)

    def _answer(self, batch: list[tuple[ItemT, Future[ResultT]]]) -> None:
        results: Sequence[ResultT | Exception]
        try:
            results = self._work([item for item, _ in batch])
            if len(results) != len(batch):
                raise RuntimeError(f"{len(batch)} items were to be done, and {len(results)} results came back.")
        except Exception as error:  # noqa: BLE001 whoever waits has to hear of it
            results = [error] * len(batch)
        except BaseException as error:  # noqa: BLE001 a wish to end the process ends neither this thread nor the loop
            broken = RuntimeError("The work was broken off.")
            broken.__cause__ = error
            results = [broken] * len(batch)
        for (_, future), result in zip(batch, results, strict=True):
            if not future.set_running_or_notify_cancel():
                continue  # whoever asked has hung up; it is done all the same
            if isinstance(result, Exception):
                future.set_exception(result)
            else:
                future.set_result(result)
