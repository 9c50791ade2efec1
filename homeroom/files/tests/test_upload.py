"""What is taken, what is refused and why, and who is served."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from datetime import timedelta

import pillow_heif
import pytest
from django.core.files.storage import storages
from PIL import Image

from homeroom.files import registry, services
from homeroom.files.models import Attachment, StoredFile
from homeroom.files.public import Refused, attach, store_upload
from homeroom.files.services import NoRoom, TooManyFiles, remove_unclaimed
from homeroom.kit.errors import NotAllowed


def picture(width=40, height=30, kind="JPEG", **options) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(out, kind, **options)
    return out.getvalue()


def iphone_picture(width=60, height=40, **options) -> bytes:
    out = io.BytesIO()
    pillow_heif.from_pillow(Image.new("RGB", (width, height), "teal")).save(out, quality=50, **options)
    return out.getvalue()


def iphone_bomb() -> bytes:
    """A HEIC of a kilobyte that says it is 30,000 × 30,000."""
    made = iphone_picture(64, 64)
    size = struct.pack(">II", 64, 64)
    assert b"ispe" in made
    return made.replace(size, struct.pack(">II", 30_000, 30_000))


def archive(entries: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in entries.items():
            made.writestr(name, content)
    return out.getvalue()


@pytest.fixture
def own_folder(settings, tmp_path):
    """A folder for files that no other test writes to."""
    default = {**settings.STORAGES["default"], "OPTIONS": {"location": str(tmp_path)}}
    settings.STORAGES = {**settings.STORAGES, "default": default}
    return tmp_path


def upload(actor, now, name, content):
    return store_upload(actor=actor, name=name, content=io.BytesIO(content), size=len(content), now=now)


DOCX = {"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<w/>"}


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("通知.pdf", b"%PDF-1.7\n%%EOF", "document"),
        ("名单.csv", "姓名,班级\n张三,2班\n".encode("gb18030"), "document"),
        ("说明.txt", "请家长配合。".encode(), "document"),
        ("回执.docx", archive(DOCX), "document"),
        ("资料.zip", archive({"a.txt": b"hello"}), "archive"),
        ("录音.mp3", b"ID3\x03\0\0\0\0\0\0", "sound"),
        ("片段.mp4", b"\0\0\0\x18ftypisom\0\0\0\0", "film"),
        ("无后缀", b"%PDF-1.4", "document"),
    ],
)
def test_usual_files_are_taken(school, now, name, content, kind):
    file = upload(school.class_teacher, now, name, content)
    assert file.kind == kind
    with storages["default"].open(file.path) as stored:
        assert stored.read() == content


def test_a_picture_is_drawn_anew_without_what_the_camera_wrote(school, now):
    exif = Image.Exif()
    exif[0x010F] = "Camera"
    exif[0x8825] = {1: "N", 2: (30.0, 15.0, 0.0)}
    exif[0x0112] = 6  # turned by a quarter
    file = upload(school.class_teacher, now, "合影.jpg", picture(60, 40, exif=exif))
    with storages["default"].open(file.path) as stored, Image.open(stored) as drawn:
        assert drawn.size == (40, 60)
        assert not drawn.getexif()
    assert file.thumbnail


def test_an_iphones_picture_becomes_a_jpeg_the_right_way_up_without_its_place(school, now):
    exif = Image.Exif()
    exif[0x010F] = "Camera"
    exif[0x8825] = {1: "N", 2: (30.0, 15.0, 0.0)}
    exif[0x0112] = 6
    file = upload(school.class_teacher, now, "IMG_0001.HEIC", iphone_picture(exif=exif.tobytes()))
    assert (file.name, file.media_type, file.kind) == ("IMG_0001.jpg", "image/jpeg", "picture")
    with storages["default"].open(file.path) as stored, Image.open(stored) as drawn:
        assert (drawn.format, drawn.size) == ("JPEG", (40, 60))
        assert not drawn.getexif()
    assert file.thumbnail


def test_a_large_picture_is_made_as_large_as_a_screen_needs(school, now):
    file = upload(school.class_teacher, now, "大图.png", picture(4000, 3000, "PNG"))
    assert (file.width, file.height) == (2400, 1800)
    assert file.name == "大图.jpg"  # a photograph without transparency: a quarter of the bytes


def bomb_picture() -> bytes:
    """A PNG of a kilobyte that says it is 30,000 × 30,000."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 10**6)) + chunk(b"IEND", b"")
    )


