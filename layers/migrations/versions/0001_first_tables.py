"""The first tables."""

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry

revision = "0001"
down_revision = None

CODE = sa.String(32).with_variant(sa.String(32, collation="C"), "postgresql")
KEY = sa.String(128).with_variant(sa.String(128, collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "app_user",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=False),
        sa.Column("password_is_one_time", sa.Boolean(), nullable=False),
        sa.Column("roles", sa.JSON(), nullable=False),
        sa.Column("scope_code", CODE, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failed_logins", sa.Integer(), nullable=False),
        sa.Column("locked_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_app_user"),
        sa.UniqueConstraint("name", name="uq_app_user_name"),
    )
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(length=80), nullable=False),
        sa.Column("action", sa.String(length=60), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
    )
    op.create_index("ix_audit_action", "audit", ["action"], unique=False)
    op.create_table(
        "gap",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("village_code", CODE, nullable=True),
        sa.Column("grid_code", CODE, nullable=True),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("area_m2", sa.Double(), nullable=False),
        sa.Column("households", sa.Integer(), nullable=False),
        sa.Column("computed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("geom", Geometry("MULTIPOLYGON", srid=4326, nullable=False), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_gap"),
    )
    op.create_index("ix_gap_grid_code", "gap", ["grid_code"], unique=False)
    op.create_index("ix_gap_village_code", "gap", ["village_code"], unique=False)
    op.create_table(
        "grid_sight",
        sa.Column("grid_code", CODE, nullable=False),
        sa.Column("village_code", CODE, nullable=True),
        sa.Column("settled_m2", sa.Double(), nullable=False),
        sa.Column("seen_m2", sa.Double(), nullable=False),
        sa.Column("cameras", sa.Integer(), nullable=False),
        sa.Column("computed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("grid_code", name="pk_grid_sight"),
    )
    op.create_index("ix_grid_sight_village_code", "grid_sight", ["village_code"], unique=False)
    op.create_table(
        "load",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("layer", sa.String(length=20), nullable=False),
        sa.Column("file_name", sa.String(length=300), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("crs", sa.String(length=80), nullable=False),
        sa.Column("loaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_load"),
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("topic", sa.String(length=60), nullable=False),
        sa.Column("scope_code", CODE, nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
    )
    op.create_table(
        "plan",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("scope_code", CODE, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("based_on", sa.Integer(), nullable=True),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=80), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["based_on"], ["plan.id"], name="fk_plan_based_on"),
        sa.PrimaryKeyConstraint("id", name="pk_plan"),
    )
    op.create_index("ix_plan_scope_code", "plan", ["scope_code"], unique=False)
    op.create_table(
        "address",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("address_key", KEY, nullable=False),
        sa.Column("province", sa.String(length=80), nullable=True),
        sa.Column("city", sa.String(length=80), nullable=True),
        sa.Column("county", sa.String(length=80), nullable=True),
        sa.Column("town", sa.String(length=80), nullable=True),
        sa.Column("village", sa.String(length=80), nullable=True),
        sa.Column("hamlet", sa.String(length=80), nullable=True),
        sa.Column("group_no", sa.String(length=40), nullable=True),
        sa.Column("road", sa.String(length=120), nullable=True),
        sa.Column("lane", sa.String(length=80), nullable=True),
        sa.Column("number", sa.String(length=40), nullable=True),
        sa.Column("estate", sa.String(length=120), nullable=True),
        sa.Column("building", sa.String(length=40), nullable=True),
        sa.Column("unit", sa.String(length=40), nullable=True),
        sa.Column("floor", sa.String(length=40), nullable=True),
        sa.Column("room", sa.String(length=40), nullable=True),
        sa.Column("full_text", sa.String(length=400), nullable=False),
        sa.Column("geom", Geometry("POINT", srid=4326, nullable=False), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("digest", sa.String(length=32), nullable=False),
        sa.Column("load_id", sa.Integer(), nullable=True),
        sa.Column("village_code", CODE, nullable=True),
        sa.Column("grid_code", CODE, nullable=True),
        sa.ForeignKeyConstraint(["load_id"], ["load.id"], name="fk_address_load_id"),
        sa.PrimaryKeyConstraint("id", name="pk_address"),
        sa.UniqueConstraint("address_key", name="uq_address_address_key"),
    )
    op.create_index("ix_address_full_text", "address", ["full_text"], unique=False)
    op.create_index("ix_address_grid_code", "address", ["grid_code"], unique=False)
    op.create_index("ix_address_road_number", "address", ["road", "number"], unique=False)
    op.create_index("ix_address_village_code", "address", ["village_code"], unique=False)
    op.create_table(
        "api_key",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("token_digest", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("roles", sa.JSON(), nullable=False),
        sa.Column("scope_code", CODE, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name="fk_api_key_user_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_api_key"),
        sa.UniqueConstraint("token_digest", name="uq_api_key_token_digest"),
    )
    op.create_index("ix_api_key_user_id", "api_key", ["user_id"], unique=False)
    op.create_table(
        "block",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("block_key", KEY, nullable=False),
        sa.Column("village_code", CODE, nullable=False),
        sa.Column("households", sa.Integer(), nullable=False),
        sa.Column("geom", Geometry("MULTIPOLYGON", srid=4326, nullable=False), nullable=False),
        sa.Column("digest", sa.String(length=32), nullable=False),
        sa.Column("load_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["load_id"], ["load.id"], name="fk_block_load_id"),
        sa.PrimaryKeyConstraint("id", name="pk_block"),
        sa.UniqueConstraint("block_key", name="uq_block_block_key"),
    )
    op.create_index("ix_block_village_code", "block", ["village_code"], unique=False)
    op.create_table(
        "building",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("building_key", KEY, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=True),
        sa.Column("kind", sa.String(length=60), nullable=True),
        sa.Column("levels", sa.Integer(), nullable=True),
        sa.Column("height_m", sa.Double(), nullable=True),
        sa.Column("village_code", CODE, nullable=True),
        sa.Column("geom", Geometry("MULTIPOLYGON", srid=4326, nullable=False), nullable=False),
        sa.Column("digest", sa.String(length=32), nullable=False),
        sa.Column("load_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["load_id"], ["load.id"], name="fk_building_load_id"),
        sa.PrimaryKeyConstraint("id", name="pk_building"),
        sa.UniqueConstraint("building_key", name="uq_building_building_key"),
    )
    op.create_index("ix_building_village_code", "building", ["village_code"], unique=False)
    op.create_table(
        "camera",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("camera_id", KEY, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=True),
        sa.Column("bearing_deg", sa.Double(), nullable=True),
        sa.Column("fov_deg", sa.Double(), nullable=True),
        sa.Column("range_m", sa.Double(), nullable=True),
        sa.Column("height_m", sa.Double(), nullable=True),
        sa.Column("ptz_type", sa.Integer(), nullable=True),
        sa.Column("point_class", sa.Integer(), nullable=True),
        sa.Column("position_type", sa.String(length=40), nullable=True),
        sa.Column("room_type", sa.Integer(), nullable=True),
        sa.Column("supply_light", sa.Integer(), nullable=True),
        sa.Column("imaging", sa.Integer(), nullable=True),
        sa.Column("site_category", sa.String(length=20), nullable=True),
        sa.Column("asset_state", sa.Integer(), nullable=True),
        sa.Column("management_unit", sa.String(length=200), nullable=True),
        sa.Column("install_time", sa.Date(), nullable=True),
        sa.Column("record_days", sa.Integer(), nullable=True),
        sa.Column("address_text", sa.String(length=400), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("geom", Geometry("POINT", srid=4326, nullable=False), nullable=False),
        sa.Column("digest", sa.String(length=32), nullable=False),
        sa.Column("load_id", sa.Integer(), nullable=True),
        sa.Column("village_code", CODE, nullable=True),
        sa.Column("grid_code", CODE, nullable=True),
        sa.CheckConstraint("bearing_deg IS NULL OR (bearing_deg >= 0 AND bearing_deg < 360)", name="ck_camera_bearing"),
        sa.CheckConstraint("fov_deg IS NULL OR (fov_deg > 0 AND fov_deg <= 360)", name="ck_camera_fov"),
        sa.CheckConstraint("range_m IS NULL OR range_m > 0", name="ck_camera_range"),
        sa.ForeignKeyConstraint(["load_id"], ["load.id"], name="fk_camera_load_id"),
        sa.PrimaryKeyConstraint("id", name="pk_camera"),
        sa.UniqueConstraint("camera_id", name="uq_camera_camera_id"),
    )
    op.create_index("ix_camera_grid_code", "camera", ["grid_code"], unique=False)
    op.create_index("ix_camera_village_code", "camera", ["village_code"], unique=False)
    op.create_table(
        "grid",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("grid_id", sa.String(length=36), nullable=False),
        sa.Column("plan_id", sa.Integer(), nullable=True),
        sa.Column("level", sa.String(length=8), nullable=False),
        sa.Column("code", CODE, nullable=False),
        sa.Column("parent_code", CODE, nullable=True),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("households", sa.Integer(), nullable=True),
        sa.Column("area_m2", sa.Double(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("digest", sa.String(length=32), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("geom", Geometry("MULTIPOLYGON", srid=4326, nullable=False), nullable=False),
        sa.Column("load_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("valid_to IS NULL OR valid_from IS NOT NULL", name="ck_grid_dates"),
        sa.ForeignKeyConstraint(["load_id"], ["load.id"], name="fk_grid_load_id"),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name="fk_grid_plan_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_grid"),
        sa.UniqueConstraint("plan_id", "code", name="uq_grid_plan_id_code"),
    )
    op.create_index("ix_grid_code_valid_from", "grid", ["code", "valid_from"], unique=False)
    op.create_index("ix_grid_grid_id", "grid", ["grid_id"], unique=False)
    op.create_index("ix_grid_level", "grid", ["level"], unique=False)
    op.create_index("ix_grid_parent_code", "grid", ["parent_code"], unique=False)
    op.create_index("ix_grid_plan_id", "grid", ["plan_id"], unique=False)
    op.create_table(
        "grid_lineage",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("plan_id", sa.Integer(), nullable=False),
        sa.Column("old_code", CODE, nullable=True),
        sa.Column("new_code", CODE, nullable=True),
        sa.Column("op", sa.String(length=16), nullable=False),
        sa.Column("share_households", sa.Double(), nullable=True),
        sa.Column("share_area", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name="fk_grid_lineage_plan_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_grid_lineage"),
    )
    op.create_index("ix_grid_lineage_new_code", "grid_lineage", ["new_code"], unique=False)
    op.create_index("ix_grid_lineage_old_code", "grid_lineage", ["old_code"], unique=False)
    op.create_index("ix_grid_lineage_plan_id", "grid_lineage", ["plan_id"], unique=False)
    op.create_table(
        "household",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("household_key", KEY, nullable=False),
        sa.Column("households", sa.Integer(), nullable=False),
        sa.Column("address_key", KEY, nullable=True),
        sa.Column("geom", Geometry("POINT", srid=4326, nullable=False), nullable=False),
        sa.Column("digest", sa.String(length=32), nullable=False),
        sa.Column("load_id", sa.Integer(), nullable=True),
        sa.Column("village_code", CODE, nullable=True),
        sa.Column("grid_code", CODE, nullable=True),
        sa.CheckConstraint("households >= 0", name="ck_household_count"),
        sa.ForeignKeyConstraint(["load_id"], ["load.id"], name="fk_household_load_id"),
        sa.PrimaryKeyConstraint("id", name="pk_household"),
        sa.UniqueConstraint("household_key", name="uq_household_household_key"),
    )
    op.create_index("ix_household_address_key", "household", ["address_key"], unique=False)
    op.create_index("ix_household_grid_code", "household", ["grid_code"], unique=False)
    op.create_index("ix_household_village_code", "household", ["village_code"], unique=False)
    op.create_table(
        "plan_event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("plan_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(length=80), nullable=False),
        sa.Column("step", sa.String(length=32), nullable=False),
        sa.Column("note", sa.String(length=2000), nullable=True),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name="fk_plan_event_plan_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_plan_event"),
    )
    op.create_index("ix_plan_event_plan_id", "plan_event", ["plan_id"], unique=False)
    op.create_table(
        "report",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("report_key", KEY, nullable=False),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("category", sa.String(length=20), nullable=False),
        sa.Column("subtype", sa.String(length=60), nullable=True),
        sa.Column("source", sa.String(length=24), nullable=False),
        sa.Column("severity", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("address_text", sa.String(length=400), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("assignment", sa.String(length=16), nullable=True),
        sa.Column("distance_m", sa.Double(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("geom", Geometry("POINT", srid=4326, nullable=True), nullable=True),
        sa.Column("digest", sa.String(length=32), nullable=False),
        sa.Column("load_id", sa.Integer(), nullable=True),
        sa.Column("village_code", CODE, nullable=True),
        sa.Column("grid_code", CODE, nullable=True),
        sa.ForeignKeyConstraint(["load_id"], ["load.id"], name="fk_report_load_id"),
        sa.PrimaryKeyConstraint("id", name="pk_report"),
        sa.UniqueConstraint("report_key", name="uq_report_report_key"),
    )
    op.create_index("ix_report_category", "report", ["category"], unique=False)
    op.create_index("ix_report_grid_code", "report", ["grid_code"], unique=False)
    op.create_index("ix_report_reported_at_category", "report", ["reported_at", "category"], unique=False)
    op.create_index("ix_report_state", "report", ["state"], unique=False)
    op.create_index("ix_report_village_code", "report", ["village_code"], unique=False)
    op.create_table(
        "road",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("road_key", KEY, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=True),
        sa.Column("road_class", sa.String(length=60), nullable=True),
        sa.Column("bridge", sa.Boolean(), nullable=False),
        sa.Column("geom", Geometry("MULTILINESTRING", srid=4326, nullable=False), nullable=False),
        sa.Column("digest", sa.String(length=32), nullable=False),
        sa.Column("load_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["load_id"], ["load.id"], name="fk_road_load_id"),
        sa.PrimaryKeyConstraint("id", name="pk_road"),
        sa.UniqueConstraint("road_key", name="uq_road_road_key"),
    )
    op.create_table(
        "user_session",
        sa.Column("token_digest", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name="fk_user_session_user_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("token_digest", name="pk_user_session"),
    )
    op.create_index("ix_user_session_user_id", "user_session", ["user_id"], unique=False)
    op.create_table(
        "water",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("water_key", KEY, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=True),
        sa.Column("kind", sa.String(length=60), nullable=True),
        sa.Column("geom", Geometry("GEOMETRY", srid=4326, nullable=False), nullable=False),
        sa.Column("digest", sa.String(length=32), nullable=False),
        sa.Column("load_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["load_id"], ["load.id"], name="fk_water_load_id"),
        sa.PrimaryKeyConstraint("id", name="pk_water"),
        sa.UniqueConstraint("water_key", name="uq_water_water_key"),
    )
    op.create_table(
        "isovist",
        sa.Column("camera_pk", sa.Integer(), nullable=False),
        sa.Column("area_m2", sa.Double(), nullable=False),
        sa.Column("computed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("geom", Geometry("MULTIPOLYGON", srid=4326, nullable=False), nullable=False),
        sa.ForeignKeyConstraint(["camera_pk"], ["camera.id"], name="fk_isovist_camera_pk", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("camera_pk", name="pk_isovist"),
    )
    op.create_table(
        "plan_block",
        sa.Column("plan_id", sa.Integer(), nullable=False),
        sa.Column("block_id", sa.Integer(), nullable=False),
        sa.Column("grid_code", CODE, nullable=False),
        sa.ForeignKeyConstraint(["block_id"], ["block.id"], name="fk_plan_block_block_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name="fk_plan_block_plan_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("plan_id", "block_id", name="pk_plan_block"),
    )
    op.create_index("ix_plan_block_grid_code", "plan_block", ["grid_code"], unique=False)
    op.create_table(
        "report_event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("report_id", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(length=80), nullable=False),
        sa.Column("step", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("note", sa.String(length=2000), nullable=True),
        sa.ForeignKeyConstraint(["report_id"], ["report.id"], name="fk_report_event_report_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_report_event"),
        sa.UniqueConstraint("report_id", "sequence", name="uq_report_event_report_id_sequence"),
    )
