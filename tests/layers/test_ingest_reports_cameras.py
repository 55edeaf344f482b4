"""Reports and cameras from files: words of other systems, times, directions, and what is never kept."""

import json
from datetime import UTC, date, datetime

import openpyxl
import pytest
import sqlalchemy as sa

from layers.ingest import load_file
from layers.ingest.cameras import parse_bearing
from layers.tables import Camera, Report, ReportEvent

NOW = datetime(2024, 3, 5, 8, tzinfo=UTC)


@pytest.fixture
def load(session, tmp_path):
    def run(layer, text, **options):
        path = tmp_path / "rows.csv"
        path.write_text(text, encoding="utf-8")
        return load_file(session, layer, path, **{"crs": "EPSG:4326", "now": NOW, **options})

    return run


def reports(session):
    return {report.report_key: report for report in session.execute(sa.select(Report)).scalars()}


def events(session):
    columns = (Report.report_key, ReportEvent.sequence, ReportEvent.step, ReportEvent.state)
    statement = sa.select(*columns).join(Report, Report.id == ReportEvent.report_id)
    return sorted(tuple(row) for row in session.execute(statement))


def test_words_of_other_systems(load, session):
    load(
        "reports",
        "工单编号,上报时间,事件类别,来源,级别,状态,描述,lon,lat\n"
        "1,2024-03-01 09:30,邻里纠纷,网格员巡查,一般,办结,吵闹,120.01,29.01\n"
        "2,2024-03-01 09:30,治安隐患,12345热线,02,待签收,,120.01,29.01\n"
        "3,2024-03-01 09:30,anti-social-behaviour,飞鸽传书,9,神游,,120.01,29.01\n"
        "4,2024-03-01 09:30,DISPUTE,IOT,1,REPORTED,,120.01,29.01\n",
    )
    found = {
        key: (report.category, report.subtype, report.source, report.severity, report.state)
        for key, report in reports(session).items()
    }
    assert found == {
        "1": ("DISPUTE", "邻里纠纷", "PATROL", 4, "CLOSED"),
        "2": ("SAFETY", "治安隐患", "HOTLINE_12345", 2, "DISPATCHED"),
        "3": ("OTHER", "anti-social-behaviour", "PUBLIC", None, "REPORTED"),
        "4": ("DISPUTE", None, "IOT", 1, "REPORTED"),
    }


def test_unknown_words_are_told(load):
    text = "id,reported_at,source,severity,state,lon,lat\n1,2024-03-01,飞鸽传书,9,神游,120.01,29.01\n"
    actions = [repair.action for repair in load("reports", text).repaired]
    assert [action.split()[0] for action in actions] == ["source", "state", "severity"]


@pytest.mark.parametrize(
    ("written", "utc"),
    [
        ("2024-03-01 09:30", (2024, 3, 1, 1, 30)),
        ("2024-03-01T09:30:00Z", (2024, 3, 1, 9, 30)),
        ("2024-03-01T09:30:00+02:00", (2024, 3, 1, 7, 30)),
        ("2024/3/1 9:30:00", (2024, 3, 1, 1, 30)),
        ("2024年3月1日 9时30分", (2024, 3, 1, 1, 30)),
        ("20240301093000", (2024, 3, 1, 1, 30)),
        ("2024-03", (2024, 2, 29, 16, 0)),
        ("45352.395833333336", (2024, 3, 1, 1, 30)),
    ],
)
def test_times(load, session, written, utc):
    load("reports", f"id,reported_at,lon,lat\n1,{written},120.01,29.01\n")
    assert reports(session)["1"].reported_at == datetime(*utc, tzinfo=UTC)


def test_times_in_another_zone(load, session):
    load("reports", "id,reported_at,lon,lat\n1,2024-07-01 09:30,0.1,51.5\n", tz="Europe/London")
    assert reports(session)["1"].reported_at == datetime(2024, 7, 1, 8, 30, tzinfo=UTC)


