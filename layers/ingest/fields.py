"""What each layer keeps of a file: its fields, and the headers under which files bring them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from layers.tables import (
    Address,
    Block,
    Building,
    Camera,
    Grid,
    Household,
    Place,
    Report,
    ReportSource,
    ReportState,
    Road,
    Water,
)

Kind = Literal["text", "code", "count", "integer", "number", "day", "instant", "flag"]
Shape = Literal["point", "line", "polygon"]


@dataclass(frozen=True)
class Field:
    """A value of a row.

    headers : headers that mean it, best first, between spaces, in the spelling of `columns.plain`
    length : most characters of a text
    low, high : range of a number, both inclusive
    strict : a value that makes no sense refuses the row; otherwise the field is left empty, which is reported
    """

    name: str
    headers: str
    kind: Kind = "text"
    length: int = 200
    low: float = -2_000_000_000
    high: float = 2_000_000_000
    required: bool = False
    strict: bool = False


@dataclass(frozen=True)
class Layer:
    """A table that files are loaded into.

    key : the field that names a row for ever; files without it get keys made of the rows' content
    shapes : kinds of geometry it takes
    multi : store single geometries as multi-part
    placeless : whether rows without a place are kept
    defaults : values of new rows for columns that the file does not bring
    """

    name: str
    model: Any
    key: str
    fields: tuple[Field, ...]
    shapes: tuple[Shape, ...]
    multi: bool = False
    placeless: bool = False
    defaults: Mapping[str, Any] = field(default_factory=dict)


_ID = "id fid objectid gid uuid 编号 编码 序号 唯一标识 标识码 osmid"
_VILLAGE = Field(
    "village_code",
    "villagecode village vcode communitycode 村代码 村编码 社区代码 社区编码 村社区代码 村社代码",
    "code",
    32,
)


def _key(name: str, headers: str) -> Field:
    return Field(name, f"{name.replace('_', '')} key {headers} {_ID}", "code", 128, strict=True)


_BOUNDARIES = (
    Field(
        "code",
        "code gridcode areacode adcode zonecode regioncode 代码 编码 网格编码 网格代码 区划代码 "
        "行政区划代码 统计用区划代码 区域代码 网格编号 编号",
        "code",
        32,
        required=True,
        strict=True,
    ),
    Field(
        "name",
        "name gridname areaname 名称 网格名称 区划名称 区域名称 单位名称 村名 社区名称 村社区名称 镇名 "
        "乡镇名称 镇街名称",
        strict=True,
    ),
    Field("level", "level gridlevel 级别 层级 网格级别 网格层级 行政级别", length=40),
    Field(
        "parent_code",
        "parentcode parent parentid pcode 上级代码 上级编码 父级编码 父级代码 所属村代码 所属镇代码",
        "code",
        32,
        strict=True,
    ),
    Field("kind", "kind gridkind gridtype 网格类型 网格类别 类型", length=40),
    Field("households", "households hh 户数 总户数 家庭户数 住户数", "count", strict=True),
)
_HOUSEHOLDS = (
    _key("household_key", "householdid 户号 住户编号"),
    Field(
        "households",
        "households hh count 户数 总户数 住户数 家庭户数",
        "count",
        high=1_000_000,
        strict=True,
    ),
    Field(
        "address_key",
        "addresskey addressid addresscode 地址编码 标准地址编码 地址代码",
        "code",
        128,
        strict=True,
    ),
    _VILLAGE,
)
_BLOCKS = (
    _key("block_key", "blockid 地块编号 街坊编号 geoid20"),
    Field("households", "households hh 户数 总户数 住户数", "count", required=True, strict=True),
    _VILLAGE,
)
_ADDRESSES = (
    _key("address_key", "addressid addresscode 地址编码 标准地址编码 地址代码"),
    Field("province", "province 省 省份 省级", length=80),
    Field("city", "city addrcity 市 地市 地级市 设区市", length=80),
    Field("county", "county district 县 区县 县市区 区 县区", length=80),
    Field(
        "town",
        "town township streetoffice subdistrict 镇 乡镇 街道 镇街 乡镇街道 镇乡街道",
        length=80,
    ),
    Field("village", "village community 村 社区 村社区 村社 行政村 村居", length=80),
    Field("hamlet", "hamlet naturalvillage 自然村 addrplace", length=80),
    Field("group_no", "groupno group 组 村民小组 小组", length=40),
    Field("road", "road street addrstreet 路 道路 街路巷 路名 道路名称 街道名称", length=120),
    Field("lane", "lane alley 弄 巷 弄巷", length=80),
    Field("number", "number housenumber houseno addrhousenumber 门牌号 门牌 号 门牌号码", length=40),
    Field("estate", "estate residentialquarter 小区 小区名称 住宅小区", length=120),
    Field("building", "building buildingno 楼幢 幢 楼栋 栋 幢号 楼栋号 楼号", length=40),
    Field("unit", "unit addrunit 单元 单元号", length=40),
    Field("floor", "floor addrfloor 层 楼层", length=40),
    Field("room", "room roomno 室 房间号 室号 户室", length=40),
    Field(
        "full_text",
        "fulltext address fulladdress addresstext 地址 详细地址 标准地址 地址全称 全地址",
        length=400,
    ),
    Field("valid_from", "validfrom 启用日期 生效日期", "day"),
    Field("valid_to", "validto 停用日期 失效日期", "day"),
    _VILLAGE,
)
_PLACES = (
    _key("place_key", "placeid poiid 地点编号 地名编号"),
    Field("name", "name placename title 名称 地名 标准名称 地点名称", required=True, strict=True),
    Field("kind", "kind type class category fclass 类型 类别 地名类别", length=60),
    Field("households", "households hh 户数 总户数", "count"),
    _VILLAGE,
)
_BUILDINGS = (
    _key("building_key", "buildingid 楼幢编号 建筑编号"),
    Field("name", "name buildingname 名称 楼名 建筑名称 楼幢名称"),
    Field("kind", "kind building buildingtype use 用途 类型 建筑类型", length=60),
    Field("levels", "levels floors buildinglevels 层数 楼层数 地上层数", "integer", low=0, high=300),
    Field("height_m", "heightm height 高度 建筑高度 楼高", "number", low=0, high=1_500),
    Field("village_code", _VILLAGE.headers, "code", 32),
)
_ROADS = (
    _key("road_key", "roadid 道路编号"),
    Field("name", "name roadname 名称 路名 道路名称"),
    Field("road_class", "roadclass highway class fclass type 等级 道路等级 类型", length=60),
    Field("bridge", "bridge isbridge 桥 是否桥 是否桥梁 桥梁", "flag"),
)
_WATER = (
    _key("water_key", "waterid 河道编号"),
    Field("name", "name rivername 名称 河名 河道名称 水系名称"),
    Field("kind", "kind waterway water fclass type 类型 natural", length=60),
)
_CAMERAS = (
    _key("camera_id", "cameracode deviceid devicecode gbid gbcode 国标编码 设备编码 设备编号 摄像机编号 摄像头编号"),
    Field("name", "name cameraname devicename 名称 设备名称 点位名称 摄像机名称 摄像头名称"),
    Field(
        "bearing_deg",
        "bearingdeg bearing azimuth heading 方位角 朝向角 cameradirection",
        "text",
        40,
    ),
    Field(
        "direction",
        "direction directiontype 方向 朝向 监视方位 监控方位 摄像机监视方位",
        "text",
        40,
    ),
    Field(
        "fov_deg",
        "fovdeg fov fovh cameraangle 视场角 水平视场角 视角",
        "number",
        low=0,
        high=360,
        strict=True,
    ),
    Field(
        "range_m",
        "rangem range maxviewm maxview 可视距离 最大可视距离 监视距离",
        "number",
        low=0,
        high=100_000,
        strict=True,
    ),
    Field(
        "height_m",
        "heightm height installheight 安装高度 架设高度 杆高",
        "number",
        low=-100,
        high=1_000,
    ),
    Field("ptz_type", "ptztype ptz 摄像机类型 云台类型 设备类型", "integer", low=0, high=99),
    Field(
        "point_class",
        "pointclass potype 监控点位类型 点位类别 点位类型 建设类别",
        "integer",
        low=0,
        high=99,
    ),
    Field("position_type", "positiontype 位置类型 摄像机位置类型 点位位置类型", length=40),
    Field("room_type", "roomtype 室内外 室外室内 安装位置", "integer", low=0, high=9),
    Field("supply_light", "supplylight supplylighttype 补光 补光属性 补光类型", "integer", low=0, high=9),
    Field("imaging", "imaging imagingtype 成像 成像类型", "integer", low=0, high=9),
    Field("site_category", "sitecategory 场所类别 场所分类", length=20),
    Field("asset_state", "assetstate 设备状态 状态 资产状态", "integer", low=0, high=9),
    Field("management_unit", "managementunit 管理单位 所属单位 建设单位 所属部门"),
    Field("install_time", "installtime installdate 安装时间 安装日期 建成时间", "day"),
    Field(
        "record_days",
        "recorddays storagedays 录像保存天数 存储天数 录像天数",
        "integer",
        low=0,
        high=36_500,
    ),
    Field("address_text", "addresstext address 地址 安装地址 详细地址 位置 description", length=400),
    _VILLAGE,
)
_REPORTS = (
    _key("report_key", "reportid eventid eventno caseid ticketid 事件编号 工单编号 案件编号 受理编号 事件id"),
    Field(
        "reported_at",
        "reportedat reporttime eventtime occurredat createdat requesteddatetime time datetime date month "
        "上报时间 发生时间 受理时间 报告时间 登记时间 来电时间 时间 日期",
        "instant",
        required=True,
        strict=True,
    ),
    Field(
        "category",
        "category eventtype offense type 类别 事件类别 事件类型 大类 案件类型 分类",
    ),
    Field("subtype", "subtype subcategory 小类 事件小类 二级分类 子类 细类", length=60),
    Field("source", "source channel 来源 事件来源 渠道 上报来源", length=60),
    Field("severity", "severity 级别 事件级别 严重程度 等级 事件等级", length=40),
    Field("state", "state status 状态 办理状态 事件状态 处理状态", length=40),
    Field(
        "description",
        "description content detail 描述 内容 事件描述 事件内容 诉求内容 情况描述",
        length=20_000,
    ),
    Field(
        "address_text",
        "addresstext address addressstring location 地址 事发地址 发生地点 地点 事件地址 详细地址",
        length=400,
    ),
    Field("closed_at", "closedat closetime 办结时间 结案时间 关闭时间", "instant"),
    _VILLAGE,
)
_REPORT_DEFAULTS = {"source": ReportSource.PUBLIC.value, "state": ReportState.REPORTED.value, "revision": 1}

LAYERS = {
    layer.name: layer
    for layer in (
        Layer("boundaries", Grid, "code", _BOUNDARIES, ("polygon",), multi=True),
        Layer("blocks", Block, "block_key", _BLOCKS, ("polygon",), multi=True),
        Layer("households", Household, "household_key", _HOUSEHOLDS, ("point",), defaults={"households": 1}),
        Layer("addresses", Address, "address_key", _ADDRESSES, ("point",)),
        Layer("places", Place, "place_key", _PLACES, ("point",)),
        Layer("buildings", Building, "building_key", _BUILDINGS, ("polygon",), multi=True),
        Layer("roads", Road, "road_key", _ROADS, ("line",), multi=True, defaults={"bridge": False}),
        Layer("water", Water, "water_key", _WATER, ("line", "polygon")),
        Layer("cameras", Camera, "camera_id", _CAMERAS, ("point",), defaults={"revision": 1}),
        Layer("reports", Report, "report_key", _REPORTS, ("point",), placeless=True, defaults=_REPORT_DEFAULTS),
    )
}
