"""What goes wrong in the demo town: how often each category, what officers write, which picture."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Matter:
    """A category as it turns up on the beat.

    `weight`: how often, relative to the others. `scene` names its pictures. `at_shop`: it stands
    in front of a shop. `most`: the largest quantity; zero: none is given.
    """

    category: str
    weight: float
    scene: str
    notes: tuple[str, ...]
    at_shop: bool = False
    most: int = 0
    condition: str | None = None


MATTERS = (
    Matter(
        "E09005",
        15,
        "shopfront",
        ("店铺将货架摆出门外占用人行道", "门口堆放货物，占道约两米", "桌椅摆放在人行道上经营"),
        at_shop=True,
    ),
    Matter(
        "E09006",
        14,
        "vendor",
        ("流动摊贩占用人行道卖水果", "三轮车占道卖菜，影响通行", "占道经营小吃，地面有油污"),
    ),
    Matter("E09001", 6, "vendor", ("无照流动摊贩经营早点", "游商推车叫卖，驱散后又返回")),
    Matter(
        "E09010",
        12,
        "bikes",
        ("电动车停放在盲道上", "非机动车停放杂乱，堵塞出入口", "电动车停放在划线区域外"),
        most=24,
    ),
    Matter("E09009", 6, "cars", ("小汽车停在人行道上", "机动车占用非机动车道停放"), most=4),
    Matter("E09011", 4, "bikes", ("共享单车倒伏堆放", "共享单车占用人行道"), most=30),
    Matter(
        "E06010",
        10,
        "rubbish",
        ("路边有成堆生活垃圾", "垃圾袋散落在绿化带旁", "墙角堆放生活垃圾，有异味"),
    ),
    Matter("E06012", 3, "rubbish", ("路面有果皮纸屑", "路面积尘、落叶未及时清扫")),
    Matter("E06036", 6, "clutter", ("人行道堆放旧家具", "楼道口堆放纸箱杂物", "空地堆放废旧木料")),
    Matter("E06042", 5, "bin", ("垃圾桶满溢，周边有散落垃圾", "果皮箱满溢未清掏")),
    Matter("E07001", 9, "posters", ("墙面张贴非法小广告", "电线杆、配电箱上有小广告")),
    Matter("E06007", 3, "drying", ("沿街树木间拉绳晾晒衣物", "护栏上晾晒被褥")),
    Matter(
        "X06999", 4, "wires", ("从二楼窗户拉线为电动车充电", "飞线充电，电线悬在人行道上方"), most=6
    ),
    Matter("X06995", 3, "shopfront", ("门前责任区有垃圾未清扫", "门前乱停乱放，未履行责任"), True),
    Matter("E06029", 2, "vendor", ("烧烤店在门外露天烧烤，油烟扰民",), at_shop=True),
    Matter("E06013", 6, "pothole", ("机动车道有坑槽，约零点五平方米", "人行道地砖破损松动")),
    Matter("C01001", 1.5, "manhole", ("供水井盖缺失，已放置警示物",), condition="missing_hazard"),
    Matter("C01002", 2.5, "manhole", ("井盖松动，车辆碾压有响声",), condition="unstable"),
    Matter("E06001", 1.5, "building", ("楼顶正在搭建铁皮棚", "院内加建砖房，未见审批手续")),
    Matter("E07003", 2, "sign", ("未经审批设置户外广告牌", "门头广告牌破损，有坠落风险"), True),
    Matter("E08004", 1.5, "building", ("工地裸土未覆盖，扬尘明显", "出场车辆未冲洗，路面扬尘")),
    Matter("E08002", 1, "building", ("施工围挡外堆放材料占道",)),
    Matter("X06998", 1.5, "wires", ("空中线缆垂落杂乱",), most=5),
    Matter("E06027", 1, "shopfront", ("餐饮店油烟直排，居民投诉",), at_shop=True),
    Matter("E06017", 1.5, "rubbish", ("绿地内有白色垃圾",)),
)

RETURN_REASONS = ("不属于本单位职责范围", "该路段由开发商管理，尚未移交", "产权单位为通信公司")
EXTENSION_REASONS = ("连续降雨，无法施工", "配件采购需要时间", "需协调产权单位到场")
SUSPENSION_REASONS = ("列入年度改造计划，统一施工", "涉及拆迁地块，待征收后处置")
FAIL_NOTES = ("问题仍然存在，未整改到位", "部分整改，仍有遗留", "整改后又反弹")
DONE_NOTES = (
    "已清理完毕，现场恢复整洁",
    "已劝导整改到位",
    "已修复并恢复通行",
    "已批评教育并督促整改",
)
REFUSE_REASONS = ("不在受理范围", "照片无法反映问题", "现场未见违规情形")
REPLIES = ("您反映的问题已处置完毕，感谢监督。", "已督促责任单位整改到位，将加强巡查。")
