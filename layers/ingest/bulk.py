"""Many rows at once into a SpatiaLite table."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.orm import Session

_INSERTED = "gii"


@contextmanager
def bulk_insert(session: Session, table: str) -> Iterator[None]:
    """Fill the spatial index once at the end instead of row by row, which is two to three times as fast.

    SpatiaLite keeps the index by a trigger that prepares statements of its own for every row. It is put back in the
    same transaction, so that no other connection ever sees the table without it, and a rollback undoes its absence.
    PostGIS needs none of this.
    """
    connection = session.connection()
    if connection.dialect.name != "sqlite":
        yield
        return
    trigger = f"{_INSERTED}_{table}_geom"
    made = connection.exec_driver_sql("SELECT sql FROM sqlite_master WHERE type = 'trigger' AND name = ?", (trigger,))
    statement = made.scalar_one()
    last = connection.exec_driver_sql(f'SELECT coalesce(max(rowid), 0) FROM "{table}"').scalar_one()  # noqa: S608
    connection.exec_driver_sql(f'DROP TRIGGER "{trigger}"')
    yield
    # New rows get the numbers after the last one, so these are exactly the rows that the trigger did not see.
    connection.exec_driver_sql(
        f'INSERT INTO "idx_{table}_geom" (pkid, xmin, xmax, ymin, ymax) '  # noqa: S608 - our own table names
        "SELECT rowid, MbrMinX(geom), MbrMaxX(geom), MbrMinY(geom), MbrMaxY(geom) "
        f'FROM "{table}" WHERE rowid > ? AND geom IS NOT NULL ORDER BY rowid',
        (last,),
    )
    connection.exec_driver_sql(statement)
