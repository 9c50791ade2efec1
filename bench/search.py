"""`homeroom bench search`: a word among a million Chinese messages, for a guardian, a teacher and a leader.

The messages are made of the demonstration's own sentences, or of the lines of `--corpus FILE`, in conversations of very
different length. They are entered by the job that enters every message, and looked for by the query the page uses. The
limit of the same run is the bare engine: its own full-text index over the same tokens, asked for the newest messages
with the word and nothing about who may see them. SQLite, or what DATABASE_URL names (which must be empty).
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from bench.report import Report

TALK = Path(__file__).resolve().parents[1] / "homeroom" / "demo" / "data"
READERS = {"guardian": 6, "teacher": 300, "leader": 1500}
WORDS = {
    "rare": "骨折",
    "medium": "秋游",
    "common": "老师",
    "single": "我",
    "two words": "老师 谢谢",
    "nowhere": "滑雪板",
}
RARE_EVERY = 10_000
AT_MOST = 0.050  # seconds
LAG_AT_MOST = 2.0
PER_SECOND = 200
ROUNDS = 30


def sentences(corpus: str) -> list[str]:
    """Lines of the corpus, or the sentences of the demonstration."""
    if corpus:
        return [line.strip() for line in Path(corpus).read_text(encoding="utf-8").splitlines() if line.strip()]
    found = []
    for name in ("talk.txt", "notices.txt"):
        for line in (TALK / name).read_text(encoding="utf-8").splitlines():
            if line.strip() and line[0] not in "#=":
                said = line.partition("：")[2] or line
                found += [part for part in re.split(r"(?<=[。！？；])", said.strip()) if len(part) > 3]
    return found


def worker(options: argparse.Namespace) -> int:
    """Everything that needs the settings, in a process that has them; one JSON line for each figure."""
    import django

    django.setup()
    from django.db import connection

    made = _fill(options)
    say("build", **made)
    for reader, person in made["readers"].items():
        for kind, word in WORDS.items():
            say("find", reader=reader, kind=kind, **_times(partial(_find, person, word)), **_bare(word))
    say("lag", **_lag(made["conversations"], options.seconds))
    say("engine", name=connection.vendor)
    return 0


def say(what: str, **values: Any) -> None:
    sys.stdout.write(json.dumps({"what": what, **{k: v for k, v in values.items() if k != "conversations"}}) + "\n")
    sys.stdout.flush()


def _fill(options: argparse.Namespace) -> dict[str, Any]:
    from django.db import transaction
    from django.utils import timezone

    from bench.prepare import bench_school
    from homeroom.conversations import entering
    from homeroom.conversations.models import Conversation, Membership, Message
    from homeroom.kit.ids import new_id
    from homeroom.people.models import Person

    chance = random.Random(7)
    said, now, school = sentences(options.corpus), timezone.now(), bench_school()
    count = max(2, options.messages * 7 // 2000)
    people = Person.objects.bulk_create(
        [Person(school=school, name=f"人{n}") for n in range(2 * count + len(READERS))], batch_size=1000
    )
    children, teachers = people[:count], people[count : count + max(1, count // 12)]
    conversations = Conversation.objects.bulk_create(
        [
            Conversation(
                school=school, kind="family", student=child, teacher=teachers[n % len(teachers)], opened_at=now
            )
            for n, child in enumerate(children)
        ],
        batch_size=1000,
    )
    readers = dict(zip(READERS, people[-len(READERS) :], strict=True))
    Membership.objects.bulk_create(
        [
            Membership(conversation=where, person=person, side="staff", joined_at=now)
            for name, person in readers.items()
            for where in chance.sample(conversations, min(READERS[name], count))
        ],
        batch_size=1000,
    )
    weights = [min(chance.paretovariate(1.0), 60.0) for _one in conversations]
    numbers = dict.fromkeys((where.pk for where in conversations), 0)
    entered_in = 0.0
    tail = entering.Tail()
    for start in range(0, options.messages, 20_000):
        rows = []
        for n, where in enumerate(chance.choices(conversations, weights, k=min(20_000, options.messages - start))):
            numbers[where.pk] += 1
            text = "".join(chance.choice(said) for _part in range(chance.choice((1, 1, 1, 2, 2, 3))))
            rows.append(
                Message(
                    school_id=school.pk, conversation_id=where.pk, number=numbers[where.pk], client_key=new_id(),
                    author_id=chance.choice((where.teacher_id, where.student_id)) or 0,
                    text=text if chance.randrange(RARE_EVERY) else f"{text}孩子骨折了。",
                    sent_at=now - timedelta(minutes=(options.messages - start - n) // 2),
                )
            )  # fmt: skip
        with transaction.atomic():
            Message.objects.bulk_create(rows, batch_size=1000)
            for where in conversations:
                where.last_number = numbers[where.pk]
            Conversation.objects.bulk_update(conversations, ["last_number"], batch_size=1000)
        began = time.perf_counter()
        entering.enter_new(tail, now=now + timedelta(seconds=start))
        entered_in += time.perf_counter() - began
    return {
        "messages": options.messages, "seconds": entered_in, "readers": {k: p.pk for k, p in readers.items()},
        "visible": {k: _visible(p.pk) for k, p in readers.items()}, "conversations": conversations, **_size(),
    }  # fmt: skip


def _visible(person_id: int) -> int:
    from homeroom.conversations.models import Membership, Message

    places = Membership.objects.filter(person_id=person_id).values("conversation_id")
    return Message.objects.filter(conversation_id__in=places).count()


def _size() -> dict[str, int]:
    """Bytes of the index and of the messages themselves."""
    from django.db import connection

    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("VACUUM ANALYZE search_passage")
            sql = "SELECT pg_total_relation_size('search_passage'), pg_total_relation_size('conversations_message')"
        else:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            cursor.fetchall()
            sql = (
                "SELECT (SELECT sum(pgsize) FROM dbstat WHERE name LIKE 'search_passage%'),"
                " (SELECT sum(pgsize) FROM dbstat WHERE name LIKE 'conversations_message%')"
            )
        cursor.execute(sql)
        index, messages = cursor.fetchone()
    return {"index_bytes": int(index), "message_bytes": int(messages)}


def _find(person_id: int, word: str) -> int:
    from django.utils import timezone

    from homeroom.conversations.finding import Asked, find
    from homeroom.people.models import Person

    person = Person.objects.select_related("school").get(pk=person_id)
    return len(find(person, Asked(q=word), now=timezone.now()).hits)


def _times(work: Callable[[], int]) -> dict[str, Any]:
    work()
    taken, hits = [], 0
    for _round in range(ROUNDS):
        began = time.perf_counter()
        hits = work()
        taken.append(time.perf_counter() - began)
    taken.sort()
    return {"p50": statistics.median(taken), "p99": taken[-1], "hits": hits}


def _bare(word: str) -> dict[str, float]:
    """The engine's own index, asked for the newest messages with the word."""
    from django.db import connection

    from homeroom.search.tokens import wanted, words_of

    tokens = wanted(words_of(word))
    if connection.vendor == "postgresql":
        sql = "SELECT id FROM search_passage WHERE terms @@ %s::tsquery ORDER BY id DESC LIMIT 21"
        asked = " & ".join(f"'{token}'" for token in tokens)
    else:
        sql = "SELECT rowid FROM search_passage_fts WHERE search_passage_fts MATCH %s ORDER BY rowid DESC LIMIT 21"
        asked = " AND ".join(f'"{token}"' for token in tokens)

    def ask() -> int:
        with connection.cursor() as cursor:
            cursor.execute(sql, [asked])
            return len(cursor.fetchall())

    return {"bare": _times(ask)["p50"]}


