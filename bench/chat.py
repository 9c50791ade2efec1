"""`homeroom bench chat`: what writing to each other costs, and how soon it is stored, answered and read.

The writer by itself is judged by bare sqlite3 that writes the same rows to the same tables in commits as large as its
own. End to end, another process writes by 64 sockets in 500 conversations: sent, committed, acknowledged. A class
channel has 2,000 readers, each of whom must get every message once and in order; there the limit is the C sender.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from bench import harness
from bench.chat_floor import Floor
from bench.report import Report

WRITER_BUDGET = 0.5
RATE_BUDGET = 10_000.0
P99_BUDGET = 10.0  # milliseconds
MEDIAN_OVER_COMMIT = 1.0  # milliseconds
CONVERSATIONS = 500
SOCKETS = 64
READERS = 2_000
# What protects a school from a script would stop a bench: both are ordinary settings.
UNLIMITED = {"CHAT_MESSAGES_A_MINUTE": "100000000", "SOCKET_FRAMES_IN_TEN_SECONDS": "100000000"}


def people(made: harness.Installation, *arguments: str) -> list[dict[str, Any]]:
    """Who talks, by bench.chat_people."""
    return [json.loads(line) for line in made.run_python("bench.chat_people", *arguments).splitlines()]


def ask(module: str, question: dict[str, Any]) -> dict[str, Any]:
    """One question to another process of the bench, and its answer."""
    done = subprocess.run(
        [sys.executable, "-m", module], input=json.dumps(question) + "\n", capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{module} failed:\n{done.stderr[-2000:]}")
    return dict(json.loads(done.stdout.splitlines()[-1]))


def writer_alone(report: Report, made: harness.Installation, floor: Floor, seconds: float) -> None:
    """The writer against bare group commits of the same size, in turns."""
    ours, theirs, batch = [], [], 0.0
    for _turn in range(3):
        alone = json.loads(made.run_python("bench.chat_writer", "--seconds", str(seconds)))
        batch = alone["batch"]
        ours.append(alone["messages"] / alone["seconds"])
        theirs.append(floor.rate(max(1, round(batch)), seconds))
    report.figure(
        "writer_alone", statistics.median(ours), "1/s", limit=statistics.median(theirs), at_least=WRITER_BUDGET,
        messages_in_a_commit=round(batch),
    )  # fmt: skip


def end_to_end(
    report: Report, made: harness.Installation, floor: Floor, guests: list[dict[str, Any]], options: argparse.Namespace
) -> None:
    """Sent, committed, acknowledged: one at a time beside a bare commit, then everybody at once."""
    with harness.serving(made) as server:
        question = {"port": server.port, "guests": guests, "seconds": options.seconds}
        ask("bench.chat_load", {**question, "seconds": 1, "window": 1})  # warm
        lone = ask("bench.chat_load", {**question, "seconds": 2, "window": 1, "writers": 1})
        commit = statistics.median(floor.lone(300)) * 1e3
        report.figure(
            "one_message", lone["p50"] * 1e3, "ms", beside=commit, at_most=commit + MEDIAN_OVER_COMMIT,
            p99=round(lone["p99"] * 1e3, 2),
        )  # fmt: skip
        before = server.cpu
        all_ = ask("bench.chat_load", {**question, "window": options.window})
        cpu = server.cpu - before
    rate = all_["messages"] / all_["seconds"]
    report.figure(
        "messages_per_second", rate, "1/s", beside=floor.rate(SOCKETS * options.window, 2), at_least=RATE_BUDGET,
        sockets=len(guests), conversations=CONVERSATIONS, on_the_way=SOCKETS * options.window,
        delivered=all_["delivered"], server_cpu_per_message=round(cpu / max(1, all_["messages"]) * 1e6, 1),
    )  # fmt: skip
    report.figure("acknowledged_p50", all_["p50"] * 1e3, "ms", beside=commit)
    report.figure("acknowledged_p99", all_["p99"] * 1e3, "ms", beside=commit, at_most=P99_BUDGET)
    report.figure("numbers_wrong", lone["wrong"] + all_["wrong"], "entries", at_most=0)
    report.figure("refused", lone["refused"] + all_["refused"], "messages", at_most=0)


def channel(report: Report, made: harness.Installation, readers: int, seconds: float, rate: float) -> None:
    """A class channel: how soon each of its readers has each message, beside the C sender's last socket."""
    from bench.fanout import Limit

    binary = harness.compiled()
    guests = people(made, "--readers", str(readers))
    with harness.serving(made) as server:
        told = ask("bench.chat_channel", {"port": server.port, "guests": guests, "seconds": seconds, "rate": rate})
    limit = None
    if binary is not None:
        bare = Limit(binary, readers)
        runs = [bare.burst(1, told["frame_bytes"]).seconds * 1e3 for _one in range(5)]
        limit = statistics.median(runs)
        bare.close()
    about: dict[str, Any] = {"readers": readers, "messages": told["messages"], "per_second": rate}
    report.figure("channel_p50", told["p50"] * 1e3, "ms", beside=limit, **about)
    report.figure("channel_p99", told["p99"] * 1e3, "ms", beside=limit, **about)
    report.figure("channel_wrong", told["wrong"] + told["missing"], "entries", at_most=0, **about)


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="homeroom bench chat", description=__doc__)
    parser.add_argument("--seconds", type=float, default=6.0, help="of each measurement (%(default)s)")
    parser.add_argument("--window", type=int, default=1, help="messages each socket has on the way (%(default)s)")
    parser.add_argument("--readers", type=int, default=READERS, help="of the class channel (%(default)s)")
    parser.add_argument("--rate", type=float, default=20.0, help="messages a second in the channel (%(default)s)")
    parser.add_argument("--only", choices=["writer", "sockets", "channel"], help="one part")
    parser.add_argument("--json", action="store_true", help="accepted for company: every line is JSON already")
    options = parser.parse_args(argv)
    os.environ.update(UNLIMITED)
    harness.allow_many_files()
    report = Report("chat")
    with harness.installation() as made, tempfile.TemporaryDirectory(prefix="homeroom-bench-") as folder:
        if options.only != "channel":
            report.note("making families and their threads")
            guests = people(made, "--conversations", str(CONVERSATIONS), "--sockets", str(SOCKETS))
            floor = Floor(made.data, Path(folder) / "floor")
            if options.only != "sockets":
                writer_alone(report, made, floor, options.seconds / 2)
            if options.only != "writer":
                end_to_end(report, made, floor, guests, options)
        if options.only in {None, "channel"}:
            channel(report, made, options.readers, options.seconds, options.rate)
    return report.status
