"""What the models promise each other."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import models

PROJECT = Path(__file__).resolve().parents[2]
OURS = [model for model in apps.get_models() if model.__module__.startswith("homeroom.")]
SHARED = {"people", "school"}


def module_of(model: type[models.Model]) -> str:
    return model.__module__.split(".")[1]


def heights() -> dict[str, int]:
    """Module → its layer, 0 the lowest, as pyproject lists them."""
    contracts = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    layers = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    return {name.strip(): height for height, layer in enumerate(reversed(layers)) for name in layer.split("|")}


def foreign_keys():
    for model in OURS:
        for field in [*model._meta.get_fields(include_hidden=True), *model._meta.many_to_many]:
            if isinstance(field, models.ForeignKey | models.ManyToManyField) and not field.auto_created:
                target = field.remote_field.model
                if target.__module__.startswith("homeroom.") and field.model is model:
                    yield model, field, target


def test_every_foreign_key_points_down():
    height = heights()
    wrong = [
        f"{model._meta.label}.{field.name} -> {target._meta.label}"
        for model, field, target in foreign_keys()
        if module_of(model) != module_of(target) and height[module_of(target)] >= height[module_of(model)]
    ]
    assert wrong == []


def test_foreign_keys_between_modules_leave_no_reverse_name():
    wrong = [
        f"{model._meta.label}.{field.name}"
        for model, field, target in foreign_keys()
        if module_of(model) != module_of(target)
        and not (module_of(model) in SHARED and module_of(target) in SHARED)
        and not field.remote_field.hidden
    ]
    assert wrong == []


def test_foreign_keys_to_other_modules_reach_only_the_shared_words():
    """`people.models` and `school.models` are everyone's; rows of other modules are known by id."""
    wrong = [
        f"{model._meta.label}.{field.name} -> {target._meta.label}"
        for model, field, target in foreign_keys()
        if module_of(model) != module_of(target)
        and module_of(target) not in SHARED
        and (module_of(model), module_of(target)) not in {("notices", "delivery"), ("notices", "files")}
    ]
    assert wrong == []


OF_A_SCHOOL = [model for model in OURS if "school" in {field.name for field in model._meta.get_fields()}]


@pytest.mark.parametrize("model", OF_A_SCHOOL, ids=lambda model: model._meta.label)
def test_a_school_owned_row_is_unique_within_its_school(model):
    """Where a row names its school, every unique constraint begins with it: the table can be split by school."""
    for constraint in model._meta.constraints:
        if isinstance(constraint, models.UniqueConstraint):
            parent_led = constraint.fields and isinstance(
                model._meta.get_field(constraint.fields[0]), models.ForeignKey
            )
            assert constraint.fields[0] in {"school", "school_id"} or parent_led, constraint.name


@pytest.mark.django_db
def test_the_migrations_are_up_to_date():
    call_command("makemigrations", "--check", "--dry-run", interactive=False)


def test_before_the_first_release_every_module_has_one_initial_migration():
    for folder in (PROJECT / "homeroom").glob("*/migrations"):
        names = sorted(file.stem for file in folder.glob("[0-9]*.py"))
        assert names[:1] == ["0001_initial"], folder
