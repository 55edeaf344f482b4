"""The search for a better plan: several starts annealed side by side, then repairs of neighbourhoods."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from geo.draw.alone import bench_for
from geo.draw.anew import draw_anew
from geo.draw.anneal import PATIENCE, PIECES, Scratch, cool, eased, scratch_for
from geo.draw.ground import HOME, HOUSEHOLDS, Ground, Plan, Weights, copied, new_plan, price_of_grids, tally
from geo.draw.refine import refine

Report = Callable[[float, NDArray[np.int32]], bool]

SWEEPS = {"fast": 600, "normal": 1000, "thorough": 12000}  # proposals for each block of a single start
STAGES = 60  # temperatures
HEAT = {"fast": (0.08, 0.001), "normal": (0.12, 0.002), "thorough": (0.12, 0.002)}  # the longer, the hotter
# a start from drawn groups of villages is only polished: hotter, its groups would come apart
POLISH_SWEEPS = {"fast": 200, "normal": 0, "thorough": 0}
POLISH_HEAT = 0.02, 0.002
ANEW = {"fast": 0, "normal": 22, "thorough": 150}  # neighbourhoods drawn from nothing for each grid
GROUP = 4  # grids drawn from nothing together
MENDED = 6  # so many where one of them misses the band
ANEW_SWEEPS = 80  # proposals for each block of them
REDRAWN_SWEEPS, REDRAWN_HEAT = 1000, (0.3, 0.002)  # where grids in force are restored
LAST = 0.6  # share of the annealing after which only the two best starts go on
TRIALS = {"fast": 5, "normal": 20, "thorough": 100}  # neighbourhoods annealed anew for each grid when a plan is redrawn
MOST_ROUNDS = 16  # halvings of the map while neighbourhoods are drawn
ROUNDS = 8  # how often the map is halved along another line
IDLE = 2  # rounds of repair without a grid brought back, after which no other follows
FREE_SWEEPS = 200  # proposals for each block of a neighbourhood


class Field(NamedTuple):
    """What all parts of one search share."""

    ground: Ground
    weights: Weights
    closed: NDArray[np.bool_]  # (k,) grids that stay as they are
    centre: NDArray[np.float64]  # (n, 2) of the blocks


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
    neighbourhoods. A single start of drawn groups (`covered`) that keeps the band is polished gently at most, others
    are annealed long; then neighbourhoods are drawn from nothing. The plan is repaired only where it misses the band.
    """
    if ground.fixed.all() or len(closed) < 2:
        return starts[0]
    field = Field(ground, weights, closed, centre)
    if _redrawn(ground):
        lanes = _lanes(field, starts, seed)
        plan, going = race(field, lanes, REDRAWN_HEAT, REDRAWN_SWEEPS, report, ease=False)
        return _restored(field, plan, seed, TRIALS[effort], report) if going else plan.label
    heat, sweeps = HEAT[effort], SWEEPS[effort]
    if len(starts) == 1:
        plan = new_plan(starts[0], len(closed), ground, weights)
        gentle = covered and not _misfits(field, plan).any()
        if gentle:
            heat, sweeps = POLISH_HEAT, POLISH_SWEEPS[effort]
        going = not sweeps or cool_halves(field, plan, seed, heat, sweeps, report, ease=not gentle)
    else:
        plan, going = race(field, _lanes(field, starts, seed), heat, sweeps * 2 // (1 + len(starts)), report, ease=True)
    if going and _draw_neighbourhoods(field, plan, seed, ANEW[effort], report):
        _repair(field, plan, seed, HEAT[effort], TRIALS[effort])
    return plan.label


def _lanes(field: Field, starts: list[NDArray[np.int32]], seed: int) -> list[Lane]:
    ground, grids = field.ground, len(field.closed)
    return [
        Lane(
            i,
            new_plan(label, grids, ground, field.weights),
            np.array([seed * 1000 + i], np.uint64),
            scratch_for(ground),
        )
        for i, label in enumerate(starts)
    ]


def race(
    field: Field,
    lanes: list[Lane],
    heat: tuple[float, float],
    sweeps: int,
    report: Report,
    *,
    ease: bool,
) -> tuple[Plan, bool]:
    """Anneal all lanes, the two best ones to the end; returns the best plan and whether `report` lets the search go on.

    What a lane does is fixed by its own random numbers, not by the order in which the threads run.
    """
    ground, weights = field.ground, field.weights
    turn = np.where(field.closed, -1, 0)

    def price(lane: Lane) -> tuple[float, int]:
        tally(ground, lane.plan, weights)
        return float(price_of_grids(ground, lane.plan, weights).sum()), lane.number

    steps = sweeps * len(ground.fixed) // STAGES
    with ThreadPoolExecutor(2) as pool:
        for stage, temperature in enumerate(_temperatures(heat)):
            share = stage / (STAGES - 1)
            if share > LAST and len(lanes) > 2:
                lanes = sorted(lanes, key=price)[:2]
            now = eased(weights, share) if ease else weights
            list(pool.map(partial(_step, ground, now, turn, temperature, steps), lanes))
            if stage % 10 == 9:
                best = min(lanes, key=price).plan
                if not report(0.3 + 0.3 * share, best.label):
                    return best, False
    return best, True


def _step(
    ground: Ground, weights: Weights, turn: NDArray[np.int64], temperature: float, steps: int, lane: Lane
) -> None:
    cool(ground, lane.plan, weights, turn, lane.state, temperature, steps, lane.scratch)


def _temperatures(heat: tuple[float, float]) -> list[float]:
    hot, cold = heat
    return [hot * (cold / hot) ** (stage / (STAGES - 1)) for stage in range(STAGES)]


def cool_halves(
    field: Field,
    plan: Plan,
    seed: int,
    heat: tuple[float, float],
    sweeps: int,
    report: Report,
    *,
    ease: bool,
) -> bool:
    """Anneal `plan`, at every temperature both halves of the map at the same time, which is halved along another line.

    Returns whether `report` lets the search go on.
    """
    ground, weights = field.ground, field.weights
    steps = sweeps * len(ground.fixed) // STAGES
    scratches = [scratch_for(ground) for _ in range(2)]
    states = [np.array([seed * 1000 + half], np.uint64) for half in range(2)]
    for stage, temperature in enumerate(_temperatures(heat)):
        share = stage / (STAGES - 1)
        now = eased(weights, share) if ease else weights

        def work(half: int, turn: NDArray[np.int64], members: NDArray[np.int64], copy: Plan) -> None:
            count = int(steps * (len(members) / len(copy.label)))
            cool(ground, copy, now, turn, states[half], temperature, count, scratches[half])  # noqa: B023 - runs at once

        _on_halves(field._replace(weights=now), plan, 2.4 * stage, work)
        if stage % 10 == 9 and not report(0.3 + 0.3 * share, plan.label):
            return False
    return True


def _draw_neighbourhoods(field: Field, plan: Plan, seed: int, trials: int, report: Report) -> bool:
    """Draw neighbourhoods from nothing where that betters `plan`; returns whether `report` lets the search go on."""
    ground, weights = field.ground, field.weights
    benches = [bench_for(ground) for _ in range(2)]
    states = [np.array([seed * 1000 + 500 + half], np.uint64) for half in range(2)]
    rounds = min(trials, MOST_ROUNDS)
    tried = np.empty(0, np.uint64)
    drawn = [tried, tried]
    for round_ in range(rounds):

        def work(half: int, turn: NDArray[np.int64], members: NDArray[np.int64], copy: Plan) -> None:
            count = -(-int((turn >= 0).sum()) * trials // rounds)
            how = states[half], GROUP, ANEW_SWEEPS, count, tried, benches[half]  # noqa: B023 - runs at once
            _, drawn[half] = draw_anew(ground, weights, copy, members, turn, *how)

        _on_halves(field, plan, 2.4 * round_, work)
        tried = np.sort(np.concatenate([tried, *drawn]))
        if not report(0.6 + 0.4 * (round_ + 1) / rounds, plan.label):
            return False
    return True


def _restored(field: Field, plan: Plan, seed: int, trials: int, report: Report) -> NDArray[np.int32]:
    """Labels after all neighbourhoods of grids in force were annealed several times over."""
    for round_ in range(ROUNDS):
        _refine_halves(field, plan, 2.4 * round_, seed * 2 * ROUNDS + round_, REDRAWN_HEAT, trials, ~field.closed)
        if not report(0.6 + 0.4 * (round_ + 1) / ROUNDS, plan.label):
            return plan.label
    _repair(field, plan, seed, REDRAWN_HEAT, trials)
    return plan.label


def _repair(field: Field, plan: Plan, seed: int, heat: tuple[float, float], trials: int) -> None:
    """Draw and anneal neighbourhoods at ever higher prices of the band until all grids keep it, before all else.

    It ends as well where several prices in turn bring no grid back. Where grids are in force, nothing is drawn anew: a
    drawing does not know them.
    """
    misfits, kept, idle = _misfits(field, plan), plan.label.copy(), 0
    fewest = misfits.sum()
    for round_ in range(ROUNDS, 2 * ROUNDS):
        if fewest == 0 or idle == IDLE:
            break
        field = field._replace(weights=field.weights._replace(band=2 * field.weights.band))
        number = seed * 2 * ROUNDS + round_
        if not _redrawn(field.ground):
            _draw_around(field, plan, 2.4 * round_ + 0.7, number, 2 * trials, misfits)
            misfits = _misfits(field, plan)
        _refine_halves(field, plan, 2.4 * round_, number, heat, trials, misfits)
        misfits = _misfits(field, plan)
        idle += 1
        if misfits.sum() < fewest:
            fewest, kept, idle = misfits.sum(), plan.label.copy(), 0
    plan.label[:] = kept


def _draw_around(field: Field, plan: Plan, angle: float, seed: int, trials: int, around: NDArray[np.bool_]) -> None:
    """Draw neighbourhoods `around` some of the grids (k,) anew, `trials` for each, where that betters `plan`."""
    nothing = np.empty(0, np.uint64)

    def work(half: int, turn: NDArray[np.int64], members: NDArray[np.int64], copy: Plan) -> None:
        state, bench = np.array([seed * 2 + half], np.uint64), bench_for(field.ground)
        starts = members[around[copy.label[members]]]
        how = state, MENDED, ANEW_SWEEPS, trials * int((around & (turn >= 0)).sum()), nothing, bench
        draw_anew(field.ground, field.weights, copy, starts, turn, *how)

    _on_halves(field, plan, angle, work)


def _redrawn(ground: Ground) -> bool:
    """Whether there are grids in force."""
    return bool((ground.code[:, HOME] >= 0).any())


def _misfits(field: Field, plan: Plan) -> NDArray[np.bool_]:
    """(k,) the grids that may change and miss the band, but not for a block that exceeds it alone."""
    households = field.ground.size[:, HOUSEHOLDS]
    size = np.bincount(plan.label, households, minlength=len(field.closed))
    out = ((size < field.weights.low) | (size > field.weights.high)) & ~field.closed
    out[plan.label[households > field.weights.high]] = False
    return out


def _refine_halves(
    field: Field,
    plan: Plan,
    angle: float,
    seed: int,
    heat: tuple[float, float],
    trials: int,
    around: NDArray[np.bool_],
) -> None:
    """Anneal neighbourhoods anew `around` some of the grids (k,), in both halves of the map."""
    count = -(-trials * len(field.closed) // (2 * ROUNDS))

    def work(half: int, turn: NDArray[np.int64], members: NDArray[np.int64], copy: Plan) -> None:
        state, scratch = np.array([seed * 2 + half], np.uint64), scratch_for(field.ground)
        starts = members[around[copy.label[members]]]
        most = min(count, 4 * trials * int((around & (turn >= 0)).sum()))
        prices = field.weights
        refine(field.ground, copy, prices, starts, turn, state, *heat, FREE_SWEEPS, most, PIECES, scratch, PATIENCE)

    _on_halves(field, plan, angle, work)


def _on_halves(
    field: Field,
    plan: Plan,
    angle: float,
    work: Callable[[int, NDArray[np.int64], NDArray[np.int64], Plan], None],
) -> None:
    """Let `work` better both halves of the map at the same time, each on its own copy, and put them together in `plan`.

    `work` is given the half, the turn of each grid (k,), the blocks that may change (m,), and the copy, whose sums are
    right; those of `plan` are not afterwards. What happens does not depend on the order in which the threads run.
    """
    side = halves(plan, field.centre, angle)
    tally(field.ground, plan, field.weights)

    def run(half: int) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        mine = (side == half) & ~field.closed
        members = np.flatnonzero(mine[plan.label])
        copy = copied(plan)
        work(half, np.where(mine, 0, -1), members, copy)
        return members, copy.label[members]

    with ThreadPoolExecutor(2) as pool:
        for members, label in list(pool.map(run, (0, 1))):
            plan.label[members] = label


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
