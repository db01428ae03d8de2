"""stages/reading/charset.py: bytes in any charset become the right text, for any label, and losses are counted."""

import codecs

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tokenmill.stages.reading.charset import decode

RUSSIAN = "Город у реки стоит уже семьсот лет, и каждый год весной сюда приходят гости. " * 4
GERMAN = "Müller fährt für zwölf Euro über die schöne Brücke nach Köln, weil es früh regnet. " * 3
JAPANESE = "昨日は友達と一緒に山の近くにある古い温泉へ行きました。とても楽しかったです。" * 4
CHINESE = "这座城市的历史博物馆里收藏着许多古老而珍贵的手稿和瓷器。" * 4
KOREAN = "서울의 오래된 시장에서는 매일 아침 신선한 채소와 과일을 살 수 있습니다. " * 4


@pytest.mark.parametrize(
    ("text", "body", "label", "charset", "told_by"),
    [
        (RUSSIAN, RUSSIAN.encode(), "", "utf-8", "content"),
        (RUSSIAN, RUSSIAN.encode(), "UTF-8", "utf-8", "http"),
        (RUSSIAN, RUSSIAN.encode(), "windows-1251", "utf-8", "content"),  # valid UTF-8 wins over any label
        (RUSSIAN, RUSSIAN.encode("cp1251"), "windows-1251", "cp1251", "http"),
        (RUSSIAN, RUSSIAN.encode("cp1251"), " Windows-1251 ", "cp1251", "http"),
        (RUSSIAN, RUSSIAN.encode("koi8-r"), "koi8-r", "koi8-r", "http"),
        (RUSSIAN, RUSSIAN.encode("cp1251"), "utf-8", "cp1251", "detector"),
        (RUSSIAN, RUSSIAN.encode("cp1251"), "no-such-charset", "cp1251", "detector"),
        (GERMAN, GERMAN.encode("cp1252"), "iso-8859-1", "cp1252", "http"),  # as in browsers
        (JAPANESE, JAPANESE.encode("shift_jis"), "shift_jis", "cp932", "http"),
        (JAPANESE, JAPANESE.encode("euc_jp"), "euc-jp", "euc_jp", "http"),
        (JAPANESE, JAPANESE.encode("iso2022_jp"), "iso-2022-jp", "iso2022_jp", "http"),
        (JAPANESE, JAPANESE.encode("iso2022_jp"), "", "iso2022_jp", "detector"),
        (CHINESE, CHINESE.encode("gb18030"), "gb2312", "gb18030", "http"),
        (KOREAN, KOREAN.encode("cp949"), "", "cp949", "detector"),
        (GERMAN, codecs.BOM_UTF8 + GERMAN.encode(), "latin-1", "utf-8", "bom"),
        (RUSSIAN, codecs.BOM_UTF16_LE + RUSSIAN.encode("utf-16-le"), "", "utf-16-le", "bom"),
        (RUSSIAN, codecs.BOM_UTF16_BE + RUSSIAN.encode("utf-16-be"), "utf-8", "utf-16-be", "bom"),
        ("plain English", "plain English".encode("utf-16-le"), "utf-16le", "utf-16-le", "http"),
        ("", b"", "windows-1251", "utf-8", "content"),
    ],
)
def test_the_text_comes_out_right(text: str, body: bytes, label: str, charset: str, told_by: str) -> None:
    decoded = decode([body], [label])
    assert (decoded.text.to_pylist(), decoded.charset, decoded.told_by) == ([text], [charset], [told_by])
    assert decoded.bad.tolist() == [0.0]


@pytest.mark.parametrize(
    "tag",
    [
        '<meta charset="windows-1251">',
        "<META CHARSET = 'windows-1251'>",
        '<meta http-equiv="Content-Type" content="text/html; charset=windows-1251">',
        '<?xml version="1.0" encoding="windows-1251"?>',
    ],
)
def test_the_page_names_its_charset_where_the_header_names_none(tag: str) -> None:
    decoded = decode([(tag + RUSSIAN).encode("cp1251")], [""])
    assert (decoded.text.to_pylist(), decoded.charset, decoded.told_by) == ([tag + RUSSIAN], ["cp1251"], ["page"])


def test_a_page_that_names_utf_16_is_read_as_what_it_is() -> None:
    text = '<meta charset="utf-16">' + GERMAN
    assert decode([text.encode("cp1252")], [""]).text.to_pylist() == [text]


def test_what_cannot_be_decoded_is_replaced_and_counted() -> None:
    body = GERMAN.encode() + b"\xff"
    decoded = decode([body], [""])
    assert decoded.text.to_pylist() == [GERMAN + "\ufffd"]
    assert decoded.bad[0] == pytest.approx(1 / (len(body) + 2))  # U+FFFD has three bytes instead of one


@pytest.mark.parametrize(("letters", "charset"), [(9, "euc_jp"), (8, "cp1252")])
def test_a_charset_that_leaves_more_than_a_tenth_broken_is_passed_over(letters: int, charset: str) -> None:
    """The limit is a tenth of the characters that are not ASCII; the replacement character counts as one of them."""
    assert decode(["あ ".encode("euc_jp") * letters + b"\xff"], ["euc-jp"]).charset == [charset]


def test_small_letters_that_mac_cyrillic_and_windows_1251_share_are_read_in_the_latter() -> None:
    """Guards against an earlier fault: the detector's answer mac-cyrillic was unknown, so windows-1252 was used."""
    text = "Осенью старый садовник собирал яблоки в большом саду. "
    assert decode([text.encode("cp1251")], [""]).text.to_pylist() == [text]


def test_control_characters_are_removed_and_counted_but_white_space_stays() -> None:
    decoded = decode([b"a\x00b\x01\tc\r\nd\x0ce\x1b"], [""])
    assert decoded.text.to_pylist() == ["ab\tc\r\nd e"]
    assert decoded.bad[0] == pytest.approx(3 / 12)


def test_a_missing_body_is_null_beside_others() -> None:
    decoded = decode([None, b"", RUSSIAN.encode("cp1251"), b"x"], ["", "", "cp1251", ""])
    assert decoded.text.to_pylist() == [None, "", RUSSIAN, "x"]
    assert decode([], []).text.to_pylist() == []


@settings(max_examples=40)
@given(st.lists(st.tuples(st.one_of(st.none(), st.binary(max_size=80)), st.sampled_from(["", "utf-8", "big5", "x"]))))
def test_any_bytes_give_valid_text_and_a_share_whoever_stands_beside_them(rows: list[tuple[bytes | None, str]]) -> None:
    decoded = decode([body for body, _ in rows], [label for _, label in rows])
    decoded.text.validate(full=True)
    assert all(0.0 <= share <= 1.0 for share in decoded.bad.tolist())
    alone = [decode([body], [label]) for body, label in rows]
    assert decoded.text.to_pylist() == [one.text[0].as_py() for one in alone]
    assert decoded.charset == [one.charset[0] for one in alone]
