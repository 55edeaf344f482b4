"""Which name a word may be that is written with one slip."""

from __future__ import annotations

from layers.geocode.names import Meaning, Names, Span

_REMEMBERED = 50_000
"""Words that are kept with what they may be, since people add the same ones: 老王家, 菜鸟驿站代收."""

_NEAREST = 0.25
"""Names that are less alike than the best one by more than this are not meant."""


def misspelt(plain: str, start: int, end: int, spans: list[Span], names: Names) -> Span | None:
    """The name that the word at [start, end) may be with one slip, together with a short name beside it or alone."""
    before = next((span.start for span in spans if span.end == start and span.meanings[0].reason == "short"), start)
    after = next((span.end for span in spans if span.start == end and span.meanings[0].reason == "short"), end)
    key = (plain[before:start], plain[start:end], plain[end:after])
    if key in names.slips:
        found = names.slips[key]
    else:
        if len(names.slips) >= _REMEMBERED:
            names.slips.clear()
        found = names.slips[key] = _likeliest(*key, names)
    return None if found is None else Span(start + found[0], start + found[1], found[2])


def _likeliest(before: str, word: str, after: str, names: Names) -> tuple[int, int, tuple[Meaning, ...]] | None:
    """From where to where the name goes, counted from the beginning of the word, and what it may mean."""
    size = len(word)
    lefts, rights = {0, -len(before)}, {size, size + len(after)}
    windows = {(left, right) for left in lefts for right in rights if 2 <= right - left <= 16}
    if size > 3:
        windows |= {(left, right) for left in range(size - 2) for right in range(left + 3, min(size, left + 10) + 1)}
    text, shift = before + word + after, len(before)
    best: tuple[float, int, int, dict[str, float]] | None = None
    for left, right in sorted(windows):
        found = names.near(text[left + shift : right + shift])
        if found:
            score = max(found.values()) + 0.02 * (right - left)
            if best is None or score > best[0]:
                best = (score, left, right, found)
    return None if best is None else (best[1], best[2], _meanings(best[3], names))


def _meanings(found: dict[str, float], names: Names) -> tuple[Meaning, ...]:
    least = max(found.values()) - _NEAREST
    weights: dict[tuple[int, int, int], float] = {}
    for form, score in found.items():
        if score >= least:
            for name, weight, _, low, high in names.forms[form]:
                key, alike = (name, low, high), weight * score
                if weights.get(key, -1.0) < alike:
                    weights[key] = alike
    return tuple(sorted(Meaning(name, weight, "fuzzy", low, high) for (name, low, high), weight in weights.items()))
