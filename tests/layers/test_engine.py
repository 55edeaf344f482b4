"""The schema is made by the migrations, on both databases, and is the one the models describe."""

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from geoalchemy2 import alembic_helpers

from layers.engine import connect, require_schema, upgrade_schema
from layers.errors import DatabaseUnavailableError
from layers.tables import Base


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
