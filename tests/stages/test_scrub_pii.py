"""Personal data is gone from the text, look-alikes stay, and no text makes it slow."""

import re
from random import Random

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenmill.core.columns import documents
from tokenmill.core.personal_data import IBAN_LENGTHS, card_valid, iban_valid, luhn_valid
from tokenmill.stages.scrub_pii import TYPES, ScrubPii
from tokenmill.text.pii_spans import COLONS, IBAN, MAIL, NUMBER, spans


def scrub(text: str, **settings: object) -> str:
    batch = documents({"id": ["a"], "text": [text]})
    return str(ScrubPii(**settings)(batch).column("text")[0].as_py())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Write to jane.doe+x@mail.example.co.uk.", "Write to <EMAIL_ADDRESS>."),
        ("<mailto:a_b@example.org>", "<mailto:<EMAIL_ADDRESS>>"),
        ("联系user@example.com谢谢", "联系<EMAIL_ADDRESS>谢谢"),
        ("info@müller.de, josé@example.es", "<EMAIL_ADDRESS>, <EMAIL_ADDRESS>"),
        ("card 4111 1111 1111 1111, exp 12/29", "card <CREDIT_CARD>, exp 12/29"),
        ("378282246310005", "<CREDIT_CARD>"),
        ("5555-5555-5555-4444!", "<CREDIT_CARD>!"),
        ("IBAN DE89 3704 0044 0532 0130 00 please", "IBAN <IBAN_CODE> please"),
        ("GB29NWBK60161331926819.", "<IBAN_CODE>."),
        ("gb29nwbk60161331926819", "<IBAN_CODE>"),
        ("001-748-088-2851x818", "<PHONE_NUMBER>"),
        ("(85) 5986-8343", "<PHONE_NUMBER>"),
        ("Phone: 88 165 40 96", "Phone: <PHONE_NUMBER>"),
        ("from 192.168.10.7 and 8.8.8.8:53", "from <IP_ADDRESS> and <IP_ADDRESS>:53"),
        ("at 2001:db8::8a2e:370:7334, ok", "at <IP_ADDRESS>, ok"),
        ("call +49 30 901820 today", "call <PHONE_NUMBER> today"),
        ("(212) 555-0123 or 212-555-0123", "<PHONE_NUMBER> or <PHONE_NUMBER>"),
        ("Tel. 06 12 34 56 78", "Tel. <PHONE_NUMBER>"),
        ("+1-202-555-0143", "<PHONE_NUMBER>"),
        ("phone: 555 0199", "phone: <PHONE_NUMBER>"),
    ],
)
def test_personal_data_is_replaced(text: str, expected: str) -> None:
    assert scrub(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "order 4111 1111 1111 1112 failed Luhn",
        "ISBN 978-3-16-148410-0",
        "version 1.2.3.4 and v10.0.0.1",
        "on 2021-03-04 and 04/03/2021 at 12:30:45",
        "sprite@2x.png, @handle, a@b, x @ y",
        "DE00 3704 0044 0532 0130 00",
        "Foo::Bar::Baz and std::vector, dead::beef",
        "it cost 1,234,567.89 or 1.234.567,89",
        "999.999.999.999",
        "pages 100-200, years 1914-1918, 1939-1945",
        "12345678901234567890",
        "",
    ],
)
def test_look_alikes_stay(text: str) -> None:
    assert scrub(text) == text


def test_counts_urls_nulls_and_neighbours() -> None:
    batch = documents(
        {
            "id": ["a", "b", "c", "d"],
            "text": ["x@example.com y@example.com", None, "4111111111111111", "11111"],
            "url": ["http://a/?m=x@example.com", None, "http://c", "http://d"],
        }
    )
    out = ScrubPii()(batch)
    assert out.column("text").to_pylist() == ["<EMAIL_ADDRESS> <EMAIL_ADDRESS>", None, "<CREDIT_CARD>", "11111"]
    assert out.column("url").to_pylist() == ["http://a/?m=<EMAIL_ADDRESS>", None, "http://c", "http://d"]
    assert out.column("scrub_pii.n_email_address").to_pylist() == [2, 0, 0, 0]
    assert out.column("scrub_pii.n_credit_card").to_pylist() == [0, 0, 1, 0]
    assert ScrubPii()(batch.slice(2, 2)).column("text").to_pylist() == ["<CREDIT_CARD>", "11111"]


def test_replacements_depend_on_the_value_and_the_seed_alone() -> None:
    for replace in ("hash", "surrogate"):
        one, two = scrub("a@example.com", replace=replace), scrub("x a@example.com", replace=replace)
        assert two == "x " + one
        assert scrub("b@example.com", replace=replace) != one
        assert scrub("a@example.com", replace=replace, seed=1) != one
    surrogate = scrub("4111111111111111", replace="surrogate")
    assert not card_valid(surrogate.replace(" ", ""))


