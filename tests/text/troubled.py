"""Texts with something wrong: misread on purpose, or made of what tempts a repair."""

from hypothesis import strategies as st


def misread(text, encoding):
    """Read the UTF-8 of a text in another encoding."""
    return read_as_browsers_do(text.encode(), encoding)


def read_as_browsers_do(raw, encoding):
    """Read bytes in an encoding: what it leaves open is a control character."""
    return "".join(bytes([byte]).decode(encoding) if _assigned(byte, encoding) else chr(byte) for byte in raw)


def _assigned(byte, encoding):
    try:
        bytes([byte]).decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


LETTERS = "aé ÃÂ©â€™œžŸЖÐ°Ñ‚РВГС«»ďż˝ƒãıň,.<&;_"
SIGNS = "\n\r\x1b[0m\xf0\xa0├®\x9d\x81\x85≈√\ufffd\ud83d\udc1f\u0301\u0323\ufeff\x1a\x08"
TROUBLE = st.text(st.sampled_from(LETTERS + SIGNS), max_size=40)
ROUNDS = st.lists(
    st.sampled_from(["latin-1", "windows-1252", "windows-1251", "windows-1250", "windows-1257", "mac_roman", "cp437"]),
    max_size=2,
)


def _is_short_and_whole(line):
    return len(line) < 200 and not any("\ud800" <= char <= "\udfff" for char in line)


@st.composite
def texts(draw):
    """Any text, troubled text, and lines of both that were misread some times."""
    made = []
    for line in draw(st.lists(st.one_of(TROUBLE, st.text(max_size=30)), max_size=4)):
        made.append(line)
        for encoding in draw(ROUNDS):
            if _is_short_and_whole(made[-1]):
                made[-1] = misread(made[-1], encoding)
    return "\n".join(made)
