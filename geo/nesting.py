"""Which grids leave the parent they belong to, and with which piece."""

from __future__ import annotations

import geopandas
import numpy as np
import pandas as pd
import shapely
from numpy.typing import ArrayLike

from geo.errors import GeoError
from geo.findings import IntArray, Polygons, Subject, findings, joined, pieces


def nesting(
    children: Polygons, parents: Polygons, parent_of: ArrayLike | None = None, *, tolerance_m2: float = 1.0
) -> geopandas.GeoDataFrame:
    """The piece of each child that lies outside its parent; ids are child and parent.

    "crosses_parent": part of the child lies inside. "outside_parent": nothing does. "no_parent": the parent's id
    is missing or unknown, or without `parent_of`, no parent covers any of it.

    Parameters
    ----------
    children, parents : (n,) and (m,) polygons in the same metric CRS; the index gives the ids
    parent_of : (n,) id of each child's parent in row order; None takes the parent with the largest share of the child
    tolerance_m2 : pieces up to this area are left out, as rounding makes them

    Returns
    -------
    GeoDataFrame with the columns of `geo.coverage.check_coverage`, one row for each connected piece

    Raises
    ------
    UnknownCrsError, DegreesError, CrsMismatchError : the layers have no common metric CRS
    GeoError : a geometry is not polygonal, `parent_of` has another length, or the parents' ids repeat

    Examples
    --------
    >>> from shapely import box
    >>> villages = geopandas.GeoSeries([box(0, 0, 5, 5), box(5, 0, 9, 5)], index=["v1", "v2"], crs=4549)
    >>> grids = geopandas.GeoSeries([box(0, 0, 6, 5), box(6, 0, 9, 5)], index=["g1", "g2"], crs=4549)
    >>> nesting(grids, villages)[["kind", "ids", "area_m2"]].values.tolist()
    [['crosses_parent', ('g1', 'v1'), 5.0]]
    """
    subject = Subject(children)
    return joined(
        [nesting_findings(subject, Subject(parents).matching(subject), parent_of, tolerance_m2)], subject, 0.0
    )


def nesting_findings(
    subject: Subject, parents: Subject, parent_of: ArrayLike | None, tolerance_m2: float
) -> pd.DataFrame:
    """`nesting` without the checks of CRS and without the frame around it."""
    present = ~(shapely.is_missing(subject.shapes) | shapely.is_empty(subject.shapes))
    parent = _largest_share(subject, parents) if parent_of is None else _positions(subject, parents, parent_of)
    orphans = np.flatnonzero(present & (parent < 0))
    nobody = findings("no_parent", [(subject.ids[row],) for row in orphans], subject.shapes[orphans])
    rows = np.flatnonzero(present & (parent >= 0))
    shapely.prepare(parents.shapes)
    rows = rows[~shapely.covers(parents.shapes[parent[rows]], subject.shapes[rows])]
    outside = shapely.difference(subject.shapes[rows], parents.shapes[parent[rows]])
    within = shapely.area(subject.shapes[rows]) - shapely.area(outside) > tolerance_m2
    places, piece = pieces(outside, tolerance_m2)
    kinds = np.where(within[piece], "crosses_parent", "outside_parent").tolist()
    ids = [(subject.ids[rows[p]], parents.ids[parent[rows[p]]]) for p in piece]
    return pd.concat([nobody, findings(kinds, ids, places)], ignore_index=True)


def _positions(subject: Subject, parents: Subject, parent_of: ArrayLike) -> IntArray:
    named = pd.Series(np.asarray(parent_of, dtype=object))
    if len(named) != len(subject.ids):
        raise GeoError(f"parent_of names {len(named)} parents for {len(subject.ids)} grids: give one for each")
    if len(set(parents.ids)) < len(parents.ids):
        raise GeoError("the ids of the parents are not unique, so parent_of is ambiguous")
    place = {name: i for i, name in enumerate(parents.ids)}
    return np.array([place.get(name, -1) for name in named], dtype=np.int64)


def _largest_share(subject: Subject, parents: Subject) -> IntArray:
    child, parent = parents.tree.query(subject.shapes, predicate="intersects")
    meet = shapely.relate_pattern(subject.shapes[child], parents.shapes[parent], "T********")
    child, parent = child[meet], parent[meet]
    shared = np.ones(child.size)
    several = np.bincount(child, minlength=len(subject.ids))[child] > 1
    shared[several] = shapely.area(
        shapely.intersection(subject.shapes[child[several]], parents.shapes[parent[several]])
    )
    order = np.lexsort((-parent, shared, child))  # the last of each child has the largest share; ties: the first parent
    found = np.full(len(subject.ids), -1, dtype=np.int64)
    found[child[order]] = parent[order]
    return found
