"""Whole journeys in Chromium, against `homeroom serve` in a process and a data folder of its own."""
