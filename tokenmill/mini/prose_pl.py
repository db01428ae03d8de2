"""Polish: inanimate masculine and feminine nouns in the cases the frames need, verbs in the past tense."""

from tokenmill.mini.grammar import Grammar, Slots, forms, slots


def topic(m: str, f: str, verbs: str, **rest: str) -> Slots:
    """Masculine nouns as singular/plural (accusative is nominative), feminine stems; verbs as stem/infinitive.

    Verb stems take -ł, -ła, -li; adjective stems -y, -a, -ą, -e; feminine noun stems -a, -ę.
    """
    return {**forms("m mpl", m), **slots(f=f, **rest), **forms("v inf", verbs)}


SENTENCES = """
{when} {man} {v}ł {acc} {where}.
{when} {woman} {v}ła {acc}, {so}.
{man} {v}ł {acc} {where}, {so}.
{woman} {v}ła {acc} {where}, {so}.
{man} {v}ł {acc}, ponieważ {main}.
{woman} {v}ła {acc}, ponieważ {main}.
{man} {v}ł {acc}, zanim {main}.
{agents} {v}li {acc} {where}, ale {main}.
{agents} {v}li {when} {acc}, {so}.
kiedy {main}, {man} {v}ł {acc}.
chociaż {main}, {woman} {v}ła {acc} {where}.
{adj}y {m} {where} {wasm} {jm}y, {so}.
{adj}a {f}a {where} {wasf} {jm}a, {so}.
{adj}e {mpl} {were} {jm}e, lecz {main}.
stary {m} {wasm} {jm}y, a {adj}a {f}a {wasf} {jm}a.
„{opinion}” – {said} {man} {when}.
„{opinion}” – {saidf} {woman}.
{man} {said}, że {main}.
{woman} {saidf} {when}, że {main}.
{adverb} {man} {v}ł {acc}.
{adverb} {main}.
{connect} {woman} {v}ła {acc}, {so}.
{connect} {main}.
aby {inf} {acc}, {man} {v}ł {acc}.
trudno {inf} {acc} {where}, gdy {main}.
trzeba było {span}, aby {inf} {acc}.
w {year} roku {man} {v}ł {acc}, a {main}.
między rokiem {year} a {later} {agents} {v}li {acc} {where}.
około {percent} procent mieszkańców chciało {inf} {acc}.
nikt nie {expected}, że {main}.
goście z miasta {town} pytali, dlaczego {main}.
jeśli {agents} chcą {inf} {acc}, muszą najpierw {inf} {acc}.
{name} oraz {name} {v}li {acc} {where}.
dlaczego {main}? Bo {main}.
jak {inf} {acc}? {man} {said}, że {main}.
zdaniem wielu {adj}y {m} {wasm} {jm}y.
{main}; {main}.
dopiero {when} {man} {v}ł {acc}.
każdy, kto chce {inf} {acc}, powinien {inf} {acc}.
{acc} {v}ła {woman} {when}, choć {main}.
"""