def test_only_the_wanted_types_are_touched() -> None:
    assert scrub("a@example.com 8.8.8.8", types=("IP_ADDRESS",)) == "a@example.com <IP_ADDRESS>"
    with pytest.raises(ValueError, match="did you mean 'EMAIL_ADDRESS'"):
        ScrubPii(types=("EMAIL_ADRESS",))


@given(st.integers(0, 10**6))
def test_made_up_cards_and_ibans_are_found_whatever_stands_around(seed: int) -> None:
    random = Random(seed)
    card = "4" + "".join(random.choice("0123456789") for _ in range(14))
    card += next(digit for digit in "0123456789" if luhn_valid(card + digit))
    country = random.choice(sorted(IBAN_LENGTHS))
    body = "".join(random.choice("0123456789ABCDEF") for _ in range(IBAN_LENGTHS[country] - 4))
    iban = next(f"{country}{check:02d}{body}" for check in range(2, 99) if iban_valid(f"{country}{check:02d}{body}"))
    if random.random() < 0.5:
        card = " ".join(card[at : at + 4] for at in range(0, 16, 4))
        iban = " ".join(iban[at : at + 4] for at in range(0, len(iban), 4))
    before, between = (random.choice(["", "x: ", "(", "é ", "\n", "2020, "]) for _ in range(2))
    after = random.choice(["", " x", ")", ".", "\n7", ", 2020"])
    assert scrub(f"{before}{card}; {between}{iban}{after}") == f"{before}<CREDIT_CARD>; {between}<IBAN_CODE>{after}"


@given(st.text(alphabet="ab@.:0123456789 -+()é字\nDEF", max_size=60))
def test_scrubbing_twice_changes_nothing_more(text: str) -> None:
    once = scrub(text)
    assert scrub(once) == once


@given(st.lists(st.text(alphabet="a@.:0123456789 -+(DE\u00a0f", max_size=30), max_size=4))
def test_the_kernel_marks_what_its_plain_twin_marks(texts: list[str]) -> None:
    raw = [text.encode() for text in texts]
    buffer = np.frombuffer(b"".join(raw), dtype=np.uint8).copy()
    offsets = np.cumsum([0, *map(len, raw)]).astype(np.int64)
    buffer.flags.writeable = offsets.flags.writeable = False
    found = [tuple(span) for span in spans(buffer, offsets).tolist()]
    assert found == [
        span for start, doc in zip(offsets.tolist(), raw, strict=False) for span in plain_spans(doc, start)
    ]


def plain_spans(doc: bytes, base: int) -> list[tuple[int, int, int]]:
    """The same spans by regular expressions, from left to right."""
    token = re.compile(
        rb"(?P<mail>@)|(?P<number>(?:\d|(?<=\d)(?:[.\-() /+]|\xc2\xa0){1,3}(?=\d))+)|(?P<colons>:(?=[:0-9A-Fa-f]))"
        rb"|(?<![0-9A-Za-z_])(?P<iban>[A-Za-z])(?=[A-Za-z]\d\d)"
    )
    found, at = [], 0
    while match := token.search(doc, at):
        start, at = match.start(), match.end()
        if match["mail"]:
            found.append((MAIL, start + base, at + base))
        elif match["number"]:
            digits, dots = len(re.findall(rb"\d", match[0])), match[0].count(b".")
            if digits >= 7 or dots >= 3:
                while start and doc[start - 1 : start] in (b"+", b"("):
                    start -= 1
                found.append((NUMBER, start + base, at + base))
        elif match["colons"]:
            first = re.search(rb"[0-9A-Fa-f]{0,5}\Z", doc[:start])
            assert first is not None
            begin = start - len(first[0])
            run = re.match(rb"[0-9A-Fa-f:.]+", doc[begin : begin + 48])
            assert run is not None
            at = begin + run.end()
            if run[0].count(b":") >= 2:
                found.append((COLONS, begin + base, at + base))
        else:
            found.append((IBAN, start + base, min(len(doc), start + 48) + base))
    return found


@pytest.mark.parametrize("piece", ["1", "@", "a.a.a.a@", "1 ", "::", "AB12", "+1 (", "1.1.1.", "a@b.c"])
def test_hostile_text_of_a_megabyte_is_done_at_once(piece: str) -> None:
    text = piece * (1_000_000 // len(piece))
    assert isinstance(scrub(text), str)


def test_every_type_has_a_signal() -> None:
    out = ScrubPii()(documents({"id": pa.array([], pa.string()), "text": pa.array([], pa.large_string())}))
    assert set(ScrubPii.adds) <= set(out.schema.names)
    assert len(TYPES) == 5
