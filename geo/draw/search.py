"""The search for a better plan: annealing of everything, then of neighbourhoods, two halves of the map at a time."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from geo.draw.anneal import HOME, HOUSEHOLDS, Ground, Plan, Weights, anneal, price_of_grids, refine, tally

Report = Callable[[float, NDArray[np.int32]], bool]


SWEEPS = {"fast": 300, "normal": 300, "thorough": 2000}  # proposals for each block in the first annealing
TRIALS = {"fast": 3, "normal": 25, "thorough": 250}  # neighbourhoods annealed anew for each grid
FINALISTS = 2  # starts that are refined before one is chosen
ROUNDS = 8  # how often the map is halved along another line


def improve(
    ground: Ground,
    starts: list[NDArray[np.int32]],
    weights: Weights,
    closed: NDArray[np.bool_],
    centre: NDArray[np.float64],
    effort: str,
    seed: int,
    report: Report,
    *,
    settled: bool = False,
) -> NDArray[np.int32]:
    """Return better labels (n,) than any of `starts`; stops early, with the best so far, when `report` returns False.

    All starts are annealed shortly, the best ones longer, and the best of these is refined. With grids in force
    (`Ground.code`) most blocks should stay where they are. `settled` starts have been annealed within their groups of
    villages: they are only warmed, and refined half as long.
    """
    redrawn = bool((ground.code[:, HOME] >= 0).any())
    area = np.flatnonzero(~ground.fixed)
    if not len(area) or len(closed) < 2:
        return starts[0]
    turn = np.where(closed, -1, 0)
    heat = (0.3, 0.002) if redrawn else (0.1, 0.003)
    hot = 0.3 if redrawn else 0.03 if settled else 0.1
    sweeps = (4 if redrawn else 1) * SWEEPS[effort]

    def race(runner: tuple[int, Plan]) -> tuple[float, int, Plan]:
        lane, plan = runner
        scratch = np.zeros(len(plan.label) + 1, np.int64)
        state = np.array([seed * 1000 + lane], np.uint64)
        anneal(ground, plan, weights, area, turn, 0, state, hot, 0.002, sweeps * len(area), 50, scratch)
        return float(price_of_grids(ground, plan, weights).sum()), lane, plan

    def refined(runner: tuple[int, Plan]) -> tuple[float, int, Plan]:
        lane, plan = runner
        state = np.array([seed * 1000 + 500 + lane], np.uint64)
        trials = TRIALS[effort] * len(closed) // 16
        refine(ground, plan, weights, area, turn.copy(), state, *heat, 200, trials)
        tally(ground, plan)
        return float(price_of_grids(ground, plan, weights).sum()), lane, plan

    runners = [(lane, new_plan(label, len(closed), ground)) for lane, label in enumerate(starts)]
    with ThreadPoolExecutor(2) as pool:
        order = sorted(pool.map(race, runners), key=lambda found: found[:2])
        plan = order[0][2]
        if not report(0.3, plan.label):
            return plan.label
        if len(order) > 1 and effort != "fast":
            best = [found[1:] for found in order[:FINALISTS]]
            order = sorted(pool.map(refined, best), key=lambda found: found[:2])
            plan = order[0][2]
            if not report(0.6, plan.label):
                return plan.label
    trials = -(-(1 if settled else 2) * TRIALS[effort] * len(closed) // (2 * ROUNDS))
    for turn_ in range(2 * ROUNDS if settled else ROUNDS):
        if turn_ >= ROUNDS:  # the band comes before everything else
            size = plan.size[~closed, HOUSEHOLDS]
            if ((size >= weights.low) & (size <= weights.high)).all():
                break
            weights = weights._replace(band=2 * weights.band)
        angle = 2.4 * turn_
        refine_halves(ground, plan, weights, closed, centre, angle, seed * ROUNDS + turn_, heat, 200, trials)
        if turn_ < ROUNDS and not report(0.6 + 0.4 * (turn_ + 1) / ROUNDS, plan.label):
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
