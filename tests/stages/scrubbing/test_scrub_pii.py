"""scrub_pii.py: personal data is replaced, similar text stays, and no copy is left in another column."""

import json
import pickle
import random
import sys
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tokenmill.core.columns import documents
from tokenmill.core.errors import RecipeError
from tokenmill.mini.pii import FRAMES, TYPES, value
from tokenmill.stages.scrubbing.scrub_pii import SIGNALS, ScrubPii
from tokenmill.text.pii.checks import has_iban_format, iban_lengths, is_card_number, is_iban, luhn_valid

EMAIL, PHONE, IP, CARD, IBAN = "<EMAIL_ADDRESS>", "<PHONE_NUMBER>", "<IP_ADDRESS>", "<CREDIT_CARD>", "<IBAN_CODE>"


def scrub_excerpt(text: str) -> str:
    """Returns the text after ScrubPii with its default settings has replaced all personal data by tags."""
    return ScrubPii()._string_scrubbed(text)


def scrubbed(*texts: str | None, step: ScrubPii | None = None) -> list[str | None]:
    found: list[str | None] = (step or ScrubPii())(batch(*texts)).column("text").to_pylist()
    return found


def batch(*texts: str | None) -> pa.RecordBatch:
    return documents({"id": [str(n) for n in range(len(texts))], "text": list(texts)})


SCRUBBED = {
    # e-mail
    "to foo.bar+x@mail.example.co.uk. Now": f"to {EMAIL}. Now",
    "<foo@bar.com>, (baz_x@a-b.org); o'brien@example.ie": f"<{EMAIL}>, ({EMAIL}); {EMAIL}",
    "mailto:foo@bar.com?subject=x": f"mailto:{EMAIL}?subject=x",
    "https://x.org/?mail=foo%40bar.com&y=1": f"https://x.org/?mail={EMAIL}&y=1",
    "foo@example.com.Please write": f"{EMAIL}.Please write",
    "foo@example.comPhone": f"{EMAIL}Phone",
    "bounces+1-john=gmail.com@em.sendgrid.net": EMAIL,
    "user=john.doe.name@lists.example.org": EMAIL,
    "a=john@lists.example.org": f"a={EMAIL}",
    "user@[192.0.2.1]": EMAIL,
    "ｆｏｏ＠ｂａｒ．ｃｏｍ": EMAIL,
    "müller@süd.de иван@пример.рф": f"{EMAIL} {EMAIL}",
    "请联系foo@bar.com谢谢": f"请联系{EMAIL}谢谢",
    "4111111111111111@example.com": EMAIL,
    # phone
    "+49 (0)30 23125-999; +1.2025550199; (+44) 20 7946 0999": f"{PHONE}; {PHONE}; {PHONE}",
    "0049 30 23125999 or 001-748-088-2851x818": f"{PHONE} or {PHONE}",
    "020 7946 0999, 030/23125 999, 01.99.00.99.99": f"{PHONE}, {PHONE}, {PHONE}",
    "212-555-0199 ext. 12 and (212) 555 0199x34": f"{PHONE} and {PHONE}",
    "(212) 555-0199 (212) 555-0198": f"{PHONE} {PHONE}",
    "7 0161 496 0999 and 3": f"7 {PHONE} and 3",
    "tel:+491711234567": f"tel:{PHONE}",
    "8 (495) 123-45-67, 138 0013 8000, 612 34 56 78": f"{PHONE}, {PHONE}, {PHONE}",
    "call 449 4898 or 73 448 266": f"call {PHONE} or {PHONE}",
    "Fax:\n61 51 81": f"Fax:\n{PHONE}",
    "2813882583 mobile": f"{PHONE} mobile",
    "０２０ー７９４６ー０９９９ ＋４９ ３０ １２３４５６７": f"{PHONE} {PHONE}",
    "٠٢٠ ٧٩٤٦ ٠٩٩٩": PHONE,
    "+44\u00a020\u00a07946\u00a00958 ext 4": PHONE,
    # IP
    "10.0.0.1:8080, 192.168.1.1/24, http://8.8.4.4/": f"{IP}:8080, {IP}/24, http://{IP}/",
    "ping 1.1.1.1": f"ping {IP}",
    "2001:db8::1 fe80::1%eth0 [2001:db8:0:1::5]:80 ::ffff:192.0.2.128": f"{IP} {IP}%eth0 [{IP}]:80 {IP}",
    "4f8a:c99e:dc86:faf9:5988:5f63:375e:8a2a.": f"{IP}.",
    # cards
    "4111 1111 1111 1111, 4111-1111-1111-1111 378282246310005 3782 822463 10005": f"{CARD}, {CARD} {CARD} {CARD}",
    "1234 4111 1111 1111 1111 12/25": f"1234 {CARD} 12/25",
    "visa 4222222222222, Visa4111111111111111": f"visa {CARD}, Visa{CARD}",
    "４１１１ １１１１ １１１１ １１１１": CARD,
    # accounts
    "DE89 3704 0044 0532 0130 00, GB82WEST12345698765432": f"{IBAN}, {IBAN}",
    "gb82 west 1234 5698 7654 32 | FR14-2004-1010-0505-0001-3M02-606": f"{IBAN} | {IBAN}",
}

