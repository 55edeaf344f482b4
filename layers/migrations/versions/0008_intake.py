"""Reports at one address are found at once."""

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_index(
        "ix_report_address_text_category_reported_at",
        "report",
        ["address_text", "category", "reported_at"],
        unique=False,
    )
