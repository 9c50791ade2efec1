"""A stranger cannot fill the database with trial schools."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.test import Client

from homeroom.demo.pages import TRIALS
from homeroom.school.models import School


@pytest.mark.usefixtures("demonstration")
def test_one_address_makes_only_so_many_trial_schools():
    cache.set("tries:trial:127.0.0.1", TRIALS - 1, 60)
    asked = {"understood": "on", "stages": ["primary"]}
    assert Client().post("/demo/trial/", asked).status_code == 302
    assert Client().post("/demo/trial/", asked).status_code == 422
    assert School.objects.filter(is_trial=True).count() == 1
    assert Client().post("/demo/trial/", asked, REMOTE_ADDR="192.0.2.9").status_code == 302
    cache.clear()
