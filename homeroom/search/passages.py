# ruff: noqa: S608  (what is put into the statements is this file's own text; every value is a parameter)
"""Passages: what was said in many places, found newest first within the places a reader has.

The place, the author and the month of a passage are terms of the index like its pairs of characters, so a search for a
word everybody uses is decided inside the index. Which way is shorter depends on the reader: with few places these are
asked for together with the words; with many, the words alone are followed from the newest passage backwards, because
then every few of them lie in one of the reader's places. FTS5 gives rows newest first by itself; a GIN index gives
them all at once, and is therefore asked for one stretch of ids after another.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from django.db import connection, transaction

from .models import Passage
from .tokens import TEXT_AT_MOST, normal, tokens_of, wanted, words_of

FEW_PLACES = {"sqlite": 40, "postgresql": 24}  # more, and following the words alone is shorter (bench search)
ROWS_FOLLOWED = 12_000  # of words alone, about 25 ms; then by places after all
STRETCH = 14  # bits: 16,384 ids
STRETCHES = (1, 2, 4, 8, 16)
MONTHS_AT_MOST = 24  # a longer span is compared row by row
NEWEST = 2**62


@dataclass(frozen=True, slots=True)
class Said:
    """A passage to be entered. `id` grows with time; `position` counts within the place."""

    id: int
    school_id: int
    place_id: int
    position: int
    author_id: int
    said_at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for. `places` maps each place of the reader to the position above which they read it."""

    query: str
    places: Mapping[int, int]
    authors: Sequence[int] | None = None  # None: anybody
    since: datetime | None = None
    until: datetime | None = None
    above_id: int = 0
    before_id: int = NEWEST


def _month(at: datetime) -> str:
    return f"on{at.year * 12 + at.month}"


def _terms(said: Said, text: str) -> list[str]:
    """Longer than any pair of characters, so that no text contains them."""
    return [
        *tokens_of(text), f"in{said.place_id}", f"by{said.author_id}", _month(said.said_at), f"st{said.id >> STRETCH}",
    ]  # fmt: skip


@transaction.atomic
def enter_passages(passages: Iterable[Said]) -> None:
    """Make these findable, in place of what stood under their ids. A few statements for any number."""
    rows = sorted(passages, key=lambda said: said.id)
    if not rows:
        return
    texts = [normal(said.text)[:TEXT_AT_MOST] for said in rows]
    if connection.vendor == "postgresql":
        _enter_postgresql(rows, texts)
        return
    forget_passages([said.id for said in rows])
    Passage.objects.bulk_create(
        [
            Passage(
                id=said.id, school_id=said.school_id, place_id=said.place_id, position=said.position,
                author_id=said.author_id, said_at=said.said_at, text=text,
            )
            for said, text in zip(rows, texts, strict=True)
        ],
        batch_size=500,
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO search_passage_fts (rowid, terms) VALUES (%s, %s)",
            [(said.id, " ".join(_terms(said, text))) for said, text in zip(rows, texts, strict=True)],
        )


def _enter_postgresql(rows: Sequence[Said], texts: Sequence[str]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO search_passage (id, school_id, place_id, position, author_id, said_at, text, terms)"
            " SELECT a, b, c, d, e, f, g, array_to_tsvector(string_to_array(h, ' ')) FROM unnest(%s::bigint[],"
            " %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::timestamptz[], %s::text[], %s::text[])"
            " AS given (a, b, c, d, e, f, g, h) ON CONFLICT (id) DO UPDATE SET (school_id, place_id, position,"
            " author_id, said_at, text, terms) = (excluded.school_id, excluded.place_id, excluded.position,"
            " excluded.author_id, excluded.said_at, excluded.text, excluded.terms)",
            [
                [said.id for said in rows], [said.school_id for said in rows], [said.place_id for said in rows],
                [said.position for said in rows], [said.author_id for said in rows], [said.said_at for said in rows],
                list(texts),
                [" ".join(dict.fromkeys(_terms(said, text))) for said, text in zip(rows, texts, strict=True)],
            ],
        )  # fmt: skip


@transaction.atomic
def forget_passages(ids: Iterable[int]) -> None:
    """Make passages unfindable, and leave none of their words in the index."""
    given = list(ids)
    for start in range(0, len(given), 500):
        there = list(Passage.objects.filter(pk__in=given[start : start + 500]))
        if there and connection.vendor == "sqlite":
            with connection.cursor() as cursor:
                cursor.executemany(
                    "INSERT INTO search_passage_fts (search_passage_fts, rowid, terms) VALUES ('delete', %s, %s)",
                    [(row.pk, " ".join(_terms(_said(row), row.text))) for row in there],
                )
        Passage.objects.filter(pk__in=[row.pk for row in there]).delete()


def forget_schools(school_ids: Iterable[int]) -> None:
    """Make everything of these schools unfindable: for who deletes them whole."""
    forget_passages(Passage.objects.filter(school_id__in=list(school_ids)).values_list("pk", flat=True))


def _said(row: Passage) -> Said:
    return Said(row.pk, row.school_id, row.place_id, row.position, row.author_id, row.said_at, row.text)


