"""Score the matching of Chinese addresses beside a character TF-IDF; prints a markdown table.

    python -m bench.address_match --data ../shared/data

19,286 labelled pairs of addr-match-ccks21, macro F1 over three labels on one half of the queries. All that is fitted
is fitted on the other half: the two cuts of TF-IDF and, where the table says so, those of `match` or what the mean of
the other candidates of the query counts for TF-IDF. Both ways weigh by rarity among the same texts.
"""

from __future__ import annotations

import argparse
import math
import random
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np

from geo.address import Rarity, match, match_many
from geo.address.variants import normalise

T = TypeVar("T")


def matching(data: Path) -> None:
    """Print macro F1 over the three labels on the half of the queries that no cut was fitted on."""
    path = data / "addr-match-ccks21-round1dev/round1_fold0_dev.tsv"
    rows = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()]
    queries = sorted({row[0] for row in rows})
    random.Random(0).shuffle(queries)
    fitted = set(queries[: len(queries) // 2])
    gold = np.array([int(row[2]) for row in rows])
    half = np.array([row[0] in fitted for row in rows])
    cosine = tf_idf([(a, b) for a, b, _ in rows])
    low, high = cuts(cosine[half], gold[half])
    rarity = Rarity.of({text for a, b, _ in rows for text in (a, b)})
    seconds, found = timed(lambda: [match(a, b, rarity=rarity) for a, b, _ in rows])
    searches: dict[str, list[int]] = defaultdict(list)
    for place, (query, _, _) in enumerate(rows):
        searches[query].append(place)
    seconds_many, lists = timed(
        lambda: [match_many(q, [rows[i][1] for i in s], rarity=rarity) for q, s in searches.items()]
    )
    among = np.zeros(len(rows), int)
    others = np.zeros(len(rows))
    for members, matches in zip(searches.values(), lists, strict=True):
        among[members] = [one.label for one in matches]
        others[members] = (cosine[members].sum() - cosine[members]) / max(1, len(members) - 1)
    labels, score = np.array([one.label for one in found]), np.array([one.score for one in found])
    under, over = cuts(score[half], gold[half])
    ways = {
        "character TF-IDF, cuts fitted": (cosine >= low) + 0 + (cosine >= high),
        "the same with the other candidates of the query": among_others(cosine, others, gold, half),
        "geo.address.match, cuts fitted": (score >= under) + 0 + (score >= over),
        "geo.address.match, its own cuts": labels,
        "geo.address.match_many, its own cuts": among,
    }
    print("\n| way | macro F1 | none | partly | exact |\n|" + " --- |" * 5)
    for name, got in ways.items():
        scores = label_f1(gold[~half], got[~half])
        print(f"| {name} | {np.mean(scores):.3f} | " + " | ".join(f"{score:.3f}" for score in scores) + " |")
    print(
        f"\n{len(rows) / seconds:,.0f} pairs/s a core by match, {len(rows) / seconds_many:,.0f} by match_many; "
        f"{int((~half).sum())} pairs scored"
    )


def timed(work: Callable[[], list[T]]) -> tuple[float, list[T]]:
    start = time.process_time()
    done = work()
    return time.process_time() - start, done


def among_others(cosine: np.ndarray, others: np.ndarray, gold: np.ndarray, half: np.ndarray) -> np.ndarray:
    """Labels by the cosine and a share of the mean cosine of the other candidates, one share for each cut."""
    best, labels = 0.0, np.zeros(len(gold), int)
    for first in np.arange(-0.5, 1.01, 0.25):
        for second in np.arange(-0.5, 1.01, 0.25):
            one, two = cosine + first * others, cosine + second * others
            low, high = pair_cuts(one[half], two[half], gold[half])
            got = np.where(one < low, 0, np.where(two >= high, 2, 1))
            if (value := float(np.mean(label_f1(gold[half], got[half])))) > best:
                best, labels = value, got
    return labels


def label_f1(gold: np.ndarray, got: np.ndarray) -> list[float]:
    right = [((gold == label) & (got == label)).sum() for label in range(3)]
    return [2 * n / max(1, (gold == label).sum() + (got == label).sum()) for label, n in enumerate(right)]


def tf_idf(pairs: list[tuple[str, str]]) -> np.ndarray:
    """Cosine of characters and bigrams weighted by their rarity among all addresses."""
    texts = {text for pair in pairs for text in pair}
    grams = {
        t: Counter(normalise(t)[i : i + n] for n in (1, 2) for i in range(len(normalise(t)) - n + 1)) for t in texts
    }
    rarity = Counter(gram for counted in grams.values() for gram in counted)
    vectors = {}
    for text, counted in grams.items():
        vector = {g: n * (math.log((1 + len(texts)) / (1 + rarity[g])) + 1) for g, n in counted.items()}
        norm = math.sqrt(sum(x * x for x in vector.values())) or 1.0
        vectors[text] = {g: x / norm for g, x in vector.items()}
    return np.array([sum(x * vectors[b].get(g, 0.0) for g, x in vectors[a].items()) for a, b in pairs])


def cuts(score: np.ndarray, gold: np.ndarray) -> tuple[float, float]:
    """The two thresholds with the best macro F1."""
    steps = np.quantile(score, np.linspace(0.02, 0.995, 80))
    tried = [(low, high) for place, low in enumerate(steps) for high in steps[place + 1 :]]
    return max(tried, key=lambda t: np.mean(label_f1(gold, (score >= t[0]) + 0 + (score >= t[1]))))


def pair_cuts(one: np.ndarray, two: np.ndarray, gold: np.ndarray) -> tuple[float, float]:
    """The threshold of each of two scores with the best macro F1."""
    lows, highs = np.quantile(one, np.linspace(0.3, 0.9, 25)), np.quantile(two, np.linspace(0.8, 0.99, 25))
    return max(
        ((low, high) for low in lows for high in highs),
        key=lambda t: np.mean(label_f1(gold, np.where(one < t[0], 0, np.where(two >= t[1], 2, 1)))),
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    matching(parser.parse_args().data)
