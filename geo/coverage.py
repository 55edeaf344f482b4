"""What is wrong with a set of grids: each check returns the faulty places as geometries."""

from __future__ import annotations

import re

import geopandas
import numpy as np
import pandas as pd
import shapely
from numpy.typing import ArrayLike

from geo.adjacency import segments, unmatched
from geo.findings import TOUCH_M, Polygons, Subject, findings, joined, pieces
from geo.nesting import nesting, nesting_findings
from geo.noding import NodedCoverage, dissolve, node_coverage

__all__ = [
    "NodedCoverage",
    "check_coverage",
    "dissolve",
    "gaps",
    "invalid_edges",
    "invalid_polygons",
    "nesting",
    "node_coverage",
    "overlaps",
    "scattered_parts",
    "slivers",
    "unmatched_nodes",
]

_PLACE = re.compile(r"^(?P<reason>[^\[]*)\[(?P<x>\S+) (?P<y>[^\s\]]+)")


def check_coverage(
    grids: Polygons,
    parents: Polygons | None = None,
    parent_of: ArrayLike | None = None,
    *,
    sliver_width_m: float = 1.0,
    tolerance_m2: float = 1.0,
) -> geopandas.GeoDataFrame:
    """All findings of all checks below: an empty frame means a valid coverage, nested where parents are given.

    Parameters
    ----------
    grids : (n,) Polygons or MultiPolygons, metric CRS; the index gives the ids
    parents : (m,) Polygons in the same CRS; then gaps are looked for in the ground of all parents together
    parent_of : (n,) id of each grid's parent in row order; None takes the parent with the largest share of the grid
    sliver_width_m : metres; thinner gaps, overlaps and parts are marked as slivers
    tolerance_m2 : gaps, overlaps and pieces up to this are left out: rounding makes many, a centimetre wide or less

    Returns
    -------
    GeoDataFrame in the CRS of `grids`, one row for each finding:
    kind : "invalid", "gap", "overlap", "sliver", "part", "crosses_parent", "outside_parent", "no_parent",
        "invalid_edge" or "unmatched_node"
    ids : tuple of the ids involved, the faulty one first
    area_m2, width_m : area, and mean width 2 A / P (right for thin shapes, half the side of a square);
        NaN for lines and points
    sliver : bool, thinner than asked for
    note : what GEOS says about an invalid polygon, else empty
    geometry : the faulty place, not the whole grid; missing only for a missing geometry

    Raises
    ------
    UnknownCrsError, DegreesError : no metric CRS
    CrsMismatchError : `parents` are in another CRS
    GeoError : a geometry is not polygonal, or `parent_of` has another length

    Notes
    -----
    3,223 output areas take 0.3 s, with their 639 parents 1.5 s.

    Examples
    --------
    >>> from shapely import box
    >>> grids = geopandas.GeoSeries([box(0, 0, 6, 5), box(5, 0, 9, 5)], index=["g1", "g2"], crs=4549)
    >>> found = check_coverage(grids)
    >>> found.loc[found["kind"] == "overlap", ["ids", "area_m2"]].values.tolist()
    [[('g1', 'g2'), 5.0]]
    """
    subject = Subject(grids)
    outline = None if parents is None else Subject(parents).matching(subject)
    found = [
        _invalid(subject),
        _gaps(subject, outline, tolerance_m2),
        _overlaps(subject, tolerance_m2),
        _scattered(subject),
        _thin_parts(subject, sliver_width_m),
        _invalid_edges(subject, 0.0),
        _unmatched_nodes(subject, TOUCH_M),
    ]
    if outline is not None:
        found.insert(4, nesting_findings(subject, outline, parent_of, tolerance_m2))
    return joined(found, subject, sliver_width_m)


def invalid_polygons(grids: Polygons) -> geopandas.GeoDataFrame:
    """Missing geometries, and the place where each invalid polygon breaks the rules; columns as in `check_coverage`."""
    subject = Subject(grids)
    return joined([_invalid(subject)], subject, 0.0)


def gaps(grids: Polygons, outline: Polygons | None = None, *, tolerance_m2: float = 1.0) -> geopandas.GeoDataFrame:
    """Ground without a grid: inside the outline, or without one, enclosed by grids; ids are those around each gap.

    A bay that is open to the outside is no gap unless an outline says so. Columns as in `check_coverage`.
    """
    subject = Subject(grids)
    around = None if outline is None else Subject(outline).matching(subject)
    return joined([_gaps(subject, around, tolerance_m2)], subject, 0.0)


def overlaps(grids: Polygons, *, tolerance_m2: float = 1.0) -> geopandas.GeoDataFrame:
    """Ground claimed by two grids, one row for each connected piece and pair; columns as in `check_coverage`."""
    subject = Subject(grids)
    return joined([_overlaps(subject, tolerance_m2)], subject, 0.0)


def slivers(grids: Polygons, width_m: float = 1.0, *, tolerance_m2: float = 0.01) -> geopandas.GeoDataFrame:
    """Gaps, overlaps, and parts of grids with a mean width under `width_m`; columns as in `check_coverage`."""
    subject = Subject(grids)
    found = [_gaps(subject, None, tolerance_m2), _overlaps(subject, tolerance_m2), _thin_parts(subject, width_m)]
    thin = joined(found, subject, width_m)
    return thin[thin["sliver"]].reset_index(drop=True)


def scattered_parts(grids: Polygons) -> geopandas.GeoDataFrame:
    """Every part of a grid but its largest, as kind "part"; columns as in `check_coverage`."""
    subject = Subject(grids)
    return joined([_scattered(subject)], subject, 0.0)


