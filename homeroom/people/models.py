"""Accounts, persons and the edges between them. Foreign keys from higher modules point down to Person."""

from __future__ import annotations

from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar
from zoneinfo import ZoneInfo

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.sessions.base_session import AbstractBaseSession, BaseSessionManager
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from homeroom.kit.encryption import EncryptedTextField
from homeroom.kit.ids import new_id
from homeroom.school.models import Grade, School, SchoolClass, Subject

if TYPE_CHECKING:
    from django.contrib.sessions.backends.base import SessionBase


class AccountManager(BaseUserManager["Account"]):
    def create_user(self, username: str, password: str | None = None, **fields: Any) -> Account:
        """An account that can sign in by `username`; without `password` only an invitation can set one."""
        account = self.model(username=username, **fields)
        account.set_password(password)
        account.save(using=self._db)
        return account


class Account(AbstractBaseUser):
    """A way to sign in: by user name, or by a phone number that need not be unique."""

    uuid = models.UUIDField(default=new_id, unique=True, editable=False)
    username = models.CharField(max_length=60, unique=True)
    phone = EncryptedTextField(blank=True, default="")
    phone_key = models.CharField(max_length=32, blank=True, default="", db_index=True)
    email = models.EmailField(blank=True, default="", db_index=True)  # lower case; confirmed by a link sent to it
    is_active = models.BooleanField(default=True)
    runs_installation = models.BooleanField(default=False)  # may make schools and their first administrators
    language = models.CharField(max_length=10, blank=True, default="")  # empty: as the browser's cookie says
    elder_mode = models.BooleanField(null=True)  # null: as the browser's cookie says
    created_at = models.DateTimeField(auto_now_add=True)

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    objects: ClassVar[AccountManager] = AccountManager()

    def __str__(self) -> str:
        return f"account:{self.pk}"

    @property
    def actor_name(self) -> str:
        return f"account:{self.pk}"


