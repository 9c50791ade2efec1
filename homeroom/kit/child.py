"""Work that needs the processor, or that opens what a stranger sent, in a process of its own.

A thread would hold the interpreter and with it every socket and page; a process can also be given a memory limit and
be killed. It is spawned afresh, never forked: a fork would copy locks and database connections in any state.

    rows = child.run(read_workbook, path, timeout=60, memory_mib=300, on_progress=show)
"""

from __future__ import annotations

import contextlib
import importlib
import os
import pickle
import resource
import signal
import struct
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import IO, Any, TypeVar, cast

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from .errors import Trouble

Result = TypeVar("Result")
LENGTH = struct.Struct("!Q")
MESSAGE_AT_MOST = 2**31


class ChildTrouble(Trouble):
    """The work in the child process could not be finished; nothing it did remains."""

    code = "child_failed"
    default_message = _("This could not be read. It may be damaged.")


class TookTooLong(ChildTrouble):
    code = "took_too_long"
    default_message = _("This took too long and was stopped. Try a smaller file.")


class NeededTooMuchMemory(ChildTrouble):
    code = "needed_too_much_memory"
    default_message = _("This needs too much memory and was stopped. Try a smaller file.")


def run(
    function: Callable[..., Result],
    *arguments: Any,
    timeout: float,
    memory_mib: int,
    on_progress: Callable[[Any], None] | None = None,
    with_django: bool = False,
) -> Result:
    """What `function(*arguments)` returns, worked out in a child process.

    `function` is at the top of its module, and everything passed can be pickled. With `on_progress` it is called with
    `progress=`, a function whose one argument arrives at `on_progress`, on the caller's thread. `with_django` loads
    the applications first (0.5 s), for code that imports models or translates at once (lazy texts travel without);
    database connections are the child's own.
    What it raises is raised here. Raises TookTooLong, NeededTooMuchMemory, or ChildTrouble when it died otherwise.
    """
    order = {
        "module": function.__module__,
        "name": function.__qualname__,
        "arguments": arguments,
        "progress": on_progress is not None,
        "with_django": with_django,
        "memory": memory_mib * 2**20,
        "cpu": int(timeout) + 1,
        "language": translation.get_language(),
        "path": sys.path,
    }
    reading, writing = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-m", "homeroom.kit.child", str(writing)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        pass_fds=[writing],
        start_new_session=True,  # Ctrl+C is for the parent: it decides whether this work is still wanted
    )
    os.close(writing)
    orders = cast("IO[bytes]", process.stdin)
    timed_out = threading.Event()

    def kill() -> None:
        timed_out.set()
        process.kill()

    timer = threading.Timer(timeout, kill)
    timer.daemon = True
    timer.start()
    try:
        with open(reading, "rb") as answers:
            orders.write(pickle.dumps(order))
            orders.flush()  # left open: its end tells the child that the parent is gone
            while (message := _receive(answers)) is not None:
                kind, value = message
                if kind == "progress" and on_progress is not None:
                    on_progress(value)
                elif kind == "result":
                    return value  # type: ignore[no-any-return]
                elif kind == "raised":
                    raise value
    except BrokenPipeError:
        pass  # it died before it had read its order; the exit status says why
    finally:
        timer.cancel()
        process.kill()
        with contextlib.suppress(BrokenPipeError):
            orders.close()
        status = process.wait()
    if timed_out.is_set() or -status == signal.SIGXCPU:
        raise TookTooLong
    if -status == signal.SIGABRT:  # how a Rust or C++ library ends when it gets no memory
        raise NeededTooMuchMemory
    raise ChildTrouble


def _receive(answers: IO[bytes]) -> tuple[str, Any] | None:
    head = answers.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    (length,) = LENGTH.unpack(head)
    if length > MESSAGE_AT_MOST:
        raise ChildTrouble
    body = answers.read(length)
    return pickle.loads(body) if len(body) == length else None  # noqa: S301 (our own code wrote it, under our own user)


def _send(out: IO[bytes], kind: str, value: Any) -> None:
    body = pickle.dumps((kind, value))
    out.write(LENGTH.pack(len(body)) + body)
    out.flush()


def _die_with_parent() -> None:
    os.read(sys.stdin.fileno(), 1)  # the pipe ends when the parent does
    os._exit(1)


def main() -> None:
    """The child: read the order, do it, send what came of it."""
    out = os.fdopen(int(sys.argv[1]), "wb")
    order = pickle.load(sys.stdin.buffer)  # noqa: S301 (the parent wrote it)
    threading.Thread(target=_die_with_parent, daemon=True).start()
    sys.path[:] = order["path"]
    os.nice(5)  # the serving process goes first
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (order["cpu"], order["cpu"] + 5))
    try:
        if order["with_django"]:
            import django

            django.setup()
            translation.activate(order["language"] or settings.LANGUAGE_CODE)
        function: Any = importlib.import_module(order["module"])
        for part in order["name"].split("."):
            function = getattr(function, part)
        # After the imports: address space of libraries is not what the work needs.
        _limit_memory(order["memory"])
        keywords = {"progress": lambda value: _send(out, "progress", value)} if order["progress"] else {}
        _send(out, "result", function(*order["arguments"], **keywords))
    except MemoryError:
        _limit_memory(None)
        _send(out, "raised", NeededTooMuchMemory())
    except Exception as error:
        _send(out, "raised", _portable(error))
    os._exit(0)


def _portable(error: Exception) -> Exception:
    """`error` if it survives the journey, else trouble that names its type in the log."""
    try:
        again = pickle.loads(pickle.dumps(error))  # noqa: S301 (just dumped)
        if type(again) is type(error):
            return error
    except Exception:  # noqa: S110 (some exceptions cannot be made again from their arguments)
        pass
    sys.stderr.write(f"child: {type(error).__module__}.{type(error).__qualname__}\n")
    return ChildTrouble()


def _limit_memory(more: int | None) -> None:
    """Let this process take `more` bytes of address space than it has now; None: as much as it may."""
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    soft = hard
    if more is not None:
        with open("/proc/self/statm", encoding="ascii") as file:
            soft = int(file.read().split()[0]) * resource.getpagesize() + more
    resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


if __name__ == "__main__":
    # Under its real name, so that the exceptions it sends are the parent's own.
    importlib.import_module("homeroom.kit.child").main()
