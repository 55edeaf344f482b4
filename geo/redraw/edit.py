"""What an edit is, how it is applied and taken back, and how it is kept as plain data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.errors import BrokenGridError, GridLockedError, RedrawError, StaleEditError
from geo.redraw.division import Counts, Division, Grid, marks, retrace, same_codes, survey
from geo.redraw.ground import IntArray

Entry = tuple[int, Grid | None, Grid | None]
Recode = tuple[int, str, str]


@dataclass(frozen=True, eq=False)
class Edit:
    """One change of a plan, both ways.

    op : "split", "merge", "move_boundary", "give", "carve_out", "abolish", "rename", "lock", "unlock" or "convert"
    undone : whether this takes such a change back
    blocks, old, new : (m,) rising positions of the blocks that change grid, and their grid before and after
    before, after : counts of every grid that gains or loses a block, by rising number; a created grid is missing in
        `before`, an abolished one in `after`
    entries : number, old and new `Grid` of each grid that is created, abolished, renamed, locked or unlocked
    recodes : village position, old and new code
    sizes : how many grid numbers are taken before and after
    base, result : fingerprints of the state before and after
    moved_households : households that change grid
    """

    op: str
    undone: bool
    blocks: IntArray
    old: IntArray
    new: IntArray
    before: tuple[Counts, ...]
    after: tuple[Counts, ...]
    entries: tuple[Entry, ...]
    recodes: tuple[Recode, ...]
    sizes: tuple[int, int]
    base: str
    result: str
    moved_households: float

    @property
    def created(self) -> tuple[int, ...]:
        """Numbers of the grids that come into being."""
        return tuple(number for number, old, new in self.entries if old is None and new is not None)

    @property
    def abolished(self) -> tuple[int, ...]:
        """Numbers of the grids that end."""
        return tuple(number for number, old, new in self.entries if old is not None and new is None)

    @property
    def touched(self) -> tuple[int, ...]:
        """Rising numbers of all grids that gain or lose a block, begin or end."""
        return tuple(sorted({count.grid for count in self.before + self.after}))

    @property
    def broken(self) -> tuple[int, ...]:
        """Numbers of the grids that the edit leaves in more pieces, or around more other ground, than before."""
        pieces = {count.grid: count.pieces for count in self.before}
        holes = {count.grid: count.holes for count in self.before}
        return tuple(c.grid for c in self.after if c.pieces > pieces.get(c.grid, 1) or c.holes > holes.get(c.grid, 0))

    def inverse(self) -> Edit:
        """The edit that takes this one back; its own inverse is this one again."""
        return replace(
            self,
            undone=not self.undone,
            old=self.new,
            new=self.old,
            before=self.after,
            after=self.before,
            entries=tuple((number, new, old) for number, old, new in self.entries),
            recodes=tuple((position, new, old) for position, old, new in self.recodes),
            sizes=(self.sizes[1], self.sizes[0]),
            base=self.result,
            result=self.base,
        )

    def record(self) -> dict[str, Any]:
        """The edit as plain data for JSON, without counts; `redo` and `undo` make it an edit again."""
        return {
            "op": self.op,
            "undone": self.undone,
            "blocks": self.blocks.tolist(),
            "old": self.old.tolist(),
            "new": self.new.tolist(),
            "entries": [[n, old and asdict(old), new and asdict(new)] for n, old, new in self.entries],
            "recodes": [list(recode) for recode in self.recodes],
            "sizes": list(self.sizes),
            "base": self.base,
            "result": self.result,
        }


def apply(division: Division, edit: Edit) -> Division:
    """The state after the edit; `division` itself stays as it is.

    Raises
    ------
    StaleEditError : the edit was made on a state with other labels, grids or village codes
    """
    _check_fits(division, edit)
    label, piece, counts = division.label, division.piece, list(division.counts)
    grids = list(division.grids[: edit.sizes[1]]) + [None] * (edit.sizes[1] - edit.sizes[0])
    counts = counts[: edit.sizes[1]] + [None] * (edit.sizes[1] - edit.sizes[0])
    for number, _, new in edit.entries:
        if number < edit.sizes[1]:
            grids[number] = new
    if edit.blocks.size:
        label = _relabelled(division, edit.blocks, edit.new)
        piece = retrace(division, label, edit.touched)
        piece.setflags(write=False)
    for number in edit.touched:
        if number < edit.sizes[1]:
            counts[number] = None
    for count in edit.after:
        counts[count.grid] = count
    villages = list(division.villages)
    for position, _, code in edit.recodes:
        villages[position] = code
    village = same_codes(villages, division.ground.village) if edit.recodes else division.village
    return Division(
        division.ground,
        label,
        piece,
        tuple(grids),
        tuple(counts),
        tuple(villages),
        village,
        _mark_after(division, edit),
    )


def redo(division: Division, record: Mapping[str, Any]) -> Edit:
    """The recorded edit with fresh counts, to be applied to the state it was made on.

    Raises
    ------
    StaleEditError : `division` is another state
    RedrawError : the record is damaged
    """
    try:
        edit = Edit(
            op=str(record["op"]),
            undone=bool(record["undone"]),
            blocks=_frozen(record["blocks"]),
            old=_frozen(record["old"]),
            new=_frozen(record["new"]),
            before=(),
            after=(),
            entries=tuple((n, old and Grid(**old), new and Grid(**new)) for n, old, new in record["entries"]),
            recodes=tuple((position, old, new) for position, old, new in record["recodes"]),
            sizes=(record["sizes"][0], record["sizes"][1]),
            base=str(record["base"]),
            result=str(record["result"]),
            moved_households=0.0,
        )
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise RedrawError(f"The record of this edit is damaged ({error!r}); go on from the present plan.") from error
    _check_fits(division, edit)
    return _counted(division, edit)


def undo(division: Division, record: Mapping[str, Any]) -> Edit:
    """The inverse of the recorded edit with fresh counts, to be applied to the state that the edit led to.

    Raises
    ------
    StaleEditError : `division` is another state
    RedrawError : the record is damaged
    """
    turned = dict(record)
    for here, there in (("old", "new"), ("base", "result")):
        turned[here], turned[there] = record.get(there), record.get(here)
    turned["undone"] = not record.get("undone")
    turned["sizes"] = list(record.get("sizes", ()))[::-1]
    for key in ("entries", "recodes"):
        turned[key] = [[number, new, old] for number, old, new in record.get(key, ())]
    return redo(division, turned)


def fingerprint(division: Division) -> str:
    """32 hexadecimal digits that change with any label or village code; names and locks do not count."""
    return _fingerprint(division.mark, division.villages)


def relabel(
    op: str,
    division: Division,
    blocks: ArrayLike,
    new: ArrayLike,
    *,
    created: Sequence[Grid] = (),
    strict: bool = False,
) -> Edit:
    """The edit that gives `blocks` (m,) to the grids `new`, (m,) or one for all; `created` ones follow the last number.

    Grids that lose their last block are abolished.

    Raises
    ------
    RedrawError : no block changes grid
    GridLockedError : a grid that gains or loses is locked
    BrokenGridError : with `strict`, a grid would end up in more pieces or around more other ground than before
    """
    position = np.asarray(blocks, dtype=np.int64)
    target = np.broadcast_to(np.asarray(new, dtype=np.int64), position.shape)
    position, first = np.unique(position, return_index=True)
    target = target[first]
    moves = division.label[position] != target
    position, target = position[moves], target[moves]
    if not position.size:
        raise RedrawError("Nothing would change: the blocks are in that grid already; choose others.")
    old = division.label[position]
    before = np.unique(old).tolist()
    check_unlocked(division, set(before) | set(target.tolist()))
    size = len(division.grids)
    lost = [g for g in before if _count(division, g).blocks == int((old == g).sum()) and g not in target]
    entries: list[Entry] = [(g, division.grids[g], None) for g in lost]
    entries += [(size + i, None, grid) for i, grid in enumerate(created)]
    edit = Edit(
        op=op,
        undone=False,
        blocks=_frozen(position),
        old=_frozen(old),
        new=_frozen(target),
        before=(),
        after=(),
        entries=tuple(entries),
        recodes=(),
        sizes=(size, size + len(created)),
        base=fingerprint(division),
        result="",
        moved_households=0.0,
    )
    edit = _counted(division, edit)
    if strict and edit.broken:
        counts = {count.grid: count for count in edit.after}
        parts = [part for g in edit.broken for part in counts[g].detached + counts[g].enclosed]
        raise BrokenGridError(edit.broken, sorted({block for part in parts for block in part}))
    return edit


def restate(op: str, division: Division, *, entries: Iterable[Entry] = (), recodes: Iterable[Recode] = ()) -> Edit:
    """The edit that changes what is said about grids or villages, and no label."""
    nothing = _frozen(())
    base = fingerprint(division)
    size = len(division.grids)
    edit = Edit(
        op, False, nothing, nothing, nothing, (), (), tuple(entries), tuple(recodes), (size, size), base, base, 0.0
    )
    return _counted(division, edit)


def check_unlocked(division: Division, grids: Iterable[int]) -> None:
    """Raise GridLockedError if one of the grids is locked; numbers that are not taken yet are free."""
    known = [(number, division.grids[number]) for number in sorted(grids) if number < len(division.grids)]
    locked = [number for number, grid in known if grid is not None and grid.locked]
    if locked:
        raise GridLockedError(locked)


def _counted(division: Division, edit: Edit) -> Edit:
    """The edit with counts, moved households and the fingerprint of its result."""
    villages = list(division.villages)
    for position, _, code in edit.recodes:
        villages[position] = code
    village = same_codes(villages, division.ground.village) if edit.recodes else division.village
    grids = set(edit.old.tolist()) | set(edit.new.tolist())
    if edit.recodes:
        there = np.isin(division.ground.village, [position for position, _, _ in edit.recodes])
        grids |= set(division.label[there].tolist())
    touched = sorted(grids)
    label = _relabelled(division, edit.blocks, edit.new)
    found = survey(division, label, touched, village)
    known = [division.counts[number] for number in touched if number < len(division.counts)]
    return replace(
        edit,
        before=tuple(count for count in known if count is not None),
        after=tuple(count for count in found.counts if count is not None),
        result=_fingerprint(_mark_after(division, edit), villages),
        moved_households=float(division.ground.households[edit.blocks].sum()),
    )


def _check_fits(division: Division, edit: Edit) -> None:
    label = division.label
    if edit.sizes[0] != len(division.grids):
        raise StaleEditError("grids were created or taken back")
    if edit.blocks.size and (edit.blocks[0] < 0 or edit.blocks[-1] >= label.size):
        raise StaleEditError("it names blocks that are not there")
    differ = edit.blocks[label[edit.blocks] != edit.old]
    if differ.size:
        raise StaleEditError("blocks changed grid", differ.tolist())
    if any(division.grids[n] != old for n, old, _ in edit.entries if n < len(division.grids)):
        raise StaleEditError("a grid was renamed, locked or unlocked")
    if edit.base != fingerprint(division):
        raise StaleEditError("other blocks changed grid, or villages their code")


def _count(division: Division, grid: int) -> Counts:
    found = division.counts[grid]
    assert found is not None
    return found


def _relabelled(division: Division, blocks: IntArray, new: IntArray) -> IntArray:
    label = division.label.copy()
    label[blocks] = new
    label.setflags(write=False)
    return label


def _frozen(values: Any) -> NDArray[np.int32]:
    array = np.array(values, dtype=np.int32).reshape(-1)
    array.setflags(write=False)
    return array


def _mark_after(division: Division, edit: Edit) -> int:
    return (division.mark - marks(edit.blocks, edit.old) + marks(edit.blocks, edit.new)) % 2**64


def _fingerprint(mark: int, villages: Sequence[str]) -> str:
    return f"{mark:016x}" + blake2b("\n".join(villages).encode(), digest_size=8).hexdigest()
