"""Templates of measures, dates and places keep every number that a reader sees, or print nothing at all."""

import random
import re
from collections.abc import Callable

import pytest

CONVERSIONS = [
    ("{{convert|5|ft|6|in|cm}}", "5 ft 6 in"),
    ("{{convert|1|acre|0}} {{convert|2|acre}} {{convert|1|perch}}", "1 acre 2 acres 1 perch"),
    ("{{convert|5|acre|adj=on}} site, {{convert|5|acre|adj=mid|-large}} site, {{convert|0|to|1|acre}}",
     "5 acre site, 5 acre-large site, 0 to 1 acres"),
    ("{{convert|1|e6acre}} {{convert|1|ft/s}} {{convert|1|st|1|lb}}", "1 million acre 1 ft/s 1 st 1 lb"),
    ("{{convert|11|st|3|lb|kg|abbr=on}}", "11 st 3 lb"),
    ("{{convert|12|ST|t}}; {{convert|12|st|kg}}; {{convert|12|LT}}", "12 short tons; 12 st; 12 long tons"),
    ("{{convert|3|lb|5|oz|kg}} {{convert|1|mi|300|yd|m|0}}", "3 lb 5 oz 1 mi 300 yd"),
    ("{{convert|1|yd|2|ft|3|in|m|2}}", "1 yd 2 ft 3 in"),
    ("{{convert|5|to|10|km}} {{convert|5|-|10|km|mi}} {{convert|5|–|10|km}}", "5 to 10 km 5–10 km 5–10 km"),
    ("{{convert|2|x|3|m}} {{cvt|2|by|3|m}} {{cvt|2|xx|3|xx|4|cm}}", "2 × 3 m 2 by 3 m 2 × 3 × 4 cm"),
    ("{{convert|5|and|7|acre}} {{convert|5|or|7|kg}} {{convert|5|+/-|0.5|mm}}", "5 and 7 acres 5 or 7 kg 5 ± 0.5 mm"),
    ("{{convert|1|,|2|,|3|km}} {{convert|60|to(-)|75|cm|in}}", "1, 2, 3 km 60 to 75 cm"),
    ("{{convert|1996|m|0}} {{convert|1996|m|ft|0}} {{convert|1,996.5|m|ft|sigfig=3}}", "1996 m 1996 m 1,996.5 m"),
    ("{{convert|13+7/8|in}} {{convert|1/2|mi}} {{convert|5//8|in}}", "13 7/8 in 1/2 mi 5/8 in"),
    ("{{convert|-40|C}} {{convert|−12|°F}} {{convert|2e6|km}}", "-40 °C −12 °F 2×10^6 km"),
    ("{{convert|3|e6m3}} {{convert|40|kg/m3}} {{convert|9.8|m/s2}}", "3 million m³ 40 kg/m³ 9.8 m/s²"),
    ("{{convert|120|PD/sqmi}} {{convert|5|N.m}} {{convert|5|Mm}} {{convert|5|mm}}", "120/sq mi 5 N·m 5 Mm 5 mm"),
    ("{{convert|5|km|mi|order=flip}} {{convert|5|km|disp=or|lk=on|sp=us}} {{convert|5|ft|adj=on}}", "5 km 5 km 5 ft"),
    ("{{convert|5|ft|m|adj=mid|-long}} x {{convert|30|ft|adj=mid|wide}}", "5 ft-long x 30 ft wide"),
    ("{{val|1.5|e=3|ul=m}} {{val|3|0.2|u=kg}} {{val|4|.3|.2}}", "1.5×10^3 m 3±0.2 kg 4+.3-.2"),
    ("{{val|1.00794|(7)}} {{val|5|-|7|u=km}} {{val|3|ul=C}} {{convert|7|sqmi|km2}}", "1.00794(7) 5–7 km 3 C 7 sq mi"),
    ("{{coord|51|30|N|0|7|W|display=inline}} {{coord|-33.86|151.2}}", "51°30′N 0°7′W 33.86°S 151.2°E"),
    ("{{coord|9|26|44|S|160|1|13|E|type:city}}", "9°26′44″S 160°1′13″E"),
    ("{{coord|44.1|N|87.9|W|display=inline,title}}", "44.1°N 87.9°W"),
    ("{{val|1.5|0.2|e=3|u=m}} {{val|9.5|0.5|0.3|e=6}}", "(1.5±0.2)×10^3 m (9.5+0.5-0.3)×10^6"),
    ("{{val|5|-|7|e=3}}", "(5–7)×10^3"),
    ("{{val|1.5|(2)|e=3}} {{val|p=~|5|1|e=3|s=x}} {{val|5|to|7}}", "1.5(2)×10^3 ~(5±1)×10^3x 5 to 7"),
    ("5{{1/2}} inches, 5{{ frac|1|2}}, 5 {{1/2}}, {{1/2}}", "5 1/2 inches, 5 1/2, 5 1/2, 1/2"),
    ("5<!-- x -->{{frac|1|2}} 5<ref>a</ref>{{frac|1|2}} 5<ref>a</ref>{{1/2}}", "5 1/2 5 1/2 5 1/2"),
    ("{{chem|4|He}}, 3{{chem|2|H|2|O}}, {{chem|H|2|O}}, {{chem|SO|4|2-}}", "^4He, 3 ^2H2O, H2O, SO4^2-"),
    ("1s<sup>2</sup>2s<sup>2</sup>2p<sup>6</sup> 10<sup>6</sup>7 10<sup>-6</sup>м", "1s^2 2s^2 2p^6 10^6 7 10^-6 м"),
    ("10{{sup|6}}7, 10{{sup|6}}, 10<sup>6</sup>-7, 2{{e|5}}km", "10^6 7, 10^6, 10^6-7, 2×10^5 km"),
    ("x<sup>2</sup>'s 1<sup>st</sup>x", "x^2's 1stx"),
    ("10<sup>&minus;5</sup> 10<sup>{{nowrap|-19}}</sup> 10<sup>{{val|5}}</sup>", "10^−5 10^-19 10^5"),
    ("10<sup> −5</sup> 10<sup>[[x|5]]</sup> 10<sup><small>5</small></sup>", "10^−5 10^5 10^5"),
    ("10<sup>(5)</sup> 10<sup>5.5</sup>3", "10^(5) 10^5.5 3"),
    ("2<sup>''n''</sup> 2<sup>n+1</sup>m e<sup>−kt</sup> x<sup>1/2</sup>", "2^n 2^(n+1)m e^(−kt) x^(1/2)"),
    ("XIX<sup>e</sup> 1<sup>er</sup> n<sup>o</sup> 12<sup>a</sup> b<sup>a-c</sup>", "XIXe 1er no 12a ba-c"),
    ("apal<sup>y</sup>un k<sup>n</sup>m (a)<sup>n</sup> km<sup>2</sup>", "apalyun k^n m (a)^n km^2"),
    ("5<sup>1</sup>/<sub>2</sub> 5<sup>1</sup>⁄<sub>2</sub> 5<sup>1</sup>&frasl;<sub>2</sub>", "5 1/2 5 1⁄2 5 1⁄2"),
    ("10<sup>1 000</sup> 10<sup>1/2</sup> 5<sup>12a</sup>", "10 1 000 10 1/2 5 12a"),
    ("x<sup>2</sup><sub>3</sub> 101<sub>2</sub> SO<sup>2−</sup><sub>4</sub> H<sub>2</sub>O", "x^2_3 101_2 SO^2−_4 H2O"),
    ("{{x|10<sup>5|6</sup>}}a {{lang|fr|1=10<sup>5</sup>|2=b<sup>c=5</sup>}}", "a bc=5"),
    ("2<sup>2<sup>n</sup></sup>+1 10<sup>10<sup>10</sup></sup>", "2^(2^n)+1 10^(10^10)"),
    (
        "10<sup>9</sup>/<small>L</small> 10<sup>12</sup>/<sup>13</sup>C 10<sup>6</sup>/<sub>3</sub>",
        "10^9/L 10^12/13C 10^6/3",
    ),
    (
        "2<sup>1/12</sup> 2<sup>7/12</sup> 5<sup>3/4</sup> {{sup|1}}/{{sub|2}} 5{{sup|1}}/{{sub|2}}",
        "2^(1/12) 2^(7/12) 5 3/4 1/2 5 1/2",
    ),
    (
        "3d<sup>10</sup>'''4s<sup>2</sup>''' 1s<sup>2</sup>[[x|2s]]<sup>2</sup> 10<sup>−6</sup>{{nowrap|5}}",
        "3d^10 4s^2 1s^2 2s^2 10^−6 5",
    ),
    ("10<sup>6</sup><ref>x</ref>7 10<sup>6</sup>&#55; 10{{sup|6}}'''7'''", "10^6 7 10^6 7 10^6 7"),
    ("log<sub>2</sub>3 log<sub>10</sub>2 CO<sub>2</sub>400 H<sub>2</sub>'''3'''", "log2 3 log10 2 CO2 400 H2 3"),
    ("101<sub>'''2'''</sub> 101<sub>[[b|2]]</sub> 101<sub>{{nowrap|2}}</sub> 101{{sub|2}}", "101_2 101_2 101_2 101_2"),
    ("10<sup>6<ref>a</ref></sup> x 10<sup><!-- c -->6</sup> 10{{nowrap|<sup>6</sup>}}", "10^6 x 10^6 10^6"),
    ("10<sup>6<sup> next", "10^6 next"),
    ("σ<sup>2</sup> 4π<sup>2</sup> 5 с<sup>−1</sup> 5 м<sup>2</sup> |x|<sup>2</sup> ½<sup>2</sup>",
     "σ^2 4π^2 5 с^−1 5 м^2 |x|^2 ½^2"),
    ("3{{1/3}} 3{{3/4}} 3{{1/8}} {{2/3}} 5{{x10^|6}} 10{{^|6}}", "3 1/3 3 3/4 3 1/8 2/3 5×10^6 10^6"),
    ("<s>7</s>8 <del>5</del><ins>6</ins> 10<sup>10,000,000,000,000,000,000,000,000</sup>",
     "7 8 5 6 10^10,000,000,000,000,000,000,000,000"),
    ("10<sup>6", "10^6"),
    ("2<sup>(n+1)/2</sup> 2<sup>2(n+1)-1</sup> 2<sup>a+b</sup> 2<sup>32 − 1</sup> 10<sup>(n+1)</sup> x<sup>a-c</sup>",
     "2^((n+1)/2) 2^(2(n+1)-1) 2^(a+b) 2^(32 − 1) 10^(n+1) xa-c"),
    ("7–6<sup>(8–6)</sup> 7-6<sup>7-5</sup> 7–6<sup>(7-5)</sup>", "7–6(8–6) 7-6(7-5) 7–6(7-5)"),
    ("a {{sup|}}{{sub|}} b 10<sub><ref>x</ref></sub>7 1<sup>''o''</sup>", "a b 10 7 1o"),
    ("10<sup>12345678901234567890123456</sup>", "10^12345678901234567890123456"),
    ("{{frac|1|2}}7 {{chem|O|2}}2 {{chem|O|2}}x {{convert|5–10|km}}", "1/2 7 O2 2 O2x 5–10 km"),
    ("{{frac|1|2}}'''7''' {{nowrap|{{frac|1|2}}}}7 {{convert|5{{frac|1|2}}|in}}", "1/2 7 1/2 7 5 1/2 in"),
    ("2<sup>''p''</sup> − 1 2<sup>''m''</sup> 10<sup>π</sup> 2<sup>''n''!</sup>", "2^p − 1 2^m 10^π 2^n!"),
    ("5<sup>h</sup> 30<sup>m</sup> 12<sup>s</sup> 1{{sup|st}} ¹<sup>2</sup>", "5h 30m 12s 1st ¹2"),
    (
        "{{gaps|6|022|e=23|u=mol}} a{{gaps|1|2|base=3}} 2{{radic|2|3}} {{radic|5|n}} 0.{{overline|3}}",
        "6022×10^23 mol a 2∛2 (n)√5 0.(3)",
    ),
    ("1.14{{±|0.20|0.19}} {{chem|PO|4|3−}}", "1.14+0.20-0.19 PO4^3−"),
    ("{{age|14|8|19|30|9|23}} {{death date and age|df=yes|41|1|24|12|8|31}}", "16 24 January 41 (aged 28)"),
    ("{{age|19|8|1914|23|9|1930}} {{circa|1300}}", "16 c. 1300"),
    ("{{convert|172|oilbbl|0|disp=table}} {{convert|900|oilbbl/d}} {{convert|4|ft3}}", "172 900 bbl/d 4 cu ft"),
]  # fmt: skip
NOTHING = """
{{convert|5|km|disp=number}} {{convert|5|km|disp=unit}} {{convert|5|10|km}} {{convert|km|5}} {{convert|5|to|km}}
{{convert|5|ft|6|kg}} {{convert|5|ft|to|6|ft}} {{convert|5}} {{convert|5|(x)}} {{convert|five|km}} {{convert||km}}
{{convert|1|yd|2|m|3|zz}} {{val|1|2|3|4|u=m}} {{val|1|end=x}} {{val|x}} {{frac|1|2|3|4}} {{frac||1|2}}
{{coord|51|30|N|0|7}} {{coord|51|N|0|7|W}} {{coord|x|y}} {{coord|51|30|N|0|7|W|display=title}} {{circa|1|2|3}}
{{start date|2001|13|1}} {{start date|2001||5}} {{start date|2001|2|30|x|y|z|w|v}} {{age|2001|2|3}}
{{death date and age|99|99|99|1|1|1}} {{height|stone=3}} {{music|zzz}} {{ordinal|x}} {{unité|}} {{sclass|a|b|9}}
{{circa||1300}} {{RA|12||56}} {{durée|2||30}} {{chem|4|2|He}} {{chem|H|2|3}} {{music|flat|2}}
"""