def overlapping_bomb() -> bytes:
    """A zip whose entries all point at the same bytes."""
    out = bytearray(archive({"a": b"\0" * 2_000_000}))
    end = out.rindex(b"PK\x05\x06")
    start = out.index(b"PK\x01\x02")
    entry = bytes(out[start:end])
    many = entry * 4000
    tail = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 4000, 4000, len(many), start, 0)
    return bytes(out[:start]) + many + tail


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("photo.jpg", b"MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff"),  # a program that says it is a picture
        ("通知.pdf", b"<html><script>alert(1)</script></html>"),
        ("page.txt", b"<!-- x --><svg onload=alert(1)>"),
        ("drawing.svg", b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'/>"),
        ("名单.xlsx", b"%PDF-1.7\n"),
        ("photo.png", picture()),
        ("合影.jpg", picture()[:300]),  # cut off
        ("合影.png", b"\x89PNG\r\n\x1a\n" + b"\0" * 100),
        ("炸弹.png", bomb_picture()),
        ("炸弹.heic", iphone_bomb()),
        ("合影.heic", iphone_picture()[:400]),
        ("合影.jpg", iphone_picture()),
        ("动图.heic", b"\0\0\0\x18ftyphevc\0\0\0\0"),
        ("合影.heic", b"\0\0\0\x18ftypheic" + b"\0" * 100),
        ("炸弹.zip", archive({"a": b"\0" * 50_000_000})),
        ("重叠.zip", overlapping_bomb()),
        ("宏.docx", archive({**DOCX, "word/vbaProject.bin": b"x"})),
        ("程序.zip", archive({"setup.exe": b"MZ"})),
        ("路径.zip", archive({"../../etc/passwd": b"x"})),
        ("坏.zip", b"PK\x03\x04" + b"\0" * 50),
        ("空.txt", b""),
        ("binary.bin", bytes(range(256))),
    ],
)
def test_what_lies_or_harms_is_refused_and_leaves_nothing(school, now, own_folder, name, content):
    with pytest.raises(Refused) as refused:
        upload(school.class_teacher, now, name, content)
    assert str(refused.value)
    assert not StoredFile.objects.exists()
    assert not any(path.is_file() for path in own_folder.rglob("*"))


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/cron.d/x.pdf", "x.pdf"),
        ("C:\\Users\\me\\通知.pdf", "通知.pdf"),
        ("a\u202efdp.pdf", "afdp.pdf"),  # the character that turns the reading direction, to hide an ending
        ("a\r\nSet-Cookie: x.pdf", "aSet-Cookie_ x.pdf"),
        (" ..pdf", "pdf.pdf"),
        ("长" * 300 + ".pdf", "长" * 100 + ".pdf"),
        ('"><script>.pdf', "___script_.pdf"),
    ],
)
def test_a_name_is_only_a_label(school, now, name, shown):
    file = upload(school.class_teacher, now, name, b"%PDF-1.7")
    assert file.name == shown
    assert ".." not in file.path
    assert str(file.uuid) in file.path


def test_a_guardian_whom_no_module_lets_write_uploads_nothing(school, now, monkeypatch):
    monkeypatch.setattr(registry, "uploaders", [])
    with pytest.raises(NotAllowed):
        upload(school.mother, now, "a.pdf", b"%PDF-1.7")
    assert not StoredFile.objects.exists()


