"""A page is UTF-8 if its well-formed sequences outweigh its broken bytes, and text in other charsets is not."""

import pytest

from tokenmill.stages.reading.charset import decode

TEXTS = {
    "cp1252 iso8859-15 mac-roman": (
        "Die Bäckerei öffnet früh, und das Brot schmeckt süß und würzig; wir gehen später über die große Straße heim.",
        "Près de la forêt, une fermière élève des chèvres et vend du fromage frais à la foire de la cité voisine.",
        "El niño pequeño soñó con una montaña lejana, y mañana contará su sueño a la señora del jardín.",
        "A avó não sabia que o avião só sairia às três; então fomos à praça comer pão com maçã.",
        "Vår båt låg vid bryggan när sjön frös, så vi gick över isen till ön där färjan också låg.",
    ),
    "cp1250 iso8859-2": (
        "Wczoraj późnym wieczorem żółta łódź dopłynęła do brzegu, gdzie czekał już mój młodszy brat z gorącą zupą.",
        "Příliš žluťoučký kůň běžel přes louku, až doběhl k řece, kde šuměly vysoké štíhlé břízy.",
        "Az öreg kertész minden őszi reggelen összegyűjtötte a lehullott leveleket, és tüzet gyújtott a szőlő mellett.",
    ),
    "cp1251 koi8-r iso8859-5": (
        "Осенью старый садовник собирал яблоки, а вечером рассказывал детям длинные истории о море и кораблях.",
    ),
    "cp1251": (
        "Восени старий садівник збирав яблука, а ввечері розповідав дітям довгі історії про море та Англії й Індії.",
        "През есента старият градинар береше ябълки, а вечер разказваше на децата дълги истории за морето.",
    ),
    "cp1253 iso8859-7": (
        "Το φθινόπωρο ο γέρος κηπουρός μάζευε μήλα και το βράδυ έλεγε στα παιδιά ιστορίες για τη θάλασσα.",
    ),
    "cp1254": (
        "Yaşlı bahçıvan güz gelince elma toplar, akşamları da çocuklara denizi ve gemileri anlatırdı; hepsi gülerdi.",
    ),
    "cp1255": ("הגנן הזקן אסף תפוחים בסתיו ובערב סיפר לילדים סיפורים ארוכים על הים ועל האוניות.",),
    "cp1256": ("كان البستاني العجوز يجمع التفاح في الخريف، وفي المساء يحكي للأطفال قصصا طويلة عن البحر؟",),
    "cp1257": (
        "Rudenį senas sodininkas rinko obuolius, o vakarais vaikams pasakodavo ilgas istorijas apie jūrą ir žvejus.",
    ),
    "cp874": ("ฤดูใบไม้ร่วงคนสวนชราเก็บแอปเปิลและตอนเย็นเล่าเรื่องทะเลกับเรือให้เด็กเด็กฟังจนดึก",),
    "gb18030": ("秋天，老园丁在果园里收苹果，晚上给孩子们讲大海和船的长故事，大家都听得很高兴。",),
    "big5hkscs": ("秋天，老園丁在果園裡收蘋果，晚上給孩子們講大海和船的長故事，大家都聽得很高興。",),
    "cp932 euc_jp iso2022_jp": (
        "秋になると年老いた庭師はりんごを集め、夜には子どもたちに海と船の長い話をしてくれました。",
    ),
    "cp949": ("가을이면 늙은 정원사는 사과를 모으고 저녁에는 아이들에게 바다와 배에 관한 긴 이야기를 들려주었다.",),
}
LEGACY = [
    (text, codec) for codecs, texts in TEXTS.items() for text in texts for codec in codecs.split()
]  # fmt: skip
LABELS = {
    "iso8859-15": "iso-8859-15", "mac-roman": "macintosh", "cp1250": "windows-1250", "iso8859-2": "iso-8859-2",
    "cp1251": "windows-1251", "koi8-r": "koi8-r", "iso8859-5": "iso-8859-5", "cp1252": "windows-1252",
    "cp1253": "windows-1253", "iso8859-7": "iso-8859-7", "cp1254": "iso-8859-9", "cp1255": "windows-1255",
    "cp1256": "windows-1256", "cp1257": "windows-1257", "cp874": "tis-620", "gb18030": "gb2312", "big5hkscs": "big5",
    "cp932": "shift_jis", "euc_jp": "euc-jp", "iso2022_jp": "iso-2022-jp", "cp949": "ks_c_5601-1987",
}  # fmt: skip
HARD = ("iso8859-15", "mac-roman", "iso8859-2", "iso8859-5", "iso8859-7", "cp1254", "cp1257", "cp1253", "cp1250")
"""Charsets that the detector mixes up with relatives if nothing names them."""

