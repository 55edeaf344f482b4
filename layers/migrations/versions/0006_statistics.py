"""Weekly statistics: editions of closed weeks with their figures, counts of visits, and figures of other offices."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

CODE = sa.String(32).with_variant(sa.String(32, collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "statistic_edition",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("week", sa.String(length=8), nullable=False),
        sa.Column("scope_code", CODE, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("cut_off", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_by", sa.String(length=80), nullable=False),
        sa.Column("note", sa.String(length=2000), nullable=True),
        sa.Column("unplaced", sa.Integer(), nullable=False),
        sa.CheckConstraint("version >= 1", name="ck_statistic_edition_version"),
        sa.PrimaryKeyConstraint("id", name="pk_statistic_edition"),
        sa.UniqueConstraint("week", "scope_code", "version", name="uq_statistic_edition_week_scope_code_version"),
    )
    op.create_table(
        "statistic_value",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("edition_id", sa.Integer(), nullable=False),
        sa.Column("level", sa.String(length=8), nullable=False),
        sa.Column("area_code", CODE, nullable=False),
        sa.Column("kpi", sa.String(length=32), nullable=False),
        sa.Column("numerator", sa.Double(), nullable=True),
        sa.Column("denominator", sa.Double(), nullable=True),
        sa.Column("minimum_base", sa.Integer(), nullable=False),
        sa.Column("value", sa.Double(), nullable=True),
        sa.Column("reason", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(
            ["edition_id"], ["statistic_edition.id"], name="fk_statistic_value_edition_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_statistic_value"),
        sa.UniqueConstraint(
            "edition_id", "level", "area_code", "kpi", name="uq_statistic_value_edition_id_level_area_code_kpi"
        ),
    )
    op.create_index("ix_statistic_value_edition_id_area_code", "statistic_value", ["edition_id", "area_code"])
    op.create_table(
        "household_visit",
        sa.Column("grid_code", CODE, nullable=False),
        sa.Column("week", sa.String(length=8), nullable=False),
        sa.Column("households", sa.Integer(), nullable=False),
        sa.Column("loaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("households >= 0", name="ck_household_visit_count"),
        sa.PrimaryKeyConstraint("grid_code", "week", name="pk_household_visit"),
    )
    op.create_table(
        "indicator_value",
        sa.Column("area_code", CODE, nullable=False),
        sa.Column("week", sa.String(length=8), nullable=False),
        sa.Column("indicator", sa.String(length=60), nullable=False),
        sa.Column("numerator", sa.Double(), nullable=False),
        sa.Column("denominator", sa.Double(), nullable=True),
        sa.Column("loaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("area_code", "week", "indicator", name="pk_indicator_value"),
    )
    # A week's figures begin with the reports that something happened to in it.
    op.create_index("ix_report_event_at_report_id", "report_event", ["at", "report_id"])
    op.create_index("ix_report_extended_until", "report", ["extended_until"])
