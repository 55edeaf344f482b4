"""Which plan ended a grid, so that a publication for a later day can be withdrawn."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

WAITING = """
UPDATE grid SET ended_by = (
    SELECT max(plan.id) FROM plan
    WHERE plan.state = 'PUBLISHED' AND plan.activated_at IS NULL AND plan.valid_from = grid.valid_to
    AND grid.code LIKE plan.scope_code || '%' AND (grid.plan_id IS NULL OR grid.plan_id <> plan.id)
) WHERE grid.valid_to IS NOT NULL
"""


def upgrade() -> None:
    op.add_column("grid", sa.Column("ended_by", sa.Integer(), nullable=True))
    op.execute(WAITING)
