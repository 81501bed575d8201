"""What stays text under a media type of its own is proved by several signs."""

from __future__ import annotations

import pytest

from longshore.documents.detect import recognise

PROOFS = {
    "text/markdown": [
        "# Pier\n\nSee [the map](https://example.org/map).\n\n## Times\n\nNone.\n",
        "Pier\n====\n\nSee **this**:\n\n```sh\nls\n```\n",
        "---\ntitle: The pier\ndate: 2024-03-17\n---\n\nSee [the map](https://example.org).\n",
        "| a | b |\n|---|---|\n| 1 | 2 |\n\n## Below\n\n- one\n- two\n",
    ],
    "text/x-log": [
        "".join(f"2024-03-17 10:00:0{n} INFO server: request {n} done\n" for n in range(5)),
        "".join(f"Mar 17 10:00:0{n} host sshd[12]: Accepted key for ann\n" for n in range(5)),
        "".join(f'10.0.0.{n} - - [17/Mar/2024:10:00:00 +0000] "GET /a HTTP/1.1" 200 12\n' for n in range(5)),
    ],
    "text/x-source-code": [
        "#!/bin/sh\necho hello\n",
        "import os\nimport sys\n\n\ndef main(argv):\n    for one in argv:\n        print(one)\n\n\nx = main([1])\n",
        '#include <stdio.h>\n\nint main(void) {\n    for (int i = 0; i < 3; i++) {\n        puts("a");\n    }\n}\n',
    ],
    "application/xml": [
        '<?xml version="1.0" encoding="UTF-8"?>\n<notes><note>Pier</note></notes>\n',
        "<notes>\n <note>Pier</note>\n</notes>\n",
    ],
    "text/plain": [
        "# 1 in the league, again\n\nThe harbour won.\n",
        "[12:03] <ann> is the pier open?\n[12:04] <bob> no\n[12:05] <ann> why?\n[12:06] <bob> fog\n",
        "10:00 Mass\n11:00 Coffee\n12:00 Lunch\n",
        "O ship;\nO sea;\nO night;\nO lighthouse keeper, sleep;\nO ship;\n",
        "<notes are missing here>\n\nThe harbour was quiet.\n",
        "- bread\n- milk\n- salt\n",
        "He said: import nothing; export everything;\nclass struggles on.\n",
    ],
}


@pytest.mark.parametrize(("media_type", "text"), [(kind, text) for kind, texts in PROOFS.items() for text in texts])
def test_a_kind_of_text_is_proved_by_several_signs(media_type, text):
    assert recognise(text, "a.txt").media_type == media_type
    assert recognise(text.replace("\n", "\r\n"), "a.txt").media_type == media_type


@pytest.mark.parametrize("suffix", [".md", ".log", ".py", ".xml", ".html", ".eml", ".csv"])
def test_a_suffix_alone_proves_nothing(suffix):
    assert recognise("The harbour was quiet.\n\nNobody came.\n", "a" + suffix).media_type == "text/plain"
