"""The review queue: reports whose place is in doubt, and what officers decide about them.

A report stands in the queue while its `assignment` is REVIEW, it is open, and nobody has been asked about it. It has no
sure place yet, so a scope sees it where one of its candidates, or what is known of its place, lies inside; the empty
scope sees all. Whoever sees a report sees all its candidates, or could not choose. Deciding for a place needs a scope
that covers it. Asking the caller and giving up end the work of everybody who sees the report, so they need a scope that
covers all its candidates.
"""

from layers.review.carrying import Decided
from layers.review.deciding import accept, ask, correct, give_up, undo
from layers.review.figures import QueueFigures, queue_figures
from layers.review.queue import Candidate, QueueEntry, candidates_of, find_queued, queue

__all__ = [
    "Candidate",
    "Decided",
    "QueueEntry",
    "QueueFigures",
    "accept",
    "ask",
    "candidates_of",
    "correct",
    "find_queued",
    "give_up",
    "queue",
    "queue_figures",
    "undo",
]
