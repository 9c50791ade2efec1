"""What this process is for; set once by the command that started it."""

from __future__ import annotations

runs_jobs = False