@pytest.mark.parametrize(("wikitext", "text"), CONVERSIONS)
def test_measures_and_places(wikitext: str, text: str, text_of: Callable[..., str]) -> None:
    assert text_of(wikitext) == text


@pytest.mark.parametrize("wikitext", NOTHING.replace("}} {{", "}}\n{{").split("\n")[1:-1])
def test_what_is_not_understood_prints_nothing(wikitext: str, text_of: Callable[..., str]) -> None:
    assert text_of(f"a {wikitext} b") == "a b"


FRENCH = [
    ("{{unité|1.5|km|±=0.2|e=3}}; {{unité|1,5|±=0,2|km}}", "(1.5 ±0.2)×10^3 km; 1,5 ±0,2 km"),
    ("{{unité|5|à|7|km|e=3}}; {{unité|5|e=3}}", "(5 à 7)×10^3 km; 5×10^3"),
    ("{{unité|300|km|à|400|km}}; {{unité|3|km|2|à|4|km|2}}", "300 km à 400 km; 3 km² à 4 km²"),
    ("{{unité|5|km|/|h}}; {{unité|5|m|/|s|2}}; {{unité|5|km|h}}", "5 km/h; 5 m/s²; 5 km⋅h"),
    ("{{unité|10|m|s|−1}}; {{unité|10|m|s|-12}}; {{unité|10|−5}}", "10 m⋅s^−1; 10 m⋅s^-12; 10 −5"),
    ("a {{unité|5|km|à|7|km|e=3}} b {{durée|2||30}} c {{heure|8||30}} d", "a b c d"),
    ("{{durée|2|5}}; {{heure|8}}; {{heure|8|30}}", "2 h 5 min; 8 h; 8 h 30"),
    ("{{date de décès|24|1|41|31|8|12}}", "24 janvier 41 (à 28 ans)"),
]


