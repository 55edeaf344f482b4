"""The search for a better plan: several starts annealed side by side, then repairs of neighbourhoods."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from geo.draw.anneal import PATIENCE, PIECES, Scratch, cool, eased, scratch_for
from geo.draw.ground import HOME, HOUSEHOLDS, Ground, Plan, Weights, copied, new_plan, price_of_grids, tally
from geo.draw.refine import refine

Report = Callable[[float, NDArray[np.int32]], bool]

SWEEPS = {"fast": 600, "normal": 3000, "thorough": 12000}  # proposals for each block of a single start
STAGES = 60  # temperatures
HEAT = {"fast": (0.08, 0.001), "normal": (0.12, 0.002), "thorough": (0.12, 0.002)}  # the longer, the hotter
# a start from drawn groups of villages is only polished: hotter, its groups would come apart
POLISH_SWEEPS = {"fast": 300, "normal": 4200, "thorough": 12000}
POLISH_HEAT = {"fast": (0.06, 0.001), "normal": (0.08, 0.002), "thorough": (0.08, 0.002)}
LAST = 0.6  # share of the annealing after which only the two best starts go on
TRIALS = {"fast": 5, "normal": 20, "thorough": 100}  # neighbourhoods annealed anew for each grid when a plan is redrawn
ROUNDS = 8  # how often the map is halved along another line
FREE_SWEEPS = 200  # proposals for each block of a neighbourhood


class Lane(NamedTuple):
    """One of the starts."""

    number: int
    plan: Plan
    state: NDArray[np.uint64]
    scratch: Scratch


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
    covered: bool = False,
) -> NDArray[np.int32]:
    """Return better labels (n,) than any of `starts`; stops early, with the best so far, when `report` returns False.

    With grids in force (`Ground.code`) most blocks should stay where they are: one short annealing, then many
    neighbourhoods. A single start of drawn groups (`covered`) is polished gently. Otherwise
    the starts are annealed long and the best one is repaired only where it misses the band.
    """
    redrawn = bool((ground.code[:, HOME] >= 0).any())
    if ground.fixed.all() or len(closed) < 2:
        return starts[0]
    turn = np.where(closed, -1, 0)
    lanes = [
        Lane(
            i,
            new_plan(label, len(closed), ground, weights),
            np.array([seed * 1000 + i], np.uint64),
            scratch_for(ground),
        )
        for i, label in enumerate(starts)
    ]
    heat, sweeps = ((0.3, 0.002), 1000) if redrawn else (HEAT[effort], SWEEPS[effort])
    sweeps = sweeps if redrawn else sweeps * 2 // (1 + len(lanes))
    if covered:
        heat, sweeps = POLISH_HEAT[effort], POLISH_SWEEPS[effort]
    if len(lanes) == 1 and not redrawn:
        plan = lanes[0].plan
        going = cool_halves(ground, plan, weights, closed, centre, seed, heat, sweeps, report)
    else:
        plan, going = race(ground, lanes, weights, turn, heat, sweeps, report, ease=not redrawn)
    if not going:
        return plan.label
    trials = -(-TRIALS[effort] * len(closed) // (2 * ROUNDS))
    for turn_ in range(2 * ROUNDS):
        size = plan.size[~closed, HOUSEHOLDS]
        fits = bool(((size >= weights.low) & (size <= weights.high)).all())
        if fits and (not redrawn or turn_ >= ROUNDS):
            break
        if turn_ >= ROUNDS or not redrawn:  # the band comes before everything else
            weights = weights._replace(band=2 * weights.band)
        number = seed * 2 * ROUNDS + turn_
        refine_halves(ground, plan, weights, closed, centre, 2.4 * turn_, number, heat, trials)
        if turn_ < ROUNDS and not report(0.8 + 0.2 * (turn_ + 1) / ROUNDS, plan.label):
            break
    return plan.label


def race(
    ground: Ground,
    lanes: list[Lane],
    weights: Weights,
    turn: NDArray[np.int64],
    heat: tuple[float, float],
    sweeps: int,
    report: Report,
    *,
    ease: bool,
) -> tuple[Plan, bool]:
    """Anneal all lanes, the two best ones to the end; returns the best plan and whether `report` lets the search go on.

    What a lane does is fixed by its own random numbers, not by the order in which the threads run.
    """

    def price(lane: Lane) -> tuple[float, int]:
        tally(ground, lane.plan, weights)
        return float(price_of_grids(ground, lane.plan, weights).sum()), lane.number

    steps = sweeps * len(ground.fixed) // STAGES
    with ThreadPoolExecutor(2) as pool:
        for stage in range(STAGES):
            share = stage / (STAGES - 1)
            if share > LAST and len(lanes) > 2:
                lanes = sorted(lanes, key=price)[:2]
            now = eased(weights, share) if ease else weights
            temperature = heat[0] * (heat[1] / heat[0]) ** share
            step = partial(_step, ground, now, turn, temperature, steps)
            list(pool.map(step, lanes))
            if stage % 10 == 9:
                best = min(lanes, key=price).plan
                if not report(0.05 + 0.75 * (stage + 1) / STAGES, best.label):
                    return best, False
    return best, True


def _step(
    ground: Ground, weights: Weights, turn: NDArray[np.int64], temperature: float, steps: int, lane: Lane
) -> None:
    cool(ground, lane.plan, weights, turn, lane.state, temperature, steps, lane.scratch)


def cool_halves(
    ground: Ground,
    plan: Plan,
    weights: Weights,
    closed: NDArray[np.bool_],
    centre: NDArray[np.float64],
    seed: int,
    heat: tuple[float, float],
    sweeps: int,
    report: Report,
) -> bool:
    """Anneal `plan`, both halves of the map at the same time; returns whether `report` lets the search go on.

    At every temperature the map is halved along another line, and either half has its own copy and random numbers: what
    happens does not depend on the order in which the threads run.
    """
    steps = sweeps * len(ground.fixed) // STAGES
    scratches = [scratch_for(ground) for _ in range(2)]
    states = [np.array([seed * 1000 + half], np.uint64) for half in range(2)]

    def work(half: int) -> NDArray[np.int32]:
        mine = (side == half) & ~closed
        members = np.flatnonzero(mine[plan.label])
        copy = copied(plan)
        share_of_blocks = len(members) / len(plan.label)
        count = int(steps * share_of_blocks)
        cool(ground, copy, now, np.where(mine, 0, -1), states[half], temperature, count, scratches[half])
        return np.where(mine[plan.label], copy.label, -1)

    with ThreadPoolExecutor(2) as pool:
        for stage in range(STAGES):
            share = stage / (STAGES - 1)
            now = eased(weights, share)
            temperature = heat[0] * (heat[1] / heat[0]) ** share
            side = halves(plan, centre, 2.4 * stage)
            tally(ground, plan, now)
            west, east = pool.map(work, (0, 1))
            plan.label[:] = np.where(west >= 0, west, np.where(east >= 0, east, plan.label))
            if stage % 10 == 9:
                tally(ground, plan, weights)
                if not report(0.05 + 0.75 * (stage + 1) / STAGES, plan.label):
                    return False
    tally(ground, plan, weights)
    return True


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
    trials: int,
) -> None:
    """Refine both halves of the map at the same time, each on its own copy, and put them together in `plan`.

    What the halves do is fixed by `seed`, not by the order in which the threads run.
    """
    side = halves(plan, centre, angle)
    tally(ground, plan, weights)

    def work(half: int) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        mine = (side == half) & ~closed
        members = np.flatnonzero(mine[plan.label])
        copy, scratch = copied(plan), scratch_for(ground)
        state = np.array([seed * 2 + half], np.uint64)
        turn = np.where(mine, 0, -1)
        refine(ground, copy, weights, members, turn, state, *heat, FREE_SWEEPS, trials, PIECES, scratch, PATIENCE)
        return members, copy.label[members]

    with ThreadPoolExecutor(2) as pool:
        for members, label in list(pool.map(work, (0, 1))):
            plan.label[members] = label
    tally(ground, plan, weights)
