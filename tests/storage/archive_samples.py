"""Make archives of every kind, sound and hostile, for the tests."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import stat
import struct
import tarfile
import zipfile
import zlib
from functools import partial
from typing import TYPE_CHECKING

import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

Files = "dict[str, bytes] | Iterable[tuple[str, bytes]]"

ONE = b"The ferry left the pier at noon, and the gulls went with it.\n"
TWO = b"Der Kran hob die letzte Kiste an Land, bevor der Regen kam.\n"
THREE = "Les dockers attendaient le navire depuis deux jours déjà.\n".encode()


def zstd(data: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as out:
        out.write(data)
    return sink.getvalue().to_pybytes()


COMPRESS = {"gz": partial(gzip.compress, mtime=0), "bz2": bz2.compress, "xz": lzma.compress, "zst": zstd}


def tar_of(files: Files, *, more: Iterable[tarfile.TarInfo] = ()) -> bytes:
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w") as tar:
        for name, data in files.items() if isinstance(files, dict) else files:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
        for info in more:
            tar.addfile(info)
    return sink.getvalue()


def zip_of(files: Files, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", method) as archive:
        for name, data in files.items() if isinstance(files, dict) else files:
            archive.writestr(name, data)
    return sink.getvalue()


def zip_with_link() -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        archive.writestr("a.txt", ONE)
        link = zipfile.ZipInfo("link.txt")
        link.create_system = 3
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    return sink.getvalue()


def encrypted_zip() -> bytes:
    """Set the flag that says so, in the file's header and in the directory."""
    data = bytearray(zip_of({"a.txt": ONE}))
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


def tar_link(name: str, kind: bytes) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type = kind
    info.linkname = "/etc/passwd"
    return info


def hard_link(name: str, target: str) -> tarfile.TarInfo:
    """Return the entry that GNU tar writes for a second name of a file."""
    info = tarfile.TarInfo(name)
    info.type = tarfile.LNKTYPE
    info.linkname = target
    return info


def pax_header(records: int, record: bytes = b"6 a=b\n") -> bytes:
    """Return an extended header of that many tiny records, with its own block."""
    data = record * records
    info = tarfile.TarInfo("x")
    info.type = tarfile.XHDTYPE
    info.size = len(data)
    return info.tobuf(tarfile.USTAR_FORMAT) + data + bytes(-len(data) % 512)


def quine_like_zip(depth: int) -> bytes:
    """Return a zip in a zip in a zip …, each of which looks like the one around it."""
    data = ONE
    for _ in range(depth):
        data = zip_of({"again.zip": data})
    return data


def overlapping_zip(copies: int, body: bytes) -> bytes:
    """Return a zip whose entries share one compressed body: small, and vast when it is unpacked."""
    packed = zip_of({"a.txt": body})
    start, end = packed.index(b"PK\x01\x02"), packed.index(b"PK\x05\x06")
    directory = packed[start:end] * copies
    counts = struct.pack("<HHII", copies, copies, len(directory), start)
    return packed[:start] + directory + packed[end : end + 8] + counts + b"\0\0"


