"""An array that grows at its end while readers of its older part go on undisturbed."""

from __future__ import annotations

from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray


class Arena:
    """`data[:used]` never changes again; what follows is room for more, which the operating system has not yet given.

    Several indices share one arena: each was made by appending to what an older one reads.
    """

    def __init__(self, data: NDArray[Any], used: int) -> None:
        self.data, self.used, self._lock = data, used, Lock()

    @classmethod
    def of(cls, pieces: list[NDArray[Any]], like: NDArray[Any]) -> Arena:
        """The pieces one after another, shaped as `like`; the list is emptied on the way, so that memory is freed."""
        used = sum(len(piece) for piece in pieces)
        data = np.empty((used + room(used), *like.shape[1:]), like.dtype)
        at = 0
        pieces.reverse()
        while pieces:
            piece = pieces.pop()
            data[at : at + len(piece)] = piece
            at += len(piece)
        return cls(data, used)

    def append(self, rows: NDArray[Any]) -> tuple[Arena, int]:
        """The arena that now holds the rows, and where they start; a longer copy if there was no room."""
        with self._lock:
            start = self.used
            if start + len(rows) <= len(self.data):
                self.data[start : start + len(rows)] = rows
                self.used += len(rows)
                return self, start
        return Arena.of([self.data[:start], rows], rows), start


def room(used: int) -> int:
    """How many rows to keep free behind so many used ones."""
    return used // 4 + (1 << 16)