KEPT = """
@foo @bar.com x@y a@b.c icon@2x.png pkg@1.2.3 git@github.com:user/repo foo@localhost @media(a.b) a@.com @.
1.2.3.4 v10.20.30.40 version 192.168.1.1 Chrome/90.21.44.212 see 2.1.3.4. 1.2.3.4.5 300.1.1.1 01.02.03.04 10.0.0.0/8
127.0.0.1 0.0.0.0 255.255.255.0 224.0.0.1 ::1 :: fe80 1.2.3.4-beta x10.20.30.40 §10.20.30.40
12:30:45 std::vector a::b 00:1a:2b:3c:4d:5e Foo::Bar dead::beef 1:2:3:4:5:6:7:8 aa:bb:cc:dd:ee:ff:00:11 2001::x::1
4111 1111 1111 1112, 1234567812345678, 0.4111111111111111 4111111111111111.5 EAN 4006381333931 9780306406157
DE89 3704 0044 0532 0130 01, AB12 CDEF, PL20 1543 5496 3605 3370 4222 4443, GB25 FCSC 9762 0387 7011 08
2019-03-04 12:30:00 04.03.2019 20190304123000 1990-1995 2019/03/04 03/04/2019 06/11/20230 (2019-2020) 0022.06.2018 10
ISBN 978-3-16-148410-0, ISBN 0-306-40615-2, ISSN 1234-5679
1 299 000 people, 1.299.000,00 $1,299.00 12 345 678 EUR, 3.14159265358979 40.7128, -74.0060 +20 000 000
order 123-456-7890, invoice no. 0123 456 7890 ssn 123-45-6789, 078-05-1120
12345-6789 MA 02110-1301, id=2125550199 /2019/03/04/12345678 SKU-212-555-0199 x_212-555-0199 212-555-0199_1
550e8400-e29b-41d4-a716-446655440000 a1b2c3d4e5f6 0123-4567-89ab-cdef
1-2-3-4-5-6-7 01 02 03 04 05 06 07 08 09 10 11 12 13 14 15 1234567 12345678901234567890 100-200-300
call 1990-1995 or phone 2019-03-04; tel. 3.14159265; reach 10 000 000 people
<PHONE_NUMBER:12345678> <IP_ADDRESS:12345678> <EMAIL_ADDRESS>
"""


@pytest.mark.parametrize("text", SCRUBBED)
def test_personal_data_is_replaced(text: str) -> None:
    assert scrub_excerpt(text) == SCRUBBED[text]


@pytest.mark.parametrize("text", KEPT.strip().split("\n"))
def test_what_only_looks_like_it_stays(text: str) -> None:
    assert scrub_excerpt(text) == text


@pytest.mark.parametrize("lang", sorted(FRAMES))
def test_every_planted_value_is_gone(lang: str) -> None:
    rng = random.Random(11)
    planted = [
        (kind, value(rng, kind, lang), sentence) for kind in TYPES for sentence in FRAMES[lang][kind] for _ in range(40)
    ]
    texts = [sentence.format(value=found, name="Ana Ruiz") for _, found, sentence in planted]
    wanted = [sentence.format(value=f"<{kind}>", name="Ana Ruiz") for kind, _, sentence in planted]
    assert scrubbed(*texts) == wanted


def test_scrubbing_twice_changes_nothing_more() -> None:
    once = scrubbed(*SCRUBBED)
    assert scrubbed(*once) == once
    hashing = ScrubPii(replace="hash", seed=5)
    once = scrubbed(*SCRUBBED, step=hashing)
    assert scrubbed(*once, step=hashing) == once


PIECES = (
    *"0123456789@.:+-() /aeDEx\n%", "212-555-0199", "a@b.co", "+49 30 1234567", "4111 1111 1111 1111", "10.20.30.40",
    "tel ", "020 7946 0999", "2001:db8::1", "DE89370400440532013000", "2019-03-04", "ext. 12", "449 4898", " 12",
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(st.sampled_from(PIECES), max_size=24).map("".join), max_size=4))
def test_any_text_is_settled_after_one_pass_and_rows_do_not_touch(texts: list[str]) -> None:
    once = scrubbed(*texts)
    assert once == [scrubbed(text)[0] for text in texts]
    assert scrubbed(*once) == once


