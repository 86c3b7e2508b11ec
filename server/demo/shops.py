"""Two hundred shop fronts along the demo town's roads, with trades and operators."""

import random
from collections.abc import Iterator
from datetime import datetime

from sqlalchemy.orm import Session

from server.demo import town
from server.demo.ids import demo_id
from server.places.premises import ShopFront, register_premises

COUNT = 200
_PREFIXES = [
    "庐陵",
    "吉泰",
    "鹭洲",
    "青原",
    "文山",
    "永叔",
    "井冈",
    "赣江",
    "白鹭",
    "福满",
    "老街",
    "阿明",
    "小罗",
    "春晖",
    "顺发",
    "东门",
    "聚福",
    "佳惠",
    "鑫源",
    "好又来",
    "金桥",
    "百姓",
    "康乐",
    "一品",
    "喜洋洋",
    "旺角",
    "家家乐",
    "江南",
    "红梅",
    "天天",
]
# (trade, what such shops are called, how many of two hundred)
_TRADES = (
    ("餐饮", ["米粉店", "小炒馆", "早餐店", "烧烤店", "砂锅饭", "茶饮", "面馆", "土菜馆"], 62),
    ("超市", ["便利店", "生活超市", "副食批发"], 26),
    ("水果生鲜", ["水果店", "生鲜", "蔬菜店"], 18),
    ("服装", ["服饰", "鞋业", "童装"], 22),
    ("药店", ["大药房", "药店"], 10),
    ("美容美发", ["美发", "理发店", "美容院"], 14),
    ("五金建材", ["五金", "建材", "水电安装"], 14),
    ("电子通信", ["手机维修", "通讯", "电脑"], 10),
    ("汽车服务", ["汽修", "洗车行", "电动车行"], 12),
    ("文印广告", ["图文广告", "打印社", "门头招牌"], 6),
    ("其他", ["花店", "干洗店", "眼镜", "彩票站"], 6),
)
_SURNAMES = "刘陈王李周黄肖曾郭罗彭胡邓谢宋张吴郑何许杨廖段钟匡"
_GIVEN = [
    "建华",
    "小平",
    "春梅",
    "志明",
    "桂英",
    "国强",
    "丽",
    "伟",
    "永红",
    "秀兰",
    "海燕",
    "军",
    "文辉",
    "玉珍",
    "家福",
    "细妹",
    "根生",
    "金莲",
    "俊杰",
    "慧敏",
    "水生",
    "艳",
    "勇",
    "招娣",
    "德胜",
]
_LICENCE_LETTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def fill_shops(session: Session, now: datetime) -> None:
    """Register the shops where they stand; the address agrees with the point."""
    for front in fronts():
        register_premises(session, demo_id("premises", front.address), front, now)


def fronts() -> Iterator[ShopFront]:
    """Yield the shop fronts, always the same ones."""
    dice = random.Random(360802)
    trades = [(trade, kinds) for trade, kinds, count in _TRADES for _ in range(count)]
    dice.shuffle(trades)
    names: set[str] = set()
    for spot, (trade, kinds) in zip(_spots(dice), trades, strict=True):
        name = _name(dice, kinds, names)
        operator = dice.choice(_SURNAMES) + dice.choice(_GIVEN)
        yield ShopFront(
            name=name,
            address=spot.address,
            trade=trade,
            lat=spot.lat,
            lon=spot.lon,
            operator_name=operator,
            operator_phone=f"1300000{dice.randrange(10_000):04d}",
            licence_no="92360802MA" + "".join(dice.choices(_LICENCE_LETTERS, k=8)),
        )


def _spots(dice: random.Random) -> Iterator[town.Spot]:
    """Two hundred different addresses, more of them on busy roads, none at a crossing's middle."""
    places: list[tuple[town.Road, int, bool]] = []
    for road in town.ROADS:
        doors = int(town.road_line(road).length // 24)
        share = {1: 0.32, 2: 0.2, 3: 0.12, 4: 0.4}[road.level]
        sides = [(road, door, left) for door in range(1, doors) for left in (True, False)]
        places += dice.sample(sides, round(len(sides) * share))
    dice.shuffle(places)
    if len(places) < COUNT:
        raise ValueError(f"only {len(places)} places for {COUNT} shops")
    for road, door, left in places[:COUNT]:
        along = door * 24 / town.road_line(road).length
        yield town.spot_on(road, along, left=left)


def _name(dice: random.Random, kinds: list[str], taken: set[str]) -> str:
    while True:
        name = dice.choice(_PREFIXES) + dice.choice(kinds)
        if name not in taken:
            taken.add(name)
            return name
        name = f"{dice.choice(_SURNAMES)}记{dice.choice(kinds)}"
        if name not in taken:
            taken.add(name)
            return name
