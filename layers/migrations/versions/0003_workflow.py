"""The work flow of reports: teams, the catalogue of matters, deadlines, links between reports, files of the intake."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

CODE = sa.String(32).with_variant(sa.String(32, collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "team",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("phone", sa.String(length=40), nullable=True),
        sa.Column("area_code", CODE, nullable=False),
        sa.Column("platform", sa.String(length=16), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_team"),
        sa.UniqueConstraint("area_code", "name", name="uq_team_area_code_name"),
    )
    op.create_table(
        "catalogue_item",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("category", sa.String(length=20), nullable=False),
        sa.Column("subtype", sa.String(length=60), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("levels", sa.JSON(), nullable=False),
        sa.Column("deadline_amount", sa.Integer(), nullable=False),
        sa.Column("deadline_unit", sa.String(length=16), nullable=False),
        sa.Column("platform", sa.String(length=16), nullable=True),
        sa.CheckConstraint("deadline_amount > 0", name="ck_catalogue_item_deadline"),
        sa.PrimaryKeyConstraint("id", name="pk_catalogue_item"),
        sa.UniqueConstraint("category", "subtype", name="uq_catalogue_item_category_subtype"),
    )
    op.create_table(
        "report_link",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("report_id", sa.Integer(), nullable=False),
        sa.Column("other_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("reason", sa.String(length=400), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["report_id"], ["report.id"], name="fk_report_link_report_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["other_id"], ["report.id"], name="fk_report_link_other_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_report_link"),
        sa.UniqueConstraint("report_id", "other_id", "kind", name="uq_report_link_report_id_other_id_kind"),
    )
    op.create_index("ix_report_link_other_id", "report_link", ["other_id"], unique=False)
    op.create_table(
        "intake_file",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("file_name", sa.String(length=300), nullable=False),
        sa.Column("layer", sa.String(length=20), nullable=False),
        sa.Column("loaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_intake_file"),
        sa.UniqueConstraint("sha256", name="uq_intake_file_sha256"),
    )
    # Written out, since Alembic adds no column with a foreign key to a table of SQLite without copying the table.
    for name, target in (("team_id", "team"), ("merged_into", "report")):
        op.execute(f"ALTER TABLE report ADD COLUMN {name} INTEGER CONSTRAINT fk_report_{name} REFERENCES {target} (id)")
    for column in (
        sa.Column("held_by", CODE, nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("extended_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("extension", sa.String(length=16), nullable=True),
        sa.Column("extension_days", sa.Integer(), nullable=True),
        sa.Column("supervision", sa.String(length=16), nullable=False, server_default="NONE"),
        sa.Column("urgency", sa.String(length=16), nullable=False, server_default="NORMAL"),
        sa.Column("legacy", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("scale", sa.Integer(), nullable=True),
        sa.Column("satisfaction", sa.String(length=16), nullable=True),
    ):
        op.add_column("report", column)
    op.create_index("ix_report_due_at", "report", ["due_at"], unique=False)
    op.create_index(
        "ix_report_grid_code_category_reported_at", "report", ["grid_code", "category", "reported_at"], unique=False
    )
    op.add_column("report_event", sa.Column("org_code", CODE, nullable=True))
    op.add_column("report_event", sa.Column("attachments", sa.JSON(), nullable=True))
