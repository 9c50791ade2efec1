"""Every link between modules that may not import each other, one line each.

A lower module declares a registry in its `public.py`; here each higher module that has something to add is entered
into it. A reaction that must hold together with the change runs in its transaction (`same_transaction=True`); every
other reads the event log by its own stored cursor, at least once, and is idempotent by the event's id.
"""

from __future__ import annotations

from django.contrib.auth.signals import user_logged_out
from django.utils.translation import gettext_lazy as _

from homeroom.conversations import public as conversations
from homeroom.delivery import public as delivery
from homeroom.demo import public as demo
from homeroom.eventlog.public import register_reader, same_transaction
from homeroom.files import public as files
from homeroom.home import public as home
from homeroom.notices import public as notices
from homeroom.people import public as people
from homeroom.people.events import DelegationChanged, GuardianshipChanged, PersonJoined, PersonsMerged, RoleChanged
from homeroom.questions import public as questions
from homeroom.realtime import public as realtime
from homeroom.roster import public as roster
from homeroom.roster.events import RosterImported, RosterRolledBack
from homeroom.school import public as school
from homeroom.semantics.public import DAY, MONTH, WEEK, declare
from homeroom.ui import public as ui
from homeroom.wording import public as wording

ui.register_banner(demo.banner)
ui.show_components_when(demo.shows_components)
people.waive_second_factor_when(demo.needs_no_second_factor)

# Rights that shrink close the sockets they were given to.
people.on_session_revoked(realtime.sessions_revoked)
user_logged_out.connect(realtime.signed_out, dispatch_uid="realtime.signed_out")
same_transaction(RoleChanged.name, realtime.rights_moved)
same_transaction(GuardianshipChanged.name, realtime.rights_moved)
same_transaction(DelegationChanged.name, realtime.rights_moved)
same_transaction(PersonJoined.name, realtime.rights_moved)
same_transaction(PersonsMerged.name, realtime.rights_moved)

# Delivery's cards, live counts and record of arrivals at the gateway; the first page in the menu.
delivery.wire_realtime()
ui.register_menu(home.MENU)
ui.register_account_menu(home.WISHES)

# Notices: what a card opens to, finding it by its text, who sees its files, its place in the menu.
delivery.register_body("notice", notices.render_body)
delivery.register_overview("notice", notices.Notice, "notices:notice")
delivery.register_search("notice", notices.find_items)
delivery.register_cards("notice", notices.notice_cards)
delivery.register_cards("item", delivery.item_cards)
files.register_owner("notice", notices.may_see_files)
ui.register_menu(notices.MENU)

# Conversations: their members follow the roster in its own transaction; open pages hear that one moved.
same_transaction(RoleChanged.name, conversations.role_moved)
same_transaction(GuardianshipChanged.name, conversations.edge_moved)
same_transaction(DelegationChanged.name, conversations.edge_moved)
same_transaction(RosterImported.name, conversations.roster_moved)
same_transaction(RosterRolledBack.name, conversations.roster_moved)
conversations.wire()
realtime.register_topic(conversations.TOPIC, conversations.shown, conversations.may_watch)
files.register_owner("message", conversations.may_see_files)
files.register_uploader(conversations.may_upload)
ui.register_menu(conversations.MENU)
ui.register_menu(conversations.MODERATION)
files.register_owner("held_message", conversations.may_see_held_files)
ui.register_account_menu(conversations.HOURS)
ui.register_account_menu(wording.REPLIES)
people.register_way(conversations.way_to_family)
delivery.register_way_on(conversations.talk_about_item)
delivery.register_way_on_sent(conversations.talk_about_sent)

# Questions: open pages move, items open at the question's page, every item's page leads to asking about it.
questions.wire()
delivery.register_way_on(questions.ask_about_item)
delivery.register_cards("question", questions.question_cards)
files.register_owner(questions.OWNER_KIND, questions.may_see_files)
files.register_uploader(questions.may_upload)
ui.register_menu(questions.MENU)

# From a message to a question and back; a question leaves whoever has lost the duty it came with.
questions.register_about(conversations.MESSAGE, conversations.cite)
conversations.register_message_way(questions.ways_from_message)
register_reader("questions.role_moved", [RoleChanged.name], questions.role_moved)

# What is counted, and by what it can be told: low modules first, every word checked as it is entered.
declare(MONTH, WEEK, DAY, *school.dimensions.DIMENSIONS, *people.dimensions.DIMENSIONS)
declare(*conversations.DECLARED, *questions.DECLARED)

# Two entries of one human become one: what becomes of rows of which a person has one, and plain columns that follow.
people.both_have("delivery.Recipient", delivery.join_copies)
people.both_have("conversations.Membership", conversations.join_memberships)
for label in (
    "groups.GroupMember", "groups.SavedGroup_keepers", "delivery.Dispatch", "delivery.Settings", "questions.Watcher",
    "questions.AnswerShown", "conversations.Reaction", "conversations.Draft", "conversations.Rhythm",
    "conversations.DutyShift", "conversations.PresenceWish", "conversations.Block", "conversations.Nudge",
):  # fmt: skip
    people.both_have(label, people.first_stays)
people.follows_too("search.Passage", "author_id")
for label, column in (
    ("questions.QuestionEvent", "person_id"), ("questions.QuestionEvent", "owner_id"),
    ("conversations.Exchange", "guardian_id"), ("conversations.Exchange", "teacher_id"),
):  # fmt: skip
    people.follows_too(label, column)
people.when_edges_join(roster.edges_join)

# Beside a conversation about a child stands what each module knows of it for that viewer.
home.register_context(_("Sent about the child"), delivery.about_child, nothing=_("Nothing was sent lately."))
home.register_context(_("Open questions"), questions.about_child, nothing=_("No open question."), module="questions")

# What a school may switch off: no menu entry, and 404 at its addresses.
school.register_module(school.SwitchableModule("notices", notices.MENU.label))
school.register_module(school.SwitchableModule("conversations", conversations.MENU.label))
school.register_module(school.SwitchableModule("questions", questions.MENU.label))
school.register_module(school.SwitchableModule("roster", _("Import of the roster")))