GENERAL = slots(
    sentence=SENTENCES,
    acc="""{adj}y {m}|{adj}ą {f}ę|ten {adj}y {m}|tę {adj}ą {f}ę|{adj}e {mpl}|każdy {m}|jedną {f}ę|swój {adj}y {m}
    swoją {f}ę|nasz {m} oraz {adj}ą {f}ę|{m} z miasta {town}|{f}ę z miasta {town}|pierwszy {adj}y {m}|ostatnią {f}ę
    cały {m}|te {adj}e {mpl}""",
    man="{firstm} {lastm}|{firstm} {lastm}|{agent}|{agent}|{agent} {lastm}|pan {lastm}",
    woman="{firstf} {lastf}|{firstf} {lastf}|{agentf}|{agentf}|{agentf} {lastf}|pani {lastf}",
    name="{firstm} {lastm}|{firstf} {lastf}",
    main="""{man} {v}ł {acc}|{woman} {v}ła {acc}|{agents} {v}li {acc}|{adj}y {m} {wasm} {jm}y
    {adj}a {f}a {wasf} {jm}a|{man} nie chciał {inf} {acc}|{woman} musiała {inf} {acc}|{agents} nie mogli {inf} {acc}
    {man} {v}ł {acc} {where}|{adj}e {mpl} {were} {jm}e""",
    so="""więc {main}|i {main}|ale {main}|co {pleased} {whom}|dlatego {main}|żeby {agents} mogli {inf} {acc}
    a potem {main}""",
    opinion="""{adj}y {m} {wasm} {jm}y|nigdy nie widziałem, żeby {adj}a {f}a była tak {jm}a|trzeba {inf} {acc}
    każdy może {inf} {acc}|ludzie zapominają, że {main}|moja babcia umiała {inf} {acc}|chcemy {inf} {acc}
    {craft} wymaga czasu""",
    when="""wiosną {year} roku|latem {year} roku|zimą {year} roku|{day} {month} {year} roku|w {weekday}
    pod koniec {year} roku|od {year} roku|do {year} roku|{tens} lat temu|po {small} tygodniach|jesienią|każdego roku
    na początku wieku|niedługo potem|tamtego wieczoru""",
    wasm="jest|był|wydaje się|pozostaje|stał się|nie jest|nie był",
    wasf="jest|była|wydaje się|pozostaje|stała się|nie jest|nie była",
    were="są|były|wydają się|pozostają|stały się|nie są|nie były",
    said="powiedział|napisał|wyjaśnił|przyznał|uważał|dodał|wspominał|zauważył",
    saidf="powiedziała|napisała|wyjaśniła|przyznała|uważała|dodała|wspominała|zauważyła",
    expected="wiedział|myślał|przypuszczał|wierzył|zauważył|spodziewał się",
    pleased="ucieszyło|zaskoczyło|zdziwiło|martwiło|bawiło|zainteresowało",
    whom="wszystkich|mieszkańców|uczniów|sąsiadów|gości|krytyków",
    adverb="""niestety|w praktyce|zwykle|wtedy|na początku|w końcu|oczywiście|naprawdę|czasami|o dziwo|rok po roku
    do dziś""",
    connect="""jednak|mimo to|na przykład|natomiast|następnie|ponadto|przeciwnie|z tego powodu|wkrótce potem|dlatego
    tymczasem|po latach""",
    jm="""znan|zapomnian|cenion|potrzebn|skomplikowan|sławn|podziwian|niebezpieczn|chronion|zagrożon|piękn|ulubion
    zniszczon|opuszczon|niezwykł|bezpieczn|pożądan|wspaniał|trwał""",
    span="{small} miesięcy|wielu lat|prawie {tens} dni|ponad {tens} godzin|kilku tygodni",
    weekday="poniedziałek|środę|czwartek|piątek|sobotę|niedzielę",
    month="stycznia|lutego|marca|kwietnia|maja|czerwca|lipca|sierpnia|września|października|listopada|grudnia",
    firstm="""Łukasz|Wojciech|Stanisław|Michał|Paweł|Grzegorz|Zbigniew|Krzysztof|Jędrzej|Tadeusz|Mieczysław|Sławomir
    Bartłomiej|Józef|Andrzej""",
    firstf="""Agnieszka|Małgorzata|Elżbieta|Zofia|Bożena|Łucja|Grażyna|Wiesława|Danuta|Katarzyna|Halina|Jadwiga
    Świetlana|Urszula|Barbara""",
    lastm="""Kowalski|Wiśniewski|Zieliński|Dąbrowski|Wróbel|Kaczmarek|Jabłoński|Górski|Sikora|Pawłowski|Szymański
    Bąk|Żak|Ostrowski|Maciejewski|Gołąb""",
    lastf="""Kowalska|Wiśniewska|Zielińska|Dąbrowska|Wróbel|Kaczmarek|Jabłońska|Górska|Sikora|Pawłowska|Szymańska
    Bąk|Żak|Ostrowska|Maciejewska|Gołąb""",
    town="""Kraków|Wrocław|Łódź|Gdańsk|Poznań|Białystok|Toruń|Rzeszów|Częstochowa|Zamość|Lublin|Olsztyn|Opole|Kielce
    Sandomierz|Słupsk|Elbląg|Zakopane|Przemyśl|Nowy Sącz""",
    title="""{adj}y {m} i {adj}a {f}a|{adj}a {f}a, o której wiedzą {agents}|Dlaczego {main}|Jak {inf} {acc}
    {name} i {adj}y {m}|{adj}e {mpl} oraz {f}a""",
    heading="{adj}y {m}|{adj}a {f}a {where}|{adj}e {mpl}|{name}|{craft} dzisiaj",
)  # fmt: skip

