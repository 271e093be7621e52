"""E-mails and mailboxes: who wrote what to whom, what is attached, and where it stands."""

from __future__ import annotations

import pytest

from ingest.errors import FileFailed
from ingest.readers.mail import MailReader
from ingest.readers.mbox import MboxReader
from tests.support.messages import BORDER, make_mbox, make_message
from tests.support.office_files import make_xlsx

PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)
HEAD = "From: Ann Lee <ann@example.org>\nTo: bo@example.org\nDate: Mon, 16 Nov 2026 10:00:00 +0000\nSubject: "


def read(message):
    return MailReader().read(message if isinstance(message, bytes) else message.as_bytes(), "a.eml")


def test_the_head_stands_above_the_letter():
    document = read(make_message("Größe: 40 m².\n", subject="Das Büro — wie groß?"))
    assert document.text == f"{HEAD}Das Büro — wie groß?\n\nGröße: 40 m²."
    assert document.title == "Das Büro — wie groß?"
    assert document.metadata["author"] == "Ann Lee <ann@example.org>"
    assert document.labels == ()


def test_of_two_forms_the_plain_one_is_read_unless_it_is_empty():
    assert "HTML" not in read(make_message("Plain.\n", html="<p>HTML</p>")).text
    assert read(make_message(" \n", html="<p>Only <b>HTML</b></p>")).text.endswith("\n\nOnly HTML")


def test_attachments_are_read_where_their_format_is_known_and_counted_elsewhere():
    sheet = make_xlsx({"Prices": [["Plan", "Price"], ["Basic", 12]]})
    document = read(
        make_message(attached={"../p.xlsx": sheet, "photo.png": PNG, "tool.zip": b"PK\x05\x06" + bytes(18)})
    )
    assert document.labels == ("", "attachment p.xlsx, Prices!A1:B2")
    assert document.label_of(document.page_at(document.text.index("Plan: Basic; Price: 12"))).startswith(
        "attachment p."
    )
    assert document.warnings == ("not read: 1 attachment, 1 picture",)


def test_a_forwarded_message_is_read_with_what_is_attached_to_it():
    outer = make_message("See below.\n", subject="Fwd")
    outer.add_attachment(make_message("Inner words.\n", subject="First", attached={"n.txt": b"A note."}))
    document = read(outer)
    assert document.labels == ("", "attachment First", "attachment First, attachment n.txt")
    assert "Inner words." in document.text


def test_messages_within_messages_end_somewhere():
    message = make_message("Core.\n")
    for _ in range(12):
        outer = make_message("Around.\n")
        outer.add_attachment(message)
        message = outer
    document = read(message)
    assert "Core." not in document.text
    assert document.warnings == ("not read: 1 attachment",)


@pytest.mark.parametrize(
    ("charset", "text"),
    [("iso-8859-1", "Größe"), ("iso-2022-jp", "契約期間は一年です"), ("utf-8", "Größe"), ("unheard-of", "plain")],
)
def test_letters_are_read_in_their_encoding(charset, text):
    encoded = text.encode(charset if charset != "unheard-of" else "ascii")
    message = b"From: a@example.org\nMIME-Version: 1.0\nContent-Type: text/plain; charset=" + charset.encode() + b"\n\n"
    assert read(message + encoded).text.endswith(text)


def test_an_encrypted_letter_is_said_to_be_so():
    message = b"From: a@example.org\nMIME-Version: 1.0\nContent-Type: application/pkcs7-mime\n\nMIIB"
    with pytest.raises(FileFailed) as failure:
        read(message)
    assert failure.value.outcome == "encrypted"


def test_apple_mail_counts_its_messages():
    message = make_message("Words.\n").as_bytes()
    assert read(b"%d\n" % len(message) + message + b"<?xml?><plist/>").text.endswith("Words.")


def test_a_mailbox_is_read_message_by_message():
    sheet = make_xlsx({"Prices": [["Plan", "Price"], ["Basic", 12]]})
    quoted = make_message("\n>From here on it is quoted.\n", subject="Second", attached={"p.xlsx": sheet})
    document = MboxReader().read(make_mbox(make_message(subject="First"), quoted), "a.mbox")
    assert document.labels == ("message 1", "message 2", "message 2, attachment p.xlsx, Prices!A1:B2")
    assert [(heading.level, heading.title) for heading in document.headings][:2] == [(1, "First"), (1, "Second")]
    assert "\nFrom here on it is quoted." in document.text


def test_one_bad_message_does_not_cost_the_mailbox():
    encrypted = BORDER + b"From: a@example.org\nContent-Type: multipart/encrypted; boundary=x\n\nabc\n"
    document = MboxReader().read(encrypted + b"\n" + make_mbox(make_message()), "a.mbox")
    assert document.labels == ("message 1", "message 2")
    assert document.warnings == ("not read: 1 encrypted message",)