def zip64_of_claims() -> bytes:
    """Return a zip whose directory claims a member of 2**62 bytes in its zip64 field."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive, archive.open("a.txt", "w", force_zip64=True) as out:
        out.write(ONE)
    data = bytearray(sink.getvalue())
    directory = data.index(b"PK\x01\x02")
    name_end = directory + 46 + len("a.txt")
    field = struct.pack("<HHQQ", 1, 16, 2**62, 2**62)
    data[directory + 20 : directory + 28] = b"\xff" * 8
    extra = struct.unpack_from("<H", data, directory + 30)[0]
    data[directory + 30 : directory + 32] = struct.pack("<H", len(field))
    data[name_end : name_end + extra] = field
    end = data.index(b"PK\x05\x06")
    data[end + 12 : end + 16] = struct.pack("<I", end - directory)
    return bytes(data)


def wide_zip(depth: int) -> bytes:
    """Return a zip of sixteen zips of sixteen zips …, with a text of a megabyte in each of the innermost."""
    data = b"a" * 1_000_000
    for level in range(depth):
        data = zip_of({f"{number}.{'zip' if level else 'txt'}": data for number in range(16)})
    return data


def zip64_directory(copies: int, said: int) -> bytes:
    """Return a zip whose directory has an entry so many times, and whose end record claims another number in zip64."""
    data = zip_of({"a.txt": ONE})
    start, end = data.index(b"PK\x01\x02"), data.index(b"PK\x05\x06")
    directory = data[start:end] * copies
    record = struct.pack("<4sQHHIIQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, said, said, len(directory), start)
    locator = struct.pack("<4sIQI", b"PK\x06\x07", 0, start + len(directory), 1)
    return data[:start] + directory + record + locator + data[end : end + 8] + b"\xff" * 12 + b"\0\0"


def tar_folder(name: str) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type = tarfile.DIRTYPE
    return info


def xz_with_dictionary() -> bytes:
    """Return an xz file whose header asks for a dictionary of 3 GiB."""
    small = lzma.compress(ONE)
    block = bytearray(small[12:24])
    block[4] = 0x27
    block[8:12] = struct.pack("<I", zlib.crc32(bytes(block[:8])))
    return small[:12] + bytes(block) + small[24:]


def land(folder: Path, name: str, data: bytes) -> Path:
    """Put a file into landing, stable for long."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    os.utime(path, (1_700_000_000, 1_700_000_000))
    return path


# Small files that cost a careless reader minutes or gigabytes, by name.
ADVERSARIAL = {
    "pax-records.tar": lambda: pax_header(170_000) + tar_of({"a.txt": ONE}),
    "pax-records.tar.gz": lambda: COMPRESS["gz"](pax_header(170_000) * 5 + tar_of({"a.txt": ONE})),
    # The pattern that `tarfile` searches such a header with is tried at each digit, to the last one.
    "pax-digits.tar.gz": lambda: COMPRESS["gz"](pax_header(1_000_000, b"1") + tar_of({"a.txt": ONE})),
    "pax-chain.tar": lambda: pax_header(10_000) * 200 + tar_of({"a.txt": ONE}),
    "many-links.tar.gz": lambda: COMPRESS["gz"](
        tar_of({"a.txt": ONE * 8000}, more=[hard_link(f"{n}.txt", "a.txt") for n in range(5000)])
    ),
    "many-folders.tar.gz": lambda: COMPRESS["gz"](tar_of({}, more=[tar_folder(f"{n}") for n in range(20_000)])),
    "nested.zip": lambda: quine_like_zip(30),
    "wide.zip": lambda: wide_zip(depth=5),
    "quine.tar": lambda: tar_of({"a.tar": tar_of({"a.tar": tar_of({"a.tar": tar_of({"a.txt": ONE})})})}),
    "overlapping.zip": lambda: overlapping_zip(60_000, b"a" * 1_000_000),
    "claims.zip": zip64_of_claims,
    "entries.zip": lambda: zip64_directory(1, said=2**62),
    "directory.zip": lambda: zip64_directory(1_000_000, said=1_000_000),
    "name.gz": lambda: b"\x1f\x8b\x08\x08" + bytes(6) + b"n" * 20_000_000,
    "streams.gz": lambda: COMPRESS["gz"](b"") * 300_000,
    "streams.bz2": lambda: COMPRESS["bz2"](b"") * 300_000,
    "streams.xz": lambda: COMPRESS["xz"](b"") * 300_000,
    "streams.zst": lambda: COMPRESS["zst"](b"") * 100_000,
    "dictionary.xz": xz_with_dictionary,
    "window.zst": lambda: b"\x28\xb5\x2f\xfd\x00\xa8" + b"\x01\x00\x00" * 1000,
    "zeros.tar.xz": lambda: COMPRESS["xz"](bytes(100_000_000)),
    "zeros.gz": lambda: COMPRESS["gz"](bytes(100_000_000)),
    "zeros.zst": lambda: COMPRESS["zst"](bytes(100_000_000)),
    "zeros.gz.gz.gz": lambda: COMPRESS["gz"](COMPRESS["gz"](COMPRESS["gz"](bytes(100_000_000)))),
}
