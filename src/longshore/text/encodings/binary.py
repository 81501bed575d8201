"""Binary content: files known by their first bytes, and bytes that no text has.

Promised: images, archives, executables, office files, fonts, databases, sound, film and serialised objects are named;
text of any script and encoding passes. Not promised: that a short run of random bytes is told from text.
Asked only after Unicode with its zero bytes, EBCDIC and the like have had their say.
"""

from __future__ import annotations

import re
from typing import Final

# (where, bytes, what). Longest first among those that begin alike. Source: the formats' own specifications.
_SIGNATURES: Final[tuple[tuple[int, bytes, str], ...]] = (
    (0, b"\x89PNG\r\n\x1a\n", "a PNG image"),
    (0, b"\xff\xd8\xff", "a JPEG image"),
    (0, b"GIF87a", "a GIF image"),
    (0, b"GIF89a", "a GIF image"),
    (0, b"II*\0", "a TIFF image"),
    (0, b"MM\0*", "a TIFF image"),
    (0, b"8BPS\0", "a Photoshop image"),
    (0, b"\0\0\1\0", "an icon"),
    (0, b"\0\0\2\0", "a cursor"),
    (0, b"\0\0\0\x0cjP  ", "a JPEG 2000 image"),
    (0, b"AT&TFORM", "a DjVu document"),
    (0, b"gimp xcf", "a GIMP image"),
    (0, b"\xd7\xcd\xc6\x9a", "a Windows metafile"),
    (40, b" EMF", "an enhanced metafile"),
    (0, b"\xc5\xd0\xd3\xc6", "an encapsulated PostScript file"),
    (8, b"WEBP", "a WebP image"),
    (8, b"WAVEfmt ", "a WAVE sound"),
    (8, b"AVI LIST", "an AVI film"),
    (8, b"AIFF", "an AIFF sound"),
    (4, b"ftyp", "an MPEG-4 or HEIF file"),
    (4, b"moov", "a QuickTime film"),
    (4, b"mdat", "a QuickTime film"),
    (0, b"OggS\0", "an Ogg file"),
    (0, b"ID3\2", "an MP3 sound"),
    (0, b"ID3\3", "an MP3 sound"),
    (0, b"ID3\4", "an MP3 sound"),
    (0, b"fLaC\0", "a FLAC sound"),
    (0, b"MThd\0\0\0\6", "a MIDI file"),
    (0, b".snd\0", "an AU sound"),
    (0, b"\x1aE\xdf\xa3", "a Matroska film"),
    (0, b"FLV\1", "a Flash film"),
    (0, b"\0\0\1\xba", "an MPEG film"),
    (0, b"\0\0\1\xb3", "an MPEG film"),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "a Windows Media file"),
    (0, b"PK\3\4", "a ZIP archive or an office file"),
    (0, b"PK\5\6", "a ZIP archive"),
    (0, b"PK\7\x08", "a ZIP archive"),
    (0, b"\x1f\x8b\x08", "gzip data"),
    (0, b"\x1f\x9d", "compressed data"),
    (0, b"BZh91AY&SY", "bzip2 data"),
    (0, b"\xfd7zXZ\0", "xz data"),
    (0, b"\x28\xb5\x2f\xfd", "Zstandard data"),
    (0, b"\x04\x22\x4d\x18", "LZ4 data"),
    (0, b"LZIP\1", "lzip data"),
    (0, b"]\0\0", "LZMA data"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (0, b"Rar!\x1a\7", "a RAR archive"),
    (0, b"MSCF\0\0\0\0", "a cabinet archive"),
    (2, b"-lh", "an LHA archive"),
    (0, b"\x60\xea", "an ARJ archive"),
    (257, b"ustar", "a tar archive"),
    (0, b"\x7fELF", "an executable"),
    (0, b"\xca\xfe\xba\xbe", "a Java class or an executable"),
    (0, b"\xfe\xed\xfa", "an executable"),
    (0, b"\xce\xfa\xed\xfe", "an executable"),
    (0, b"\xcf\xfa\xed\xfe", "an executable"),
    (0, b"\0asm", "WebAssembly"),
    (0, b"dex\n0", "an Android executable"),
    (0, b"\x1bLua", "Lua bytecode"),
    (0, b"BC\xc0\xde", "LLVM bitcode"),
    (0, b"!<arch>\n", "a library archive"),
    (0, b"\xed\xab\xee\xdb", "an RPM package"),
    (0, b"L\0\0\0\1\x14\2\0", "a Windows shortcut"),
    (0, b"FWS", "a Flash film"),
    (0, b"CWS", "a Flash film"),
    (0, b"ZWS", "a Flash film"),
    (0, b"%PDF-", "a PDF document"),
    (0, b"{\\rtf", "a Rich Text document"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an office file"),
    (0, b"\xdb\xa5-\0", "a Word document"),
    (0, b"ITSF\3\0\0\0", "a help file"),
    (0, b"!BDN", "an Outlook folder"),
    (60, b"BOOKMOBI", "an e-book"),
    (0, b"wOFF", "a font"),
    (0, b"wOF2", "a font"),
    (0, b"OTTO\0", "a font"),
    (0, b"\0\1\0\0\0", "a font"),
    (0, b"ttcf\0", "a font"),
    (0, b"true\0", "a font"),
    (34, b"LP", "a font"),
    (0, b"SQLite format 3\0", "an SQLite database"),
    (4, b"Standard Jet DB", "an Access database"),
    (4, b"Standard ACE DB", "an Access database"),
    (0, b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
    (0, b"CDF\1", "a NetCDF file"),
    (0, b"CDF\2", "a NetCDF file"),
    (0, b"PAR1", "a Parquet file"),
    (0, b"ORC", "an ORC file"),
    (0, b"Obj\1", "an Avro file"),
    (0, b"ARROW1\0", "an Arrow file"),
    (0, b"\x93NUMPY", "a NumPy array"),
    (0, b"\xac\xed\0\5", "a serialised Java object"),
    (0, b"bplist0", "a binary property list"),
    (0, b"\xde\x12\4\x95", "a message catalogue"),
    (0, b"\x95\4\x12\xde", "a message catalogue"),
    (0, b"\x3c\xb8d\x18\xca\xef\x9c\x95\xcd!\x1c\xbf`\xa1\xbd\xdd", "a message catalogue"),
    (0, b"\x1a\1", "a description of a terminal"),
    (0, b"\x1e\2", "a description of a terminal"),
    (0, b"\xd4\xc3\xb2\xa1", "a network capture"),
    (0, b"\xa1\xb2\xc3\xd4", "a network capture"),
    (0, b"glTF", "a 3D model"),
    (0, b"BLENDER", "a 3D model"),
    (128, b"DICM", "a medical image"),
    (32769, b"CD001", "a disc image"),
)  # fmt: skip
# Those that may be good text throughout.
_SPELT: Final = (b"%PDF-", b"{\\rtf")
# Those that a text may well begin with: there must be control bytes as well.
_ALSO_WORDS: Final = frozenset(
    [
        *(b"FWS", b"CWS", b"ZWS", b"ORC", b"PAR1", b"true\0", b"wOFF", b"wOF2", b"glTF", b"LP", b"-lh", b"ftyp"),
        *(b"moov", b"mdat", b"AIFF", b"WEBP", b"\x60\xea", b"BLENDER", b"ustar", b"BC\xc0\xde", b"CDF\1"),
    ]
)
_BY_FIRST: Final = {first: tuple(row for row in _SIGNATURES if row[0] or row[1][0] == first) for first in range(256)}
_PICKLE: Final = re.compile(rb"(?:\x80[\x02-\x05]|[\]})]q\0).*\.\Z", re.DOTALL)
_OLD_PICKLE: Final = re.compile(rb"\A(?:\((?:dp|lp|ip|t|d|l)\d*\n|c[A-Za-z_.]+\n[A-Za-z_]+\n)(?s:.*)[.]\Z")

# Bytes that text does not have. Not tab, line ends, form feed, the DOS end of file, escape, backspace, bell, shifts.
_CONTROLS: Final = bytes(code for code in range(0x20) if code not in b"\a\b\t\n\v\f\r\x0e\x0f\x1a\x1b") + b"\x7f"
_LOOKED_AT: Final = 1 << 16
# Vietnamese charsets keep six to twelve rare capitals there: a title may have a few of a hundred.
_MOST_CONTROLS: Final = 0.02
_FEW_CONTROLS: Final = 2
# A field padded with zeros here and there is still text.
_MOST_NULS: Final = 0.10


def name_by_controls(raw: bytes) -> str | None:
    """Name a file that is not text by how many zero and control bytes it has; None where it may be text."""
    looked_at = raw[:_LOOKED_AT]
    nuls = looked_at.count(0)
    controls = len(looked_at) - len(looked_at.translate(None, _CONTROLS)) - nuls
    if nuls > _MOST_NULS * len(looked_at):
        return "binary data: too many zero bytes"
    if controls > _FEW_CONTROLS and controls > _MOST_CONTROLS * len(looked_at):
        return "binary data: too many control bytes"
    if nuls and controls > _FEW_CONTROLS:
        return "binary data: zero and control bytes"
    return None


def name_of_spelt_binary(raw: bytes) -> str | None:
    """Return what a file is whose bytes are good text but are not meant to be read; None where they are."""
    if raw.startswith(_SPELT):
        return name_by_signature(raw)
    if raw.startswith((b"(", b"c")) and raw.endswith(b".") and _OLD_PICKLE.match(raw):
        return "a serialised Python object"
    return None


def name_by_signature(raw: bytes) -> str | None:
    """Return what a file is whose first bytes are known; None for any other."""
    for where, signature, name in _BY_FIRST[raw[0]] if raw else ():
        if raw.startswith(signature, where) and (signature not in _ALSO_WORDS or _has_controls(raw)):
            return name
    if raw.startswith(b"BM") and raw[6:10] == b"\0\0\0\0":
        return "a bitmap image"
    if _PICKLE.match(raw):
        return "a serialised Python object"
    if not _has_controls(raw):
        return None
    if raw[2:4] == b"\r\n" and raw[16:17] in {b"\xe3", b"c"}:
        return "Python bytecode"
    return "an executable" if raw.startswith(b"MZ") else None


def _has_controls(raw: bytes) -> bool:
    head = raw[:1024]
    return len(head.translate(None, _CONTROLS)) < len(head)
