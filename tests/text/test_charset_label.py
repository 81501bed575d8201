"""What a file says of its own encoding is a hint."""

from __future__ import annotations

import pytest

from longshore.text.encodings.escapes import label_of


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b'<?xml version="1.0" encoding="Windows-1251"?>', "windows-1251"),
        (b"<meta charset=gb2312>", "gb18030"),
        (b'Content-Type: text/plain; charset="iso-8859-1"', "windows-1252"),
        (b"# -*- coding: koi8_r -*-", "koi8-r"),
        (b"<meta http-equiv=Content-Type content='text/html; charset=Shift_JIS'>", "shift_jis"),
        (b"charset=klingon", None),
        (b"The encoding of this file is a secret.", None),
        (b"", None),
    ],
)
def test_a_label_is_read_by_the_names_that_candidates_have(head, name):
    assert label_of(head) == name
