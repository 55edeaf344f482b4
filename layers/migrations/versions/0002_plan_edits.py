"""Edits of plans: an append-only row for each, numbers and locks of the grids that they change."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("plan", sa.Column("head", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("plan", sa.Column("numbers", sa.Integer(), nullable=True))
    op.add_column("grid", sa.Column("number", sa.Integer(), nullable=True))
    op.add_column("grid", sa.Column("locked", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_table(
        "plan_edit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("plan_id", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("op", sa.String(length=16), nullable=False),
        sa.Column("params", sa.JSON(), nullable=False),
        sa.Column("record", sa.JSON(), nullable=False),
        sa.Column("parent", sa.Integer(), nullable=True),
        sa.Column("head", sa.Integer(), nullable=False),
        sa.Column("refers_to", sa.Integer(), nullable=True),
        sa.Column("moved_households", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name="fk_plan_edit_plan_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_plan_edit"),
        sa.UniqueConstraint("plan_id", "sequence", name="uq_plan_edit_plan_id_sequence"),
    )
    op.create_index("ix_plan_edit_plan_id_parent", "plan_edit", ["plan_id", "parent"], unique=False)
