"""Who the guardians in the rows are: adults of the school, or new ones.

First the file alone: one ID number, one source id, or one phone with one name is one adult, in whichever rows. Each
of these *mentions* is then looked for: by ID number, by phone and name, as the guardian of that name a child of theirs
has already. What is left is settled by who has the phone, until nobody else can be; the rest is asked.

No step depends on the order of rows where the rows differ, and none on anything an import would change. So what is
written is found again: a mention that waits for an answer waits the second time too.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from homeroom.people.public import id_number_key, phone_key
from homeroom.roster.present import Present
from homeroom.roster.reading.rows import GuardianRow
from homeroom.roster.remarks import Place, Remark

from .adults import RELATION_WORDS, UNTOLD, Adult, Adults
from .pupils import TakenPupil
from .questions import Questions

CHOICES_SHOWN = 4


@dataclass(eq=False, slots=True)
class Mention:
    """What the file says of one adult, in one row or in several."""

    rows: list[tuple[int, GuardianRow]] = field(default_factory=list)  # position of the pupil, the adult in that row
    name: str = ""
    phone: str = ""
    phone_key: str = ""
    id_key: str = ""
    adult: Adult | None = None
    left_out: bool = False  # by an answer
    other_numbers: list[Mention] = field(default_factory=list)  # mentions that give this one's adult another number
    disputed: Adult | None = None  # that adult

    @property
    def is_open(self) -> bool:
        return self.adult is None and not self.left_out

    @property
    def relations(self) -> set[str]:
        return {guardian.relation for _position, guardian in self.rows} - UNTOLD

    def add(self, position: int, guardian: GuardianRow) -> None:
        self.rows.append((position, guardian))
        self.name = self.name or guardian.name
        if guardian.phone and not self.phone:
            self.phone, self.phone_key = guardian.phone, phone_key(guardian.phone)
        self.id_key = self.id_key or id_number_key(guardian.id_number)


class GuardianMatch:
    """Fills in `links` and `incomplete` of the pupils."""

    def __init__(self, present: Present, pupils: list[TakenPupil], questions: Questions) -> None:
        self.pupils = pupils
        self.questions = questions
        self.adults = Adults(present, {p.present.id: n for n, p in enumerate(pupils) if p.present})
        self.mentions = self._gathered()
        self.in_row: dict[int, list[Mention]] = defaultdict(list)  # by position of the pupil
        for mention in self.mentions:
            for position, _guardian in mention.rows:
                self.in_row[position].append(mention)

    def match(self) -> None:
        while self._settle_what_is_clear() or self._take_an_answer():
            pass
        for mention in self.mentions:
            if mention.is_open:
                self._ask(mention)
        self._link()
        self._note_differing_phones()

    def _gathered(self) -> list[Mention]:
        by_key: dict[tuple[str, ...], Mention] = {}
        found: list[Mention] = []
        for position, pupil in enumerate(self.pupils):
            for guardian in pupil.row.guardians:
                keys: list[tuple[str, ...]] = []
                if guardian.id_number:
                    keys.append(("id", id_number_key(guardian.id_number)))
                if guardian.source_id:
                    keys.append(("source", guardian.source_id))
                if guardian.phone and guardian.name:
                    keys.append(("phone", phone_key(guardian.phone), guardian.name))
                mention = next((by_key[key] for key in keys if key in by_key), None)
                if mention is None:
                    mention = Mention()
                    found.append(mention)
                mention.add(position, guardian)
                for key in keys:
                    by_key.setdefault(key, mention)
        return found

    # --- for sure

    def _by_numbers(self) -> None:
        """By ID number whatever the rest says, then by phone and name."""
        for mention in self._open():
            if mention.id_key and mention.id_key in self.adults.by_id:
                self._take(mention, self.adults.by_id[mention.id_key])
        for mention in self._open():
            if mention.phone_key and mention.name:
                named = [each for each in self.adults.by_phone[mention.phone_key] if each.name == mention.name]
                if named:
                    own = self._own(mention)
                    self._take(mention, next((each for each in named if each in own), named[0]))

    def _by_child(self) -> None:
        """The guardian of that name whom a child has already: with a new number, when the whole file agrees on it."""
        stated: dict[Adult, list[Mention]] = defaultdict(list)
        claims: list[tuple[Mention, list[Adult]]] = []
        for mention in self.mentions:
            mention.disputed = None
            if mention.adult and mention.phone_key:
                stated[mention.adult].append(mention)
            elif mention.is_open and mention.phone_key and mention.name:
                own = [each for each in self._own(mention) if each.name == mention.name]
                claims.append((mention, own))
                for each in own:
                    stated[each].append(mention)
        for mention, own in claims:
            undisputed = [each for each in own if stated[each] == [mention]]
            if undisputed:
                self._take(mention, undisputed[0])
            elif own:
                mention.disputed = own[0]
                mention.other_numbers = [each for each in stated[own[0]] if each is not mention]

    def _own(self, mention: Mention) -> list[Adult]:
        """The guardians that the mention's pupils have at the school."""
        found: dict[Adult, None] = {}
        for position, _guardian in mention.rows:
            if present := self.pupils[position].present:
                found |= dict.fromkeys(self.adults.guardians_of(present.id))
        return list(found)

    def _take(self, mention: Mention, adult: Adult) -> None:
        """The mention is this adult, under the name that the file gives first."""
        mention.adult = adult
        if mention.name and not adult.named_by_file:
            adult.name, adult.named_by_file, adult.nameless = mention.name, True, False
        if mention.phone:
            self.adults.renumber(adult, mention.phone_key)
            adult.phone = mention.phone
        for position, guardian in mention.rows:
            known, row = adult.links.get(position), self.pupils[position].row
            if known is None or row.guardians.index(guardian) < row.guardians.index(known):
                adult.links[position] = guardian
            adult.id_number = adult.id_number or guardian.id_number
            adult.email = adult.email or guardian.email

    # --- by who has the phone

    def _settle_what_is_clear(self) -> bool:
        """Take the surest step that settles anything: then something surer may be clear now."""
        steps = (self._by_numbers, self._by_child, self._by_phone, self._by_phone_alone, self._by_name_alone)
        open_before = self._open()
        for step in steps:
            step()
            if len(self._open()) < len(open_before):
                return True
        return False

    def _open(self) -> list[Mention]:
        return [mention for mention in self.mentions if mention.is_open]

    def _by_phone(self) -> None:
        for mention in self._open():
            if mention.disputed is None and mention.name and mention.phone_key:
                self._settle_named(mention)

    def _by_phone_alone(self) -> None:
        for mention in self._open():
            if not mention.name and mention.phone_key and mention.adult is None:
                self._settle_nameless(mention)

    def _by_name_alone(self) -> None:
        for mention in self._open():
            if mention.name and not mention.phone_key:
                self._settle_without_phone(mention)

    def _settle_named(self, mention: Mention) -> None:
        """A name with a phone: who stands there without a name, or somebody new unless others have the phone."""
        others = self._strangers(mention)
        nameless = [each for each in others if each.nameless and not self._stands_beside(mention, each)]
        if len(nameless) == 1:
            self._take(mention, nameless[0])
        elif not others:
            self._take(mention, self._new(mention))

    def _stands_beside(self, mention: Mention, adult: Adult) -> bool:
        """Whether a row of one of the adult's children names somebody else so: then it is not the adult's name."""
        students = [self.adults.positions.get(student_id, -1) for student_id in self.adults.children(adult)]
        rows = (self.in_row.get(position, ()) for position in (*students, *adult.links))
        namesakes = (each for row in rows for each in row if each.name == mention.name and each is not mention)
        return any(each.adult is not adult for each in namesakes)

    def _strangers(self, mention: Mention) -> list[Adult]:
        """Who else has the phone, and could be the same person under another name.

        Two adults of one row are two, however they are reached, and a mother is no father.
        """
        beside = self._beside(mention)
        names = {each.name for each in beside if each.name}
        taken = {each.adult for each in beside}
        return [
            each
            for each in self.adults.by_phone[mention.phone_key]
            if each not in taken and each.name not in names and not self._other_role(mention, each)
        ]

    def _beside(self, mention: Mention) -> list[Mention]:
        """The other adults of the mention's rows."""
        found = [each for position, _guardian in mention.rows for each in self.in_row[position]]
        return [each for each in found if each is not mention]

    def _other_role(self, mention: Mention, adult: Adult) -> bool:
        known, told = self.adults.relations(adult), mention.relations
        return bool(known and told) and not known & told

    def _settle_nameless(self, mention: Mention) -> None:
        """A phone without a name: the pupil's own guardian of that phone, or the only one who fits."""
        if not self.adults.by_phone[mention.phone_key] and not self._renumbers(mention.phone_key):
            self._take(mention, self._new(mention))
        if mention.adult:
            return
        own = self._own(mention)
        named_beside = {each.name for each in self._beside(mention) if each.name}
        holders = [each for each in self.adults.by_phone[mention.phone_key] if each.name not in named_beside]
        linked = [each for each in holders if each in own] or holders
        fitting = [each for each in linked if self.adults.relations(each) & mention.relations]
        if len(linked) == 1 or len(fitting) == 1:
            self._take(mention, (fitting if len(fitting) == 1 else linked)[0])
        elif not self._strangers(mention):
            self._take(mention, self._new(mention))

    def _renumbers(self, key: str) -> bool:
        """Give a number nobody has to the father or mother a pupil has at the school, when it can only be theirs."""
        found: dict[Adult, Mention] = {}
        for mention in self.mentions:
            if mention.phone_key != key or mention.name or not mention.is_open:
                continue
            wanted = mention.relations & {"father", "mother"}
            own = [each for each in self._own(mention) if self.adults.relations(each) & wanted]
            names = {each.name for each in self._beside(mention)}
            if len(own) == 1 and self._only_here(own[0]) and own[0].name not in names:
                found.setdefault(own[0], mention)
        if len(found) != 1:
            return False
        ((adult, mention),) = found.items()
        self._take(mention, adult)
        return True

    def _only_here(self, adult: Adult) -> bool:
        """Known for one child, and not yet spoken of in the file: a number without a name may replace theirs."""
        return len(self.adults.children(adult)) == 1 and not adult.links

    def _settle_without_phone(self, mention: Mention) -> None:
        """A name alone: the pupil's own guardian of that name, or a sibling's whose other parent is the same."""
        taken = {each.adult for each in self._beside(mention)}
        own = (each for each in self._own(mention) if each.name == mention.name and each not in taken)
        self._take(mention, next(own, None) or self._siblings_parent(mention, taken) or self._new(mention))

    def _siblings_parent(self, mention: Mention, taken: set[Adult | None]) -> Adult | None:
        """A father without a number in two rows that share the mother is one man."""
        for partner in taken:
            if partner is None:
                continue
            positions = dict.fromkeys(partner.links)
            found = [each.adult for position in positions for each in self.in_row[position] if each.adult]
            for student_id in self.adults.children(partner):
                found += self.adults.guardians_of(student_id)
            for each in found:
                if each.name == mention.name and each not in taken:
                    return each
        return None

    def _new(self, mention: Mention) -> Adult:
        position, guardian = mention.rows[0]
        row = self.pupils[position].row
        name = mention.name or f"{row.name}{RELATION_WORDS[guardian.relation or 'other']}"
        key = f"f{row.place.sheet}:{row.place.row}:{row.guardians.index(guardian)}"
        adult = Adult(key, name, mention.phone_key, mention.id_key, nameless=not mention.name)
        self.adults.add(adult)
        return adult

    # --- questions

    def _take_an_answer(self) -> bool:
        """Settle the first open mention that was answered. Others may be clear after it."""
        for mention in self.mentions:
            if not mention.is_open:
                continue
            key, _place, options, holders = self._question(mention)
            answer = self.questions.answer(key, options)
            if answer.startswith("same:"):
                self._take(mention, next(each for each in holders if each.key == answer[5:]))
            elif answer == "this" and mention.disputed:
                self._take(mention, mention.disputed)
            elif answer == "keep" and mention.disputed:
                mention.phone = mention.phone_key = ""
                self._take(mention, mention.disputed)
            elif answer == "new":
                self._take(mention, self._new(mention))
            elif answer == "skip":
                mention.left_out = True
            else:
                continue
            return True
        return False

    def _question(self, mention: Mention) -> tuple[str, Place, list[str], list[Adult]]:
        """Key, place, choices, and the adults the choices mean."""
        position, guardian = mention.rows[0]
        place = self.pupils[position].row.guardian_at(guardian, "phone")
        cell = f"{place.sheet}:{place.row}:{place.column}"
        if mention.disputed:
            return f"phones:{cell}", place, ["this", "keep", "new"], []
        holders = self._strangers(mention)[:CHOICES_SHOWN]
        return f"phone:{cell}", place, [*(f"same:{each.key}" for each in holders), "new", "skip"], holders

    def _ask(self, mention: Mention) -> None:
        key, place, options, holders = self._question(mention)
        position, guardian = mention.rows[0]
        if mention.disputed:
            other = mention.other_numbers[0]
            row = self.pupils[other.rows[0][0]].row
            values = {
                "name": mention.name, "value": masked(mention.phone), "phone": masked(other.phone),
                "other": str(row.place.row),
            }  # fmt: skip
            self.questions.ask("phones_differ", place, key, options, {}, **values)
            return
        names = {each.key: each.name for each in holders}
        called = mention.name or f"{self.pupils[position].row.name}{RELATION_WORDS[guardian.relation or 'other']}"
        values = {"phone": masked(mention.phone), "present": "、".join(names.values()), "name": called}
        self.questions.ask("phone_shared", place, key, options, names, **values)

    # --- the result

    def _link(self) -> None:
        """Each pupil's guardians in the order of the row, each adult once."""
        of: dict[int, Mention] = {id(guardian): each for each in self.mentions for _position, guardian in each.rows}
        for pupil in self.pupils:
            linked: set[Adult] = set()
            for guardian in pupil.row.guardians:
                adult = of[id(guardian)].adult
                if adult is None:
                    pupil.incomplete = True
                elif adult not in linked:
                    linked.add(adult)
                    pupil.links.append((adult, guardian))

    def _note_differing_phones(self) -> None:
        """Two children share one parent, and the other parent has the same name but two numbers: perhaps a slip."""
        noted: set[Adult] = set()
        for shared in dict.fromkeys(adult for pupil in self.pupils for adult, _guardian in pupil.links):
            if len(shared.links) < 2:
                continue
            by_name: dict[str, tuple[Adult, int]] = {}
            for position in sorted(shared.links):
                for other, guardian in self.pupils[position].links:
                    if other is shared or other.nameless:
                        continue
                    first, where = by_name.setdefault(other.name, (other, position))
                    if first is other or other in noted or (other.present and first.present):
                        continue
                    noted.add(other)
                    row = self.pupils[position].row
                    values = {
                        "name": other.name, "value": masked(guardian.phone), "phone": masked(first.phone),
                        "other": str(self.pupils[where].row.place.row),
                    }  # fmt: skip
                    self.questions.note(Remark("two_of_a_name", row.guardian_at(guardian, "phone"), values))


def masked(phone: str) -> str:
    return f"{phone[:3]}…{phone[-4:]}" if phone else "–"
