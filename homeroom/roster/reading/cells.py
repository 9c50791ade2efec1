# ruff: noqa: E501  (tables of patterns and words; a Chinese character counts as two columns)
"""What one cell says: names, numbers, dates, phones, in the many ways schools write them.

Each function returns the value, or raises `Unreadable` with the reason's code. Blank in, blank out.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime, timedelta

from homeroom.people.public import normal_id_number, normal_phone

from .grid import Cell

BLANK_WORDS = frozenset(
    {"无", "/", "\\", "-", "—", "--", "——", "暂无", "没有", "空", "n/a", "na", "none", "null", "#n/a"}
)
LATE_WORDS = ("已故", "去世", "病故", "亡故", "过世")
_EXCEL_DAY_ONE = date(1899, 12, 30)
_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff\u00ad\u202a\u202b\u202c\u202d\u202e"))
_MIDDLE_DOTS = re.compile("[•·・‧∙．]")
_CJK = "㐀-鿿豈-﫿\U00020000-\U0002fa1f〇"


class Unreadable(Exception):
    """The cell cannot be taken as it is."""

    def __init__(self, code: str, value: object = "", **values: object) -> None:
        self.code = code
        self.values = {"value": str(value), **{name: str(each) for name, each in values.items()}}
        super().__init__(code)


def text_of(cell: Cell | None) -> str:
    """A cell as the text a person sees: full-width forms narrowed, whole numbers without “.0”, nothing invisible."""
    if cell is None or cell == "":
        return ""
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e21 else str(cell)
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == datetime.min.time() else cell.isoformat(" ")
    if isinstance(cell, str) and cell.isascii() and "\n" not in cell:
        return cell.strip()
    text = unicodedata.normalize("NFKC", str(cell)).translate(_INVISIBLE)
    return (
        " ".join(text.split("\n")).strip()
        if "\n" not in text
        else "\n".join(line.strip() for line in text.strip().split("\n"))
    )


def plain(cell: Cell | None) -> str:
    """One line of text; "" for the words that stand for nothing."""
    text = " ".join(text_of(cell).split())
    return "" if text.lower() in BLANK_WORDS else text


def name_of(cell: Cell | None) -> str:
    """A person's name. Chinese names lose the spaces that align them (张　三); others keep single spaces."""
    text = _MIDDLE_DOTS.sub("·", plain(cell))
    if re.search(f"[{_CJK}]", text):
        text = re.sub(f"(?<=[{_CJK}·]) (?=[{_CJK}·])", "", text)
    if len(text) > 40:
        raise Unreadable("name_too_long", text[:20])
    return text


def digits_of(cell: Cell | None) -> str:
    """A number kept as text. A number that Excel rounded to 15 digits is unreadable: its end is lost."""
    text = re.sub(r"\s", "", plain(cell))
    rounded = isinstance(cell, float | int) and not isinstance(cell, bool) and abs(cell) >= 1e15
    if rounded or re.fullmatch(r"\d(\.\d+)?[eE]\+\d+", text):
        raise Unreadable("number_rounded", text)
    return text


def student_number_of(cell: Cell | None) -> str:
    text = digits_of(cell).upper()
    if len(text) > 30:
        raise Unreadable("number_too_long", text[:30])
    return text


def id_number_of(cell: Cell | None) -> str:
    """A resident ID number with a right check digit, or the number of another document as it stands."""
    text = digits_of(cell).upper()
    if not text:
        return ""
    if normal := normal_id_number(text):
        return normal
    if re.fullmatch(r"(?=.*[A-Z])[A-Z0-9]{6,18}", text) and not re.fullmatch(r"\d{14,17}X", text):
        return text
    raise Unreadable("id_wrong", masked(text))


def masked(number: str) -> str:
    """A number by which a person recognises the cell, without its middle."""
    return number if len(number) < 8 else f"{number[:3]}…{number[-4:]}"


def sex_of_cell(cell: Cell | None) -> str:
    text = plain(cell).lower()
    if not text:
        return ""
    if text in {"男", "男性", "男生", "男孩", "m", "male", "1", "1男", "1-男"}:
        return "m"
    if text in {"女", "女性", "女生", "女孩", "f", "female", "2", "2女", "2-女"}:
        return "f"
    raise Unreadable("sex_unknown", plain(cell))


