"""Labels mean what the Encoding standard says, and a page's label is found as the HTML standard's prescan finds it."""

import pytest

from tokenmill.stages.reading.charset import decode
from tokenmill.stages.reading.charset_labels import codec_of, page_codec

CODECS = {
    "utf-8": "utf-8 UTF8 unicode-1-1-utf-8 x-unicode20utf8",
    "cp866": "866 cp866 csibm866 ibm866",
    "iso8859-2": "csisolatin2 iso-8859-2 iso_8859-2:1987 l2 latin2",
    "iso8859-3": "latin3 iso88593",
    "iso8859-4": "latin4 iso-ir-110",
    "iso8859-5": "cyrillic csisolatincyrillic",
    "iso8859-6": "arabic asmo-708 iso-8859-6-e",
    "iso8859-7": "greek ecma-118 sun_eu_greek",
    "iso8859-8": "hebrew visual iso-8859-8-i logical",
    "iso8859-10": "l6 latin6",
    "iso8859-13": "iso-8859-13",
    "iso8859-14": "iso885914",
    "iso8859-15": "l9 iso_8859-15",
    "iso8859-16": "iso-8859-16",
    "koi8-r": "koi8 koi8-r KOI8_R koi",
    "koi8-u": "koi8-ru koi8-u",
    "mac-roman": "macintosh mac x-mac-roman",
    "mac_cyrillic": "x-mac-cyrillic X-Mac-Ukrainian",
    "cp874": "windows-874 tis-620 dos-874 iso-8859-11",
    "cp1250": "cp1250 x-cp1250 windows-1250",
    "cp1251": "windows-1251 CP1251",
    "cp1252": "iso-8859-1 latin1 us-ascii ascii l1 ibm819 iso_8859-1:1987 windows-1252 ansi_x3.4-1968",
    "cp1253": "windows-1253",
    "cp1254": "iso-8859-9 latin5 windows-1254",
    "cp1255": "windows-1255",
    "cp1256": "windows-1256",
    "cp1257": "windows-1257",
    "cp1258": "windows-1258",
    "gb18030": "gb2312 gbk x-gbk chinese gb_2312-80 gb18030 iso-ir-58",
    "big5hkscs": "big5 big5-hkscs cn-big5 x-x-big5",
    "euc_jp": "euc-jp x-euc-jp",
    "iso2022_jp": "iso-2022-jp csiso2022jp",
    "cp932": "shift_jis sjis ms_kanji windows-31j x-sjis",
    "cp949": "euc-kr ks_c_5601-1987 korean windows-949",
    "utf-16-be": "utf-16be unicodefffe",
    "utf-16-le": "utf-16 utf-16le unicode ucs-2",
    "": "utf-7 utf-32 cp437 none binary x 8859_1_ iso-2022-kr hz-gb-2312 é",
}


@pytest.mark.parametrize("codec", CODECS)
def test_labels_mean_what_they_mean_to_browsers(codec: str) -> None:
    labels = CODECS[codec].split()
    assert {label: codec_of(label) for label in labels} == dict.fromkeys(labels, codec)
    assert [codec_of(f" \t{label.upper()}\r\n") for label in labels] == [codec] * len(labels)
    if codec:
        assert b"a".ljust(2, b"\0").decode(codec)


META = "<meta charset=koi8-r>"