def found_passages(asked: Wanted, *, limit: int) -> list[int]:
    """The ids of the newest passages that hold every word asked for, newest first.

    Without words the passages of the authors asked for; without either, nothing.
    """
    words = words_of(asked.query)
    tokens = wanted(words)
    if not asked.places or asked.authors == [] or (not tokens and (words or asked.authors is None)):
        return []
    groups = [[token] for token in tokens]
    if asked.authors is not None:
        groups.append([f"by{pk}" for pk in asked.authors])
    groups += _months(asked)
    by_place = [*groups, [f"in{pk}" for pk in asked.places]]
    few = len(asked.places) <= FEW_PLACES[connection.vendor]
    if connection.vendor == "postgresql":
        return _postgresql(asked, words, groups, None if not few else by_place, limit)
    return _sqlite(asked, words, by_place if few else groups, None if few else by_place, limit)


def _months(asked: Wanted) -> list[list[str]]:
    """The months of the span as one group, when both its ends are known and it is not too long."""
    if asked.since is None or asked.until is None:
        return []
    first, last = (at.year * 12 + at.month for at in (asked.since - timedelta(days=1), asked.until + timedelta(days=1)))
    return [[f"on{month}" for month in range(first, last + 1)]] if 0 <= last - first < MONTHS_AT_MOST else []


Groups = Sequence[Sequence[str]]  # of each group one term must be there


def _sqlite(asked: Wanted, words: Sequence[str], groups: Groups, by_place: Groups | None, limit: int) -> list[int]:
    """`by_place` is what to ask instead when ROWS_FOLLOWED did not fill the page."""
    found: list[int] = []
    seen, last = 0, asked.before_id
    for pk, place_id, position, text in _rows(asked, groups, asked.before_id):
        seen, last = seen + 1, pk
        above = asked.places.get(place_id)
        if above is not None and position > above and all(word in text for word in words):
            found.append(pk)
            if len(found) == limit:
                return found
        if by_place is not None and seen == ROWS_FOLLOWED:
            break
    else:
        return found
    rest = (
        pk
        for pk, place_id, position, text in _rows(asked, by_place, last)
        if position > asked.places[place_id] and all(word in text for word in words)
    )
    return [*found, *islice(rest, limit - len(found))]


def _rows(asked: Wanted, groups: Groups, before_id: int) -> Iterator[tuple[int, int, int, str]]:
    """Newest first and only as far as they are read."""
    dated, dates = _dated(asked)
    sql = (
        "SELECT p.id, p.place_id, p.position, p.text FROM search_passage_fts"
        " CROSS JOIN search_passage p ON p.id = search_passage_fts.rowid"
        " WHERE search_passage_fts MATCH %s AND search_passage_fts.rowid < %s AND search_passage_fts.rowid > %s"
        f"{dated} ORDER BY search_passage_fts.rowid DESC"
    )
    match = " AND ".join("(" + " OR ".join(f'"{term}"' for term in group) + ")" for group in groups)
    with connection.cursor() as cursor:
        cursor.execute(sql, [match, before_id, asked.above_id, *dates])
        while rows := cursor.fetchmany(200):
            yield from rows


def _dated(asked: Wanted) -> tuple[str, list[Any]]:
    conditions = ""
    values: list[Any] = []
    adapt = connection.ops.adapt_datetimefield_value
    if asked.since is not None:
        conditions, values = conditions + " AND p.said_at >= %s", [*values, adapt(asked.since)]
    if asked.until is not None:
        conditions, values = conditions + " AND p.said_at < %s", [*values, adapt(asked.until)]
    return conditions, values


def _postgresql(asked: Wanted, words: Sequence[str], groups: Groups, by_place: Groups | None, limit: int) -> list[int]:
    if by_place is not None:
        return _taken(asked, words, by_place, limit)
    found: list[int] = []
    with connection.cursor() as cursor:
        cursor.execute("SELECT max(id) FROM search_passage WHERE id < %s", [asked.before_id])
        newest = cursor.fetchone()[0]
    if newest is None:
        return []
    top, lowest = newest >> STRETCH, asked.above_id >> STRETCH
    for wide in STRETCHES:
        if top < lowest:
            return found
        stretch = [f"st{n}" for n in range(max(lowest, top - wide + 1), top + 1)]
        found += _taken(asked, words, [*groups, stretch], limit - len(found))
        top -= wide
        if len(found) == limit:
            return found
    rest = replace(asked, before_id=min(asked.before_id, (top + 1) << STRETCH))
    return found + _taken(rest, words, groups, limit - len(found))


def _taken(asked: Wanted, words: Sequence[str], groups: Groups, limit: int) -> list[int]:
    dated, dates = _dated(asked)
    holds = " AND strpos(p.text, %s) > 0" * len(words)
    match = " & ".join("(" + " | ".join(f"'{term}'" for term in group) + ")" for group in groups)
    with connection.cursor() as cursor:
        # Materialised, or the planner walks the primary key and compares every passage there is.
        cursor.execute(
            "WITH hit AS MATERIALIZED (SELECT id, place_id, position, said_at, text FROM search_passage"
            " WHERE terms @@ %s::tsquery AND id + 0 > %s AND id + 0 < %s)"
            " SELECT p.id FROM hit p JOIN unnest(%s::bigint[], %s::bigint[]) AS place (id, above)"
            f" ON place.id = p.place_id AND p.position > place.above WHERE true{holds}{dated}"
            " ORDER BY p.id DESC LIMIT %s",
            [
                match, asked.above_id, asked.before_id, list(asked.places), list(asked.places.values()),
                *words, *dates, limit,
            ],
        )  # fmt: skip
        return [int(row[0]) for row in cursor.fetchall()]