class Person(models.Model):
    """Somebody at one school: a student, a guardian, a member of staff, or several of these at once."""

    class Sex(models.TextChoices):
        FEMALE = "f", _("Female")
        MALE = "m", _("Male")

    uuid = models.UUIDField(default=new_id, unique=True, editable=False)
    school = models.ForeignKey(School, on_delete=models.CASCADE, related_name="persons")
    account = models.ForeignKey(Account, null=True, blank=True, on_delete=models.SET_NULL, related_name="persons")
    name = models.CharField(max_length=60)
    pinyin = models.CharField(max_length=160, blank=True, default="")  # "zhang san zs" for search and sorting
    sex = models.CharField(max_length=1, choices=Sex.choices, blank=True, default="")
    student_number = models.CharField(max_length=30, blank=True, default="")  # 学籍号 or 学号
    staff_number = models.CharField(max_length=30, blank=True, default="")
    born_on = models.DateField(null=True, blank=True)
    phone = EncryptedTextField(blank=True, default="")
    phone_key = models.CharField(max_length=32, blank=True, default="")
    id_number = EncryptedTextField(blank=True, default="")
    id_number_key = models.CharField(max_length=32, blank=True, default="")
    address = EncryptedTextField(blank=True, default="")
    email = EncryptedTextField(blank=True, default="")
    email_failed_at = models.DateTimeField(null=True, blank=True)  # the address bounced; cleared when it changes
    archived_at = models.DateTimeField(null=True, blank=True)  # left the school; kept for history
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["school", "student_number"],
                condition=~Q(student_number="") & Q(archived_at__isnull=True),
                name="student_number_once",
            ),
            models.UniqueConstraint(
                fields=["school", "staff_number"],
                condition=~Q(staff_number="") & Q(archived_at__isnull=True),
                name="staff_number_once",
            ),
        ]
        indexes = [
            models.Index(fields=["school", "phone_key"], name="person_by_phone"),
            models.Index(fields=["school", "id_number_key"], name="person_by_id_number"),
            models.Index(fields=["school", "name"], name="person_by_name"),
            models.Index(fields=["account"], name="person_by_account"),
        ]

    def __str__(self) -> str:
        return f"person:{self.pk}"

    @property
    def actor_name(self) -> str:
        return f"person:{self.pk}"

    @property
    def today(self) -> date:
        """The date at the person's school."""
        return timezone.now().astimezone(ZoneInfo(self.school.time_zone)).date()

    @cached_property
    def current_roles(self) -> tuple[Role, ...]:
        """Roles in force today: one query, kept on this object."""
        return tuple(
            self.roles.in_force(self.today).select_related("grade", "school_class", "subject", "stands_in_for")
        )

    def has_role(self, *kinds: str) -> bool:
        return any(role.kind in kinds for role in self.current_roles)

    @property
    def is_staff_member(self) -> bool:
        return bool(self.current_roles)

    def leads(self, school_id: int) -> bool:
        """A school leader of that school."""
        return school_id == self.school_id and self.has_role(Role.Kind.SCHOOL_LEADER)

    def acts_for(self, person_id: int | None) -> bool:
        """The person themself while they have a duty here, or their substitute today."""
        if person_id is None or not self.current_roles:
            return False
        return person_id == self.pk or any(
            role.stands_in_for is not None and role.stands_in_for.person_id == person_id for role in self.current_roles
        )

    def heads_class(self, school_class_id: int) -> bool:
        """Class teacher (班主任) of that class, or their substitute."""
        return any(
            role.kind == Role.Kind.CLASS_TEACHER and role.school_class_id == school_class_id
            for role in self.current_roles
        )

    def teaches_class(self, school_class_id: int) -> bool:
        """Class or subject teacher of that class."""
        return any(role.school_class_id == school_class_id for role in self.current_roles if role.school_class_id)

    def leads_grade(self, grade_id: int) -> bool:
        return any(role.kind == Role.Kind.GRADE_LEADER and role.grade_id == grade_id for role in self.current_roles)

    def keeps_roster(self, school_id: int) -> bool:
        """Office, IT administrator or school leader: may import, invite and correct people."""
        return school_id == self.school_id and self.has_role(
            Role.Kind.OFFICE, Role.Kind.IT_ADMINISTRATOR, Role.Kind.SCHOOL_LEADER
        )

    def administers(self, school_id: int) -> bool:
        """IT administrator or school leader: gives out duties and switches modules."""
        return school_id == self.school_id and self.has_role(Role.Kind.IT_ADMINISTRATOR, Role.Kind.SCHOOL_LEADER)


class RoleQuerySet(models.QuerySet["Role"]):
    def in_force(self, on: date) -> RoleQuerySet:
        return self.filter(
            Q(starts_on__isnull=True) | Q(starts_on__lte=on), Q(ends_on__isnull=True) | Q(ends_on__gte=on)
        )