def test_nulls_empty_batches_and_slices() -> None:
    whole = batch(None, "x a@b.co", None, "", "no", "c@d.co")
    step = ScrubPii()
    assert step(whole).column("text").to_pylist() == [None, f"x {EMAIL}", None, "", "no", EMAIL]
    assert step(whole.slice(2, 3)).column("text").to_pylist() == [None, "", "no"]
    assert step(whole.slice(1, 5)).column("text").to_pylist() == [f"x {EMAIL}", None, "", "no", EMAIL]
    assert step(whole.slice(0, 0)).num_rows == 0
    assert step(batch(None)).column("text").to_pylist() == [None]
    assert step(whole).schema == step(whole.slice(0, 0)).schema


def test_the_whole_is_the_sum_of_its_parts() -> None:
    texts = [*SCRUBBED, None, *KEPT.split("\n")]
    step = pickle.loads(pickle.dumps(ScrubPii(replace="surrogate", seed=3)))
    parts = [step(batch(*texts).slice(start, 7)) for start in range(0, len(texts), 7)]
    assert pa.Table.from_batches(parts).combine_chunks().to_batches()[0].equals(step(batch(*texts)))


def test_counts_are_signals_by_kind() -> None:
    step = ScrubPii(types=("EMAIL_ADDRESS", "IP_ADDRESS"))
    out = step(batch("a@b.co, c@d.co at 10.1.2.33, call 449 4898", "nothing", None))
    assert out.column("text").to_pylist() == [f"{EMAIL}, {EMAIL} at {IP}, call 449 4898", "nothing", None]
    counts = {name: out.column(name).to_pylist() for name in SIGNALS.values()}
    none = [None, None, None]
    assert counts == {
        "scrub_pii.n_email_address": [2, 0, 0],
        "scrub_pii.n_phone_number": none,
        "scrub_pii.n_ip_address": [1, 0, 0],
        "scrub_pii.n_credit_card": none,
        "scrub_pii.n_iban_code": none,
    }
    assert ("text", *counts) == ScrubPii.adds


def test_public_addresses_only() -> None:
    step = ScrubPii(ip="public")
    assert scrubbed("192.168.7.7 81.2.69.142 fe80::1 2a02:810::1", step=step) == [f"192.168.7.7 {IP} fe80::1 {IP}"]


def test_spelt_out_addresses_on_request() -> None:
    hidden = {
        "name [at] domain [dot] com!": f"{EMAIL}!",
        "é john.doe (at) example.org, x@y.co": f"é {EMAIL}, {EMAIL}",
        "jane at example dot co dot uk": EMAIL,
        "john{at}x{dot}de": EMAIL,
    }
    step = ScrubPii(obfuscated=True)
    assert scrubbed(*hidden, step=step) == list(hidden.values())
    plain = ["meet at example.com", "see you at home. dot", "at (at) at", "we met at noon dot"]
    assert scrubbed(*plain, step=step) == plain
    assert scrubbed(*hidden)[2:] == list(hidden)[2:]


def test_a_hash_is_the_same_wherever_and_however_the_value_stands() -> None:
    step = ScrubPii(replace="hash", seed=7, obfuscated=True)
    alike = [
        ["a.b@c.de", "A.B@C.DE", "a.b%40c.de", "a.b [at] c [dot] de", "ａ.ｂ＠c.de"],
        ["4111111111111111", "4111 1111 1111 1111", "4111-1111-1111-1111"],
        ["DE89370400440532013000", "de89 3704 0044 0532 0130 00"],
        ["+49 30 23125-999", "+493023125999", "0049 30 23125 999", "+49 (0)30 23125999"],
        ["2001:db8::1", "2001:0db8:0:0:0:0:0:1"],
    ]
    for values in alike:
        found = scrubbed(*values, step=step)
        assert len(set(found)) == 1, found
        assert found != scrubbed(*values, step=ScrubPii(replace="hash", seed=8, obfuscated=True))
    together = " ".join(values[0] for values in alike)
    assert scrubbed(together, step=step) == [" ".join(str(scrubbed(values[0], step=step)[0]) for values in alike)]


