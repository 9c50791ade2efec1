"""What other modules may call. The models themselves are shared vocabulary (`people.models`)."""

from __future__ import annotations

from . import dimensions
from .access import can_answer_for, can_keep_roster, classes_of, get_student_for, headed_classes, visible_students
from .contact import born_on_of, id_number_key, normal_id_number, normal_phone, phone_key, sex_of
from .decorators import signed_in
from .following import both_have, first_stays, follows_too, when_edges_join
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
from .quick import Asker, who_asks
from .second_factor import waive_second_factor_when, without_second_factor
from .services import Issued, create_invitations
from .sessions import SessionStore, on_session_revoked
from .sign_in import qr_svg, sign_in
from .slips import slips
from .ways import Way, register_way

__all__ = [
    "Asker",
    "Child",
    "Issued",
    "Pair",
    "Reason",
    "SessionStore",
    "Way",
    "born_on_of",
    "both_have",
    "can_answer_for",
    "can_keep_roster",
    "children_of",
    "classes_of",
    "create_invitations",
    "current_classes",
    "current_students",
    "dimensions",
    "family_name",
    "first_stays",
    "follows_too",
    "get_student_for",
    "guardian_label",
    "guardian_pairs",
    "guardians_of",
    "headed_classes",
    "id_number_key",
    "label",
    "labels",
    "normal_id_number",
    "normal_phone",
    "on_session_revoked",
    "phone_key",
    "pinyin_of",
    "qr_svg",
    "register_way",
    "sex_of",
    "sign_in",
    "signed_in",
    "slips",
    "staff_label",
    "surname_and_classmate",
    "visible_students",
    "waive_second_factor_when",
    "when_edges_join",
    "who_asks",
    "why_visible",
    "without_second_factor",
]  # fmt: skip