@pytest.mark.parametrize(("wikitext", "text"), FRENCH)
def test_french_values(wikitext: str, text: str, text_of: Callable[..., str]) -> None:
    assert text_of(wikitext, "fr") == text


GERMAN_PLACES = [
    (
        "Sie liegt bei {{Coordinate|text=DMS|NS=51/30/5/N|EW=0/7/20.5/W|type=city}}.",
        "Sie liegt bei 51°30′5″N 0°7′20.5″W.",
    ),
    ("Sie liegt bei {{Coordinate|text=DM|NS=51/30/N|EW=13/7/O|region=DE}}.", "Sie liegt bei 51°30′N 13°7′O."),
    ("Stadt{{Coordinate|article=/|NS=51/30/5/N|EW=0/7/20/W}} im Süden", "Stadt im Süden"),
    ("Stadt {{Coordinate|text=ICON0|NS=51.5|EW=13.7|name=x}} im Süden", "Stadt im Süden"),
    ("bei {{Coordinate|text=DMS|NS=51.5|EW=13.7}}, {{Coordinate|text=DM|NS=51/30/5/N|EW=13/7/5/O}}!", "bei, !"),
    (
        "bei {{Coordinate|text=DMS|NS=51/30/5/X|EW=13/7/5/O}} und {{Coordinate|text=DEC|NS=5/6/N|EW=1/2/O}}!",
        "bei und !",
    ),
]


