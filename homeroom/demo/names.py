"""Believable names of people who do not exist: family names as frequent as in life, given names of a generation."""

from __future__ import annotations

import csv
from itertools import accumulate
from pathlib import Path
from random import Random

DATA = Path(__file__).parent / "data"


class Names:
    """Draws names with one random source, so the same seed makes the same school."""

    def __init__(self, random: Random) -> None:
        self.random = random
        with (DATA / "family_names.csv").open(encoding="utf-8") as file:
            rows = [(row["family_name"], float(row["weight"])) for row in csv.DictReader(file)]
        self._families = [name for name, _weight in rows]
        self._weights = list(accumulate(weight for _name, weight in rows))
        self._adults: dict[str, list[str]] = {}
        with (DATA / "adult_given_names.csv").open(encoding="utf-8") as file:
            for row in csv.DictReader(file):
                self._adults.setdefault(row["set"], []).append(row["name"])
        self._given: dict[tuple[str, str], list[str]] = {}
        with (DATA / "given_name_characters.csv").open(encoding="utf-8") as file:
            for row in csv.DictReader(file):
                self._given.setdefault((row["set"], row["position"]), []).append(row["character"])

    def family(self) -> str:
        return self.random.choices(self._families, cum_weights=self._weights)[0]

    def child(self, family: str, sex: str) -> str:
        """A child's whole name: four in five have a given name of two characters."""
        kind = "girl" if sex == "f" else "boy"
        if self.random.random() < 0.2:
            return family + self.random.choice(self._given[kind, "single"])
        first = self.random.choice(self._given[kind, "first"])
        second = self.random.choice([c for c in self._given[kind, "second"] if c != first])
        return family + first + second

    def mother(self) -> str:
        return self.family() + self.random.choice(self._adults["mother"])

    def father(self, family: str = "") -> str:
        return (family or self.family()) + self.random.choice(self._adults["father"])

    def grandparent(self, sex: str, family: str = "") -> str:
        return (family or self.family()) + self.random.choice(
            self._adults["grandmother" if sex == "f" else "grandfather"]
        )

    def teacher(self, sex: str) -> str:
        return self.mother() if sex == "f" else self.father()
