"""Texts that stay as they are under a media type of their own: Markdown, logs, source code, XML."""

# ruff: noqa: E501 - texts have long lines

from __future__ import annotations

import random
from collections.abc import Callable
from xml.sax.saxutils import escape

from tests.documents.corpus import Sample, Truth
from tests.documents.prose import NAMES, PLACES, headline, paragraph, sentence

_LANGUAGES = ("en", "en", "de", "fr", "es", "ru", "ja")


def readme(rng: random.Random, language: str) -> str:
    return (
        f"# {headline(rng, language)}\n\n{paragraph(rng, language)}\n\n## Install\n\n```sh\npip install pier\n```\n\n"
        f"- {sentence(rng, language)}\n- [{rng.choice(PLACES)}](https://example.org/{rng.randrange(99)})\n\n{paragraph(rng, language)}\n"
    )


def underlined(rng: random.Random, language: str) -> str:
    title = headline(rng, language)
    return (
        f"{title}\n{'=' * 20}\n\n{paragraph(rng, language)}\n\nMore\n----\n\n* {sentence(rng, language)}\n* {sentence(rng, language)}\n\n"
        f"See [this][1] and **that**.\n\n[1]: https://example.org/\n"
    )


def front_matter(rng: random.Random, language: str) -> str:
    fence, sign = rng.choice((("---", ": "), ("+++", " = ")))
    return f'{fence}\ntitle{sign}"{headline(rng, language)}"\ndate{sign}2024-03-17\n{fence}\n\n{paragraph(rng, language)}\n\n## {rng.choice(PLACES)}\n\nSee [it](/a).\n'


def post(rng: random.Random, language: str) -> str:
    return f"# {headline(rng, language)}\n\n" + "\n\n".join(
        paragraph(rng, language).replace(" ", f" [{rng.choice(PLACES)}](https://example.org/a) ", 1) for _ in range(3)
    )


def _stamped(rng: random.Random, line: str, number: int = 30) -> str:
    return "".join(
        line.format(s=rng.randrange(10, 60), n=rng.randrange(999), level=rng.choice(("INFO", "WARN", "ERROR", "DEBUG")))
        for _ in range(number)
    )


def application_log(rng: random.Random, language: str) -> str:
    del language
    return _stamped(rng, rng.choice((
        "2024-03-17 10:00:{s},123 {level} harbour.pier: boat {n} came in\n",
        "2024-03-17T10:00:{s}.123Z [{level}] boat {n} came in\n",
        "[2024-03-17 10:00:{s}] app.{level}: boat {n}\n",
        "{level} 2024-03-17 10:00:{s} boat {n}\n",
        "10:00:{s}.123 [main] {level} org.example.Pier - boat {n}\n",
    )))  # fmt: skip


def system_log(rng: random.Random, language: str) -> str:
    del language
    return _stamped(rng, "Mar 17 10:00:{s} pier sshd[{n}]: Accepted publickey for ann from 192.0.2.1\n")


def access_log(rng: random.Random, language: str) -> str:
    del language
    return _stamped(
        rng, '192.0.2.1 - - [17/Mar/2024:10:00:{s} +0000] "GET /boats/{n} HTTP/1.1" 200 {n} "-" "Mozilla/5.0"\n'
    )


def traces(rng: random.Random, language: str) -> str:
    del language
    return "".join(
        _stamped(rng, "2024-03-17 10:00:{s},123 {level} boat {n}\n", 4)
        + 'Traceback (most recent call last):\n  File "a.py", line 3\nValueError: x\n'
        for _ in range(5)
    )


def python(rng: random.Random, language: str) -> str:
    text = sentence(rng, language)
    return f'"""{text}"""\n\nimport os\nfrom pathlib import Path\n\nLIMIT = {rng.randrange(99)}\n\n\nclass Pier:\n    """A pier."""\n\n    def __init__(self, length):\n        self.length = length\n\n    def walk(self):\n        for step in range(self.length):\n            if step > LIMIT:\n                return None\n            print(step)\n        return self.length\n'


def c(rng: random.Random, language: str) -> str:
    return f'/* {sentence(rng, language)} */\n#include <stdio.h>\n#include <stdlib.h>\n\n#define LIMIT {rng.randrange(99)}\n\nstatic int walk(int length)\n{{\n    int i;\n    for (i = 0; i < length; i++) {{\n        if (i > LIMIT)\n            return -1;\n        printf("%d\\n", i);\n    }}\n    return 0;\n}}\n'


def javascript(rng: random.Random, language: str) -> str:
    return f"// {sentence(rng, language)}\nimport {{ boats }} from './boats.js';\n\nconst LIMIT = {rng.randrange(99)};\n\nexport function walk(length) {{\n  for (let i = 0; i < length; i++) {{\n    if (i > LIMIT) {{\n      return null;\n    }}\n    console.log(boats[i]);\n  }}\n  return length;\n}}\n"


def shell(rng: random.Random, language: str) -> str:
    return f'#!/usr/bin/env bash\n# {sentence(rng, language)}\nset -euo pipefail\n\nfor boat in {rng.choice(PLACES)} b c; do\n  echo "$boat"\ndone\n'


def java(rng: random.Random, language: str) -> str:
    return f"package org.example;\n\nimport java.util.List;\n\n/** {sentence(rng, language)} */\npublic class Pier {{\n    private final int length;\n\n    public Pier(int length) {{\n        this.length = length;\n    }}\n\n    public int walk(List<String> boats) {{\n        for (String boat : boats) {{\n            System.out.println(boat);\n        }}\n        return length;\n    }}\n}}\n"


def sql(rng: random.Random, language: str) -> str:
    return f"-- {sentence(rng, language)}\nCREATE TABLE boats (\n    id INTEGER PRIMARY KEY,\n    name TEXT NOT NULL\n);\n\nINSERT INTO boats (id, name) VALUES (1, 'a');\nSELECT name FROM boats WHERE id = {rng.randrange(9)};\nUPDATE boats SET name = 'b' WHERE id = 1;\n"


def declared(rng: random.Random, language: str) -> str:
    items = "".join(f'  <boat n="{place}">{escape(sentence(rng, language))}</boat>\n' for place in range(4))
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<!-- {rng.choice(NAMES)} -->\n<boats xmlns="urn:example:boats">\n{items}</boats>\n'


def undeclared(rng: random.Random, language: str) -> str:
    return f"<notes>\n  <note>{escape(paragraph(rng, language))}</note>\n  <note/>\n</notes>\n"


WRITERS: dict[str, tuple[Callable[[random.Random, str], str], ...]] = {
    "text/markdown": (readme, underlined, front_matter, post),
    "text/x-log": (application_log, system_log, access_log, traces),
    "text/x-source-code": (python, c, javascript, shell, java, sql),
    "application/xml": (declared, undeclared),
}


def text_kinds(seed: int = 6, each: int = 12) -> list[Sample]:
    """Return texts of every writer, under names that say little."""
    rng = random.Random(seed)
    samples = []
    for media_type, writers in WRITERS.items():
        for writer in writers:
            for number in range(each):
                text = writer(rng, rng.choice(_LANGUAGES))
                raw = text.replace("\n", "\r\n").encode() if rng.random() < 0.3 else text.encode()
                samples.append(Sample(f"{writer.__name__}_{number}.txt", raw, media_type, (Truth(text),)))
    return samples
