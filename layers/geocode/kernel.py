"""Candidates and their weights for many texts at once, over the columns of a library."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

Array = np.ndarray[Any, Any]

TOP = 12
"""Grids that are kept for each text."""

# How much a matching name says, and how much one that does not match speaks against, by kind.
NAME_GAIN = np.array([0.2, 0.3, 0.5, 1.6, 2.6, 3.0, 3.0, 3.2, 3.2])
NAME_LOSS = np.array([6.0, 6.0, 6.0, 6.0, 4.5, 5.0, 5.0, 5.0, 4.5])
# The same for the numbers: group, lane, number, building, unit, room.
GAIN = np.array([2.2, 2.6, 3.2, 2.4, 1.2, 1.0])
DIFFERS = np.array([5.5, 6.0, 6.5, 5.5, 3.0, 2.0])
MISSING = np.array([2.5, 3.2, 3.4, 1.2, 0.3, 0.05])  # the text has it, the row does not
UNSAID = np.array([0.8, 1.8, 0.6, 0.5, 0.2, 0.2])  # the row has it, the text does not
_KEY_CAP, _NAME_CAP = 1_500, 40_000
_LISTS = 64


@njit(cache=True, nogil=True)
def _find(keys: Array, key: int) -> int:  # pragma: no cover - compiled
    low, high = 0, keys.size
    while low < high:
        middle = (low + high) >> 1
        if keys[middle] < key:
            low = middle + 1
        else:
            high = middle
    return low


@njit(cache=True, nogil=True)
def score_row(  # noqa: PLR0912, PLR0913, PLR0917, C901 - arrays of one query and one library, compiled
    row: int, spans: Array, name: Array, kind_of: Array, gain: Array, loss: Array, low: Array, high: Array,
    first: int, last: int, number_kind: Array, number_value: Array, number_int: Array, begin: int, end: int,
    names: Array, numbers: Array, village: Array, former: Array, integers: Array,
) -> tuple[float, int, int]:  # fmt: skip # pragma: no cover - compiled
    """Weight of one row for one query, the bits of the spans it matches and those of its numbers.

    name, kind_of, gain, loss, low, high : (m,) of the meanings of the spans
    """
    total, span_bits, number_bits = 0.0, 0, 0
    here = village[row]
    for span in range(first, last):
        best, worst = 0.0, 0.0
        for place in range(spans[span], spans[span + 1]):
            if names[row, kind_of[place]] == name[place] and low[place] <= here < high[place]:
                best = max(best, gain[place])
            worst = max(worst, loss[place])
        if best > 0:
            total += best
            span_bits |= 1 << (span - first)
        else:
            total -= worst
    used = 0
    for place in range(begin, end):
        kind, value = number_kind[place], number_value[place]
        if kind >= 0 and value >= 0 and numbers[row, kind] == value and not used >> kind & 1:
            total += GAIN[kind]
            used |= 1 << kind
            number_bits |= 1 << (place - begin)
    lowest = -1
    for place in range(begin, end):
        if number_bits >> (place - begin) & 1:
            continue
        kind, value = number_kind[place], number_value[place]
        other = -1
        if value >= 0:
            for column in range(lowest + 1 if kind < 0 else 0, 6):
                if not used >> column & 1 and numbers[row, column] == value:
                    other = column
                    break
        if other >= 0:
            total += (0.85 if kind < 0 else 0.45) * GAIN[other]
            used |= 1 << other
            lowest = other
            number_bits |= 1 << (place - begin)
        elif kind < 0:
            total -= 1.2
        elif numbers[row, kind] < 0:
            total -= MISSING[kind]
        else:
            apart = abs(integers[numbers[row, kind]] - number_int[place]) if number_int[place] >= 0 else 1000
            ease = 3.0 * np.exp(-apart / 6.0) if kind == 2 else 0.0
            total -= DIFFERS[kind] - ease
            used |= 1 << kind
    for kind in range(6):
        if numbers[row, kind] >= 0 and not used >> kind & 1:
            total -= UNSAID[kind]
    if former[row]:
        total -= 0.7
    return total, span_bits, number_bits


@njit(cache=True, nogil=True)
def resolve(  # noqa: PLR0912, PLR0913, PLR0915, PLR0917, C901 - one pass over the queries, compiled
    query_spans: Array, spans: Array, meanings: Array, query_numbers: Array,
    number_kind: Array, number_value: Array, number_int: Array, near: Array,
    names: Array, numbers: Array, lon: Array, lat: Array, weight: Array, village: Array, grid: Array, former: Array,
    integers: Array, kinds: Array, keys: Array, key_rows: Array, starts: Array, members: Array,
    key_town: Array, member_town: Array, grids: int,
) -> tuple[Array, ...]:  # fmt: skip # pragma: no cover - compiled
    """For each of q queries the likeliest grids.

    query_spans, query_numbers : (q + 1,) where the spans and numbers of a query begin
    spans : (s + 1,) where the meanings of a span begin; meanings : (m, 4) name, weight, low, high village
    near : (q, 2) villages [low, high) that are likelier than others
    key_town, member_town : the names of the towns of `key_rows` and `members`, in their order, since most rows are
    passed over for their town and need not be looked at

    Returns (q, TOP) grids (-1 outside, -2 unused), their shares, best rows and best weights; (q, 6) best weight, rows
    tied with it, west, south, east, north of the tied; and (q, 2) bits of the spans and numbers the best row matches
    """
    count = query_spans.size - 1
    top_grid = np.full((count, TOP), -2, dtype=np.int32)
    top_share = np.zeros((count, TOP))
    top_row = np.full((count, TOP), -1, dtype=np.int32)
    top_weight = np.zeros((count, TOP))
    facts = np.zeros((count, 8))
    bits = np.zeros((count, 2), dtype=np.int64)
    seen = np.full(lon.size, -1, dtype=np.int32)
    cand = np.empty(_NAME_CAP + 10_000, dtype=np.int32)
    value_of = np.empty(_NAME_CAP + 10_000)
    mass = np.zeros(grids + 1)
    first_row = np.zeros(grids + 1, dtype=np.int32)
    first_weight = np.zeros(grids + 1)
    low_of, size_of = np.empty(_LISTS, dtype=np.int64), np.empty(_LISTS, dtype=np.int64)
    touched = np.empty(grids + 1, dtype=np.int32)
    name_of = meanings[:, 0].astype(np.int32)
    kind_of = kinds[name_of]
    gain, loss = NAME_GAIN[kind_of] * meanings[:, 1], NAME_LOSS[kind_of] * meanings[:, 1]
    low_village, high_village = meanings[:, 2].astype(np.int64), meanings[:, 3].astype(np.int64)
    for query in range(count):
        first, last = query_spans[query], query_spans[query + 1]
        begin, end = query_numbers[query], query_numbers[query + 1]
        found = 0
        town_first, town_last = -1, -1
        for span in range(first, last):
            place = spans[span]
            if spans[span + 1] > place and kind_of[place] == 3 and meanings[place, 1] >= 0.8:
                town_first, town_last = place, spans[span + 1]
        for turn_of in range(4):
            # By name and number in the town that is said, then anywhere; by name alone likewise.
            by_name, anywhere = turn_of >= 2, turn_of % 2 == 1
            if found:
                break
            if anywhere and town_first < 0:
                continue
            lists, stamp = 0, query * 4 + turn_of
            for place in range(spans[first], spans[last]):
                name = name_of[place]
                if kind_of[place] < 4 or lists >= _LISTS:
                    continue
                if by_name:
                    low, high = starts[name], starts[name + 1]
                    if high > low:
                        low_of[lists], size_of[lists] = low, high - low
                        lists += 1
                    continue
                for number in range(begin, end):
                    value = number_value[number]
                    if value < 0 or lists >= _LISTS:
                        continue
                    key = (np.int64(name) << 32) | value
                    low = _find(keys, key)
                    if low < keys.size and keys[low] == key:
                        low_of[lists], size_of[lists] = low, _find(keys, key + 1) - low
                        lists += 1
            order = np.argsort(size_of[:lists])
            cap = _NAME_CAP if by_name else _KEY_CAP
            looked = 0
            for turn in range(lists):
                item = order[turn]
                if looked and looked + size_of[item] > cap:
                    break
                looked += size_of[item]
                for place in range(low_of[item], min(low_of[item] + size_of[item], low_of[item] + _NAME_CAP)):
                    row = members[place] if by_name else key_rows[place]
                    if town_first >= 0 and not anywhere:
                        town = member_town[place] if by_name else key_town[place]
                        mine = town < 0
                        for other in range(town_first, town_last):
                            kind = kind_of[other]
                            mine |= (town if kind == 3 else names[row, kind]) == name_of[other]
                        if not mine:
                            continue
                    if seen[row] == stamp or found >= cand.size:
                        continue
                    seen[row] = stamp
                    cand[found] = row
                    found += 1
        if not found:
            continue
        best, winner = -1e9, -1
        for place in range(found):
            row = cand[place]
            score, _, _ = score_row(
                row, spans, name_of, kind_of, gain, loss, low_village, high_village, first, last,
                number_kind, number_value, number_int, begin, end, names, numbers, village, former, integers,
            )  # fmt: skip
            if near[query, 0] <= village[row] < near[query, 1]:
                score += 2.0
            value_of[place] = score
            if score > best or (score == best and row < winner):
                best, winner = score, row
        _, span_bits, number_bits = score_row(
            winner, spans, name_of, kind_of, gain, loss, low_village, high_village, first, last,
            number_kind, number_value, number_int, begin, end, names, numbers, village, former, integers,
        )  # fmt: skip
        bits[query, 0], bits[query, 1] = span_bits, number_bits
        west, south, east, north, tied, whole, hit = 1e9, 1e9, -1e9, -1e9, 0, 0.0, 0
        for place in range(found):
            score, row = value_of[place], cand[place]
            if score < best - 9:
                continue
            share = np.exp(score - best) * weight[row]
            own = grid[row] if grid[row] >= 0 else grids
            if mass[own] == 0.0:
                touched[hit] = own
                hit += 1
                first_weight[own] = -1e9
            mass[own] += share
            whole += share
            if score > first_weight[own] or (score == first_weight[own] and row < first_row[own]):
                first_weight[own], first_row[own] = score, row
            if score >= best - 0.4:
                tied += 1
                west, east = min(west, lon[row]), max(east, lon[row])
                south, north = min(south, lat[row]), max(north, lat[row])
        facts[query, 0], facts[query, 1] = best, tied
        facts[query, 2], facts[query, 3], facts[query, 4], facts[query, 5] = west, south, east, north
        facts[query, 6] = hit
        for turn in range(min(hit, TOP)):
            pick = -1
            for place in range(hit):
                own = touched[place]
                if mass[own] <= 0.0:
                    continue
                if pick < 0 or mass[own] > mass[pick] or (mass[own] == mass[pick] and own < pick):
                    pick = own
            if pick < 0:
                break
            top_grid[query, turn] = pick if pick < grids else -1
            top_share[query, turn] = mass[pick] / whole
            top_row[query, turn] = first_row[pick]
            top_weight[query, turn] = first_weight[pick]
            mass[pick] = -1.0
        for place in range(hit):
            mass[touched[place]] = 0.0
    return top_grid, top_share, top_row, top_weight, facts, bits
