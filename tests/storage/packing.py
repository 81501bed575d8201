"""Make packs of every kind, sound and hostile, for the tests."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import stat
import tarfile
import zipfile
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
    with zipfile.ZipFile(sink, "w", method) as pack:
        for name, data in files.items() if isinstance(files, dict) else files:
            pack.writestr(name, data)
    return sink.getvalue()


def zip_with_link() -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as pack:
        pack.writestr("a.txt", ONE)
        link = zipfile.ZipInfo("link.txt")
        link.create_system = 3
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        pack.writestr(link, "/etc/passwd")
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


def land(folder: Path, name: str, data: bytes) -> Path:
    """Put a file into landing, long settled."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    os.utime(path, (1_700_000_000, 1_700_000_000))
    return path