def date_of(cell: Cell | None) -> date | None:
    """A date, from a date cell, an Excel day number, or any usual way of writing it."""
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    if isinstance(cell, int | float) and not isinstance(cell, bool) and 20_000 < cell < 60_000:
        return _EXCEL_DAY_ONE + timedelta(days=int(cell))
    text = plain(cell)
    if not text:
        return None
    digits = re.fullmatch(r"(\d{4})(\d{2})(\d{2})", text)
    parts = digits or re.match(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?(?:$|[ T])", text)
    if parts:
        try:
            return date(int(parts[1]), int(parts[2]), int(parts[3]))
        except ValueError:
            pass
    if re.fullmatch(r"[2-5]\d{4}", text):
        return _EXCEL_DAY_ONE + timedelta(days=int(text))
    raise Unreadable("date_unknown", text)


def is_mobile(phone: str) -> bool:
    return bool(re.fullmatch(r"1[3-9]\d{9}", phone))


def _one_phone(text: str) -> str:
    """The normal form when `text` is one number; mobiles must have 11 digits, landlines 7, 8 or an area code."""
    phone = normal_phone(text)
    if is_mobile(phone) or re.fullmatch(r"0\d{9,11}|[2-9]\d{6,7}|\+\d{8,15}", phone):
        return phone
    return ""


def phones_of(cell: Cell | None) -> list[str]:
    """Every phone number of a cell: two may stand in one, with words around them."""
    text = text_of(cell)
    if plain(cell) == "":
        return []
    if isinstance(cell, str):
        digits_of(text if "E+" in text.upper() else "")
    if phone := _one_phone(text):
        return [phone]
    found: list[str] = []
    for piece in re.split(r"[、,;/|\n或和及]", text):
        squeezed = re.sub(r"[\s\-()·.]", "", piece)
        numbers = re.findall(r"(?<!\d)(?:\+?(?:00)?86)?(1[3-9]\d{9})(?!\d)", squeezed)
        if not numbers and re.fullmatch(r"(1[3-9]\d{9}){2,3}", squeezed):
            numbers = re.findall(r"\d{11}", squeezed)
        if not numbers:
            one = _one_phone(re.sub(f"[{_CJK}:a-zA-Z]", "", squeezed))
            numbers = [one] if one else []
        if not numbers and re.search(r"\d", squeezed):
            raise Unreadable("phone_wrong", plain(cell)[:30])
        found += [number for number in numbers if number not in found]
    if not found and not any(word in text for word in LATE_WORDS):
        raise Unreadable("phone_wrong", plain(cell)[:30])
    return found


RELATIONS: dict[str, str] = {
    word: relation
    for relation, words in {
        "father": "父亲 爸爸 爸 父 父子 父女 生父 养父 father dad",
        "mother": "母亲 妈妈 妈 母 母子 母女 生母 养母 mother mom mum",
        "stepfather": "继父 stepfather",
        "stepmother": "继母 stepmother",
        "grandfather_p": "爷爷 祖父 阿公 grandfather",
        "grandmother_p": "奶奶 祖母 阿婆 嬷嬷 grandmother",
        "grandfather_m": "外公 外祖父 姥爷 老爷 公公",
        "grandmother_m": "外婆 外祖母 姥姥 婆婆",
        "relative": (
            "哥哥 姐姐 哥 姐 兄 兄弟 姐弟 姐妹 兄妹 叔叔 伯父 伯伯 大伯 叔 姑姑 姑妈 姑父 舅舅 舅妈 阿姨 姨妈 姨父 小姨 婶婶 伯母 "
            "亲戚 亲属 祖孙 祖父母 外祖父母 relative aunt uncle brother sister"
        ),
        "other": "监护人 家长 其他 其它 其他监护人 其他亲属 养父母 guardian parent other",
    }.items()
    for word in words.split()
}

_LONGEST_FIRST = sorted((word for word in RELATIONS if len(word) > 1), key=len, reverse=True)


def relation_of(cell: Cell | None) -> str:
    """A relation's code; "" when blank; `other` when the word is not known."""
    text = re.sub(r"\s", "", plain(cell)).lower()
    text = re.sub(r"^\d+[-.、]?", "", text)
    if not text:
        return ""
    if text in RELATIONS:
        return RELATIONS[text]
    if re.match(r"grand(mother|father)\(mother", text):
        return "grandmother_m" if text.startswith("grandmother") else "grandfather_m"
    return next((RELATIONS[word] for word in _LONGEST_FIRST if word in text), "other")


def guardian_names(cell: Cell | None) -> list[tuple[str, str, str]]:
    """(name, relation, phone) of each guardian in a cell such as 张伟（父亲）13800138000、李丽."""
    text = re.sub(r"[ \t]+", " ", text_of(cell)).strip()
    if plain(cell) == "":
        return []
    found = []
    for whole in re.split(r"[、,;/\n|]", text):
        piece = whole
        if any(word in piece for word in LATE_WORDS):
            continue
        phone = ""
        if number := re.search(r"(?<!\d)(?:\+?86)?(1[3-9]\d{9})(?!\d)", piece):
            phone = number[1]
            piece = piece.replace(number[0], " ")
        relation = ""
        if bracket := re.search(r"\(([^()]*)\)", piece):
            relation = RELATIONS.get(bracket[1].strip().lower(), "")
            if relation or not bracket[1].strip():
                piece = piece.replace(bracket[0], " ")
        if labelled := re.match(
            r"(父亲|母亲|爸爸|妈妈|爷爷|奶奶|外公|外婆|姥姥|姥爷|监护人)[:\s]*(?=\S)", piece.strip()
        ):
            relation = relation or RELATIONS[labelled[1]]
            piece = piece.strip()[labelled.end() :]
        name = name_of(piece.strip(" :-"))
        if name or phone:
            found.append((name, relation, phone))
    return found
