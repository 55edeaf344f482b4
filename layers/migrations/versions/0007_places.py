"""Named places, and the official names of divisions: what the library of addresses knows beside addresses."""

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry

revision = "0007"
down_revision = "0006"

CODE = sa.String(32).with_variant(sa.String(32, collation="C"), "postgresql")
KEY = sa.String(128).with_variant(sa.String(128, collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "place",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("place_key", KEY, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=60), nullable=True),
        sa.Column("households", sa.Integer(), nullable=True),
        sa.Column("village_code", CODE, nullable=True),
        sa.Column("geom", Geometry("POINT", srid=4326, nullable=False), nullable=False),
        sa.Column("digest", sa.String(length=32), nullable=False),
        sa.Column("load_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["load_id"], ["load.id"], name="fk_place_load_id"),
        sa.PrimaryKeyConstraint("id", name="pk_place"),
        sa.UniqueConstraint("place_key", name="uq_place_place_key"),
    )
    op.create_index("ix_place_village_code", "place", ["village_code"], unique=False)
    op.create_table(
        "division",
        sa.Column("code", CODE, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("code", name="pk_division"),
    )
