"""From the school's own Excel file to a notice on a guardian's phone, through nothing but pages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import xlsxwriter
from playwright.sync_api import Page, expect

from tests.browser import DESKTOP, PHONE, covered
from tests.e2e.test_loop import card, publish

pytestmark = [pytest.mark.browser, pytest.mark.process]

HEADERS = [
    "学籍号",
    "姓名",
    "性别",
    "年级",
    "班级",
    "家长1姓名",
    "家长1与学生关系",
    "家长1手机",
    "家长2姓名",
    "家长2与学生关系",
    "家长2手机",
]
ROWS = [  # two children of one mother in two classes, and a neighbour
    [
        "G330106201601010011",
        "孟小川",
        "男",
        "四年级",
        "1班",
        "孟丽",
        "母亲",
        "15400001111",
        "孟刚",
        "父亲",
        "15400001112",
    ],
    ["G330106201801010022", "孟小溪", "女", "二年级", "2班", "孟丽", "母亲", "15400001111", "", "", ""],
    ["G330106201601010033", "邱天", "男", "四年级", "1班", "邱敏", "母亲", "15400001113", "", "", ""],
]
PASSWORD = "four small boats"


def roster(folder: Path) -> Path:
    file = folder / "花名册.xlsx"
    book = xlsxwriter.Workbook(str(file))
    sheet = book.add_worksheet("学生")
    for number, row in enumerate([HEADERS, *ROWS]):
        sheet.write_row(number, 0, row)
    book.close()
    return file


def code_for(page: Page, label: re.Pattern[str]) -> str:
    return page.locator(".slip", has_text=label).locator(".slip-code b").inner_text()


def join(page: Page, url: str, *, code: str, digits: str) -> None:
    page.goto(f"{url}/join/")
    page.locator("#id_code").fill(code)
    page.locator("main button[type=submit]").click()
    page.locator("#id_digits").fill(digits)
    page.locator('button[value="answer"]').click()
    page.locator("#id_password").fill(PASSWORD)
    page.locator('button[value="password"]').click()
    page.wait_for_url(f"{url}/")


def test_an_excel_file_becomes_families_with_a_notice(served, open_page, picture, tmp_path):
    office = open_page(f"{served.url}/demo/trial/", viewport=DESKTOP)
    office.locator('input[name="understood"]').check()
    office.locator("main button[type=submit]").click()
    office.wait_for_url(re.compile("/school/roster/$"))

    office.locator('input[type="file"]').set_input_files(roster(tmp_path))
    office.locator('main form[enctype] button[type="submit"]').click()
    apply = office.locator('form[action$="/apply/"] button[type="submit"]')
    expect(apply).to_be_visible(timeout=60_000)
    expect(office.locator(".roster-counts tbody tr").first.locator("td").first).to_have_text("3")
    picture(office, "what would change")
    apply.click()
    invite = office.locator(".roster-classes a", has_text="四年级1班")
    expect(invite).to_be_visible(timeout=60_000)
    after = office.url
    office.goto(f"{served.url}/school/roster/")
    assert covered(office) == []
    office.goto(after)

    invite.click()
    office.locator('form[action$="/slips/"] button[type="submit"]').first.click()
    expect(office.locator(".slip")).to_have_count(3)
    picture(office, "slips")
    mother, neighbour = open_page(served.url), open_page(served.url)
    join(mother, served.url, code=code_for(office, re.compile("孟小.妈妈")), digits="1111")
    join(neighbour, served.url, code=code_for(office, re.compile("邱天妈妈")), digits="1113")
    # One person with two children: one list, a chip for each.
    expect(mother.locator(".chips.family a")).to_have_count(3)
    picture(mother, "home before")

    office.goto(f"{served.url}/notices/new/")
    office.locator('.audience-tree input[name="any"][value="school"]').check()
    office.locator("#id_title").fill("明天校门改走南门")
    office.locator("#id_text-edit").click()
    office.keyboard.type("东门检修，请从南门接送。")
    office.locator('input[name="level"][value="confirm"]').check()
    office.locator('button[name="then"][value="check"]').click()
    office.wait_for_url(re.compile("/check/$"))
    publish(office)
    for page in (mother, neighbour):
        expect(card(page, "明天校门改走南门")).to_be_visible()
    expect(card(mother, "明天校门改走南门").locator(".child")).to_have_count(2)
    card(mother, "明天校门改走南门").locator('form[data-outbox="confirm"] button').click()
    expect(office.locator('#funnel [data-step="done"] [data-count]')).to_have_text("2")
    picture(mother, "home after")

    # Signing in again on another device works with phone and password.
    tablet = open_page(f"{served.url}/sign-in/", viewport=PHONE)
    tablet.locator('input[name="login"]').fill("154 0000 1113")
    tablet.locator('input[name="password"]').fill(PASSWORD)
    tablet.locator("main form button[type=submit]").first.click()
    expect(card(tablet, "明天校门改走南门")).to_be_visible()