@pytest.mark.parametrize(
    ("page", "codec"),
    [
        ("", ""),
        ("<p>koi8-r", ""),
        (META, "koi8-r"),
        ('<html><head><title>x</title><META CHARSET = "KOI8-R" /></head>', "koi8-r"),
        ("<meta\ncharset='koi8-r'>", "koi8-r"),
        ("<meta/charset=koi8-r>", "koi8-r"),
        ("<meta charset=' koi8-r '>", "koi8-r"),
        ("<meta charset='koi8-r;'>", "koi8-r"),
        ("<meta name=x data-a='a > b' charset=koi8-r>", "koi8-r"),
        ("<meta charset=koi8-r charset=utf-8>", "koi8-r"),  # the first of equal attributes counts
        ("<meta charset=>" + META, "koi8-r"),
        ("<meta charset>" + META, "koi8-r"),
        ("<meta charset=no-such>" + META, "koi8-r"),
        ("<meta charset=utf-8>" + META, "utf-8"),
        ("<meta charset=utf-16le>", "utf-8"),
        ('<meta http-equiv="Content-Type" content="text/html; charset=koi8-r">', "koi8-r"),
        ("<meta content='text/html;charset=koi8-r' http-equiv=content-type>", "koi8-r"),
        ('<meta http-equiv=" content-type " content="charset = \'koi8-r\'">', "koi8-r"),
        ('<meta http-equiv="Content-Type" content="text/html; charset=koi8-r>\n<p class="x">', "koi8-r"),
        ('<meta http-equiv="Content-Type" content="text/html">' + META, "koi8-r"),
        ('<meta content="text/html; charset=koi8-r">', "koi8-r"),  # browsers need http-equiv
        ('<meta name="description" content="how to set charset=utf-8">' + META, "koi8-r"),
        ('<meta http-equiv="refresh" content="0; charset=utf-8">' + META, "koi8-r"),
        ("<metadata charset=utf-8>" + META, "koi8-r"),
        ("<!-- <meta charset=utf-8> -->" + META, "koi8-r"),
        ("<!--><meta charset=koi8-r>", "koi8-r"),
        ("<!---><meta charset=koi8-r>", "koi8-r"),
        ("<!-- never closed " + META, ""),
        ("<!doctype html>" + META, "koi8-r"),
        ("<a title='<meta charset=utf-8>'>" + META, "koi8-r"),
        ("<p>1 < 2" + META, "koi8-r"),
        ("</p <meta charset=utf-8>" + META, "koi8-r"),
        ("<?php x ?>" + META, "koi8-r"),
        ('<?xml version="1.0" encoding="koi8-r"?><html>', "koi8-r"),
        ("\n<?xml version='1.0' encoding = 'koi8-r' ?>", "koi8-r"),
        ('<?xml version="1.0"?>' + META, "koi8-r"),
        ('<?xml version="1.0" encoding="utf-8"?>' + META, "koi8-r"),  # as in text/html
        ("<?xml encoding='utf-16'?>", "utf-8"),
        (" " * 8000 + META, "koi8-r"),
        (" " * 8192 + META, ""),
        ("<meta charset='koi8-r", "koi8-r"),
        ("<meta", ""),
        ("<", ""),
    ],
)
def test_the_label_of_a_page_is_found(page: str, codec: str) -> None:
    assert page_codec(page.encode()) == codec


def test_an_xml_declaration_in_utf_16_names_itself() -> None:
    page = '<?xml version="1.0"?><p>Ein schöner Tag für München.</p>'
    for codec in ("utf-16-le", "utf-16-be"):
        assert page_codec(page.encode(codec)) == codec
        found = decode([page.encode(codec)], [""])
        assert (found.text.to_pylist(), found.charset, found.told_by) == ([page], [codec], ["page"])


@pytest.mark.parametrize(
    ("mark", "codec"), [(b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")]
)
@pytest.mark.parametrize("label", ["", "utf-8", "utf-16be", "koi8-r"])
def test_a_byte_order_mark_wins_over_all_labels(mark: bytes, codec: str, label: str) -> None:
    page = META + "море и ’ 😀"
    found = decode([mark + page.encode(codec)], [label])
    assert (found.text.to_pylist(), found.charset, found.told_by) == ([page], [codec], ["bom"])
    assert decode([mark], [label]).text.to_pylist() == [""]


def test_the_header_comes_before_the_page_and_a_label_that_does_not_fit_is_skipped() -> None:
    text = "Осенью старый садовник собирал яблоки в большом саду. "
    for http, meta, told_by in (
        ("windows-1251", "koi8-r", "http"), ("", "windows-1251", "page"), ("x", "windows-1251", "page"),
        ("utf-8", "windows-1251", "page"), ("euc-jp", "windows-1251", "page"), ("utf-8", "utf-8", "detector"),
    ):  # fmt: skip
        page = f"<meta charset={meta}>{text}"
        found = decode([page.encode("cp1251")], [http])
        assert (found.text.to_pylist(), found.charset, found.told_by) == ([page], ["cp1251"], [told_by])


def test_a_page_in_ascii_with_a_label_of_utf_16_is_not_utf_16() -> None:
    assert decode([b"plain \x01 text with one NUL \x00 and " + b"more words " * 20], ["utf-16le"]).charset == ["utf-8"]


@pytest.mark.parametrize(
    "piece", ["<meta ", "<a b='", "<!--", "<?xml ", '<meta x="', "<a/", "< ", "='", "<meta charset"]
)
def test_hostile_heads_are_read_to_their_end(piece: str) -> None:
    assert page_codec((piece * 9000).encode()) == ""