def _lag(conversations: Sequence[Any], seconds: int) -> dict[str, float]:
    """Messages written at PER_SECOND while the job runs each second: from the commit until each can be found."""
    from django.db import transaction
    from django.utils import timezone

    from homeroom.conversations import entering
    from homeroom.conversations.writing import Posting, write
    from homeroom.kit.ids import new_id
    from homeroom.search.models import Passage

    tail, chance, lags, entering_took = entering.Tail(), random.Random(3), [], []
    entering.enter_new(tail, now=timezone.now())
    committed: dict[int, float] = {}
    for _second in range(seconds):
        began = time.perf_counter()
        for _batch in range(10):
            rows = [
                Posting(
                    where.pk, 0, where.school_id, where.teacher_id, "请老师提醒孩子多喝水", new_id(), timezone.now()
                )
                for where in chance.sample(conversations, min(PER_SECOND // 10, len(conversations)))
            ]
            with transaction.atomic():
                written = write(rows)
            committed |= {one.id: time.perf_counter() for one in written if not isinstance(one, Exception)}
            time.sleep(max(0.0, 0.1 * (_batch + 1) - (time.perf_counter() - began)))
        job = time.perf_counter()
        entering.enter_new(tail, now=timezone.now())
        entering_took.append(time.perf_counter() - job)
        there = set(Passage.objects.filter(pk__in=committed).values_list("pk", flat=True))
        lags += [time.perf_counter() - committed.pop(pk) for pk in there]
    lags.sort()
    return {
        "p50": lags[len(lags) // 2],
        "longest": lags[-1],
        "job": statistics.median(entering_took),
        "left": len(committed),
    }


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="homeroom bench search", description=__doc__)
    parser.add_argument("--messages", type=int, default=1_000_000, help="how many (%(default)s)")
    parser.add_argument("--corpus", default="", help="a text file whose lines the messages are made of")
    parser.add_argument("--seconds", type=int, default=10, help="how long the lag is measured (%(default)s)")
    parser.add_argument("--json", action="store_true", help="what it prints is JSON lines in any case")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    if options.worker:
        return worker(options)
    report = Report("search")
    with tempfile.TemporaryDirectory(prefix="homeroom-bench-", ignore_cleanup_errors=True) as folder:
        environment = {**os.environ, "HOMEROOM_DATA": folder, "DJANGO_SETTINGS_MODULE": "homeroom.site.settings"}
        command = [sys.executable, "-m", "homeroom.site.cli"]
        subprocess.run([*command, "migrate", "--verbosity", "0"], env=environment, check=True)
        start = "import sys; from bench.search import main; sys.exit(main(sys.argv[1:]))"
        arguments = [sys.executable, "-c", start, "--worker", *argv]
        with subprocess.Popen(arguments, env=environment, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            for line in process.stdout:
                _tell(report, json.loads(line))
        if process.returncode:
            report.missed.append("worker")
    return report.status


def _tell(report: Report, one: dict[str, Any]) -> None:
    if one["what"] == "build":
        report.figure("entered", one["messages"] / max(one["seconds"], 1e-9), "messages/s", messages=one["messages"])
        report.figure("size", one["index_bytes"], "bytes", beside=one["message_bytes"])
        report.note(f"visible to each reader: {one['visible']}")
    elif one["what"] == "find":
        about = {"reader": one["reader"], "kind": one["kind"], "hits": one["hits"]}
        report.figure("find_p50", one["p50"], "s", beside=one["bare"], at_most=AT_MOST, **about)
        report.figure("find_p99", one["p99"], "s", at_most=AT_MOST, **about)
    elif one["what"] == "lag":
        report.figure("lag_p50", one["p50"], "s", at_most=LAG_AT_MOST)
        report.figure("lag_longest", one["longest"], "s", at_most=LAG_AT_MOST, left=one["left"])
        report.figure("job", one["job"], "s", per_second=PER_SECOND)
    else:
        report.note(f"measured on {one['name']}")
