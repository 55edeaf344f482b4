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
SWEEPS = {"fast": 100, "normal": 200, "thorough": 600}  # proposals for each block of a group that gets its price
EFFORT = {"fast": 300, "normal": 800, "thorough": 6000}  # proposals for each block of the map spent on prices
LARGE = 4  # grids from which a group keeps its estimate until it is chosen
LARGE_SWEEPS = {"fast": 400, "normal": 1000, "thorough": 4000}
GAP = 0.6  # how much worse than the relaxation a group may look and still get a price
TURNS = {"fast": 3, "normal": 8, "thorough": 20}  # of the integer programme
LUCK = 0.25  # share of the drawings that turn out better than the estimates after some have been drawn
FIRST = 1000  # groups the relaxation starts from
ROUNDS = 8  # portions in which groups are drawn
KEPT = 3000  # groups the integer programme chooses among
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
) -> NDArray[np.int32] | None:
    """Labels (n,) of the blocks: every group of the best cover found, cut into its grids.

    None where too many villages are left alone with a size that no number of grids fits: where hamlets abound, the
    pool does not reach as far as groups of the size of a grid.
    """
    drawn = _Drawings(ground, weights, graph, unit, pool, effort, seed)
    budget = EFFORT[effort] * len(unit)
    size = pool.members.sum(axis=0)
    active = np.union1d(np.argsort(drawn.price / size, kind="stable")[:FIRST], np.flatnonzero(size == 1))
    drawn.draw(np.flatnonzero((pool.grids == 1) & ~drawn.known))
    portion = budget // ROUNDS
    while True:
        active, slack = _relaxed(pool, drawn.price, grids, active)
        todo = np.argsort(slack, kind="stable")
        todo = todo[(slack[todo] < GAP) & ~drawn.known[todo] & ~drawn.large[todo]]
        work = np.cumsum(drawn.work[todo])
        todo = todo[work <= max(portion, work[0] if len(work) else 0)]
        budget -= int(drawn.work[todo].sum())
        if not len(todo) or budget < 0:
            break
        drawn.draw(todo)
        drawn.learn()
        active = active[slack[active] < 2 * GAP]
        active = np.union1d(active, np.flatnonzero(size == 1))
    best, lowest = np.empty(0, np.int64), np.inf
    for _ in range(TURNS[effort]):
        _, slack = _relaxed(pool, drawn.price, grids, active)
        slack = np.where(drawn.known | drawn.large | (size == 1), slack, np.inf)
        columns = np.sort(np.argsort(slack, kind="stable")[: min(KEPT, int((slack < 1.5).sum()))])
        columns = np.union1d(columns, np.flatnonzero(size == 1))
        chosen = _chosen(pool, drawn.price, grids, columns)
        if not len(chosen):
            break
        todo = chosen[~drawn.known[chosen]]
        if len(todo):
            drawn.draw(todo, LARGE_SWEEPS[effort])
            drawn.learn_large()
        total = float(drawn.price[chosen].sum())
        if total < lowest - 1e-9:
            best, lowest = chosen, total
        if not len(todo):
            break
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
        count = pool.members.T @ np.bincount(unit)
        self.work = np.where(pool.grids > 1, SWEEPS[effort] * count, count).astype(np.int64)
        self.label: dict[int, NDArray[np.int32]] = {}
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

    def learn(self) -> None:
        """Estimate what has not been drawn as the better drawings of as many grids have turned out."""
        kind = np.minimum(self.pool.grids, 4)
        guess = self.pool.estimate + self.pool.apart
        for k in (2, 3, 4):
            told = self.known & ~self.large & (kind == k)
            if told.sum() >= 5:
                self.price = np.where(
                    (kind == k) & ~self.known, guess + np.quantile((self.price - guess)[told], LUCK), self.price
                )

    def learn_large(self) -> None:
        told = self.known & self.large
        if told.any():
            guess = self.pool.estimate + self.pool.apart
            off = np.median(((self.price - guess) / self.pool.grids)[told])
            self.price = np.where(self.large & ~self.known, guess + (off - 0.01) * self.pool.grids, self.price)

    def _one(self, group: int, sweeps: int | None, lane: int) -> tuple[float, NDArray[np.int32]]:
        blocks, grids = self.of(group), int(self.pool.grids[group])
        first = None
        if grids > 4:  # slices from end to end would be too thin
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


def _chosen(pool: Pool, price: NDArray[np.float64], grids: int, columns: NDArray[np.int64]) -> NDArray[np.int64]:
    """The groups of the cheapest cover found; none where the search ended before it found one."""
    goal = np.append(np.ones(pool.members.shape[0]), float(grids))
    whole = np.append(np.ones(len(columns)), [0, 0])
    found = milp(
        np.append(price[columns], [STRAY, STRAY]),
        constraints=LinearConstraint(_rows(pool, columns), goal, goal),
        integrality=whole,
        bounds=Bounds(0, np.append(np.ones(len(columns)), [np.inf, np.inf])),
        options={"node_limit": NODES, "mip_rel_gap": 1e-4},
    )
    if found.x is None:
        return np.empty(0, np.int64)
    return columns[found.x[:-2] > 0.5]