def invalid_edges(grids: Polygons, *, gap_width_m: float = 0.0) -> geopandas.GeoDataFrame:
    """The stretches of a grid's border that do not match its neighbours', also along gaps thinner than `gap_width_m`.

    Source: `shapely.coverage_invalid_edges`. Columns as in `check_coverage`.
    """
    subject = Subject(grids)
    return joined([_invalid_edges(subject, gap_width_m)], subject, 0.0)


def unmatched_nodes(grids: Polygons, *, distance_m: float = TOUCH_M) -> geopandas.GeoDataFrame:
    """Vertices of one grid on a neighbour's edge that the neighbour does not have; ids are the owner and the neighbour.

    As long as there are any, reprojection and rounding tear neighbours apart. Columns as in `check_coverage`.
    """
    subject = Subject(grids)
    return joined([_unmatched_nodes(subject, distance_m)], subject, 0.0)


def _invalid(subject: Subject) -> pd.DataFrame:
    rows = np.flatnonzero(
        ~shapely.is_valid(subject.raw) | shapely.is_missing(subject.raw) | shapely.is_empty(subject.raw)
    )
    places, notes = np.full(rows.size, None, dtype=object), []
    for i, row in enumerate(rows):
        shape = subject.raw[row]
        told = _PLACE.match(shapely.is_valid_reason(shape) or "")
        if told:
            places[i] = shapely.Point(float(told["x"]), float(told["y"]))
        notes.append(told["reason"] if told else "Missing geometry" if shape is None else "Empty geometry")
    return findings("invalid", [(subject.ids[row],) for row in rows], places, notes)


def _gaps(subject: Subject, outline: Subject | None, tolerance_m2: float) -> pd.DataFrame:
    if outline is None:
        shells = shapely.get_exterior_ring(shapely.get_parts(subject.union))
        ground = shapely.union_all(shapely.polygons(shells[~shapely.is_missing(shells)]))
    else:
        ground = outline.union
    places, _ = pieces(np.array([shapely.difference(ground, subject.union)], dtype=object), tolerance_m2)
    return findings("gap", subject.touching(places), places)


def _overlaps(subject: Subject, tolerance_m2: float) -> pd.DataFrame:
    if subject.is_coverage:
        return findings("overlap", [], np.empty(0, dtype=object))
    a, b = subject.tree.query(subject.shapes)
    a, b = a[a < b], b[a < b]
    meet = shapely.relate_pattern(subject.shapes[a], subject.shapes[b], "T********")
    a, b = a[meet], b[meet]
    places, pair = pieces(shapely.intersection(subject.shapes[a], subject.shapes[b]), tolerance_m2)
    order = np.lexsort((b[pair], a[pair]))
    ids = [(subject.ids[a[p]], subject.ids[b[p]]) for p in pair[order]]
    return findings("overlap", ids, places[order])


def _scattered(subject: Subject) -> pd.DataFrame:
    rows = np.flatnonzero(shapely.get_num_geometries(subject.shapes) > 1)
    parts, row = shapely.get_parts(subject.shapes[rows], return_index=True)
    order = np.lexsort((-shapely.area(parts), row))
    parts, row = parts[order], row[order]
    smaller = np.flatnonzero(np.diff(row, prepend=-1) == 0)
    return findings("part", [(subject.ids[rows[r]],) for r in row[smaller]], parts[smaller])


def _thin_parts(subject: Subject, width_m: float) -> pd.DataFrame:
    parts, row = shapely.get_parts(subject.shapes, return_index=True)
    thin = 2 * shapely.area(parts) < width_m * shapely.length(parts)
    return findings("sliver", [(subject.ids[r],) for r in row[thin]], parts[thin])


def _invalid_edges(subject: Subject, gap_width_m: float) -> pd.DataFrame:
    lines = shapely.coverage_invalid_edges(subject.shapes, gap_width=gap_width_m)
    rows = np.flatnonzero(~(shapely.is_missing(lines) | shapely.is_empty(lines)))
    return findings("invalid_edge", [(subject.ids[row],) for row in rows], lines[rows])


def _unmatched_nodes(subject: Subject, distance_m: float) -> pd.DataFrame:
    # A node in the middle of an edge leaves that edge without an identical partner, so the others need no look.
    found = unmatched(segments(subject.shapes))
    ends = np.vstack([found.ends[:, :2], found.ends[:, 2:]])
    node, first = np.unique(np.column_stack([ends, np.tile(found.owner, 2)]), axis=0, return_index=True)
    owner = np.tile(found.owner, 2)[first]
    edges = shapely.linestrings(found.ends.reshape(-1, 2, 2))
    point, edge = shapely.STRtree(edges).query(shapely.points(node[:, :2]), predicate="dwithin", distance=distance_m)
    other = owner[point] != found.owner[edge]
    is_end = (node[point, :2] == found.ends[edge, :2]).all(axis=1) | (node[point, :2] == found.ends[edge, 2:]).all(
        axis=1
    )
    point, edge = point[other & ~is_end], edge[other & ~is_end]
    pairs = np.unique(np.column_stack([point, found.owner[edge]]), axis=0)
    # A vertex that the neighbour has on another of its edges is matched after all.
    taken = {tuple(row) for row in node}
    pairs = np.array([p for p in pairs if (*node[p[0], :2], p[1]) not in taken], dtype=np.int64).reshape(-1, 2)
    ids = [(subject.ids[owner[p]], subject.ids[neighbour]) for p, neighbour in pairs]
    return findings("unmatched_node", ids, shapely.points(node[pairs[:, 0], :2]))