class Role(models.Model):
    """What a member of staff does, where, and from when to when."""

    class Kind(models.TextChoices):
        CLASS_TEACHER = "class_teacher", _("Class teacher")
        SUBJECT_TEACHER = "subject_teacher", _("Subject teacher")
        GRADE_LEADER = "grade_leader", _("Grade leader")
        SCHOOL_LEADER = "school_leader", _("School leader")
        OFFICE = "office", _("Office")
        COUNSELLOR = "counsellor", _("Counsellor")
        IT_ADMINISTRATOR = "it_administrator", _("IT administrator")

    school = models.ForeignKey(School, on_delete=models.CASCADE, related_name="+")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="roles")
    kind = models.CharField(max_length=16, choices=Kind.choices)
    grade = models.ForeignKey(Grade, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    school_class = models.ForeignKey(SchoolClass, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    subject = models.ForeignKey(Subject, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    stands_in_for = models.ForeignKey("self", null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    starts_on = models.DateField(null=True, blank=True)  # null: always
    ends_on = models.DateField(null=True, blank=True)  # inclusive; null: until further notice

    objects: ClassVar[Any] = RoleQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["school", "kind"], name="role_by_kind"),
            models.Index(fields=["school_class", "kind"], name="role_by_class"),
        ]
        constraints = [
            models.CheckConstraint(
                name="role_has_its_place",
                condition=(
                    Q(kind="class_teacher", school_class__isnull=False)
                    | Q(kind="subject_teacher", school_class__isnull=False, subject__isnull=False)
                    | Q(kind="grade_leader", grade__isnull=False)
                    | Q(kind__in=["school_leader", "office", "counsellor", "it_administrator"])
                ),
            ),
            models.CheckConstraint(
                name="substitute_has_dates", condition=Q(stands_in_for__isnull=True) | Q(ends_on__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} person:{self.person_id}"


class Enrolment(models.Model):
    """A student's time in a class. Moving class ends one and starts the next."""

    school = models.ForeignKey(School, on_delete=models.CASCADE, related_name="+")
    student = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="enrolments")
    school_class = models.ForeignKey(SchoolClass, on_delete=models.PROTECT, related_name="enrolments")
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True)  # inclusive; null: still there

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["school", "student"], condition=Q(ends_on__isnull=True), name="one_current_class"
            )
        ]
        indexes = [models.Index(fields=["school_class", "ends_on"], name="enrolment_by_class")]

    def __str__(self) -> str:
        return f"person:{self.student_id} in class:{self.school_class_id}"


class GuardianshipQuerySet(models.QuerySet["Guardianship"]):
    def in_force(self, on: date) -> GuardianshipQuerySet:
        """Edges in force on a date that are not barred altogether."""
        return self.filter(
            Q(starts_on__isnull=True) | Q(starts_on__lte=on), Q(ends_on__isnull=True) | Q(ends_on__gte=on)
        ).exclude(restriction=Guardianship.Restriction.NO_CONTACT)


class Guardianship(models.Model):
    """An adult who answers for a child: an edge with a relation, rights, dates and restrictions of its own.

    Custody differs between siblings and changes mid-year, so nothing of it is stored on either person.
    """

    class Relation(models.TextChoices):
        MOTHER = "mother", _("Mother")
        FATHER = "father", _("Father")
        GRANDMOTHER_P = "grandmother_p", _("Grandmother (father's side)")
        GRANDFATHER_P = "grandfather_p", _("Grandfather (father's side)")
        GRANDMOTHER_M = "grandmother_m", _("Grandmother (mother's side)")
        GRANDFATHER_M = "grandfather_m", _("Grandfather (mother's side)")
        STEPMOTHER = "stepmother", _("Stepmother")
        STEPFATHER = "stepfather", _("Stepfather")
        RELATIVE = "relative", _("Relative")
        OTHER = "other", _("Guardian")

    class Restriction(models.TextChoices):
        NONE = "", _("No restriction")
        NO_RECORDS = "no_records", _("May not see the child's records")
        NO_PICK_UP = "no_pick_up", _("May not pick up the child")
        NO_CONTACT = "no_contact", _("No access at all")

    school = models.ForeignKey(School, on_delete=models.CASCADE, related_name="+")
    guardian = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="children_edges")
    student = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="guardian_edges")
    relation = models.CharField(max_length=14, choices=Relation.choices, default=Relation.OTHER)
    contact_order = models.PositiveSmallIntegerField(default=1)  # 1 is called first
    sees_records = models.BooleanField(default=True)
    may_confirm = models.BooleanField(default=True)
    may_sign = models.BooleanField(default=True)
    may_pick_up = models.BooleanField(default=True)
    starts_on = models.DateField(null=True, blank=True)
    ends_on = models.DateField(null=True, blank=True)
    restriction = models.CharField(max_length=10, choices=Restriction.choices, blank=True, default=Restriction.NONE)
    custody_note = EncryptedTextField(blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[Any] = GuardianshipQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["school", "guardian", "student"], name="one_edge_a_pair"),
            models.CheckConstraint(condition=~Q(guardian=F("student")), name="not_ones_own_guardian"),
        ]
        indexes = [models.Index(fields=["student", "contact_order"], name="edge_by_student")]

    def __str__(self) -> str:
        return f"person:{self.guardian_id} for person:{self.student_id}"