def test_dates_of_excel(session, tmp_path):
    book = openpyxl.Workbook()
    for row in (
        ["id", "时间", "lon", "lat"],
        ["1", datetime(2024, 3, 1, 9, 30), 120.01, 29.01],
        ["2", date(2024, 3, 1), 120, 29],
    ):
        book.active.append(row)
    book.save(tmp_path / "r.xlsx")
    load_file(session, "reports", tmp_path / "r.xlsx", crs=4326, now=NOW)
    assert {key: report.reported_at for key, report in reports(session).items()} == {
        "1": datetime(2024, 3, 1, 1, 30, tzinfo=UTC),
        "2": datetime(2024, 2, 29, 16, 0, tzinfo=UTC),
    }


@pytest.mark.parametrize("written", ["", "soon", "2024-13-01", "2024-02-30", "31/12/2024", "0001-01-01", "99"])
def test_reports_without_a_time_are_refused(load, written):
    result = load("reports", f"id,reported_at,lon,lat\n1,{written},120.01,29.01\n")
    assert [reject.key for reject in result.rejected] == ["1"]


def test_reports_in_the_future_are_warned_about(load):
    result = load("reports", "id,reported_at,lon,lat\n1,2031-01-01,120.01,29.01\n")
    assert any("future" in warning for warning in result.warnings)


def test_no_report_is_dropped_for_its_place(load, session):
    result = load(
        "reports",
        "id,reported_at,address,lon,lat\n"
        "1,2024-03-01,香榧路12号,,\n"
        "2,2024-03-01,,,\n"
        "3,2024-03-01,香榧路12号,nan,29.01\n"
        "4,2024-03-01,香榧路12号,29.01,120.01\n"
        "5,2024-03-01,,0,0\n"
        "6,2024-03-01,,120.01,29.01\n"
        "7,2024-03-01,,120.01,29.01\n"
        "8,2024-03-01,,120.01,29.01\n",
    )
    assert (result.inserted, result.rejected) == (8, [])
    assert [repair.line for repair in result.repaired] == [4, 5, 6]
    placeless = {key for key, report in reports(session).items() if report.geom is None}
    assert placeless == {"1", "2", "3", "4", "5"}
    assert {report.assignment for key, report in reports(session).items() if key in placeless} == {"NO_PLACE"}
    assert reports(session)["6"].assignment is None


def test_reports_need_no_coordinates_and_then_no_crs(load, session):
    result = load("reports", "id,reported_at,address\n1,2024-03-01,香榧路12号\n", crs=None)
    assert (result.inserted, result.crs, result.bounds) == (1, "", None)


def test_the_history_begins_with_the_load(load, session):
    text = "id,reported_at,state,lon,lat\n1,2024-03-01,待受理,120.01,29.01\n2,2024-03-01,办结,120.01,29.01\n"
    load("reports", text)
    first = [("1", 1, "report", "REPORTED"), ("2", 1, "report", "REPORTED"), ("2", 2, "load", "CLOSED")]
    assert events(session) == first
    load("reports", text)
    assert events(session) == first
    result = load("reports", text.replace("待受理", "受理"))
    assert (result.updated, result.unchanged) == (1, 1)
    assert events(session) == [first[0], ("1", 2, "load", "ACCEPTED"), *first[1:]]
    assert reports(session)["1"].revision == 2


def test_a_load_without_states_leaves_them(load, session):
    load("reports", "id,reported_at,description,lon,lat\n1,2024-03-01,a,120.01,29.01\n")
    session.execute(sa.update(Report).values(state="ACCEPTED", grid_code="g", assignment="INSIDE"))
    load("reports", "id,reported_at,description,lon,lat\n1,2024-03-01,b,120.01,29.01\n")
    report = reports(session)["1"]
    assert (report.state, report.description, report.grid_code, report.assignment) == ("ACCEPTED", "b", "g", "INSIDE")
    load("reports", "id,reported_at,description,lon,lat\n1,2024-03-01,b,120.02,29.01\n")
    session.expire_all()
    report = reports(session)["1"]
    assert (report.state, report.grid_code, report.assignment) == ("ACCEPTED", None, None)


