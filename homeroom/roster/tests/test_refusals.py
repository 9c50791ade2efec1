"""Files that are not opened: each is refused with its reason, before anything large is in memory."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib

import pytest

from homeroom.kit import child
from homeroom.roster.reading import Options, read_roster, sniff
from homeroom.roster.remarks import Refused

from .files import HEADER, ROWS, TODAY, archive, read, rewritten, xls, xlsx


@pytest.fixture
def good(tmp_path):
    return xlsx(tmp_path / "good.xlsx", {"名单": [HEADER, *ROWS]})


def refusal(path, name=""):
    with pytest.raises(Refused) as caught:
        read(path, name)
    assert caught.value.reason
    return caught.value.code


def with_entry(good, tmp_path, name, content):
    return rewritten(good, tmp_path / "changed.xlsx", {name: content})


def test_an_empty_file(tmp_path):
    path = tmp_path / "a.xlsx"
    path.write_bytes(b"")
    assert refusal(path) == "empty"


def test_a_file_that_is_too_large(tmp_path):
    path = tmp_path / "a.csv"
    with path.open("wb") as file:
        file.truncate(sniff.MAX_BYTES + 1)
    assert refusal(path) == "too_large"


@pytest.mark.parametrize(
    ("content", "name", "code"),
    [
        (b"%PDF-1.7", "a.xlsx", "renamed"),
        (b"%PDF-1.7", "a.csv", "renamed"),
        (b"%PDF-1.7", "a.pdf", "unknown_kind"),
        (b"<html><table><tr><td>x", "a.xls", "renamed"),
        (b'<?xml version="1.0"?><Workbook>', "a.xls", "renamed"),
        (b"\x89PNG\r\n", "a.csv", "renamed"),
        ("姓名,班级\n".encode(), "a.xlsx", "renamed"),
        ("姓名,班级\n".encode(), "a.xls", "renamed"),
        (b"PK\x03\x04garbage", "a.xlsx", "damaged"),
        (b"x", "名单.et", "unknown_kind"),
        (b"x", "名单.xlsm", "macro"),
        (b"x", "名单", "unknown_kind"),
        ("姓名,班级\n".encode("utf-16")[:-1], "a.csv", "encoding"),
    ],
)
def test_a_file_that_is_not_what_its_name_says(tmp_path, content, name, code):
    path = tmp_path / "upload"
    path.write_bytes(content)
    assert refusal(path, name) == code


def test_workbooks_under_each_others_names(tmp_path, good):
    assert refusal(good, "a.xls") == "renamed"
    assert refusal(good, "a.csv") == "renamed"
    assert refusal(good, "a.zip") == "renamed"
    assert refusal(xls(tmp_path / "b.xls", {"s": [HEADER]}), "b.xlsx") == "renamed"


def test_an_archive_that_is_no_bundle(tmp_path):
    assert refusal(archive(tmp_path / "a.zip", {"readme.txt": "x"})) == "zip_without_roster"


def test_macros(tmp_path, good):
    assert refusal(with_entry(good, tmp_path, "xl/vbaProject.bin", b"x")) == "macro"
    book = xls(tmp_path / "b.xls", {"s": [HEADER]})
    book.write_bytes(book.read_bytes() + "_VBA_PROJECT_CUR".encode("utf-16-le"))
    assert refusal(book) == "macro"


def test_passwords(tmp_path):
    path = tmp_path / "a.xls"
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le"))
    assert refusal(path, "a.xlsx") == "password"
    locked = archive(tmp_path / "b.zip", {"users.csv": "x"})
    raw = bytearray(locked.read_bytes())
    raw[6] |= 1
    raw[raw.index(b"PK\x01\x02") + 8] |= 1
    locked.write_bytes(raw)
    assert refusal(locked) == "password"


def test_a_bomb_of_repeated_bytes(tmp_path, good):
    assert refusal(with_entry(good, tmp_path, "xl/worksheets/sheet1.xml", b" " * (40 * 2**20))) == "bomb"
    assert refusal(with_entry(good, tmp_path, "xl/media/image1.png", b"\0" * (200 * 2**20))) == "bomb"


def test_a_bomb_that_lies_about_its_size(tmp_path, good):
    """The directory says 100 bytes, the stream holds 50 MB: what counts is what comes out."""
    path = with_entry(good, tmp_path, "xl/worksheets/sheet1.xml", b" " * (50 * 2**20))
    raw = path.read_bytes()
    size = struct.pack("<I", 50 * 2**20)
    assert size in raw
    path.write_bytes(raw.replace(size, struct.pack("<I", 100)))
    assert refusal(path) in {"bomb", "damaged"}


def test_a_bomb_of_many_entries(tmp_path):
    path = archive(tmp_path / "a.zip", {f"{n}.csv": "" for n in range(sniff.MAX_ENTRIES + 1)})
    assert refusal(path) == "bomb"


def test_a_cell_far_away_does_not_make_a_table_of_billions(tmp_path, good):
    with zipfile.ZipFile(good) as book:
        sheet = book.read("xl/worksheets/sheet1.xml")
    far = sheet.replace(b"</sheetData>", b'<row r="1048576"><c r="XFD1048576" t="n"><v>1</v></c></row></sheetData>')
    assert refusal(with_entry(good, tmp_path, "xl/worksheets/sheet1.xml", far)) == "too_wide"


def test_a_string_that_every_cell_repeats(tmp_path, good):
    cells = b"".join(b'<c r="A%d" t="s"><v>0</v></c>' % n for n in range(1, 3000))
    sheet = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row r="1">'
    strings = b'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><si><t>%s</t></si></sst>'
    words = bytes(zlib.crc32(bytes([n % 251, n % 13])) % 26 + 97 for n in range(30_000))
    path = rewritten(
        good,
        tmp_path / "b.xlsx",
        {
            "xl/worksheets/sheet1.xml": sheet + cells + b"</row></sheetData></worksheet>",
            "xl/sharedStrings.xml": strings % words,
        },
    )
    assert refusal(path) == "bomb"


def test_entities_are_not_expanded(tmp_path, good):
    laughs = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><worksheet>&b;</worksheet>'
    assert refusal(with_entry(good, tmp_path, "xl/worksheets/sheet1.xml", laughs)) == "bomb"


def test_too_many_rows(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("姓名,班级\n" + "张三,三年级2班\n" * 31_000, encoding="utf-8")
    assert refusal(path) == "too_many_rows"


def refuse_in_child(path: str, name: str) -> tuple[str, int]:
    """Run in a child: the refusal's code and the most memory the process had, in MiB."""
    try:
        read_roster(__import__("pathlib").Path(path), name, Options(today=TODAY))
    except Refused as refused:
        with open("/proc/self/status", encoding="ascii") as status:  # getrusage would count what the parent had
            peak = next(line for line in status if line.startswith("VmHWM"))
        return refused.code, int(peak.split()[1]) // 1024
    return "", 0


@pytest.mark.process
def test_a_bomb_is_refused_in_bounded_memory(tmp_path, good):
    """150 MB behind 150 KB, spread over several entries so that no single one stands out."""
    rng = bytes(range(256)) * 40
    noise = io.BytesIO()
    while noise.tell() < 30 * 2**20:
        noise.write(rng)
    changes = {f"xl/worksheets/sheet{n}.xml": noise.getvalue() for n in range(2, 9)}
    path = rewritten(good, tmp_path / "b.xlsx", changes)
    assert path.stat().st_size < 3 * 2**20
    code, peak = child.run(refuse_in_child, str(path), "b.xlsx", timeout=60, memory_mib=300, with_django=True)
    assert code == "bomb"
    assert peak < 300
