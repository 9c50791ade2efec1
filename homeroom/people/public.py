"""What other modules may call. The models themselves are shared vocabulary (`people.models`)."""

from __future__ import annotations

from .access import can_keep_roster, classes_of, visible_students
from .contact import born_on_of, id_number_key, normal_id_number, normal_phone, phone_key, sex_of
from .decorators import signed_in
from .labels import family_name, guardian_label, label, labels, staff_label, surname_and_classmate
from .naming import pinyin_of
from .queries import (
    Child,
    Pair,
    Reason,
    children_of,
    current_classes,
    current_students,
    guardian_pairs,
    guardians_of,
    why_visible,
)

__all__ = [
    "Child", "Pair", "Reason", "born_on_of", "can_keep_roster", "children_of", "classes_of", "current_classes",
    "current_students", "family_name", "guardian_label", "guardian_pairs", "guardians_of", "id_number_key", "label",
    "labels", "normal_id_number", "normal_phone", "phone_key", "pinyin_of", "sex_of", "signed_in", "staff_label",
    "surname_and_classmate", "visible_students", "why_visible",
]  # fmt: skip
