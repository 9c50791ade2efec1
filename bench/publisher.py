"""A process beside the server that commits items to the bench's guardians when told to, as a job or an import would.

`publish N` writes them and answers before the commit; the next line commits.
"""

from __future__ import annotations

import argparse
import json
import sys
import time

from django.db import transaction

from bench.prepare import bench_school, edges_of, send


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--guardians", type=int, required=True)
    options = parser.parse_args(argv)
    school = bench_school()
    edges = edges_of(school, options.guardians)
    sent = 0
    print(json.dumps({"ready": len(edges)}), flush=True)
    for line in sys.stdin:
        count = int(line.split()[1])
        started = time.monotonic()
        with transaction.atomic():
            for _item in range(count):
                sent += 1
                send(school, edges, f"关于秋季研学活动的通知（{sent}）")
            print(json.dumps({"written": count}), flush=True)
            sys.stdin.readline()
            committing = time.monotonic()
        print(json.dumps({"committing": committing, "seconds": time.monotonic() - started}), flush=True)
    return 0
