"""The hot writer: one thread of the process that writes whatever arrived while its last commit ran.

A message a commit each spends nearly all of its time waiting for the disk. Here the requests that wait are taken
together (no timer: a lone message is written at once) into one transaction, and each is answered after that commit is
durable. The thread has a Django connection of its own and takes the same fair lock as every other writer. A process
that dies answers nobody whose message it lost; the client sends it again under the same key.
"""

from __future__ import annotations

import atexit
import logging
import os
import queue
import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Any, cast

from django.db import DatabaseError, InterfaceError, connection, transaction
from django.utils.translation import gettext_lazy as _

from homeroom.kit.errors import Trouble

from . import hints
from .writing import Mark, Outcome, Posting, Written, mark, write

log = logging.getLogger(__name__)

AT_ONCE = 500  # messages in one transaction: more would keep other writers waiting for longer than a few milliseconds
ANSWER_WITHIN = 30.0
STOP_WITHIN = 10.0

Answer = Callable[[Outcome], None]
Told = Callable[[Sequence[tuple[Any, "Outcome | bool"]]], None]
Asked = tuple[Posting | Mark, Any, Told]  # what to write, the asker's own name for it, whom to tell


class NotStored(Trouble):
    """The database did not take it in time; sending again under the same key is safe."""

    status = 503
    code = "not_stored"
    default_message = _("Your message could not be stored just now. It is sent again by itself.")


class Writer:
    """Takes postings and read marks from any thread; each asker is told on the writer's thread."""

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[Asked | None] = queue.SimpleQueue()
        self._guard = threading.Lock()
        self._thread: threading.Thread | None = None

    def submit(self, posting: Posting, answer: Answer) -> None:
        """Write `posting`; `answer(outcome)` is called after the commit and must not block."""
        self.submit_all([(posting, None)], lambda outcomes: answer(cast("Outcome", outcomes[0][1])))

    def submit_all(self, asked: Iterable[tuple[Posting | Mark, Any]], told: Told) -> None:
        """Write these, each with a name of the asker's own; `told([(name, outcome), …])` is called once a commit.

        The outcome of a mark is whether it was stored. `told` must not block.
        """
        with self._guard:  # also keeps a posting from falling behind the mark that stops the thread
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="chat-writer", daemon=True)
                self._thread.start()
            for what, name in asked:
                self._queue.put((what, name, told))

    def post(self, posting: Posting) -> Written:
        """Write `posting` and wait for its commit. Raises what it was refused with, or NotStored."""
        outcomes: list[Outcome] = []
        done = threading.Event()

        def answer(outcome: Outcome) -> None:
            outcomes.append(outcome)
            done.set()

        self.submit(posting, answer)
        if not done.wait(ANSWER_WITHIN):
            raise NotStored
        (outcome,) = outcomes
        if isinstance(outcome, Trouble):
            raise outcome
        return outcome

    def stop(self) -> None:
        """Write what waits, and end the thread."""
        with self._guard:
            thread, self._thread = self._thread, None
            if thread is not None:
                self._queue.put(None)
        if thread is not None:
            thread.join(STOP_WITHIN)

    def _run(self) -> None:
        try:
            while self._turn():
                pass
        finally:
            connection.close()

    def _turn(self) -> bool:
        batch: list[Asked] = []
        go_on = True
        given = self._queue.get()
        while True:
            if given is None:
                go_on = False
                break
            batch.append(given)
            if len(batch) == AT_ONCE:
                break
            try:
                given = self._queue.get_nowait()
            except queue.Empty:
                break
        if batch:
            self._answer(batch, self._store([what for what, _name, _told in batch]))
        return go_on

    @staticmethod
    def _answer(batch: Sequence[Asked], outcomes: Sequence[Outcome | bool]) -> None:
        answers: dict[Told, list[tuple[Any, Outcome | bool]]] = {}
        for (_what, name, told), outcome in zip(batch, outcomes, strict=True):
            answers.setdefault(told, []).append((name, outcome))
        for told, same in answers.items():
            try:
                told(same)
            except Exception:  # the others' answers do not depend on it
                log.exception("somebody was not told what became of a message")

    def _store(self, asked: Sequence[Posting | Mark]) -> list[Outcome | bool]:
        try:
            return committed(asked)
        except (DatabaseError, InterfaceError):
            connection.close_if_unusable_or_obsolete()
            if len(asked) == 1:
                log.exception("a message could not be stored")
                return [NotStored() if isinstance(asked[0], Posting) else False]
            # One that cannot be stored must not take the others with it.
            return [self._store([one])[0] for one in asked]
        except Exception:
            log.exception("messages could not be stored")
            return [NotStored() if isinstance(one, Posting) else False for one in asked]


def committed(asked: Sequence[Posting | Mark]) -> list[Outcome | bool]:
    """Write these in a transaction of their own, then tell open pages."""
    postings = [one for one in asked if isinstance(one, Posting)]
    marks = [one for one in asked if isinstance(one, Mark)]
    with transaction.atomic():
        outcomes = write(postings) if postings else []
        moved = mark(marks) if marks else []
    if outcomes:
        tell(outcomes)
    if moved:
        hints.read_moved((one.conversation_id, one.person_id, one.number) for one in moved)
    each = iter(outcomes)
    return [next(each) if isinstance(one, Posting) else True for one in asked]


def tell(outcomes: Sequence[Outcome]) -> None:
    """Tell pages that watch a conversation of what is new. A hint that fails is no reason to refuse a message."""
    moved = {outcome.conversation_uuid for outcome in outcomes if isinstance(outcome, Written) and outcome.is_new}
    if moved:
        try:
            hints.conversation_moved(*moved)
        except Exception:
            log.exception("open pages were not told of new messages")


_writers: dict[int, Writer] = {}
_writers_guard = threading.Lock()


def writer() -> Writer:
    """The writer of this process; a forked one makes its own."""
    with _writers_guard:
        made = _writers.get(os.getpid())
        if made is None:
            made = _writers[os.getpid()] = Writer()
            atexit.register(made.stop)
        return made
