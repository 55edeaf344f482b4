"""The schema is made by the migrations, on both databases, and is the one the models describe."""

import subprocess
import sys
from datetime import UTC, datetime
from threading import Thread

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from geoalchemy2 import alembic_helpers

from layers.engine import BUSY_TIMEOUT_MS, begin_writing, connect, require_schema, sessions, upgrade_schema
from layers.errors import DatabaseUnavailableError
from layers.tables import Audit, Base


def test_migrations_make_what_the_models_describe(engine):
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"include_object": alembic_helpers.include_object, "compare_type": False}
        )
        ours = set(Base.metadata.tables)
        differences = [
            difference
            for difference in compare_metadata(context, Base.metadata)
            if not (difference[0] == "remove_table" and difference[1].name not in ours)
        ]
    assert differences == []


def test_every_geometry_has_a_spatial_index(engine):
    tables = [table.name for table in Base.metadata.sorted_tables if "geom" in table.columns]
    assert len(tables) >= 10
    for table in tables:
        if engine.dialect.name == "postgresql":
            indexes = sa.inspect(engine).get_indexes(table)
            assert any(index["column_names"] == ["geom"] for index in indexes), table
        else:
            assert f"idx_{table}_geom" in sa.inspect(engine).get_table_names(), table


def test_a_writer_waits_for_another_one(engine):
    """One after the other, though both begin at once; in SQLite the right to write is asked for at the start."""
    order = []
    first, second = sessions(engine)(), sessions(engine)()
    begin_writing(first).add(Audit(at=datetime.now(UTC), by="first", action="x", subject="", detail={}))
    first.flush()

    def write():
        with second.begin():
            begin_writing(second).add(Audit(at=datetime.now(UTC), by="second", action="x", subject="", detail={}))
        order.append("second")

    waiting = Thread(target=write)
    waiting.start()
    if engine.dialect.name == "sqlite":
        waiting.join(0.2)
        assert waiting.is_alive()
        with engine.connect() as connection:
            assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar() == BUSY_TIMEOUT_MS
    order.append("first")
    first.commit()
    waiting.join()
    assert sorted(order) == ["first", "second"]
    with sessions(engine)() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Audit)) == 2


def test_spatialite_and_shapely_share_a_process_in_any_order(tmp_path):
    """The extension brings a GEOS of its own; whoever came second used to corrupt the memory of the first."""
    program = f"""
from layers.engine import connect, upgrade_schema
engine = connect("sqlite:///{tmp_path}/new.sqlite")
upgrade_schema(engine)
import geopandas, shapely
shape = shapely.Point(120, 30).buffer(1, quad_segs=500)
towns = geopandas.GeoSeries([shape] * 200, crs=4326).to_crs(4549)
assert towns.union_all().area > 0
with engine.connect() as connection:
    for _ in range(50):
        connection.exec_driver_sql("SELECT ST_AsBinary(ST_Buffer(MakePoint(120, 30, 4326), 1))").scalar()
engine.dispose()
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_upgrade_twice_changes_nothing(engine):
    assert upgrade_schema(engine) is False
    require_schema(engine)


def test_an_empty_database_names_the_command_that_helps(tmp_path):
    with pytest.raises(DatabaseUnavailableError, match="fengqiao init"):
        require_schema(connect(f"sqlite:///{tmp_path}/empty.sqlite"))


@pytest.mark.parametrize("url", ["nonsense", "mysql://root@localhost/x"])
def test_other_urls_are_refused(url):
    with pytest.raises(DatabaseUnavailableError):
        connect(url)


def test_a_password_in_the_url_is_not_shown():
    engine = connect("postgresql://fengqiao:secret-word@127.0.0.1:1/none")
    with pytest.raises(DatabaseUnavailableError) as caught:
        require_schema(engine)
    assert "secret-word" not in str(caught.value)
