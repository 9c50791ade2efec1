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


@dataclass(frozen=True, slots=True)
class TopicPreset:
    """A topic a new school begins with, and what people write when they mean it."""

    name: str
    words: tuple[str, ...]
    under: tuple[TopicPreset, ...] = ()
    is_complaint: bool = False


# What families ask about, in their own words; a school changes its copy.
TOPICS: tuple[TopicPreset, ...] = (
    TopicPreset(
        "成绩",
        ("考试", "分数", "测验", "考了", "成绩单", "期中", "期末", "单元", "没考好", "退步", "进步"),
        (
            TopicPreset("课堂表现", ("上课", "听讲", "发言", "走神", "课堂", "注意力", "专心")),
            TopicPreset("学习方法", ("怎么学", "复习", "预习", "辅导", "背诵", "不会做", "跟不上", "偏科")),
        ),
    ),
    TopicPreset("作业", ("作业", "练习", "默写", "订正", "批改", "忘带", "作业本", "写到", "听写", "手抄报", "打印")),
    TopicPreset(
        "健康",
        (
            "生病",
            "发烧",
            "过敏",
            "吃药",
            "视力",
            "眼睛",
            "体检",
            "疫苗",
            "受伤",
            "摔",
            "肚子疼",
            "呕吐",
            "咳嗽",
            "近视",
        ),
        (
            TopicPreset("饮食与午餐", ("午餐", "吃饭", "食堂", "配餐", "饭菜", "牛奶", "忌口", "清真", "加餐")),
            TopicPreset(
                "情绪与同学相处", ("同学", "吵架", "不开心", "情绪", "欺负", "朋友", "哭", "不想上学", "孤立", "打架")
            ),
        ),
    ),
    TopicPreset("请假与考勤", ("请假", "迟到", "缺课", "早退", "病假", "事假", "补课", "签到", "接走")),
    TopicPreset(
        "活动", ("活动", "运动会", "春游", "秋游", "研学", "社团", "比赛", "报名", "表演", "家长会", "开放日", "志愿")
    ),
    TopicPreset("费用", ("费用", "缴费", "收费", "退费", "交钱", "多少钱", "发票", "餐费", "校服费", "减免", "转账")),
    TopicPreset("校车", ("校车", "班车", "站点", "乘车", "接送", "司机", "晚点", "几点到", "上车", "下车", "照管员")),
    TopicPreset(
        "课后服务与作息", ("课后服务", "延时", "托管", "放学", "几点放学", "上学时间", "作息", "放假", "调休", "开学")
    ),
    TopicPreset("校服与用品", ("校服", "尺码", "用品", "文具", "书包", "教材", "课本", "领取", "补订", "跳绳")),
    TopicPreset("学籍与手续", ("学籍", "转学", "证明", "户口", "盖章", "入学", "休学", "医保", "手续", "在读证明")),
    TopicPreset(
        "投诉建议",
        ("投诉", "不满", "举报", "建议", "意见", "不公平", "体罚", "态度", "反映", "反馈问题", "辱骂"),
        is_complaint=True,
    ),
)