@pytest.mark.parametrize(("wikitext", "text"), GERMAN_PLACES)
def test_german_coordinates(wikitext: str, text: str, text_of: Callable[..., str]) -> None:
    assert text_of(wikitext, "de") == text


_UNITS = (
    "km",
    "m",
    "ft",
    "in",
    "mi",
    "lb",
    "kg",
    "st",
    "ST",
    "sqmi",
    "km2",
    "kg/m3",
    "C",
    "e6acre",
    "kW.h",
    "°F",
    "hp",
)
_SECOND = (("ft", "in"), ("st", "lb"), ("lb", "oz"), ("mi", "yd"), ("yd", "ft"))
_JOINS = ("to", "-", "–", "and", "or", "x", "by", "xx", "+/-", "±", "to(-)", "and(-)", ",", "/", "×")
_SETTINGS = (
    "abbr=on", "adj=on", "order=flip", "disp=or", "disp=b", "sp=us", "sigfig=3", "lk=on", "round=5", "sortable=on",
)  # fmt: skip
_NAMES = {
    "en": ("convert", "cvt"),
    "es": ("convertir", "convert"),
    "pt": ("converter",),
    "zh": ("convert",),
    "": ("cvt",),
}


def _number(rng: random.Random) -> str:
    return rng.choice(
        (
            str(rng.randrange(1, 10**6)),
            f"{rng.randrange(100)}.{rng.randrange(10)}",
            f"{rng.randrange(1, 99)},{rng.randrange(100, 999)}",
            f"{rng.randrange(1, 9)}+{rng.randrange(1, 9)}/{rng.randrange(10, 20)}",
            f"-{rng.randrange(1, 99)}",
        )
    )