def test_a_full_disk_is_said_and_leaves_no_row(school, now, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(storages["default"], "_save", full)
    with pytest.raises(NoRoom):
        upload(school.class_teacher, now, "a.pdf", b"%PDF-1.7")
    assert not StoredFile.objects.exists()


def test_only_those_who_may_see_its_owner_see_a_file(school, now, client_for, monkeypatch):
    file = upload(school.class_teacher, now, "通知.pdf", b"%PDF-1.7")
    address = f"/files/{file.uuid}/"
    assert client_for(school.class_teacher).get(address).status_code == 200
    for person in (school.mother, school.teacher_elsewhere, school.subject_teacher):
        assert client_for(person).get(address).status_code == 404
    attach(actor=school.class_teacher, owner_kind="thing", owner_id=7, files=[file.uuid])
    monkeypatch.setitem(registry.owners, "thing", lambda person, owner_id: person == school.mother and owner_id == 7)
    assert client_for(school.mother).get(address).status_code == 200
    assert client_for(school.father).get(address).status_code == 404


def test_nobody_attaches_what_somebody_else_uploaded(school, now):
    file = upload(school.class_teacher, now, "a.pdf", b"%PDF-1.7")
    with pytest.raises(NotAllowed):
        attach(actor=school.other_class_teacher, owner_kind="thing", owner_id=1, files=[file.uuid])
    assert not Attachment.objects.exists()


def test_a_file_is_sent_so_that_it_cannot_run(school, now, client_for):
    file = upload(school.class_teacher, now, '报名".txt', b"hello world")
    answer = client_for(school.class_teacher).get(f"/files/{file.uuid}/")
    assert answer["Content-Security-Policy"].startswith("sandbox")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Disposition"].startswith("attachment")
    assert "\n" not in answer["Content-Disposition"]
    assert answer["Cache-Control"].startswith("private")


def test_a_player_may_ask_for_a_part(school, now, client_for):
    file = upload(school.class_teacher, now, "a.mp3", b"ID3" + bytes(range(200)))
    browser = client_for(school.class_teacher)
    part = browser.get(f"/files/{file.uuid}/", headers={"range": "bytes=3-5"})
    assert part.status_code == 206
    assert b"".join(part.streaming_content) == bytes([0, 1, 2])
    assert part["Content-Range"] == "bytes 3-5/203"
    assert b"".join(browser.get(f"/files/{file.uuid}/", headers={"range": "bytes=-2"}).streaming_content) == bytes(
        [198, 199]
    )
    assert browser.get(f"/files/{file.uuid}/", headers={"range": "bytes=900-"}).status_code == 416


def test_what_nothing_claims_is_removed_after_two_days(school, now):
    kept = upload(school.class_teacher, now, "a.pdf", b"%PDF-1.7")
    left = upload(school.class_teacher, now, "b.pdf", b"%PDF-1.7")
    attach(actor=school.class_teacher, owner_kind="thing", owner_id=1, files=[kept.uuid])
    assert remove_unclaimed(now=now + timedelta(days=1)) == 0
    assert remove_unclaimed(now=now + timedelta(days=3)) == 1
    assert list(StoredFile.objects.all()) == [kept]
    assert not storages["default"].exists(left.path)


def test_the_page_takes_a_file_and_answers_with_its_row(school, client_for):
    given = io.BytesIO(b"%PDF-1.7")
    given.name = "通知.pdf"
    answer = client_for(school.class_teacher).post("/files/", {"file": given})
    assert answer.status_code == 201
    assert "通知.pdf" in answer.content.decode()


def test_a_refused_file_is_explained(school, client_for):
    given = io.BytesIO(b"MZ" + bytes(50))
    given.name = "photo.jpg"
    answer = client_for(school.class_teacher).post("/files/", {"file": given}, headers={"HX-Request": "true"})
    assert answer.status_code == 422
    assert not StoredFile.objects.exists()


@pytest.mark.parametrize("limit", ["IN_AN_HOUR", "BYTES_IN_AN_HOUR"])
def test_nobody_fills_the_disk(school, now, own_folder, monkeypatch, limit):
    monkeypatch.setattr(services, limit, {"IN_AN_HOUR": 2, "BYTES_IN_AN_HOUR": 40}[limit])
    for name in ("一.pdf", "二.pdf"):
        upload(school.class_teacher, now, name, b"%PDF-1.7\n%%EOF")
    before = sorted(own_folder.rglob("*"))
    with pytest.raises(TooManyFiles):
        upload(school.class_teacher, now, "三.pdf", b"%PDF-1.7\n%%EOF")
    assert StoredFile.objects.count() == 2
    assert sorted(own_folder.rglob("*")) == before
    upload(school.class_teacher, now + timedelta(minutes=61), "三.pdf", b"%PDF-1.7\n%%EOF")
