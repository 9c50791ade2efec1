"""The cast: the same few dozen invented people in every test, every screenshot and the demonstration.

Each stands for one kind of person the rules speak of. Nobody here is real; phone numbers use the prefix 154, which no
operator in mainland China has been given.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils import timezone

from homeroom.kit.access import SystemActor
from homeroom.people.models import Account, Delegation, Enrolment, Guardianship, Person, Role
from homeroom.people.public import phone_key, pinyin_of
from homeroom.school.models import Grade, School, SchoolClass, Stage, Subject, Term
from homeroom.school.public import create_school

PASSWORD = "sunny-school"  # noqa: S105  (printed by `homeroom demo`; it opens invented data only)
PRIMARY_NAME = "阳光小学"
JUNIOR_NAME = "育才中学"
ZONE = ZoneInfo("Asia/Shanghai")

Relation = Guardianship.Relation
Restriction = Guardianship.Restriction


def nine_o_clock(on: date | None = None) -> datetime:
    """Nine in the morning at the schools, today unless `on` says otherwise."""
    return datetime.combine(on or timezone.now().astimezone(ZONE).date(), time(9), ZONE)


@dataclass
class Cast:
    """Who is who. Every attribute that is a Person has its school loaded; staff and guardians can sign in."""

    school: School
    elsewhere: School  # 育才中学: its people must never see anything of `school`
    class_a: SchoolClass  # 三年级2班
    class_b: SchoolClass  # 三年级1班
    class_c: SchoolClass  # 五年级1班
    class_elsewhere: SchoolClass  # 七年级1班 of `elsewhere`
    today: date
    people: dict[str, Person] = field(default_factory=dict)  # every attribute below, by its name
    pupils: list[Person] = field(default_factory=list)  # all of `school`
    pupils_a: list[Person] = field(default_factory=list)
    pupils_b: list[Person] = field(default_factory=list)
    pupils_c: list[Person] = field(default_factory=list)
    guardians: list[Person] = field(default_factory=list)  # of `school`, with and without account
    staff: list[Person] = field(default_factory=list)  # of `school`

    # staff
    class_teacher: Person = field(init=False)  # 王老师: heads class_a and teaches it 语文
    other_class_teacher: Person = field(init=False)  # heads class_b
    third_class_teacher: Person = field(init=False)  # heads class_c
    subject_teacher: Person = field(init=False)  # 李老师: 数学 in class_a and class_c
    substitute: Person = field(init=False)  # stands in for class_teacher, from three days ago for two weeks
    teacher_parent: Person = field(init=False)  # teaches 英语 in class_c; her child is in class_b
    grade_leader: Person = field(init=False)  # of 三年级
    leader: Person = field(init=False)
    office: Person = field(init=False)
    counsellor: Person = field(init=False)
    it_admin: Person = field(init=False)
    # families
    child_a: Person = field(init=False)  # 张小雨, class_a
    mother: Person = field(init=False)  # of child_a
    father: Person = field(init=False)  # of child_a
    delegate: Person = field(init=False)  # child_a's aunt: the mother's rights for a month
    sibling_a: Person = field(init=False)  # 陈子轩, class_a
    sibling_c: Person = field(init=False)  # 陈子涵, class_c
    guardian_of_two: Person = field(init=False)  # mother of the siblings; shares her phone with their father
    father_of_two: Person = field(init=False)
    twin_one: Person = field(init=False)  # 刘一诺, class_a
    twin_two: Person = field(init=False)  # 刘一鸣, class_a
    guardian_of_twins: Person = field(init=False)  # their mother, alone
    restricted_child: Person = field(init=False)  # 赵晨阳, class_a
    restricted_mother: Person = field(init=False)
    restricted_guardian: Person = field(init=False)  # his father: no contact
    records_barred_child: Person = field(init=False)  # 吴俊杰, class_a
    records_barred_mother: Person = field(init=False)
    records_barred_guardian: Person = field(init=False)  # his father: is asked and told, sees no records
    sms_only_child: Person = field(init=False)  # 周可欣, class_a
    grandfather: Person = field(init=False)  # hers and the only one she has: a phone, no account
    guardian_b: Person = field(init=False)  # a family of class_b
    guardian_c: Person = field(init=False)  # a family of class_c
    pupil: Person = field(init=False)  # 陈子涵 again: a pupil who can sign in
    # the other school
    leader_elsewhere: Person = field(init=False)
    teacher_elsewhere: Person = field(init=False)
    child_elsewhere: Person = field(init=False)
    guardian_elsewhere: Person = field(init=False)
    # one account, two schools
    in_both_here: Person = field(init=False)
    in_both_there: Person = field(init=False)

    @property
    def sms_only_guardian(self) -> Person:
        return self.grandfather

    def __getattr__(self, name: str) -> Person:
        try:
            return self.__dict__["people"][name]  # type: ignore[no-any-return]
        except KeyError:
            raise AttributeError(f"nobody in the cast is called {name}") from None


_STAFF = [  # attribute of Cast, name, user name
    ("class_teacher", "王慧敏", "wang"),
    ("other_class_teacher", "孙丽华", "sun"),
    ("third_class_teacher", "何志远", "he"),
    ("subject_teacher", "李建国", "li"),
    ("substitute", "徐静怡", "xu"),
    ("teacher_parent", "林晓燕", "lin"),
    ("grade_leader", "郑文斌", "zheng"),
    ("leader", "方正平", "fang"),
    ("office", "许秀兰", "xuxiulan"),
    ("counsellor", "沈若兰", "shen"),
    ("it_admin", "高宇航", "gao"),
]
_MOTHER, _FATHER = Relation.MOTHER, Relation.FATHER
# pupil's key, name, sex, class, then of each guardian: key, name, user name, relation. A known key needs no name again.
_PUPILS: list[tuple[str, str, str, str, list[tuple[str, str, str, str]]]] = [
    ("child_a", "张小雨", "f", "a", [
        ("mother", "李梅", "limei", _MOTHER), ("father", "张伟强", "zhangweiqiang", _FATHER)]),
    ("sibling_a", "陈子轩", "m", "a", [
        ("guardian_of_two", "黄雅婷", "huangyating", _MOTHER), ("father_of_two", "陈国栋", "chenguodong", _FATHER)]),
    ("sibling_c", "陈子涵", "f", "c", [("guardian_of_two", "", "", _MOTHER), ("father_of_two", "", "", _FATHER)]),
    ("twin_one", "刘一诺", "f", "a", [("guardian_of_twins", "冯春燕", "fengchunyan", _MOTHER)]),
    ("twin_two", "刘一鸣", "m", "a", [("guardian_of_twins", "", "", _MOTHER)]),
    ("restricted_child", "赵晨阳", "m", "a", [
        ("restricted_mother", "宋佳慧", "songjiahui", _MOTHER),
        ("restricted_guardian", "赵铁军", "zhaotiejun", _FATHER)]),
    ("records_barred_child", "吴俊杰", "m", "a", [
        ("records_barred_mother", "曹玉洁", "caoyujie", _MOTHER),
        ("records_barred_guardian", "吴海波", "wuhaibo", _FATHER)]),
    ("sms_only_child", "周可欣", "f", "a", [("grandfather", "周德福", "", Relation.GRANDFATHER_P)]),
    ("child_b", "孙梓萱", "f", "b", [("guardian_b", "唐晓琳", "tangxiaolin", _MOTHER)]),
    ("child_of_teacher", "朱浩然", "m", "b", [("teacher_parent", "", "", _MOTHER)]),
    ("", "马思远", "m", "b", [("", "马建军", "majianjun", _FATHER)]),
    ("", "胡雨桐", "f", "b", [("", "罗倩", "luoqian", _MOTHER)]),
    ("", "郭子墨", "m", "b", [("", "梁艳红", "liangyanhong", _MOTHER)]),
    ("", "谢欣怡", "f", "b", [("", "谢志刚", "xiezhigang", _FATHER)]),
    ("child_c", "韩逸飞", "m", "c", [("guardian_c", "邓美玲", "dengmeiling", _MOTHER)]),
    ("child_of_both", "曾嘉怡", "f", "c", [("in_both_here", "曾宪明", "zengxianming", _FATHER)]),
    ("", "彭浩宇", "m", "c", [("", "吕红霞", "lvhongxia", _MOTHER)]),
    ("", "苏婉清", "f", "c", [("", "苏振华", "suzhenhua", _FATHER)]),
    ("", "蒋明哲", "m", "c", [("", "蔡淑芬", "caishufen", _MOTHER)]),
]  # fmt: skip


class Maker:
    """Collects persons and their accounts, and stores them in as few statements as there are tables."""

    def __init__(self, today: date, password: str | None, *, numbers_from: int = 1) -> None:
        self.today = today
        self.hash = make_password(password)
        self.phones = count(numbers_from)
        self.numbers = count(numbers_from)
        self.persons: list[Person] = []

    def adult(
        self, school: School, name: str, *, username: str = "", account: Account | None = None, phone: str = "",
        sex: str = "", staff_number: str = "",
    ) -> Person:  # fmt: skip
        """A new adult with an account of that user name, or with an account somebody else has too, or with none."""
        phone = phone or f"154{next(self.phones):08d}"
        key = phone_key(phone)
        if username:
            account = Account(username=username, password=self.hash, phone=phone, phone_key=key)
        person = Person(
            school=school, account=account, name=name, pinyin=pinyin_of(name), sex=sex, phone=phone, phone_key=key,
            staff_number=staff_number,
        )  # fmt: skip
        self.persons.append(person)
        return person

    def pupil(self, school: School, name: str, *, sex: str, grade: Grade, username: str = "") -> Person:
        """A new pupil of the age usual in that grade."""
        number = next(self.numbers)
        years = grade.number + (6 if grade.stage == Stage.JUNIOR else 0)
        born = date(self.today.year - 6 - years, 1 + number % 12, 1 + number * 7 % 28)
        account = Account(username=username, password=self.hash) if username else None
        person = Person(
            school=school, account=account, name=name, pinyin=pinyin_of(name), sex=sex,
            student_number=f"G3301{born.year}{number:06d}", born_on=born,
        )  # fmt: skip
        self.persons.append(person)
        return person

    def save(self) -> None:
        """Store everyone collected so far, and begin anew."""
        accounts = {id(person.account): person.account for person in self.persons if person.account is not None}
        Account.objects.bulk_create([account for account in accounts.values() if account.pk is None])
        take_over_ids(self.persons, "account")
        Person.objects.bulk_create(self.persons, batch_size=500)
        self.persons = []


def take_over_ids(rows: Iterable[Any], *fields: str) -> None:
    """Let rows made before what they point to was stored know its ids."""
    for row in rows:
        for field_name in fields:
            setattr(row, field_name, getattr(row, field_name))


@transaction.atomic
def build_cast(*, password: str | None = PASSWORD, today: date | None = None) -> Cast:
    """Both schools with the cast in them; everyone with an account has the same `password`.

    About thirty statements. Raises Invalid when a school of one of the names is there already.
    """
    today = today or timezone.now().astimezone(ZONE).date()
    cast = _build_schools(today)
    builder = _Builder(cast, Maker(today, password))
    builder.add_staff()
    builder.add_families()
    builder.add_the_other_school()
    builder.save()
    for name, person in builder.known.items():
        cast.people[name] = person
        setattr(cast, name, person)
    return cast


def _build_schools(today: date) -> Cast:
    system = SystemActor("demo")
    school = create_school(actor=system, name=PRIMARY_NAME, short_name=PRIMARY_NAME, stages=[Stage.PRIMARY])
    elsewhere = create_school(actor=system, name=JUNIOR_NAME, short_name=JUNIOR_NAME, stages=[Stage.JUNIOR])
    Term.objects.bulk_create([Term(school=each, **current_term(today)) for each in (school, elsewhere)])
    grades = {(grade.school_id, grade.number): grade for grade in Grade.objects.filter(school__in=[school, elsewhere])}

    def new_class(of: School, grade_number: int, number: int) -> SchoolClass:
        grade = grades[of.pk, grade_number]
        entered = entry_year(today, grade_number)
        return SchoolClass(school=of, grade=grade, number=number, name=f"{grade.name}{number}班", entry_year=entered)

    a, b, c = new_class(school, 3, 2), new_class(school, 3, 1), new_class(school, 5, 1)
    there = new_class(elsewhere, 1, 1)
    SchoolClass.objects.bulk_create([a, b, c, there])
    return Cast(school, elsewhere, a, b, c, there, today)


class _Builder:
    """Puts the members into the schools of a cast; nothing is stored before `save`."""

    def __init__(self, cast: Cast, maker: Maker) -> None:
        self.cast = cast
        self.maker = maker
        self.known: dict[str, Person] = {}
        self.edges: list[Guardianship] = []
        self.enrolments: list[Enrolment] = []

    def add_staff(self) -> None:
        for n, (key, name, username) in enumerate(_STAFF, 1):
            person = self.maker.adult(self.cast.school, name, username=username, staff_number=f"T{n:03d}")
            self.known[key] = person
            self.cast.staff.append(person)

    def add_families(self) -> None:
        cast = self.cast
        places = {
            "a": (cast.class_a, cast.pupils_a),
            "b": (cast.class_b, cast.pupils_b),
            "c": (cast.class_c, cast.pupils_c),
        }
        for key, name, sex, letter, adults in _PUPILS:
            school_class, classmates = places[letter]
            username = "chenzihan" if key == "sibling_c" else ""
            child = self.maker.pupil(cast.school, name, sex=sex, grade=school_class.grade, username=username)
            classmates.append(child)
            cast.pupils.append(child)
            if key:
                self.known[key] = child
            self.enrol(child, school_class)
            for order, (adult_key, adult_name, adult_username, relation) in enumerate(adults, 1):
                adult = self.known.get(adult_key) or self.guardian(adult_key, adult_name, adult_username, relation)
                self.answer_for(child, adult, relation, contact_order=order)
        self.known["pupil"] = self.known["sibling_c"]
        self.known["delegate"] = self.maker.adult(cast.school, "李芳", username="lifang", sex="f")

    def guardian(self, key: str, name: str, username: str, relation: str) -> Person:
        phone = self.known["guardian_of_two"].phone if key == "father_of_two" else ""
        sex = "f" if relation == Relation.MOTHER else "m"
        person = self.maker.adult(self.cast.school, name, username=username, phone=phone, sex=sex)
        self.cast.guardians.append(person)
        if key:
            self.known[key] = person
        return person

    def add_the_other_school(self) -> None:
        school, school_class, known = self.cast.elsewhere, self.cast.class_elsewhere, self.known
        known["leader_elsewhere"] = self.maker.adult(school, "石国梁", username="shi", staff_number="T001")
        known["teacher_elsewhere"] = self.maker.adult(school, "江云飞", username="jiang", staff_number="T002")
        known["guardian_elsewhere"] = self.maker.adult(school, "丁桂英", username="dingguiying", sex="f")
        here = known["in_both_here"]
        there = self.maker.adult(school, here.name, account=here.account, phone=here.phone, sex="m")
        known["in_both_there"] = there
        known["child_elsewhere"] = self.maker.pupil(school, "田梦琪", sex="f", grade=school_class.grade)
        brother = self.maker.pupil(school, "曾嘉豪", sex="m", grade=school_class.grade)
        self.enrol(known["child_elsewhere"], school_class)
        self.enrol(brother, school_class)
        self.answer_for(known["child_elsewhere"], known["guardian_elsewhere"], Relation.MOTHER)
        self.answer_for(brother, there, Relation.FATHER)

    def enrol(self, child: Person, school_class: SchoolClass) -> None:
        since = current_term(self.cast.today)["starts_on"]
        row = Enrolment(school=child.school, student=child, school_class=school_class, starts_on=since)
        self.enrolments.append(row)

    def answer_for(self, child: Person, adult: Person, relation: str, contact_order: int = 1) -> None:
        edge = Guardianship(
            school=child.school, guardian=adult, student=child, relation=relation, contact_order=contact_order
        )
        if adult is self.known.get("restricted_guardian"):
            edge.restriction = Restriction.NO_CONTACT
            edge.custody_note = "法院判决由母亲抚养，父亲不得接触孩子。"
        if adult is self.known.get("records_barred_guardian"):
            edge.restriction = Restriction.NO_RECORDS
        self.edges.append(edge)

    def save(self) -> None:
        cast, known = self.cast, self.known
        self.maker.save()
        take_over_ids(self.edges, "guardian", "student")
        take_over_ids(self.enrolments, "student")
        Guardianship.objects.bulk_create(self.edges)
        Enrolment.objects.bulk_create(self.enrolments)
        Delegation.objects.create(
            school=cast.school,
            guardianship=next(edge for edge in self.edges if edge.guardian is known["mother"]),
            delegate=known["delegate"],
            starts_on=cast.today - timedelta(days=2),
            ends_on=cast.today + timedelta(days=28),
        )
        roles = self.roles()
        Role.objects.bulk_create(roles)
        Role.objects.create(
            school=cast.school,
            person=known["substitute"],
            kind=Role.Kind.CLASS_TEACHER,
            school_class=cast.class_a,
            stands_in_for=roles[0],
            starts_on=cast.today - timedelta(days=3),
            ends_on=cast.today + timedelta(days=11),
        )

    def roles(self) -> list[Role]:
        """What each member of staff does, first the class teacher's heading of class_a."""
        cast, known, kind = self.cast, self.known, Role.Kind
        of_both = Subject.objects.filter(school__in=[cast.school, cast.elsewhere])
        subjects = {(subject.school_id, subject.name): subject for subject in of_both}

        def role(who: str, what: str, **place: Any) -> Role:
            return Role(school=known[who].school, person=known[who], kind=what, **place)

        def teaches(who: str, subject: str, *classes: SchoolClass) -> list[Role]:
            taught = subjects[known[who].school_id, subject]
            return [role(who, kind.SUBJECT_TEACHER, school_class=each, subject=taught) for each in classes]

        return [
            role("class_teacher", kind.CLASS_TEACHER, school_class=cast.class_a),
            *teaches("class_teacher", "语文", cast.class_a),
            role("other_class_teacher", kind.CLASS_TEACHER, school_class=cast.class_b),
            *teaches("other_class_teacher", "语文", cast.class_b),
            role("third_class_teacher", kind.CLASS_TEACHER, school_class=cast.class_c),
            *teaches("third_class_teacher", "科学", cast.class_c),
            *teaches("subject_teacher", "数学", cast.class_a, cast.class_c),
            *teaches("teacher_parent", "英语", cast.class_c),
            role("grade_leader", kind.GRADE_LEADER, grade=cast.class_a.grade),
            role("leader", kind.SCHOOL_LEADER),
            role("office", kind.OFFICE),
            role("counsellor", kind.COUNSELLOR),
            role("it_admin", kind.IT_ADMINISTRATOR),
            role("leader_elsewhere", kind.SCHOOL_LEADER),
            role("teacher_elsewhere", kind.CLASS_TEACHER, school_class=cast.class_elsewhere),
            *teaches("teacher_elsewhere", "语文", cast.class_elsewhere),
        ]


def current_term(today: date) -> dict[str, Any]:
    """The usual term around a date as fields of Term: September to January, else February to July or August."""
    if today.month >= 8 or today.month == 1:
        year = today.year if today.month >= 8 else today.year - 1
        starts, ends, half = date(year, 8, 31), date(year + 1, 1, 29), "第一学期"
    else:
        year = today.year - 1
        starts, ends, half = date(today.year, 2, 24), date(today.year, 7, 31), "第二学期"
    return {"name": f"{year}—{year + 1}学年{half}", "starts_on": starts, "ends_on": ends}


def entry_year(today: date, grade_number: int) -> int:
    """The year in which a class now in that grade of its stage entered it."""
    school_year = today.year if today.month >= 8 else today.year - 1
    return school_year - grade_number + 1