def test_surrogates_keep_the_form_and_belong_to_nobody() -> None:
    step = ScrubPii(replace="surrogate", seed=7)

    def new(text: str) -> str:
        found = str(scrubbed(text, step=step)[0])
        assert found != text
        return found

    assert new("anna.maria7@gmail.com").split("@")[1] in ("example.com", "example.net", "example.org")
    assert new("10.20.30.40").startswith("10.") and new("81.2.69.142").startswith(("198.18.", "198.19."))
    assert new("2a02:810::1").startswith("2001:db8:")
    card = new("4111 1111-1111 1111".replace("-", " "))
    assert card[0] == "4" and [len(group) for group in card.split()] == [4, 4, 4, 4]
    assert not luhn_valid(card.replace(" ", "")) and scrubbed(card, step=step) == [card]
    assert new("DE89 3704 0044 0532 0130 00").startswith("DE00 ") and not is_iban(new("DE89370400440532013000"))
    assert new("(415) 555-2671")[5:13] == " 555-01" + new("(415) 555-2671")[12]
    assert new("+49 (0)30 23125-999").startswith("+49 (0)") and len(new("+49 (0)30 23125-999")) == 19
    assert new("0049 30 23125999").startswith("0049 ")
    assert new("a@b.co") != new("c@b.co") and new("a@b.co") == new("A@B.CO")


def test_no_original_is_left_in_any_column() -> None:
    secret = {"mail": "Line one\nfoo@bar.com", "+49 30 2312599": ["DE89370400440532013000", 1, None]}
    columns: dict[str, list[Any]] = {
        "id": ["1", "2"],
        "url": ["http://10.1.2.3/?u=foo%40bar.com", None],
        "path": ["mail/foo@bar.com/1", "x"],
        "text": ["plain", None],
        "meta": [json.dumps(secret), '{"a":"2019-03-04"}'],
    }
    out = ScrubPii()(documents(columns)).to_pydict()
    assert out["url"] == [f"http://{IP}/?u={EMAIL}", None]
    assert out["path"] == [f"mail/{EMAIL}/1", "x"]
    assert json.loads(out["meta"][0]) == {"mail": f"Line one\n{EMAIL}", PHONE: [IBAN, 1, None]}
    assert out["meta"][1] == columns["meta"][1]
    broken = ScrubPii()(documents({**columns, "meta": ["{ a@b.co", None]})).column("meta").to_pylist()
    assert broken == ["{ " + EMAIL, None]


def test_a_kind_that_does_not_exist_is_named() -> None:
    with pytest.raises(RecipeError, match="did you mean 'EMAIL_ADDRESS'"):
        ScrubPii(types=("EMAIL_ADRESS",))  # type: ignore[arg-type]


def test_check_digits() -> None:
    assert [n for n in range(10) if luhn_valid(f"7992739871{n}")] == [3]  # the example in ISO/IEC 7812-1
    assert not luhn_valid("")
    good = ["4111111111111111", "5555555555554444", "2221000000000009", "378282246310005", "6011111111111117"]
    assert all(map(is_card_number, good))
    bad = ["4111111111111112", "1111111111111117", "0000000000000000", "411111111111111", "9999999999999995"]
    assert not any(map(is_card_number, bad))
    registry = "DE89370400440532013000 GB82WEST12345698765432 NO9386011117947 MT84MALT011000012345MTLCAST001S"
    for iban in registry.split(" "):
        assert is_iban(iban) and len(iban) == iban_lengths()[iban[:2]]
    assert not is_iban("DE88370400440532013000") and has_iban_format("DE88370400440532013000")
    assert not has_iban_format("XX82WEST12345698765432") and not is_iban("GB82WEST1234569876543")


def calls_of(work: Callable[[], object]) -> int:
    """Returns the number of function calls, in Python and in C."""
    count = 0

    def tally(frame: FrameType, event: str, argument: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(tally)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


def hard_texts(size: int) -> Iterator[str]:
    """Yields texts of about `size` characters that make a careless pattern slow."""
    for piece in (
        *"1@.:(+-", "a.", "a@", "a@a.", "1 ", "1.", "1-", "(1)", "0 ", "::a", "DE89 ", "4111 ", "%40", "１ ", " at ",
        "x@a.-", "2019-03-04 ", "0.123456 ", "1234567 ", "a.b@c.de ", "4111 1111 1111 1111 ", "+49 30 1234567 ",
        "tel 123 45 67\n",
    ):  # fmt: skip
        yield piece * (size // len(piece))


def test_work_grows_with_the_text_and_no_faster() -> None:
    step = ScrubPii(obfuscated=True)
    for small, large in zip(hard_texts(2_000), hard_texts(16_000), strict=True):
        few, many = (calls_of(lambda text=text: step(batch(text))) for text in (small, large))  # type: ignore[misc]
        assert many <= 8.5 * few + 500, small[:20]


def test_a_line_of_many_megabytes_is_scrubbed() -> None:
    line = "1" * 3_000_000 + " " + "a." * 1_000_000 + "@" * 1_000_000 + " foo@bar.com"
    out = scrub_excerpt(line)
    assert len(out) == len(line) + len(EMAIL) - len("foo@bar.com") and out.endswith(EMAIL)