FAULTS = {
    "no-break space": b"\xa0", "dash of windows-1252": b"\x96", "quote of windows-1252": b"\x92",
    "continuation": b"\xbf", "letter of windows-1252": b"\xe9", "never in UTF-8": b"\xff",
    "two of three bytes": b"\xe2\x80",
    "one of two bytes": b"\xc3", "three of four bytes": b"\xf0\x9f\x98", "overlong space": b"\xc0\xa0",
    "overlong slash": b"\xe0\x80\xaf", "overlong letter": b"\xf0\x80\x81\x81", "surrogate": b"\xed\xa0\xbd",
    "CESU-8": b"\xed\xa0\xbd\xed\xb8\x80", "above U+10FFFF": b"\xf4\x90\x80\x80", "five bytes": b"\xf8\x88\x80\x80\x80",
    "six bytes": b"\xfc\x84\x80\x80\x80\x80",
}  # fmt: skip
WORDS = ("It’s", "café", "“yes”", "πολύ", "море", "שלום", "海", "빵", "😀")


def page(charset: str, body: bytes) -> bytes:
    meta = f'<meta charset="{charset}">' if charset else ""
    return f"<html><head>{meta}<title>Notes</title></head><body><p>".encode() + body + b"</p></body></html>"


def decoded(body: bytes, label: str = "") -> tuple[str | None, str]:
    found = decode([body], [label])
    return found.text[0].as_py(), found.charset[0]


@pytest.mark.parametrize("label", ["", "utf-8", "no-such-charset"])
@pytest.mark.parametrize(("text", "codec"), LEGACY)
def test_text_in_another_charset_is_never_taken_for_utf_8(text: str, codec: str, label: str) -> None:
    for body, right in (
        (text.encode(codec), text),
        (page(label, text.encode(codec)), page(label, text.encode()).decode()),
    ):
        found = decoded(body, label)
        assert found == (right, codec) or (codec in HARD and found[1] != "utf-8")


@pytest.mark.parametrize(("text", "codec"), LEGACY)
@pytest.mark.parametrize("shape", ["whole", "start", "capitals", "quoted"])
def test_a_right_label_is_followed(text: str, codec: str, shape: str) -> None:
    text = {"whole": text, "start": text[:40], "capitals": text.upper(), "quoted": f"«{text}» …"}[shape]
    body = text.encode(codec, "ignore")
    text, label = body.decode(codec), LABELS[codec]
    assert decoded(page("", body), label) == (page("", text.encode()).decode(), codec)
    assert decoded(page(label, body)) == (page(label, text.encode()).decode(), codec)
    assert decoded(page(label, body), label) == (page(label, text.encode()).decode(), codec)


@pytest.mark.parametrize("text", [text for texts in TEXTS.values() for text in texts])
def test_utf_8_is_found_whatever_the_labels_say(text: str) -> None:
    for label in ("", "utf-8", *set(LABELS.values()) - {"iso-2022-jp"}):
        for body in (text.encode(), page(label, text.encode()), page("utf-8", text.encode())):
            assert decoded(body, label) == (body.decode(), "utf-8")
            assert decoded(body + b" \xa0", label) == (body.decode() + " \ufffd", "utf-8")


@pytest.mark.parametrize(("http", "meta"), [("", ""), ("UTF-8", ""), ("", "utf-8"), ("utf8", "utf-8"), ("x", "utf-8")])
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("word", WORDS)
def test_one_broken_byte_does_not_outweigh_one_sound_sequence(word: str, fault: str, http: str, meta: str) -> None:
    """Guards against an earlier fault: `The keeper’s ledger` with one stray byte was decoded as windows-1252."""
    before, after = f"Notes: {word}, of 1,200 words. ", " And the rest of the page."
    body = page(meta, before.encode() + FAULTS[fault] + after.encode())
    assert decoded(body, http) == (page(meta, (before + "\ufffd" + after).encode()).decode(), "utf-8")


@pytest.mark.parametrize("label", ["", "utf-8"])
@pytest.mark.parametrize("word", WORDS)
def test_a_cut_at_the_end_of_the_body_is_no_evidence(word: str, label: str) -> None:
    whole = f"A short page, {word}; {word}".encode()
    for end in range(len(f"A short page, {word}; ".encode()) + 1, len(whole)):
        text, charset = decoded(whole[:end], label)
        assert (text, charset) == (whole[:end].decode("utf-8", "replace"), "utf-8")