class Delegation(models.Model):
    """A guardian's rights for one child lent to another adult of the school until a date."""

    school = models.ForeignKey(School, on_delete=models.CASCADE, related_name="+")
    guardianship = models.ForeignKey(Guardianship, on_delete=models.CASCADE, related_name="delegations")
    delegate = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="delegations")
    sees_records = models.BooleanField(default=False)
    may_confirm = models.BooleanField(default=True)
    may_pick_up = models.BooleanField(default=True)  # signing is never lent
    starts_on = models.DateField()
    ends_on = models.DateField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(ends_on__gte=F("starts_on")), name="delegation_ends_after_start")
        ]

    def __str__(self) -> str:
        return f"edge:{self.guardianship_id} lent to person:{self.delegate_id}"


class Invitation(models.Model):
    """A one-time way in for one person: a link, the same as QR, and a short code printed on a slip."""

    school = models.ForeignKey(School, on_delete=models.CASCADE, related_name="+")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="invitations")
    token_key = models.CharField(max_length=32, unique=True)  # fingerprint of the link's token; the token is not kept
    code_key = models.CharField(max_length=32, unique=True)  # fingerprint of the slip's code
    wrong_answers = models.PositiveSmallIntegerField(default=0)  # to "last four digits of the phone on record"
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["person", "expires_at"], name="invitation_by_person")]

    def __str__(self) -> str:
        return f"invitation for person:{self.person_id}"


class AccountMail(models.Model):
    """A mail about an account itself. Its link's token is made when it is sent; only the fingerprint is kept."""

    class Kind(models.TextChoices):
        FORGOTTEN = "forgotten", _("Asked for a new password")  # whose account it is, is found out by the job
        RESET = "reset", _("Link to a new password")
        CONFIRM = "confirm", _("Link that confirms an address")
        EMAIL_CHANGED = "email_changed", _("The address was changed")
        PHONE_CHANGED = "phone_changed", _("The phone number was changed")
        PASSWORD_CHANGED = "password_changed", _("The password was changed")

    account = models.ForeignKey(Account, null=True, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=16, choices=Kind.choices)
    address = EncryptedTextField(blank=True, default="")
    typed = EncryptedTextField(blank=True, default="")  # what was given as name, for FORGOTTEN
    language = models.CharField(max_length=10, blank=True, default="")
    token_key = models.CharField(max_length=32, blank=True, default="", db_index=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()  # of the link; a mail not sent by then is not sent at all
    due_at = models.DateTimeField(null=True)  # null: sent, or given up
    attempts = models.PositiveSmallIntegerField(default=0)
    sent_at = models.DateTimeField(null=True)
    used_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="account_mail_due")]

    def __str__(self) -> str:
        return f"{self.kind} mail of account:{self.account_id}"


class SessionManager(BaseSessionManager["Session"]):
    use_in_migrations = True


class Session(AbstractBaseSession):
    """A signed-in device. Its account and acting person are columns, so one query tells who is there."""

    uuid = models.UUIDField(default=new_id, unique=True, editable=False)  # the key itself is a secret
    account = models.ForeignKey(Account, null=True, on_delete=models.CASCADE, related_name="sessions")
    person = models.ForeignKey(Person, null=True, on_delete=models.SET_NULL, related_name="+")
    device = models.CharField(max_length=120, blank=True, default="")
    address = models.GenericIPAddressField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    last_seen_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[Any] = SessionManager()

    @classmethod
    def get_session_store_class(cls) -> type[SessionBase]:
        from .sessions import SessionStore

        return SessionStore
