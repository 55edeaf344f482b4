"""Other names of places, the review queue, and how sure the place of a report is."""

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry

revision = "0004"
down_revision = "0003"

CODE = sa.String(32).with_variant(sa.String(32, collation="C"), "postgresql")
KEY = sa.String(128).with_variant(sa.String(128, collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "address_alias",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("level", sa.String(length=16), nullable=False),
        sa.Column("text", sa.String(length=400), nullable=False),
        sa.Column("scope_code", CODE, nullable=False),
        sa.Column("name", sa.String(length=400), nullable=True),
        sa.Column("address_key", KEY, nullable=True),
        sa.Column("area_code", CODE, nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=80), nullable=False),
        sa.Column("geom", Geometry("POINT", srid=4326, nullable=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_address_alias"),
    )
    op.create_index("ix_address_alias_text", "address_alias", ["text"], unique=False)
    op.create_index("ix_address_alias_address_key", "address_alias", ["address_key"], unique=False)
    op.create_table(
        "report_candidate",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("report_id", sa.Integer(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("label", sa.String(length=400), nullable=False),
        sa.Column("level", sa.String(length=16), nullable=False),
        sa.Column("address_key", KEY, nullable=True),
        sa.Column("village_code", CODE, nullable=True),
        sa.Column("grid_code", CODE, nullable=True),
        sa.Column("confidence", sa.Double(), nullable=False),
        sa.Column("radius_m", sa.Double(), nullable=True),
        sa.Column("trace", sa.JSON(), nullable=False),
        sa.Column("geom", Geometry("POINT", srid=4326, nullable=True), nullable=True),
        sa.CheckConstraint("rank >= 1", name="ck_report_candidate_rank"),
        sa.ForeignKeyConstraint(["report_id"], ["report.id"], name="fk_report_candidate_report_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_report_candidate"),
        sa.UniqueConstraint("report_id", "rank", name="uq_report_candidate_report_id_rank"),
    )
    op.create_table(
        "review_decision",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("report_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(length=80), nullable=False),
        sa.Column("action", sa.String(length=16), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=True),
        sa.Column("suggested", CODE, nullable=True),
        sa.Column("confidence", sa.Double(), nullable=True),
        sa.Column("village_code", CODE, nullable=True),
        sa.Column("grid_code", CODE, nullable=True),
        sa.Column("waited_s", sa.Double(), nullable=False),
        sa.Column("alias_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["report_id"], ["report.id"], name="fk_review_decision_report_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["alias_id"], ["address_alias.id"], name="fk_review_decision_alias_id"),
        sa.PrimaryKeyConstraint("id", name="pk_review_decision"),
    )
    op.create_index("ix_review_decision_at", "review_decision", ["at"], unique=False)
    op.create_index("ix_review_decision_report_id", "review_decision", ["report_id"], unique=False)
    for column in (
        sa.Column("confidence", sa.Double(), nullable=True),
        sa.Column("radius_m", sa.Double(), nullable=True),
        sa.Column("address_level", sa.String(length=16), nullable=True),
        sa.Column("address_key", KEY, nullable=True),
    ):
        op.add_column("report", column)
    op.create_index("ix_report_assignment_reported_at", "report", ["assignment", "reported_at"], unique=False)
