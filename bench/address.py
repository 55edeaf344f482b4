"""Score parsing and matching of Chinese addresses beside other packages; prints markdown tables.

    python -m bench.address --data ../shared/data [--peers] [--part dev] [--errors]

Parsing: addr-parse-naacl19 (hand-labelled, mostly Zhejiang), F1 for each level over exact values without their
suffix. A labelled level may have several values (a road and its repetition): finding one of them is right. The
labels call 5组 a road and 669弄 a house number; both are left out of the count, since here they are fields of their
own. An administrative name counts as found only if it stands in the text. `--peers` adds cpca and JioNLP, which
must be importable. `bench/address_match.py` scores matching and runs behind it. Speed is one core, after the
first call.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

from bench.address_match import matching
from geo.address import Gazetteer, china, parse, parse_many
from geo.address.variants import normalise

Found = dict[str, str | None]
LEVELS = ("county", "township", "village", "road", "number", "building", "unit", "floor", "room")
LABELS = {
    "district": "county", "town": "township", "community": "village", "road": "road", "roadno": "number",
    "subroadno": "number", "houseno": "building", "cellno": "unit", "floorno": "floor", "roomno": "room",
}  # fmt: skip
SUFFIX = {
    "county": re.compile(
        r"(?:(?:(?:土家|布依|哈尼|傈僳|拉祜|纳西|景颇|仡佬|朝鲜|东乡|撒拉|毛南|仫佬|[回藏苗彝壮满侗瑶白傣黎佤畲水土羌各])族)*自治县"
        r"|新区|[区县市旗])$"
    ),
    "township": re.compile(r"(?:街道办事处|街道办|街道|街|镇|乡|办事处|区)$"),
    "village": re.compile(
        r"(?:社区居民委员会|社区居委会|居民委员会|居委会|村?村民委员会|村?村委会|村?村委|行政村|自然村|社区|村)$"
    ),
    "road": re.compile(r"$^"),
}
KINDS = (
    "too long", "too short", "wrong", "read as another part", "read inside another part", "read in pieces",
    "labelled as another part", "labelled otherwise",
)  # fmt: skip
BELOW = {
    "county": ("township", "zone", "village", "road", "estate", "place"),
    "township": ("zone", "village", "road", "estate", "place"),
    "village": ("road", "estate", "place"),
}
NUMBER = re.compile(r"(?:号楼|号院|号门|单元|[号幢栋座室楼层房弄])$")


def labelled(path: Path) -> list[tuple[str, dict[str, list[str]]]]:
    """Read the text and the values of each level, as labelled."""
    return [("".join(text for _, text in spans), _levels(spans)) for spans in labelled_spans(path)]


def labelled_spans(path: Path) -> list[list[tuple[str, str]]]:
    """Read the labelled pieces of each text in their order, (label, piece)."""
    rows = []
    for block in path.read_text(encoding="utf-8").split("\n\n"):
        spans: list[tuple[str, str]] = []
        for line in block.split("\n"):
            if line.strip():
                text, _, label = line.rpartition(" ")
                if label.startswith("I-") and spans and spans[-1][0] == label[2:].lower():
                    spans[-1] = (spans[-1][0], spans[-1][1] + text)
                else:
                    spans.append((label[2:].lower(), text))
        if spans:
            rows.append(spans)
    return rows


def _levels(spans: list[tuple[str, str]]) -> dict[str, list[str]]:
    values: dict[str, list[str]] = {}
    for label, text in spans:
        level = LABELS.get(label)
        if level == "number":
            text = re.sub(r"^.*[组队社]", "", text)  # noqa: PLW2901
        if (
            not level
            or not text
            or (level == "road" and text[-1] in "组队社")
            or (level == "number" and text[-1] in "弄巷")
        ):
            continue
        values.setdefault(level, []).append(text)
    return values


def bare(level: str, value: str | None) -> str | None:
    """Take the suffix off a value and write it the usual way."""
    if not value:
        return None
    plain = normalise(value).upper() or value
    short = SUFFIX.get(level, NUMBER).sub("", plain)
    return short if len(short) > (1 if level in SUFFIX else 0) else plain


def f1_by_level(rows, found: Iterable[Found]) -> dict[str, tuple[float, Counter[str]]]:
    """F1 of each level, with the counts behind it."""
    counts: dict[str, Counter[str]] = {level: Counter() for level in LEVELS}
    for (_, gold), got in zip(rows, found, strict=True):
        for level in LEVELS:
            right = {bare(level, value) for value in gold.get(level, [])}
            value = bare(level, got.get(level))
            counts[level][outcome(right, value)] += 1
    return {level: (_f1(count), count) for level, count in counts.items()}


def outcome(right: set[str | None], value: str | None) -> str:
    """Say how a value compares with the labelled ones."""
    if not right:
        return "spurious" if value else "absent"
    if value is None:
        return "missed"
    if value in right:
        return "right"
    return "boundary" if any(value in one or one in value for one in right if one) else "wrong"


def _f1(count: Counter[str]) -> float:
    both = count["wrong"] + count["boundary"]
    total = 2 * count["right"] + count["spurious"] + count["missed"] + 2 * both
    return 2 * count["right"] / total if total else float("nan")


def ours(gazetteer: Gazetteer | None) -> Callable[[str], Found]:
    def run(text: str) -> Found:
        address = parse(text, gazetteer)
        found: Found = dict(address.parts())
        for level in ("county", "township", "village"):
            below = [found.get(part) or "" for part in BELOW[level]]
            if level in address.completed and not _stands(bare(level, found.get(level)), address.text, below):
                found[level] = None
        return found

    return run


def _stands(name: str | None, text: str, below: list[str]) -> bool:
    """Whether a completed name is in the text outside the parts below it: 余杭街道 does not write 余杭区."""
    for part in below:
        text = text.replace(part, " ", 1) if part else text
    return name is not None and name in text.upper()


def by_cpca() -> Callable[[str], Found]:
    import cpca

    def run(text: str) -> Found:
        row = cpca.transform([text]).iloc[0]
        county = row["区"]
        return {"county": county if county and bare("county", county) in text else None}

    return run


def by_jionlp() -> Callable[[str], Found]:
    import jionlp

    def run(text: str) -> Found:
        try:
            row = jionlp.parse_location(text, town_village=True)
        except Exception:  # noqa: BLE001 - a peer that fails has found nothing
            return {}
        county = row["county"]
        county = county if county and bare("county", county) in text else None
        return {"county": county, "township": row.get("town"), "village": row.get("village")}

    return run


def wide_gazetteer(data: Path) -> Gazetteer:
    """The built-in names with the townships of China and the villages of Zhejiang."""
    import csv

    names, codes = [], []
    for file in ("streets.csv", "villages_zhejiang.csv"):
        with (data / "cn-division-names" / file).open(encoding="utf-8") as lines:
            for row in csv.DictReader(lines):
                names.append(row["name"])
                codes.append(row["code"])
    return china() | Gazetteer.of(names, codes)


def kind(spans: list[tuple[str, str]], right: set[str | None], level: str, got: Found) -> str:
    """Name the error in one level, from where its value or the labelled one stands instead."""
    value = bare(level, got.get(level))
    found = outcome(right, value)
    if found == "boundary":
        return "too long" if any(one in (value or "") for one in right if one) else "too short"
    if found == "missed":
        others = {bare(level, part) for field, part in got.items() if field != level}
        if right & others:
            return "read as another part"
        inside = any(one in part for one in right for part in others if one and part)
        return "read inside another part" if inside else "read in pieces"
    if found == "spurious":
        same = {bare(level, text) for _, text in spans}
        return "labelled as another part" if value in same else "labelled otherwise"
    return found


def show_kinds(path: Path, run: Callable[[str], Found]) -> None:
    """Print how often each kind of error occurs in each level."""
    counts: dict[str, Counter[str]] = {level: Counter() for level in LEVELS}
    for spans in labelled_spans(path):
        got, gold = run("".join(text for _, text in spans)), _levels(spans)
        for level in LEVELS:
            counts[level][kind(spans, {bare(level, value) for value in gold.get(level, [])}, level, got)] += 1
    print("\n| level | right | " + " | ".join(KINDS) + " |\n|" + " --- |" * (len(KINDS) + 2))
    for level, count in counts.items():
        print(f"| {level} | {count['right']} | " + " | ".join(str(count[one]) for one in KINDS) + " |")


def show_errors(rows, run: Callable[[str], Found], level: str, limit: int) -> None:
    shown = 0
    order = list(rows)
    random.Random(0).shuffle(order)
    for text, gold in order:
        got = run(text)
        kind = outcome({bare(level, value) for value in gold.get(level, [])}, bare(level, got.get(level)))
        if kind not in ("right", "absent"):
            print(f"{kind}: {text} | {gold.get(level)} | {got.get(level)} | { ({k: v for k, v in got.items() if v}) }")
            shown += 1
            if shown >= limit:
                return


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--part", default="dev", choices=("dev", "train"))
    parser.add_argument("--peers", action="store_true")
    parser.add_argument("--errors", metavar="LEVEL", help="show wrong answers of one level")
    parser.add_argument("--limit", type=int, default=40)
    arguments = parser.parse_args()
    path = arguments.data / f"addr-parse-naacl19-train/{arguments.part}.noperson.txt"
    rows = labelled(path)
    ways = {"built-in names": ours(None)}
    wide = wide_gazetteer(arguments.data)
    ways["with townships and villages"] = ours(wide)
    if arguments.errors:
        show_errors(rows, ways["built-in names"], arguments.errors, arguments.limit)
        return
    if arguments.peers:
        ways |= {"cpca": by_cpca(), "JioNLP": by_jionlp()}
    print(
        f"{len(rows)} addresses of {arguments.part}\n\n| way | "
        + " | ".join(LEVELS)
        + " |\n|"
        + " --- |" * (len(LEVELS) + 1)
    )
    for name, run in ways.items():
        scores = f1_by_level(rows, [run(text) for text, _ in rows])
        print(f"| {name} | " + " | ".join(f"{score:.3f}" if c["right"] else "–" for score, c in scores.values()) + " |")
    show_kinds(path, ways["with townships and villages"])
    texts = [text for text, _ in rows]
    parse_many(texts[:10])
    for name, names in (("built-in names", None), ("with townships and villages", wide)):
        start = time.process_time()
        parse_many(texts * 3, names)
        print(f"\n{name}: {3 * len(texts) / (time.process_time() - start):,.0f} addresses/s a core")
    if arguments.part == "dev":
        matching(arguments.data)


if __name__ == "__main__":
    sys.exit(main())
