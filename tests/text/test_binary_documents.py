"""Documents that are no text are named by their own format, and with the tool that makes text of them."""

import io
import zipfile

import pytest

from longshore.records import Reason
from longshore.text.decode import decode

COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)


def zipped(*members, mimetype=None):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        if mimetype:
            archive.writestr("mimetype", mimetype, zipfile.ZIP_STORED)
        for member in members:
            archive.writestr(member, "<x>It was quiet.</x>" * 20)
    return file.getvalue()


def compound(stream):
    return COMPOUND + "Root Entry".encode("utf-16-le") + bytes(40) + stream.encode("utf-16-le") + bytes(40)


DOCX = zipped("[Content_Types].xml", "_rels/.rels", "word/document.xml", "docProps/core.xml")


@pytest.mark.parametrize(
    ("raw", "name", "tool"),
    [
        (DOCX, "a Word document (.docx)", "pandoc"),
        (DOCX[: len(DOCX) // 2], "a Word document (.docx)", "pandoc"),
        (zipped("[Content_Types].xml", "xl/workbook.xml"), "an Excel workbook (.xlsx)", "csv"),
        (zipped("[Content_Types].xml", "ppt/presentation.xml"), "a PowerPoint presentation (.pptx)", "pdftotext"),
        (
            zipped("content.xml", mimetype="application/vnd.oasis.opendocument.text"),
            "an OpenDocument text (.odt)",
            "pandoc",
        ),
        (
            zipped("content.xml", mimetype="application/vnd.oasis.opendocument.spreadsheet"),
            "an OpenDocument spreadsheet (.ods)",
            "csv",
        ),
        (zipped("META-INF/container.xml", mimetype="application/epub+zip"), "an EPUB book (.epub)", "pandoc"),
        (zipped("META-INF/MANIFEST.MF", "a/B.class"), "a Java archive (.jar)", ""),
        (zipped("a.txt", "word/b.txt"), "a ZIP archive", ""),
        (compound("WordDocument"), "a Word document (.doc)", "antiword"),
        (compound("Workbook"), "an Excel workbook (.xls)", "csv"),
        (compound("__properties_version1.0"), "an Outlook message (.msg)", "msgconvert"),
        (compound("?"), "an office file", "soffice"),
        (b"!BDN" + bytes(100), "an Outlook folder", "readpst"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "a PDF document", "pdftotext"),
        (b"%PDF-1.4\n1 0 obj\n", "a PDF document", "pdftotext"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "a PNG image", "tesseract"),
        (b"ID3\x03\0\0\0\0\0\0", "an MP3 sound", "whisper"),
        (b"\xff\xfb\x90\x44\0\0\0\0" + bytes(50), "an MP3 sound", "whisper"),
        (b"\0\0\0\x20ftypM4A \0\0\0\0", "an MPEG-4 sound (.m4a)", "whisper"),
        (b"\0\0\0\x20ftypheic\0\0\0\0", "a HEIF image (.heic)", "tesseract"),
        (b"\0\0\0\x20ftypisom\0\0\0\0", "an MPEG-4 film (.mp4)", "whisper"),
        (b"\x1aE\xdf\xa3\x01\0\0\0", "a Matroska film", "whisper"),
        (b"SQLite format 3\0" + bytes(80), "an SQLite database", "sqlite3"),
    ],
)
def test_a_document_that_is_no_text_is_named_with_the_tool_for_it(raw, name, tool):
    rejection = decode(raw)
    assert rejection.reason is Reason.BINARY
    assert rejection.detail.startswith(f"The file is {name}, not text.")
    assert tool in rejection.detail


def test_a_million_signatures_of_members_are_read_once():
    assert decode(b"PK\x03\x04" + b"\0" * 26 + b"PK\x01\x02" * 250_000).reason is Reason.BINARY