def test_several_faults_are_outweighed_by_more_sequences() -> None:
    text = "“A wall’s shadow” — and “the tower’s”, cafés … " * 3
    body = text.replace("A wall", "A\xa0wall").encode().replace(b"\xc2\xa0", b"\xa0") + b"\x93\x94\xe9 "
    assert decoded(body)[1] == "utf-8"


@pytest.mark.parametrize(
    ("body", "label", "text"),
    [
        (b"A caf\xe9", "utf-8", "A café"),  # nothing says UTF-8 apart from the label
        (b"10 \x96 12\xa0km", "utf-8", "10 – 12\xa0km"),
        (b"A caf\xe9 here", "utf-8", "A café here"),
        (b"\xc2\xa9 caf\xe9, caf\xe9.", "", "Â© café, café."),  # two letters outweigh one sequence
        (b"It\xe2\x80\x99s 10\xa0km", "iso-8859-1", "Itâ€™s 10\xa0km"),  # another label outweighs one sequence
        (b"\xe2\x80\x9cIt\xe2\x80\x99s\xe2\x80\x9d 10\xa0km", "iso-8859-1", "“It’s” 10\ufffdkm"),  # but not three
        (b"\x84Gru\xdf\x93", "", "„Gruß“"),  # DF 93 is well-formed
        ("Від Англії".encode("cp1251"), "windows-1251", "Від Англії"),  # so are C2 B3 and EB B3 BF
        (b"CAF\xc9\xa0: \xabD\xc9J\xc0\xbb", "iso-8859-1", "CAFÉ\xa0: «DÉJÀ»"),
        (b"It\xe2\x80", "utf-8", "It\ufffd"),  # a cut character is no evidence against the label
        (b"smile \xed\xa0\xbd\xed\xb8\x80 smile", "utf-8", "smile \ufffd smile"),
    ],
)
def test_without_sound_sequences_the_bytes_keep_the_likeliest_meaning(body: bytes, label: str, text: str) -> None:
    assert decoded(body, label)[0] == text


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"\xe2\x82", "\ufffd"), (b"\xe2\x82x", "\ufffdx"), (b"\xe2x", "\ufffdx"), (b"\x80\x80", "\ufffd\ufffd"),
        (b"\xf0\x9f\x98\xe2\x82\xac", "\ufffd€"), (b"\xc3\xc3\xa9", "\ufffdé"), (b"\xff\xfe", "\ufffd\ufffd"),
        (b"\xed\xa0\xbd\xed\xb8\x80", "\ufffd"), (b"\xed\xb8\x80\xed\xa0\xbd", "\ufffd\ufffd"),
        (b"\xed\xa0", "\ufffd\ufffd"), (b"\xc1\xbf\xc2\xa0", "\ufffd\xa0"), (b"\xef\xbf\xbd", "\ufffd"),
        (b"\xfd\xbf\xbf\xbf\xbf\xbf\xbf", "\ufffd\ufffd"),
    ],
)  # fmt: skip
def test_ill_formed_bytes_become_as_many_replacement_characters_as_documented(body: bytes, text: str) -> None:
    around = "’ é 海 " * 5
    found = decode([around.encode() + body], [""])
    assert found.text.to_pylist() == [around + text]
    broken = text.count("\ufffd") - (body == b"\xef\xbf\xbd")  # that one is in the page
    assert found.bad[0] == pytest.approx(broken / len((around + text).encode()))


def test_a_replacement_character_of_the_page_is_not_counted_as_broken() -> None:
    text = "’ é 海 \ufffd \ufffd" * 5
    assert decode([text.encode() + b"\xa0"], [""]).bad[0] == pytest.approx(1 / len((text + "\ufffd").encode()))


@pytest.mark.parametrize("label", ["", "utf-8", "iso-8859-1"])
def test_text_that_was_encoded_twice_stays_as_it_is(label: str) -> None:
    twice = "Le café de l’hôtel".encode().decode("cp1252")
    assert decoded(twice.encode(), label) == (twice, "utf-8")


def test_a_body_that_is_utf_8_by_definition_stays_utf_8() -> None:
    body = b"caf\xe9 \x96 \xa0"
    assert decode([body, body], ["", ""], [True, False]).text.to_pylist() == ["caf\ufffd \ufffd \ufffd", "café – \xa0"]