def test_nothing_about_who_reported_is_kept(load):
    header = "id,reported_at,first_name,phone,email,device_id,name,报告人,联系电话,lon,lat\n"
    result = load("reports", header + "1,2024-03-01,a,b,c,d,e,f,g,120.01,29.01\n")
    assert result.dropped_columns == ["first_name", "phone", "email", "device_id", "name", "报告人", "联系电话"]


def cameras(session):
    found = session.execute(sa.select(Camera.camera_id, Camera.bearing_deg, Camera.fov_deg).order_by(Camera.camera_id))
    return [tuple(row) for row in found]


def test_bearings_win_over_direction_codes(load, session):
    load(
        "cameras",
        "设备编码,方位角,监视方位,fov,lon,lat\n"
        "a,360,1,90,120.01,29.01\n"
        "b,,1,,120.01,29.01\n"
        "c,,9,,120.01,29.01\n"
        "d,,西南,,120.01,29.01\n"
        "e,NNW,,,120.01,29.01\n"
        "f,,,,120.01,29.01\n",
    )
    assert cameras(session) == [
        ("a", 0.0, 90.0),
        ("b", 90.0, None),
        ("c", None, 360.0),
        ("d", 225.0, None),
        ("e", 337.5, None),
        ("f", None, None),
    ]


@pytest.mark.parametrize(
    ("code", "degrees"), [("1", 90), ("2", 270), ("3", 180), ("4", 0), ("5", 135), ("6", 45), ("7", 225), ("8", 315)]
)
def test_direction_codes_look_toward(code, degrees):
    # domain.md, section 5: 1 E, 2 W, 3 S, 4 N, 5 SE, 6 NE, 7 SW, 8 NW
    assert parse_bearing(code, code=True) == degrees


@pytest.mark.parametrize(
    ("text", "degrees"),
    [("由西向东", 90), ("朝南", 180), ("北向", 0), ("South-West", 225), ("45°", 45), ("全景", "all-round")],
)
def test_directions_in_words(text, degrees):
    assert parse_bearing(text, code=True) == degrees


@pytest.mark.parametrize(
    ("header", "value"),
    [("bearing", "361"), ("bearing", "-1"), ("bearing", "somewhere"), ("fov", "0"), ("fov", "400"), ("range_m", "-5")],
)
def test_cameras_that_look_nowhere_are_refused(load, session, header, value):
    result = load("cameras", f"id,{header},lon,lat\n1,{value},120.01,29.01\n2,,120.01,29.01\n")
    assert [reject.key for reject in result.rejected] == ["1"]
    assert [row[0] for row in cameras(session)] == ["2"]


def test_the_asset_record_and_what_is_left_out(load, session):
    header = (
        "camera_id,name,ptz_type,install_time,management_unit,range,password,functionType,face_lib,车牌识别,lon,lat\n"
    )
    result = load("cameras", header + "34020000001320000101,桥头,3,2020/5/1,某镇,80米,secret,01,x,y,120.01,29.01\n")
    assert result.dropped_columns == ["password", "functionType", "face_lib", "车牌识别"]
    camera = session.execute(sa.select(Camera)).scalar_one()
    assert (camera.camera_id, camera.name, camera.ptz_type) == ("34020000001320000101", "桥头", 3)
    assert (camera.install_time, camera.management_unit, camera.range_m) == (date(2020, 5, 1), "某镇", 80.0)
    stored = json.dumps([str(value) for value in session.execute(sa.text("SELECT * FROM camera")).one()])
    assert "secret" not in stored


def test_a_camera_turned_is_a_new_revision(load, session):
    text = "id,bearing,lon,lat\n1,90,120.01,29.01\n"
    load("cameras", text)
    assert load("cameras", text).unchanged == 1
    assert load("cameras", text.replace("90", "91")).updated == 1
    assert session.execute(sa.select(Camera.bearing_deg, Camera.revision)).one() == (91.0, 2)