TOPICS: dict[str, Slots] = {
    "history": topic(
        """zamek/zamki|klasztor/klasztory|rękopis/rękopisy|most/mosty|traktat/traktaty|dokument/dokumenty
        portret/portrety|pomnik/pomniki|herb/herby|obraz/obrazy|kościół/kościoły|cmentarz/cmentarze|skarb/skarby""",
        "wież|monet|kaplic|map|bram|gazet|legend|tablic|rzeźb|ulic",
        """odnowi/odnowić|odkry/odkryć|zbada/zbadać|opisa/opisać|sprzeda/sprzedać|zniszczy/zniszczyć|kupi/kupić
        obroni/obronić|uratowa/uratować|narysowa/narysować|podarowa/podarować|skopiowa/skopiować|odwiedzi/odwiedzić""",
        adj="""star|zabytkow|wiekow|zaginion|kamienn|zrujnowan|barokow|pożółkł|drewnian|średniowieczn|cenn|sławn
        nieznan""",
        agent="archiwista|historyk|burmistrz|opat|kustosz|architekt|książę|nauczyciel|archeolog|kamieniarz",
        agentf="badaczka|historyczka|dyrektorka muzeum|księżna|nauczycielka|archiwistka|przewodniczka",
        agents="historycy|mnisi|mieszczanie|kupcy|żołnierze|badacze|pielgrzymi",
        craft="historia lokalna|archeologia|praca w archiwum|odnawianie zabytków",
        where="""pod rynkiem|w archiwum miejskim|za kościołem|nad rzeką|w muzeum|na wzgórzu|w krypcie|przy granicy
        w piwnicy ratusza""",
    ),
    "cooking": topic(
        """chleb/chleby|tort/torty|sos/sosy|obiad/obiady|deser/desery|przepis/przepisy|placek/placki
        makaron/makarony|rosół/rosoły|gulasz/gulasze|bigos/bigosy|sernik/serniki|kompot/kompoty""",
        "zup|sałat|herbat|potraw|kasz|kiełbas|ryb|kapust|śmietan|przypraw",
        """przygotowa/przygotować|ugotowa/ugotować|doprawi/doprawić|poda/podać|sprzeda/sprzedać|kupi/kupić
        pochwali/pochwalić|spali/spalić|podzieli/podzielić|posoli/posolić|zamówi/zamówić|zamrozi/zamrozić""",
        adj="domow|smaczn|wędzon|kwaśn|solon|pieczon|aromatyczn|duszon|tłust|zimn|kremow|tradycyjn|spalon",
        agent="kucharz|piekarz|karczmarz|cukiernik|dziadek|rzeźnik|kelner|smakosz|gospodarz|rybak",
        agentf="kucharka|babcia|gospodyni|kelnerka|piekarka|sąsiadka|przekupka",
        agents="goście|kucharze|piekarze|studenci|sąsiedzi|turyści|klienci",
        craft="pieczenie chleba|sztuka kulinarna|kuchnia regionalna|robienie przetworów",
        where="""na targu|w piekarni|nad ogniem|przy długim stole|w gospodzie|w starym piecu|na patelni
        w zimnej piwnicy|w wiejskiej kuchni""",
    ),
    "technology": topic(
        """silnik/silniki|komputer/komputery|robot/roboty|czujnik/czujniki|serwer/serwery|obwód/obwody|kabel/kable
        telefon/telefony|program/programy|pojazd/pojazdy|ekran/ekrany|prototyp/prototypy""",
        "maszyn|anten|turbin|pomp|kamer|klawiatur|aparatur|płyt|lamp",
        """zbudowa/zbudować|naprawi/naprawić|sprawdzi/sprawdzić|ulepszy/ulepszyć|wymieni/wymienić
        zainstalowa/zainstalować|zmierzy/zmierzyć|dostarczy/dostarczyć|kupi/kupić|zaprogramowa/zaprogramować
        opatentowa/opatentować""",
        adj="""elektryczn|przestarzał|cyfrow|przenośn|uszkodzon|automatyczn|oszczędn|bezprzewodow|nowoczesn
        przemysłow|niezawodn|słoneczn|hałaśliw""",
        agent="inżynier|technik|wynalazca|programista|dyrektor|elektryk|mechanik|profesor|konstruktor|operator",
        agentf="inżynierka|programistka|dyrektorka|badaczka|konstruktorka|studentka|specjalistka",
        agents="inżynierowie|klienci|programiści|technicy|studenci|operatorzy|fachowcy",
        craft="elektronika|budowa maszyn|programowanie|energetyka",
        where="""w warsztacie|w centrum danych|na stanowisku badawczym|w hali fabrycznej|w laboratorium|na targach
        przy taśmie|na politechnice|pod maską""",
    ),
}  # fmt: skip

CHROME = slots(
    nav="Strona główna|Aktualności|O nas|Kontakt|Archiwum|Wydarzenia|Sklep|Regulamin|Zaloguj się|Pomoc|Galeria|Pogoda",
    cookie="""Ta strona używa plików cookie, aby zapewnić najlepszą obsługę.
    Korzystając z serwisu, zgadzasz się na pliki cookie.""",
    accept="Akceptuję|Zgadzam się|Ustawienia",
    related="Czytaj także|Podobne artykuły|Najczęściej czytane",
    rights="Wszelkie prawa zastrzeżone.|Regulamin i polityka prywatności",
    comments="Dziękuję za ten artykuł!|Bardzo ciekawe.|Nie zgadzam się.",
    search="Szukaj",
    script="Proszę włączyć obsługę skryptów.",
)

GRAMMAR = Grammar(
    code="pl",
    slots=GENERAL,
    topics=TOPICS,
    chrome=CHROME,
    encodings=("iso-8859-2", "utf-8", "windows-1250"),
    joins=((r"\bw (?=w[^aeiouy])", "we "), (r"\bz (?=[sz][^aeiouy])", "ze ")),
)
