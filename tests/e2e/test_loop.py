"""The first loop: a class teacher publishes, families have it live, do what is asked, and the teacher watches."""

from __future__ import annotations

import re
import time

import pytest
from playwright.sync_api import Page, expect

from tests.browser import DESKTOP, PHONE

pytestmark = [pytest.mark.browser, pytest.mark.process]
WITHIN_A_SECOND = 1.0


def write_notice(page: Page, served_url: str, *, title: str, text: str, level: str) -> None:
    """Compose for the class one heads, as far as the page that shows what will be sent."""
    page.goto(f"{served_url}/notices/new/")
    page.locator('.audience-tree input[name="any"][value^="class:"]').first.check()
    page.locator("#id_title").fill(title)
    page.locator("#id_text-edit").click()
    page.keyboard.type(text)
    page.locator(f'input[name="level"][value="{level}"]').check()
    page.locator('button[name="then"][value="check"]').click()
    page.wait_for_url(re.compile("/check/$"))


def publish(page: Page) -> None:
    page.locator('button[name="do"][value="publish"]').click()
    page.wait_for_url(re.compile(r"/notices/[0-9a-f-]{36}/$"))


def card(page: Page, title: str):
    return page.locator("#feed article", has_text=title)


@pytest.mark.alone
def test_a_notice_reaches_three_families_and_the_school_knows(served, become, picture):
    teacher = become("class_teacher", viewport=DESKTOP)
    families = {key: become(key) for key in ("mother", "guardian_of_two", "guardian_of_twins")}
    title = "明天上午带水彩笔"
    for page in families.values():
        expect(page.locator("live-feed")).to_be_attached()

    write_notice(teacher, served.url, title=title, text="明天美术课用，没有的同学学校准备。", level="confirm")
    picture(teacher, "check")
    pressed = time.monotonic()
    publish(teacher)
    for page in families.values():
        expect(card(page, title)).to_be_visible()
    assert time.monotonic() - pressed < 5  # the page's own turn-around included; the bench measures the second
    picture(teacher, "funnel")

    # Two children, one card: one tap confirms for both of those in this class.
    twins = families["guardian_of_twins"]
    assert card(twins, title).locator(".child").count() == 2
    for key, page in families.items():
        picture(page, key)
        card(page, title).locator('form[data-outbox="confirm"] button').click()
        expect(card(page, title).locator('form[data-outbox="confirm"]')).to_have_count(0)

    expect(teacher.locator('#funnel [data-step="done"] [data-count]')).to_have_text("4")  # the twins are two copies
    picture(teacher, "funnel after")

    # The rest is reminded by one button, and nobody twice.
    teacher.locator('form[action$="/remind/"] button').first.click()
    expect(teacher.locator("#toasts")).not_to_be_empty()
    reminded = served.python(
        "from homeroom.delivery.models import Recipient\n"
        "done = Recipient.objects.filter(done_at__isnull=False, reminded_at__isnull=False).count()\n"
        "rest = Recipient.objects.filter(settled_at__isnull=True, asks=True, reminded_at__isnull=True)\n"
        "print(done, rest.count())"
    )
    assert reminded.split() == ["0", "0"]


def test_signing_with_a_typed_name(served, become, picture):
    teacher = become("class_teacher", viewport=DESKTOP)
    mother = become("mother")
    write_notice(teacher, served.url, title="研学活动告知书", text="请阅读后签字。", level="sign")
    publish(teacher)
    expect(card(mother, "研学活动告知书")).to_be_visible()
    card(mother, "研学活动告知书").locator("a.item-link").click()
    mother.locator("#id_typed_name").fill("李梅")
    picture(mother, "sign")
    mother.locator("#sign-form button[type=submit]").last.click()
    expect(mother.locator(".signed")).to_contain_text("李梅")
    expect(teacher.locator('#funnel [data-step="done"] [data-count]')).to_have_text("1")


@pytest.mark.alone
def test_reading_on_one_device_reads_on_the_other(served, become):
    teacher = become("class_teacher", viewport=DESKTOP)
    phone, tablet = become("mother"), become("mother", viewport=DESKTOP)
    new = tablet.locator('.chips [data-badge="unread"]')
    before = int(new.text_content() or 0)
    write_notice(teacher, served.url, title="周三穿运动鞋", text="下午有体育课。", level="read")
    publish(teacher)
    expect(card(tablet, "周三穿运动鞋")).to_have_class(re.compile("is-unread"))
    expect(new).to_have_text(str(before + 1))
    kind = tablet.locator(f'[data-badge="unread-{card(tablet, "周三穿运动鞋").get_attribute("data-category")}"]')
    of_this_kind = int(kind.text_content() or 0)
    assert 0 < of_this_kind <= before + 1
    card(phone, "周三穿运动鞋").locator("a.item-link").click()
    phone.wait_for_load_state()
    read = time.monotonic()
    expect(card(tablet, "周三穿运动鞋")).not_to_have_class(re.compile("is-unread"))
    assert time.monotonic() - read < 2
    expect(new).to_have_text(str(before))
    expect(kind).to_have_text(str(of_this_kind - 1))


def test_nothing_is_lost_when_the_server_is_killed_between(served, become):
    """kill -9 right after publishing: what was committed is on every page once the server is back."""
    teacher = become("class_teacher", viewport=DESKTOP)
    mother, other = become("mother"), become("guardian_of_two")
    write_notice(teacher, served.url, title="停电通知", text="今晚检修线路。", level="confirm")
    publish(teacher)
    expect(card(mother, "停电通知")).to_be_visible()
    served.kill()
    # Tapping while the server is away is kept on the device and sent when it is back.
    card(mother, "停电通知").locator('form[data-outbox="confirm"] button').click()
    served.start()
    mother.wait_for_function("navigator.onLine")
    expect(card(other, "停电通知")).to_be_visible()
    expect(teacher.locator('#funnel [data-step="done"] [data-count]')).to_have_text("1", timeout=60_000)
    done = served.python(
        "from homeroom.delivery.models import Recipient\n"
        "print(Recipient.objects.filter(confirmed_at__isnull=False).count())"
    )
    assert done.strip() == "1"


def test_without_script_and_socket_the_loop_still_turns(served, become, chromium):
    teacher = become("class_teacher", viewport=DESKTOP)
    write_notice(teacher, served.url, title="无脚本也能确认", text="请确认。", level="confirm")
    publish(teacher)
    signed_in = become("mother")
    context = chromium.new_context(
        java_script_enabled=False, viewport=PHONE, storage_state=signed_in.context.storage_state()
    )
    page = context.new_page()
    page.goto(served.url)
    card(page, "无脚本也能确认").locator('form[data-outbox="confirm"] button').click()
    page.wait_for_load_state()
    expect(card(page, "无脚本也能确认").locator('form[data-outbox="confirm"]')).to_have_count(0)
    context.close()
    expect(teacher.locator('#funnel [data-step="done"] [data-count]')).to_have_text("1")
