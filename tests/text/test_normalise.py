"""The steps in their order: each source gets the record it would get alone, whatever else is in hand."""

from hypothesis import given, settings
from hypothesis import strategies as st

from longshore.text.decode import Decoded, decode
from longshore.text.normalise import Document, normalise, normalise_together
from tests.text.troubled import texts

LEGACY = [
    " date 2024-03-17 \n\nDie Fähre verließ den Hafen.".encode("cp850"),
    "Паром вышел из порта с опозданием.".encode("koi8-r"),
    "霧のためフェリーは遅れて港を出た。".encode("shift_jis"),
    b"\x89PNG\r\n\x1a\n\0\0",
    b" \n",
]
SOURCES = st.one_of(
    st.binary(max_size=60),
    texts().map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.sampled_from(LEGACY),
)


@settings(deadline=None)  # the first text loads the models
@given(st.lists(st.tuples(SOURCES, st.sampled_from([None, None, "cp1252", "utf-8"])), max_size=6))
def test_a_source_becomes_the_same_whatever_else_is_in_hand(sources):
    decodings = [(raw, decode(raw, declared)) for raw, declared in sources]
    documents = [Document(raw, decoded) for raw, decoded in decodings if isinstance(decoded, Decoded)]
    alone = [normalise(raw, None, declared) for raw, declared in sources]
    assert normalise_together(documents) == [
        record for record, (_, decoded) in zip(alone, decodings, strict=True) if isinstance(decoded, Decoded)
    ]
