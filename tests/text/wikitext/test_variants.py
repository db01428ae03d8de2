"""`-{…}-` of wikis in several scripts: the text gets one of them, and other wikis keep the signs."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tokenmill.text.wikitext.variants import ALWAYS, BY_FORM, NEVER, variants_of

Extract = Callable[..., str]

CASES = {
    "rules": ("我用-{zh-hans:鼠标;zh-hant:滑鼠}-点击", "我用鼠标点击"),
    "rules with spaces and a `;` at the end": ("-{ zh-cn : 网络 ; zh-tw : 網路 ; }-", "网络"),
    "text of one script": ("书名-{世说新语}-。", "书名世说新语。"),
    "text with spaces": ("a -{ 文 }- b", "a 文 b"),
    "latin text of one script": ("x-{iPhone}-y", "xiPhoney"),
    "empty rules are passed over": ("-{zh-cn:;zh-tw:光碟}-", "光碟"),
    "nothing": ("甲-{}-乙", "甲乙"),
    "shown and remembered": ("-{A|zh-cn:硬盘;zh-tw:硬碟}-", "硬盘"),
    "remembered only": ("甲-{H|zh-cn:硬盘;zh-tw:硬碟}-乙", "甲乙"),
    "forgotten": ("甲-{-|zh-cn:硬盘;zh-tw:硬碟}-乙", "甲乙"),
    "title": ("-{T|zh-cn:硬盘;zh-tw:硬碟}-\n甲", "甲"),
    "title and shown": ("-{T;A|zh-cn:硬盘;zh-tw:硬碟}-", "硬盘"),
    "described": ("-{D|zh-cn:硬盘;zh-tw:硬碟}-", "硬盘"),
    "raw": ("-{R|zh-cn:硬盘}-", "zh-cn:硬盘"),
    "small letters are no flags": ("-{h|zh-cn:硬盘;zh-tw:硬碟}-", "硬盘"),
    "text for some variants": ("-{zh-hans;zh-hant|字}-", "字"),
    "one direction": ("-{H|巨集=>zh-cn:宏}-甲-{巨集=>zh-cn:宏}-", "甲宏"),
    "nested": ("-{zh-cn:外-{zh-cn:内;zh-tw:內}-;zh-tw:x}-", "外内"),
    "a link in it": ("-{[[甲|乙]]}- -{zh-cn:[[丙|丁;戊]];zh-tw:己}-", "乙 丁;戊"),
    "in links": ("[[甲|-{zh-cn:乙;zh-tw:丙}-]] [[-{zh-cn:丁;zh-tw:戊}-]]", "乙 丁"),
    "in a picture": ("[[File:a.jpg|thumb|-{zh-cn:乙;zh-tw:丙}-]]甲", "甲"),
    "in templates": ("{{lang|zh|-{zh-cn:乙;zh-tw:丙}-}} {{x|-{A|zh-cn:乙}-}}甲", "乙 甲"),
    "a template in it": ("-{zh-cn:{{lang|zh|乙}};zh-tw:{{lang|zh|丙}}}-", "乙"),
    "in a heading": ("== -{zh-cn:乙;zh-tw:丙}- ==\n甲", "乙\n\n甲"),
    "in a table": (
        '{| class="wikitable"\n! -{zh-cn:乙;zh-tw:丙}- !! 丁\n|-\n| -{A|zh-cn:戊;zh-tw:己}- || -{H|x}-\n|}',
        "乙\t丁\n戊",
    ),
    "over lines": ("甲-{H|\nzh-cn:乙;\nzh-tw:丙;\n}-丁", "甲丁"),
    "address in a rule": ("-{zh-cn:甲&#58;乙;zh-tw:丙}-", "甲:乙"),
    "a template after a hyphen": ("甲-{{lang|zh|乙}}-丙", "甲-乙-丙"),
    "a parameter after a hyphen": ("甲-{{{1|乙}}}-丙", "甲-乙-丙"),
    "without an end": ("甲-{zh-cn:乙;zh-tw:丙\n\n丁", "甲-{zh-cn:乙;zh-tw:丙\n\n丁"),
    "without a begin": ("甲}-乙", "甲}-乙"),
}


@pytest.mark.parametrize("name", CASES)
def test_a_text_in_several_scripts_becomes_one(extract: Extract, name: str) -> None:
    wikitext, text = CASES[name]
    assert extract(wikitext, language="zh") == text


@pytest.mark.parametrize(
    ("language", "wikitext", "text"),
    [
        ("sr", "-{sr-ec:Београд;sr-el:Beograd}- -{Дунав}-", "Београд Дунав"),
        ("kk", "-{kk-cyrl:қала;kk-latn:qala;kk-arab:قالا}-", "қала"),
        ("ku", "-{ku-latn:bajar;ku-arab:باژار}-", "bajar"),
        ("uz", "-{uz-latn:shahar;uz-cyrl:шаҳар}-", "shahar"),
        ("shi", "-{shi-tfng:ⵉⵖⵔⵎ;shi-latn:iɣrm}-", "ⵉⵖⵔⵎ"),
        ("gan", "-{gan-hans:语;gan-hant:語}-", "语"),
        ("iu", "-{ike-cans:ᓄᓇ;ike-latn:nuna}-", "ᓄᓇ"),
        ("crh", "-{crh-latn:şeer;crh-cyrl:шеэр}-", "şeer"),
        ("tg", "-{tg-cyrl:шаҳр;tg-latn:şahr}-", "шаҳр"),
        ("ban", "-{ban:kota;ban-bali:ᬓᭀᬢ}-", "kota"),
    ],
)
def test_each_converter_has_its_codes(extract: Extract, language: str, wikitext: str, text: str) -> None:
    assert extract(wikitext, language=language) == text
    assert extract(wikitext) == text  # the form of the text is enough
    assert extract(wikitext, language="en") == wikitext


@pytest.mark.parametrize("text", ["a-{b}-c", "x-{ y: z; }-", "s/-{2}-/", "f-{http://a.b}-", "-{a|b}-", "-{", "}-"])
def test_without_a_converter_the_signs_are_text(extract: Extract, text: str) -> None:
    assert extract(text, language="en") == text
    assert extract(text) == text


def test_the_language_of_the_wiki_decides() -> None:
    languages = ("zh", "zh-Hant", "sr", "zh-yue", "zh-min-nan", "en", "", "x", None)
    assert [variants_of(language) for language in languages] == [ALWAYS] * 3 + [NEVER] * 5 + [BY_FORM]


_WORD = st.text(alphabet="汉字漢語ab", min_size=1, max_size=5)


@settings(max_examples=40)
@given(
    st.lists(st.tuples(st.sampled_from(["zh-cn", "zh-tw", "zh-hans", "zh-hk", "zh"]), _WORD), min_size=1, max_size=5)
)
def test_the_first_rule_is_shown(extract: Extract, rules: list[tuple[str, str]]) -> None:
    variant = "-{" + ";".join(f"{code}:{word}" for code, word in rules) + "}-"
    assert extract(f"〈{variant}〉", language="zh") == f"〈{rules[0][1]}〉"
    assert extract(f"〈-{{H|{variant[2:]}〉", language="zh") == "〈〉"


@settings(max_examples=40)
@given(
    st.lists(
        st.sampled_from(["-{", "}-", "|", ";", "zh-cn:", "=>", "{{", "}}", "[[", "]]", "\n", "字", "A"]), max_size=30
    )
)
def test_any_mixture_of_signs_gives_text_that_is_there(extract: Extract, pieces: list[str]) -> None:
    for language in ("zh", None, "en"):
        found = extract("".join(pieces), language=language)
        assert found.count("字") <= pieces.count("字")
