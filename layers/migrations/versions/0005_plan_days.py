"""Plans that come into force on a later day, villages they convert, and drawings that any process can watch."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("plan", sa.Column("converted", sa.JSON(), nullable=False, server_default="{}"))
    op.add_column("plan", sa.Column("activated_at", sa.DateTime(timezone=True), nullable=True))
    # Until now a plan was in force, for everything that lies in its grids, as soon as it was published.
    op.execute("UPDATE plan SET activated_at = created_at WHERE state IN ('PUBLISHED', 'SUPERSEDED')")
    op.create_table(
        "draw_job",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("plan_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("params", sa.JSON(), nullable=False),
        sa.Column("progress", sa.Float(), nullable=False),
        sa.Column("picture", sa.LargeBinary(), nullable=True),
        sa.Column("base_revision", sa.Integer(), nullable=False),
        sa.Column("stored_revision", sa.Integer(), nullable=True),
        sa.Column("stop_wanted", sa.Boolean(), nullable=False),
        sa.Column("error", sa.String(length=1000), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("by", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name="fk_draw_job_plan_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_draw_job"),
    )
    op.create_index("ix_draw_job_plan_id", "draw_job", ["plan_id"], unique=False)
