"""Ready sentences that the demo's officers and crews pick from."""

from datetime import datetime

from sqlalchemy.orm import Session

from server.catalog.models import Phrase
from server.catalog.publishing import publish_phrase
from server.demo.ids import demo_id

# (topic, category or None, Chinese, English)
_PHRASES = (
    ("report", None, "影响市民通行，请尽快处置", "Blocks the way; please act soon"),
    ("report", None, "附近居民多次反映", "Residents have complained several times"),
    ("report", None, "已现场劝导，当事人未整改", "Advised on the spot; not put right"),
    ("report", "E09005", "店铺将商品摆出门外占用人行道", "Goods set out on the pavement"),
    ("report", "E09006", "流动摊贩占用人行道经营", "Vendor trading on the pavement"),
    ("report", "E09010", "非机动车乱停放，占用盲道", "Cycles parked on the tactile paving"),
    ("report", "E06010", "路边有成堆生活垃圾未清运", "Household waste piled at the roadside"),
    ("report", "E07001", "墙面、电线杆有非法小广告", "Illegal stickers on walls and poles"),
    ("handle", None, "已清理完毕，现场恢复整洁", "Cleared; the place is tidy again"),
    ("handle", None, "已对当事人批评教育并督促整改", "The party was instructed and complied"),
    ("handle", None, "需协调设备进场，申请延长时限", "Equipment must be brought; more time needed"),
    ("check", None, "现场已恢复，符合结案条件", "Put right; may be closed"),
    ("check", None, "问题仍然存在，未整改到位", "The problem is still there"),
    ("check", None, "部分整改，仍有遗留", "Partly put right; something remains"),
    ("reason", None, "不属于本单位职责范围", "Not this unit's duty"),
    ("reason", None, "位置描述不清，无法找到现场", "The place cannot be found"),
    ("reason", None, "与已立案件重复", "Already filed as another case"),
    ("reason", None, "连续降雨，无法施工", "Continuous rain; no work possible"),
)


def fill_phrases(session: Session, now: datetime) -> None:
    """Add the phrases that everybody may use."""
    for position, (topic, category_key, zh, en) in enumerate(_PHRASES):
        row = Phrase(
            id=demo_id("phrase", zh),
            topic=topic,
            zh=zh,
            en=en,
            category_key=category_key,
            position=position,
            version=1,
        )
        session.add(row)
        publish_phrase(session, row, now)
