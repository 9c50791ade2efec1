"""What a new school starts with, by stage: grades, subjects, working hours. Data; a school changes its own copy.

Sources: 义务教育课程方案 (2022) for subjects; the six-three system of grades; working hours as usual in city schools,
several intervals a day with the midday break left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time

from .models import Stage


@dataclass(frozen=True, slots=True)
class Preset:
    """`grades` are names in order; `hours` the working intervals of Monday to Friday."""

    grades: tuple[str, ...]
    subjects: tuple[str, ...]
    hours: tuple[tuple[time, time], ...]


_DAY = ((time(7, 50), time(11, 50)), (time(13, 30), time(17, 30)))

PRESETS: dict[Stage, Preset] = {
    Stage.KINDERGARTEN: Preset(
        ("小班", "中班", "大班"),
        ("健康", "语言", "社会", "科学", "艺术"),
        ((time(7, 40), time(11, 40)), (time(14, 30), time(17, 0))),
    ),
    Stage.PRIMARY: Preset(
        ("一年级", "二年级", "三年级", "四年级", "五年级", "六年级"),
        ("语文", "数学", "英语", "道德与法治", "科学", "体育", "音乐", "美术", "信息科技", "劳动"),
        _DAY,
    ),
    Stage.JUNIOR: Preset(
        ("七年级", "八年级", "九年级"),
        (
            "语文",
            "数学",
            "英语",
            "道德与法治",
            "历史",
            "地理",
            "物理",
            "化学",
            "生物",
            "体育",
            "音乐",
            "美术",
            "信息科技",
            "劳动",
        ),
        (*_DAY, (time(18, 30), time(20, 0))),
    ),
    Stage.SENIOR: Preset(
        ("高一", "高二", "高三"),
        ("语文", "数学", "英语", "物理", "化学", "生物", "思想政治", "历史", "地理", "体育", "信息技术", "通用技术"),
        (*_DAY, (time(18, 30), time(21, 0))),
    ),
    Stage.VOCATIONAL: Preset(
        ("中职一年级", "中职二年级", "中职三年级"),
        ("语文", "数学", "英语", "思想政治", "历史", "信息技术", "体育与健康", "专业课", "实训"),
        _DAY,
    ),
}
