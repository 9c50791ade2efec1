"""Verified labels: who an adult is, in the words everyone at the school uses.

A guardian is named by the child (张三妈妈), a teacher by family name and what they do (李老师 · 数学). The label comes
from the roster, never from what people call themselves.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from functools import lru_cache

from django.db import connection
from django.utils import timezone
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _

from .models import Guardianship, Person, Role

# The compound family names in common use. Source: 《百家姓》, its 复姓.
COMPOUND_NAMES = frozenset(
    """
    欧阳 上官 司马 诸葛 夏侯 东方 皇甫 尉迟 公孙 慕容 令狐 长孙 宇文 司徒 端木 百里 南宫 呼延 闻人 轩辕 独孤 澹台
    公冶 淳于 申屠 钟离 第五 太史 万俟 赫连
    """.split()  # noqa: SIM905
)
TEACHING = (Role.Kind.CLASS_TEACHER, Role.Kind.SUBJECT_TEACHER)


def family_name(name: str) -> str:
    """The family name of a Chinese name; for a name with spaces, its last word."""
    if " " in name.strip():
        return name.strip().split()[-1]
    return name[:2] if name[:2] in COMPOUND_NAMES else name[:1]


def surname_and_classmate(name: str) -> str:
    """What may leave the platform of a pupil's name: 张同学."""
    return _("%(family)s (pupil)") % {"family": family_name(name)}


def relation_word(relation: str) -> str:
    """The word that follows a child's name: 妈妈, 爷爷 …"""
    return _relation_word(relation, get_language())


@lru_cache(maxsize=64)
def _relation_word(relation: str, language: str) -> str:  # the language is the key only: it is the active one
    words = {
        Guardianship.Relation.MOTHER: pgettext("after a child's name", "mother"),
        Guardianship.Relation.FATHER: pgettext("after a child's name", "father"),
        Guardianship.Relation.GRANDMOTHER_P: pgettext("after a child's name", "grandmother (father's side)"),
        Guardianship.Relation.GRANDFATHER_P: pgettext("after a child's name", "grandfather (father's side)"),
        Guardianship.Relation.GRANDMOTHER_M: pgettext("after a child's name", "grandmother (mother's side)"),
        Guardianship.Relation.GRANDFATHER_M: pgettext("after a child's name", "grandfather (mother's side)"),
        Guardianship.Relation.STEPMOTHER: pgettext("after a child's name", "stepmother"),
        Guardianship.Relation.STEPFATHER: pgettext("after a child's name", "stepfather"),
        Guardianship.Relation.RELATIVE: pgettext("after a child's name", "relative"),
    }
    return words.get(Guardianship.Relation(relation), pgettext("after a child's name", "guardian"))


def guardian_label(student_name: str, relation: str) -> str:
    """张三妈妈."""
    return _("%(child)s's %(relation)s") % {"child": student_name, "relation": relation_word(relation)}


def staff_label(person: Person, roles: Iterable[Role]) -> str:
    """李老师 · 数学. Subjects first for teachers, else the office held."""
    roles = list(roles)
    parts: list[str] = []
    for role in roles:
        word = role.subject.name if role.kind == Role.Kind.SUBJECT_TEACHER and role.subject else role.get_kind_display()
        if role.stands_in_for_id:
            word = _("%(role)s (substitute)") % {"role": word}
        if str(word) not in parts:
            parts.append(str(word))
    who = _("Teacher %(family)s") % {"family": family_name(person.name)}
    if roles and not any(role.kind in TEACHING for role in roles):
        who = person.name
    return " · ".join([who, *parts[:2]])


def labels(person_ids: Iterable[int], *, on: date | None = None) -> dict[int, str]:
    """Each person's label, three queries for any number: by staff roles, else the first child, else the bare name."""
    ids = set(person_ids)
    on = on or timezone.localdate()
    persons = {person.pk: person for person in Person.objects.filter(pk__in=ids)}
    roles: dict[int, list[Role]] = defaultdict(list)
    in_force = Role.objects.filter(person_id__in=ids).in_force(on).select_related("subject").order_by("id")
    for role in in_force:
        roles[role.person_id].append(role)
    edges: dict[int, Guardianship] = {}
    rest = ids - roles.keys()
    for edge in Guardianship.objects.filter(guardian_id__in=rest).select_related("student").order_by("-student_id"):
        edges[edge.guardian_id] = edge
    result = {}
    for pk, person in persons.items():
        if pk in roles:
            result[pk] = staff_label(person, roles[pk])
        elif pk in edges:
            result[pk] = guardian_label(edges[pk].student.name, edges[pk].relation)
        else:
            result[pk] = person.name
    return result


def label(person: Person) -> str:
    """One person's label; one query when their roles are known already, as they are of whoever asks."""
    roles = list(person.current_roles)
    if roles:
        return staff_label(person, roles)
    with connection.cursor() as cursor:  # not by the ORM: it stands on every page
        cursor.execute(
            "SELECT child.name, edge.relation FROM people_guardianship AS edge"
            " JOIN people_person AS child ON child.id = edge.student_id"
            " WHERE edge.school_id = %s AND edge.guardian_id = %s ORDER BY edge.student_id LIMIT 1",
            [person.school_id, person.pk],
        )
        first = cursor.fetchone()
    return guardian_label(*first) if first is not None else person.name


def masked_name(name: str) -> str:
    """张*: enough for the family to know the slip is theirs, too little for a finder."""
    return family_name(name) + "*"


def masked_label(person: Person) -> str:
    """The label of somebody who has not proven yet who they are: 张*妈妈, 李老师 · 数学, 王*."""
    roles = list(person.current_roles)
    if roles:
        plain = staff_label(person, roles)
        return plain.replace(person.name, masked_name(person.name))
    edge = (
        Guardianship.objects.in_force(person.today)
        .filter(guardian=person)
        .select_related("student")
        .order_by("student_id")
        .first()
    )
    if edge is not None:
        return guardian_label(masked_name(edge.student.name), edge.relation)
    return masked_name(person.name)
