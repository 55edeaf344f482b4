"""The search for a better plan: annealing of everything, then of neighbourhoods, two halves of the map at a time."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from geo.draw.anneal import HOME, Ground, Plan, Weights, anneal, refine, tally

Report = Callable[[float, NDArray[np.int32]], bool]


SWEEPS = {"fast": 300, "normal": 300, "thorough": 2000}  # proposals for each block in the first annealing
TRIALS = {"fast": 3, "normal": 45, "thorough": 250}  # neighbourhoods annealed anew for each grid
ROUNDS = 8  # how often the map is halved along another line


def improve(
    ground: Ground,
    label: NDArray[np.int32],
    weights: Weights,
    closed: NDArray[np.bool_],
    centre: NDArray[np.float64],
    effort: str,
    seed: int,
    report: Report,
) -> NDArray[np.int32]:
    """Return better labels (n,) than `label`; stops early, with the best so far, when `report` returns False.

    With grids in force (`Ground.code`) the search starts cold, since most blocks should stay where they are.
    """
    redrawn = bool((ground.code[:, HOME] >= 0).any())
    plan = new_plan(label, len(closed), ground)
    area = np.flatnonzero(~ground.fixed)
    if not len(area) or len(closed) < 2:
        return plan.label
    hot = 0.3 if redrawn else 0.1
    state = np.array([seed], np.uint64)
    turn = np.where(closed, -1, 0)
    scratch = np.zeros(len(label) + 1, np.int64)
    for step in range(4):
        first, last = (hot * (0.002 / hot) ** (share / 4) for share in (step, step + 1))
        steps = (4 if redrawn else 1) * SWEEPS[effort] * len(area) // 4
        anneal(ground, plan, weights, area, turn, 0, state, first, last, steps, 50, scratch)
        if not report(0.1 + 0.1 * (step + 1) / 4, plan.label):
            return plan.label
    trials = -(-TRIALS[effort] * len(closed) // (2 * ROUNDS))
    heat = (0.3, 0.002) if redrawn else (0.1, 0.003)
    for turn_ in range(ROUNDS):
        angle = 2.4 * turn_
        refine_halves(ground, plan, weights, closed, centre, angle, seed * ROUNDS + turn_, heat, 200, trials)
        if not report(0.2 + 0.8 * (turn_ + 1) / ROUNDS, plan.label):
            break
    return plan.label


def new_plan(label: NDArray[np.int32], grids: int, ground: Ground) -> Plan:
    """The plan with these labels and all its sums."""
    villages, banks = len(ground.whole), int(ground.code[:, 1].max()) + 1
    plan = Plan(
        label.astype(np.int32),
        np.zeros((grids, 6)),
        np.zeros((villages, grids), np.int32),
        np.zeros(villages, np.int32),
        np.zeros((banks, grids), np.int32),
    )
    tally(ground, plan)
    return plan


def halves(plan: Plan, centre: NDArray[np.float64], angle: float) -> NDArray[np.int64]:
    """(k,) 0 or 1: the grids on either side of a line in that direction which shares out the blocks evenly."""
    label = plan.label
    count = np.maximum(np.bincount(label, minlength=len(plan.size)), 1)
    x = np.bincount(label, centre[:, 0], minlength=len(count)) / count
    y = np.bincount(label, centre[:, 1], minlength=len(count)) / count
    order = np.argsort(x * np.cos(angle) + y * np.sin(angle), kind="stable")
    share = np.cumsum(count[order])
    side = np.zeros(len(count), np.int64)
    side[order] = share > share[-1] / 2
    return side


def refine_halves(
    ground: Ground,
    plan: Plan,
    weights: Weights,
    closed: NDArray[np.bool_],
    centre: NDArray[np.float64],
    angle: float,
    seed: int,
    heat: tuple[float, float],
    sweeps: int,
    trials: int,
) -> None:
    """Refine both halves of the map at the same time, each on its own copy, and put them together in `plan`.

    What the halves do is fixed by `seed`, not by the order in which the threads run.
    """
    side = halves(plan, centre, angle)

    def work(half: int) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        mine = (side == half) & ~closed
        members = np.flatnonzero(mine[plan.label])
        copy = Plan(plan.label.copy(), plan.size.copy(), plan.inhabited.copy(), plan.spread.copy(), plan.on_bank.copy())
        state = np.array([seed * 2 + half], np.uint64)
        refine(ground, copy, weights, members, np.where(mine, 0, -1), state, *heat, sweeps, trials)
        return members, copy.label[members]

    with ThreadPoolExecutor(2) as pool:
        for members, label in list(pool.map(work, (0, 1))):
            plan.label[members] = label
    tally(ground, plan)
