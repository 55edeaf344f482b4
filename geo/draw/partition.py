"""Which villages share grids: the cheapest way to cover the map with groups, each priced by drawing it.

An integer programme chooses one group for every village: a group of k grids that hold v villages costs at least
v + k - 1 village-grid pairs, so the more groups the fewer villages are torn apart. To draw every group there may be
would take too long. So groups start with an estimate that is rather too low; the linear relaxation says which of them
could be part of the best cover; those are drawn and get their true price; and so on until nothing better can turn up or
the drawing has taken its share. Then the integer programme decides among the groups that have been drawn.

Source: Balinski, Quandt, "On an integer program for a delivery problem", Operations Research 12 (1964), 300-304 (set
partitioning); Barnhart et al., "Branch-and-price", Operations Research 46 (1998), 316-329 (reduced costs).
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.sparse import csc_array, hstack, vstack

from geo.draw.alone import bench_for, draw_alone
from geo.draw.graph import Graph
from geo.draw.ground import Ground, Weights
from geo.draw.pool import Pool
from geo.draw.seed import first_plan

STRAY = 20.0  # price of one grid more or less than wanted
SWEEPS = {"fast": 100, "normal": 100, "thorough": 600}  # proposals for each block of a group that gets its price
EFFORT = {"fast": 300, "normal": 800, "thorough": 6000}  # proposals for each block of the map spent on prices
LARGE = 4  # grids; a larger group is drawn again with care when it is chosen
LARGE_SWEEPS = {"fast": 200, "normal": 1000, "thorough": 4000}
CARE = -0.025  # what that is expected to change in the price, for each grid
GAP = 0.6  # how much worse than the relaxation a group may look and still get a price
TURNS = {"fast": 3, "normal": 6, "thorough": 30}  # of the integer programme
LUCK = 0.1  # share of the drawings that turn out better than the estimates after some have been drawn
TOLD = 4  # drawings of as many grids from which something can be learned
FIRST = 1000  # groups the relaxation starts from
ROUNDS = 12  # portions in which groups are drawn
WIDTHS = 0.4, 0.8, 1.6  # how much worse than the relaxation a group may look to take part in the integer programme
UNFIT = 0.2  # share of groups that may be villages which no number of grids fits
NODES = 500  # of its search: a number, not a time, so that every machine finds the same


def best_cover(
    ground: Ground,
    weights: Weights,
    graph: Graph,
    unit: NDArray[np.int64],
    pool: Pool,
    grids: int,
    effort: str,
    seed: int,
    going: Callable[[float], bool],
) -> NDArray[np.int32] | None:
    """Labels (n,) of the blocks: every group of the best cover found, cut into its grids.

    `going` is told the share done of the whole search and says whether to go on. None when it says no, and where too
    many villages are left alone with a size that no number of grids fits: where hamlets abound, the pool does not reach
    as far as groups of the size of a grid.
    """
    drawn = _Drawings(ground, weights, graph, unit, pool, effort, seed)
    size = pool.members.sum(axis=0)
    alone = np.flatnonzero(size == 1)
    active = np.union1d(np.argsort(drawn.price / size, kind="stable")[:FIRST], alone)
    drawn.draw(np.flatnonzero((pool.grids == 1) & ~drawn.known))
    budget = EFFORT[effort] * len(unit)
    portion = budget // ROUNDS
    while True:
        active, slack = _relaxed(pool, drawn.price, grids, active)
        todo = np.argsort(slack, kind="stable")
        todo = drawn.first(todo[(slack[todo] < GAP) & ~drawn.known[todo] & ~drawn.large[todo]], portion)
        budget -= int(drawn.work[todo].sum())
        if not len(todo) or budget < 0:
            break
        drawn.draw(todo)
        drawn.learn()
        if not going(0.15 - 0.1 * budget / (EFFORT[effort] * len(unit))):
            return None
        active = np.union1d(active[slack[active] < 2 * GAP], alone)
    best, lowest = np.empty(0, np.int64), np.inf
    for turn in range(TURNS[effort]):
        active, slack = _relaxed(pool, drawn.price, grids, active)
        if turn >= TURNS[effort] - 2:
            slack = np.where(drawn.known, slack, np.inf)
        chosen = _chosen(pool, drawn.price, grids, slack, alone)
        if not len(chosen):
            break
        done = drawn.finish(chosen, slack)
        total = float(drawn.price[chosen].sum())
        if total < lowest - 1e-9:
            best, lowest = chosen, total
        if done:
            break
        if not going(0.15 + 0.15 * (turn + 1) / TURNS[effort]):
            return None
    if not len(best) or pool.unfit[best].mean() > UNFIT:
        return None
    return drawn.assembled(best)


class _Drawings:
    """Prices and drawings of the groups so far."""

    def __init__(
        self,
        ground: Ground,
        weights: Weights,
        graph: Graph,
        unit: NDArray[np.int64],
        pool: Pool,
        effort: str,
        seed: int,
    ) -> None:
        order = np.argsort(unit, kind="stable")
        self.ground, self.weights, self.graph = ground, weights, graph
        self.pool, self.effort, self.seed = pool, effort, seed
        self.blocks = np.split(order, np.cumsum(np.bincount(unit))[:-1])
        self.price = pool.estimate + pool.apart
        self.large = pool.grids > LARGE
        self.known = np.zeros(len(self.large), bool)
        self.careful = ~self.large
        count = pool.members.T @ np.bincount(unit)
        self.work = np.where(pool.grids > 1, SWEEPS[effort] * count, count).astype(np.int64)
        self.label: dict[int, NDArray[np.int32]] = {}
        self.rough = np.full(len(self.large), np.nan)  # prices of large groups drawn without care
        self.benches = [bench_for(ground), bench_for(ground)]

    def of(self, group: int) -> NDArray[np.int64]:
        """The blocks of a group."""
        members = self.pool.members
        units = members.indices[members.indptr[group] : members.indptr[group + 1]]
        return np.sort(np.concatenate([self.blocks[u] for u in units]))

    def draw(self, groups: NDArray[np.int64], sweeps: int | None = None) -> None:
        """Find out the price of these groups; the order of the threads changes nothing."""
        heavy = groups[np.argsort(-self.work[groups], kind="stable")]
        load, shares = [0, 0], ([], [])  # type: ignore[var-annotated]
        for group in heavy.tolist():
            lane = int(load[1] < load[0])
            shares[lane].append(group)
            load[lane] += int(self.work[group])

        def run(lane: int) -> list[tuple[int, float, NDArray[np.int32]]]:
            return [(group, *self._one(group, sweeps, lane)) for group in shares[lane]]

        with ThreadPoolExecutor(2) as threads:
            for done in list(threads.map(run, (0, 1))):
                for group, price, label in done:
                    self.price[group] = price + self.pool.apart[group]
                    self.label[group] = label
                    self.known[group] = True
                    self.careful[group] |= sweeps is not None
                    if not self.careful[group]:
                        self.rough[group] = self.price[group]
                        self.price[group] += CARE * int(self.pool.grids[group])

    def first(self, groups: NDArray[np.int64], portion: int) -> NDArray[np.int64]:
        """The first of these groups, at least one, that together take no more work than that."""
        work = np.cumsum(self.work[groups])
        return groups[work <= max(portion, int(work[0]))] if len(groups) else groups

    def learn(self) -> None:
        """Estimate what has not been drawn as the better drawings of like groups have turned out."""
        kind = (3 * np.minimum(self.pool.grids, LARGE + 1) + np.minimum(self.pool.large, 2)) * 2 + self.pool.spans
        guess = self.pool.estimate + self.pool.apart
        off = (self.price - guess) / self.pool.grids
        for k in np.unique(kind[self.known & (self.pool.grids > 1)]):
            told = self.known & (kind == k)
            if told.sum() >= TOLD:
                rest = (kind == k) & ~self.known
                self.price[rest] = (guess + np.quantile(off[told], LUCK) * self.pool.grids)[rest]

    def expect(self) -> None:
        """Expect of the large groups not drawn with care what care has changed in others."""
        told, rest = (np.flatnonzero(np.isfinite(self.rough) & (self.careful == careful)) for careful in (True, False))
        if len(told):
            change = np.median((self.price[told] - self.rough[told]) / self.pool.grids[told])
            self.price[rest] = self.rough[rest] + change * self.pool.grids[rest]

    def finish(self, chosen: NDArray[np.int64], slack: NDArray[np.float64]) -> bool:
        """Draw what of the chosen groups is not drawn, or not with care; returns whether there was nothing to do.

        One large group alone takes the next best one along, so that both threads have work.
        """
        new = chosen[~self.known[chosen]]
        rough = chosen[self.known[chosen] & ~self.careful[chosen]]
        for groups, sweeps in ((new, None), (rough, LARGE_SWEEPS[self.effort])):
            more = np.empty(0, np.int64)
            if len(groups) == 1 and self.large[groups[0]]:
                more = np.flatnonzero(self.large & (self.known == self.known[groups[0]]) & ~self.careful)
                more = more[more != groups[0]]
                more = more[np.argsort(slack[more], kind="stable")[:1]]
            self.draw(np.append(groups, more), sweeps)
        self.learn()
        self.expect()
        return not len(new) and not len(rough)

    def _one(self, group: int, sweeps: int | None, lane: int) -> tuple[float, NDArray[np.int32]]:
        blocks, grids = self.of(group), int(self.pool.grids[group])
        first = None
        if self.large[group]:  # slices from end to end would be too thin
            region = np.full(len(self.ground.fixed), -1, np.int64)
            region[blocks] = 0
            village, households = self.ground.code[:, 0], self.ground.size[:, 0]
            first = first_plan(self.graph, households, village, region, np.array([grids]), self.seed)[blocks]
        sweeps = SWEEPS[self.effort] if sweeps is None else sweeps
        seed = self.seed * 1_000_003 + group
        return draw_alone(self.ground, self.weights, blocks, grids, first, seed, sweeps, self.benches[lane])

    def assembled(self, chosen: NDArray[np.int64]) -> NDArray[np.int32]:
        """(n,) labels of the chosen groups, numbered one group after the other."""
        todo = np.array([group for group in chosen.tolist() if group not in self.label], np.int64)
        self.draw(todo, LARGE_SWEEPS[self.effort])
        label = np.full(len(self.ground.fixed), -1, np.int32)
        used = 0
        for group in chosen.tolist():
            label[self.of(group)] = np.where(self.label[group] >= 0, used + self.label[group], -1)
            used += int(self.pool.grids[group])
        return label


def _rows(pool: Pool, columns: NDArray[np.int64]) -> csc_array:
    """Each unit in one group, and the wanted number of grids with two variables for what it is missed by."""
    matrix = pool.members[:, columns]
    count = csc_array(pool.grids[columns][None, :].astype(float))
    stray = np.zeros((matrix.shape[0] + 1, 2))
    stray[-1] = 1, -1
    return csc_array(hstack([vstack([matrix, count]), csc_array(stray)], format="csc"))


def _relaxed(
    pool: Pool, price: NDArray[np.float64], grids: int, active: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The columns the relaxation needed, and the reduced cost of all (m,), none below 0."""
    goal = np.append(np.ones(pool.members.shape[0]), float(grids))
    for _ in range(30):
        cost = np.append(price[active], [STRAY, STRAY])
        found = linprog(cost, A_eq=_rows(pool, active), b_eq=goal, bounds=(0, None), method="highs-ds")  # type: ignore[call-overload]
        dual = found.eqlin.marginals
        slack = price - pool.members.T @ dual[:-1] - pool.grids * dual[-1]
        missing = np.flatnonzero(slack < -1e-7)
        if not len(missing):
            break
        missing = missing[np.argsort(slack[missing], kind="stable")[:1000]]
        active = np.union1d(active, missing)
    return active, slack


def _chosen(
    pool: Pool, price: NDArray[np.float64], grids: int, slack: NDArray[np.float64], alone: NDArray[np.int64]
) -> NDArray[np.int64]:
    """The groups of the cheapest cover found; none where the search ended before it found one.

    A group takes part with a reduced cost of less than what the cover costs above the relaxation: no other one can be
    part of a better cover.
    """
    goal = np.append(np.ones(pool.members.shape[0]), float(grids))
    best = np.empty(0, np.int64)
    for width in WIDTHS:
        columns = np.flatnonzero(slack < width)
        columns = np.union1d(columns, alone)
        whole = np.append(np.ones(len(columns)), [0, 0])
        found = milp(
            np.append(price[columns], [STRAY, STRAY]),
            constraints=LinearConstraint(_rows(pool, columns), goal, goal),
            integrality=whole,
            bounds=Bounds(0, np.append(np.ones(len(columns)), [np.inf, np.inf])),
            options={"node_limit": NODES, "mip_rel_gap": 1e-4},
        )
        if found.x is not None:
            best = columns[found.x[:-2] > 0.5]
            if slack[best].sum() <= width:
                break
    return best