def _measure(rng: random.Random) -> tuple[list[str], list[str]]:
    """Returns (arguments of a conversion before the units to convert to, the numbers in them)."""
    numbers = [_number(rng) for _ in range(rng.randrange(1, 4))]
    if rng.random() < 0.3:
        first, second = rng.choice(_SECOND)
        numbers = numbers[:2] if len(numbers) > 1 else [*numbers, "7"]
        return [numbers[0], first, numbers[1], second], numbers
    arguments = [numbers[0]]
    for number in numbers[1:]:
        arguments += [rng.choice(_JOINS), number]
    return [*arguments, rng.choice(_UNITS)], numbers


def _digits(text: str) -> list[str]:
    return re.findall(r"\d+", text)


@pytest.mark.parametrize("seed", range(20))
def test_every_number_of_a_measure_is_in_the_text(seed: int, convert: Callable[..., tuple[list[str], object]]) -> None:
    """Pages of one template each: the digits of the text are those of the values, in their order, and no others."""
    rng = random.Random(seed)
    pages, languages, expected = [], [], []
    for _ in range(100):
        arguments, numbers = _measure(rng)
        more = rng.choice(([], ["km"], ["mi", "0"], ["2"], ["", "1"]))
        settings = rng.sample(_SETTINGS, rng.randrange(3))
        language = rng.choice(list(_NAMES))
        pages.append("{{" + "|".join((rng.choice(_NAMES[language]), *arguments, *more, *settings)) + "}}")
        languages.append(language)
        expected.append([digits for number in numbers for digits in _digits(number)])
    texts, unknown = convert(pages, languages)
    assert [_digits(text) for text in texts] == expected
    assert not unknown


@pytest.mark.parametrize("language", ["en", "de", "fr", "es", "ru", "ja", "it", "pt", "nl", "pl", "zh", "sv", "ltg"])
def test_every_number_of_dates_years_and_places_is_in_the_text(language: str, text_of: Callable[..., str]) -> None:
    rng = random.Random(language)
    for _ in range(60):
        year, month, day = rng.randrange(1000, 2100), rng.randrange(1, 13), rng.randrange(1, 29)
        text = text_of(f"{{{{start date|{year}|{month}|{day}}}}}", language)
        assert {str(year), str(day)} <= set(_digits(text))
        assert (str(month) in _digits(text)) or re.search(r"[^\W\d_]{3,}", text)
        places = [rng.randrange(90), rng.randrange(60), rng.randrange(180), rng.randrange(60)]
        found = text_of("{{{{coord|{}|{}|N|{}|{}|E}}}}".format(*places), language)
        assert _digits(found) == [str(place) for place in places]
        years = [str(rng.randrange(900, 2000)) for _ in range(2)]
        found = text_of("{{{{circa|{}|{}}}}} ({{{{reign|{}|{}}}}})".format(*years, *years), language)
        assert _digits(found) == years * 2
