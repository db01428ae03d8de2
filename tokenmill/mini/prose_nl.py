"""Dutch: de-words and het-words with their plurals, weak and strong verbs by past tense and participle."""

from tokenmill.mini.grammar import Grammar, Slots, forms, slots


def topic(de: str, het: str, verbs: str, **rest: str) -> Slots:
    """Nouns as singular/plural by article; verbs with hebben as past/past plural/participle/infinitive."""
    tables = {**forms("c cpl", de), **forms("n npl", het), **forms("past pastn part inf", verbs), **slots(**rest)}
    return {**tables, "pl": tables.pop("cpl") + tables.pop("npl")}


SENTENCES = """
{when} {past} {who} {np} {where}.
{when} {past} {who} {np}, {so}.
{when} heeft {who} {np} {part}, {so}.
{who} {past} {np} {where}, {so}.
{who} {past} {np}, omdat {sub}.
{who} {past} {np} en {past} {where} {np}.
{who} heeft {np} {part}, hoewel {sub}.
{who} had {np} {part} voordat {sub}.
nadat {who} {np} had {part}, {past} {who} {np}.
omdat {sub}, {past} {who} {np} {where}.
hoewel {sub}, {past} {who} {np}.
{np} {where} {was} {judged}, {so}.
{sg} {was} {judged}, maar {sg} {was} {judged}.
{pls} {were} {when} {judged}.
{pls} {were} {judged}, want {main}.
“{opinion}”, {said} {name} {when}.
“{opinion}”, {said} {who}, “en {opinion}.”
{who} {said} dat {sub}.
{name} {said} {when} dat {sub}.
volgens {name} {was} {sg} {judged}.
{adverb} {past} {who} {np} {where}.
{adverb} {was} {sg} {judged}.
{connect} {past} {who} {np}, {so}.
zonder {np} kon {who} {np} niet {inf}.
voor {np} betaalde {who} {number} euro.
met {np} {past} {who} {pls}.
wie {np} wil {inf}, heeft {np} en {span} nodig.
het duurde {span} om {np} te {inf}.
het was {judged} om {np} {where} te {inf}.
in {year} {past} {who} {np}, en {main}.
tussen {year} en {later} {past} {who} {number} {pl} {where}.
ongeveer {percent} procent van de {pl} {where} {was} {judged}.
{number} {pl} {where} {were} {judged}, {so}.
de meeste {pl} {were} {judged}, maar {main}.
in {town} {past} {who} {np}, terwijl {sub}.
de bezoekers uit {town} vroegen waarom {sub}.
niemand {expected} dat {sub}.
terwijl {sub}, {past} {who} {np}.
als {sub}, is {sg} {judged}.
{craft} is {judged}, {said} {name}.
{name} en {name} {pastn} {np} {where}.
{agents} {pastn} {when} {np}, {so}.
{agents} hebben {np} {part}, hoewel {sub}.
noch {sg} noch {sg} {was} {judged}.
waarom {was} {sg} {judged}? {main}.
de {adj} {c} die {who} {when} had {part}, {was} {judged}.
het {adj} {n} dat {who} {when} had {part}, {was} {judged}.
"""

GENERAL = slots(
    sentence=SENTENCES,
    sg="""de {adj} {c}|het {adj} {n}|de {c} uit {town}|het {n} uit {town}|deze {adj} {c}|dit {adj} {n}
    elke {adj} {c}|de {c} {where}|het {n} {where}""",
    np="""de {adj} {c}|het {adj} {n}|de {c} uit {town}|het {n} uit {town}|deze {adj} {c}|dit {n}|een {adj} {c}
    de {adj} {pl}|{number} {pl}|veel {adj} {pl}|geen {adj} {pl}|zijn {adj} {c}|haar {adj} {pl}|onze {adj} {c}
    enkele {adj} {pl}|de eerste {c}|het laatste {n}""",
    pls="de {adj} {pl}|veel {adj} {pl}|{number} {pl}|alle {adj} {pl}|de {pl} uit {town}|enkele {adj} {pl}|onze {pl}",
    who="{name}|{name}|{agent}|{agent}|{agent} uit {town}|{name} uit {town}|{agent}",
    sub="""{sg} {judged} {was}|{who} {np} {past}|{who} {when} {np} {past}|{who} {np} had {part}
    {pls} {judged} {were}|{who} {where} {np} {past}|{who} {np} niet kon {inf}|{agents} {np} {pastn}""",
    main="""{who} {past} {np}|{sg} {was} {judged}|{agents} {pastn} {np}|{who} heeft {np} {part}
    {who} kon {np} niet {inf}|{pls} {were} {judged}""",
    so="""zodat {sub}|en {main}|maar {main}|wat {agents} erg {pleased}|want {main}|waarna {who} {np} {past}
    dus {past} {who} {np}""",
    opinion="""{sg} {was} {judged}|wij willen {np} {inf}|zonder {np} is {sg} {judged}|je moet {np} {inf}
    {craft} is {judged}|ik wilde {np} nooit {inf}|iedereen kan {np} {inf}|{pls} {were} {judged}""",
    when="""in de {season} van {year}|op {weekday}|in {month} {year}|{number} jaar geleden|kort voor de {season}
    eind {year}|sinds {year}|op {day} {month} {year}|in de loop van het jaar|na {number} dagen
    op een {weekday} in {month}|elke {weekday}|begin {month}|tot {year}""",
    name="{first} {last}|{first} {last}|{first} {last}|mevrouw {last}|meneer {last}|professor {last}",
    title="""De {adj} {c} van {town}|Het {adj} {n} en de {c}|{craft} in {town}|Waarom {sub}|Tussen {c} en {n}
    {name} en het {adj} {n}|Een {adj} {c} voor {town}|{number} {pl} en een {c}""",
    heading="De {adj} {c}|{pl} in {town}|{craft} vandaag|Het {n} {where}|{name} en de {pl}",
    was="was|blijft|werd|is|leek|bleef|bleek",
    were="waren|blijven|werden|zijn|leken|bleven|bleken",
    said="zei|vertelde|schreef|meende|legde uit|benadrukte|beweerde|antwoordde|herinnerde zich",
    expected="verwachtte|geloofde|merkte|wist|vermoedde|dacht",
    pleased="verheugde|ergerde|verraste|bezighield|verbaasde|hinderde",
    adverb="""helaas|in feite|verrassend genoeg|vermoedelijk|destijds|eerst|uiteindelijk|inmiddels|gewoonlijk|soms
    vreemd genoeg|steeds weer|tegenwoordig""",
    connect="""daarom|toch|bovendien|daarna|in plaats daarvan|bijvoorbeeld|niettemin|tegelijkertijd|later
    daarentegen|tenslotte|kort daarop""",
    judged="{how} {judgement}|{judgement}|{judgement} en {judgement}",
    how="zeer|tamelijk|nauwelijks|verbazend|bijzonder|veel te|niet meer|uiterst|weer|bijna|nooit|vaak",
    judgement="""nuttig|moeilijk|waardevol|geliefd|omstreden|betrouwbaar|onmisbaar|gevaarlijk|vergeten|bekend
    prachtig|zeldzaam|goedkoop|eenvoudig|kwetsbaar|onbetaalbaar|overbodig|gewild|toegankelijk|bedreigd|beschermd
    beroemd|onvolledig|bruikbaar|verdwenen|gunstig|welkom""",
    span="{small} dagen|{small} weken|bijna {small} maanden|meer dan {small} jaar|ongeveer {small} uur",
    number="{small}|{tens}|{hundreds}|ruim {tens}|meer dan {hundreds}|bijna {hundreds}|zo'n {tens}",
    season="lente|zomer|herfst|winter",
    weekday="maandag|dinsdag|woensdag|donderdag|vrijdag|zaterdag|zondag",
    month="januari|februari|maart|april|mei|juni|juli|augustus|september|oktober|november|december",
    first="""Anneke|Joris|Marijke|Pieter|Femke|Willem|Saskia|Gerrit|Liesbeth|Maarten|Wietske|Hendrik|Roos|Bram|Ineke
    Sjoerd|Trijntje|Koen|Mieke|Dirk|Geertje|Thijs|Lotte|Ruud""",
    last="""de Vries|Jansen|van den Berg|Bakker|Visser|Smit|Meijer|de Boer|Mulder|Bos|Vermeulen|van Dijk|Hoekstra
    Kuipers|Postma|Dekker|Brouwer|van Leeuwen|Schouten|Wouters|Peeters|Claes|Jacobs|Hendriks""",
    town="""Utrecht|Groningen|Leeuwarden|Delft|Gouda|Zwolle|Nijmegen|Breda|Haarlem|Leiden|Middelburg|Maastricht
    Brugge|Gent|Leuven|Mechelen|Hasselt|Deventer|Alkmaar|Zutphen|Dordrecht|Enschede""",
)  # fmt: skip

TOPICS: dict[str, Slots] = {
    "history": topic(
        """toren/torens|brief/brieven|brug/bruggen|munt/munten|stadsmuur/stadsmuren|kerk/kerken|molen/molens
        landkaart/landkaarten|kroniek/kronieken|gevel/gevels|oorkonde/oorkonden|vesting/vestingen""",
        """klooster/kloosters|schilderij/schilderijen|stadhuis/stadhuizen|wapen/wapens|kasteel/kastelen
        dagboek/dagboeken|handschrift/handschriften|zegel/zegels|graf/graven|verdrag/verdragen""",
        """onderzocht/onderzochten/onderzocht/onderzoeken|ontdekte/ontdekten/ontdekt/ontdekken
        restaureerde/restaureerden/gerestaureerd/restaureren|kopieerde/kopieerden/gekopieerd/kopiëren
        verkocht/verkochten/verkocht/verkopen|vernielde/vernielden/vernield/vernielen
        vertaalde/vertaalden/vertaald/vertalen|beschreef/beschreven/beschreven/beschrijven
        bewaakte/bewaakten/bewaakt/bewaken|dateerde/dateerden/gedateerd/dateren|schonk/schonken/geschonken/schenken""",
        adj="""middeleeuwse|vervallen|gotische|Romeinse|vergeelde|geheimzinnige|verloren|kostbare|houten|koninklijke
        prachtige|vervalste|beschadigde|oude|stenen|Friese""",
        agent="""de archivaris|de historica|de burgemeester|de abt|de conservator|de bouwmeester|de hertog
        de schoolmeester|de archeologe|de steenhouwer""",
        agents="de historici|de monniken|de burgers|de kooplieden|de soldaten|de dorpelingen|de pelgrims",
        craft="de plaatselijke geschiedenis|monumentenzorg|archeologie|het lezen van oude brieven",
        where="""onder het marktplein|in het stadsarchief|achter de kerk|bij de oude haven|in het museum
        op de heuvel|in de crypte|aan de grens|in de kelder van het stadhuis""",
    ),
    "cooking": topic(
        """soep/soepen|taart/taarten|saus/sauzen|kaas/kazen|stoofpot/stoofpotten|pannenkoek/pannenkoeken
        haring/haringen|worst/worsten|salade/salades|wafel/wafels|kruidkoek/kruidkoeken|oliebol/oliebollen""",
        """brood/broden|recept/recepten|gerecht/gerechten|gebak/gebakjes|toetje/toetjes|broodje/broodjes
        bijgerecht/bijgerechten|menu/menu's|kruidenmengsel/kruidenmengsels""",
        """kookte/kookten/gekookt/koken|kruidde/kruidden/gekruid/kruiden|serveerde/serveerden/geserveerd/serveren
        proefde/proefden/geproefd/proeven|verkocht/verkochten/verkocht/verkopen|bestelde/bestelden/besteld/bestellen
        koelde/koelden/gekoeld/koelen|prees/prezen/geprezen/prijzen|bakte/bakten/gebakken/bakken
        verbrandde/verbrandden/verbrand/verbranden""",
        adj="""knapperige|pittige|zoete|scherpe|romige|verse|gerookte|malse|bittere|hartige|lauwe|Zeeuwse|gevulde
        verbrande|zelfgemaakte|zoute""",
        agent="""de kokkin|de bakker|de herbergier|de banketbakker|de chef-kok|de grootmoeder|de slager
        de serveerster|de fijnproever|de marktkoopvrouw""",
        agents="de gasten|de koks|de bakkers|de studenten|de buren|de kinderen|de herbergiers",
        craft="het bakken van brood|de kookkunst|de streekkeuken|het inmaken van fruit",
        where="""op de weekmarkt|in de bakkerij|boven het vuur|aan de lange tafel|in de gelagkamer|in de steenoven
        op het fornuis|in de koele kelder|in de dorpskeuken""",
    ),
    "nature": topic(
        """vos/vossen|rivier/rivieren|uil/uilen|weide/weiden|heg/heggen|bron/bronnen|eik/eiken|bloem/bloemen
        bij/bijen|duin/duinen|vlinder/vlinders|reiger/reigers|sloot/sloten""",
        """bos/bossen|nest/nesten|ree/reeën|dal/dalen|meer/meren|veld/velden|moeras/moerassen
        natuurgebied/natuurgebieden|eiland/eilanden|konijn/konijnen""",
        """bekeek/bekeken/bekeken/bekijken|beschermde/beschermden/beschermd/beschermen
        fotografeerde/fotografeerden/gefotografeerd/fotograferen|verzorgde/verzorgden/verzorgd/verzorgen
        telde/telden/geteld/tellen|bezocht/bezochten/bezocht/bezoeken|tekende/tekenden/getekend/tekenen
        bewonderde/bewonderden/bewonderd/bewonderen|redde/redden/gered/redden
        verstoorde/verstoorden/verstoord/verstoren""",
        adj="""zeldzame|wilde|vochtige|besneeuwde|zonnige|bedreigde|schuwe|stille|groene|bloeiende|mistige|oeroude
        eenzame|drassige|inheemse|rotsachtige""",
        agent="""de boswachter|de bioloog|de gids|de tuinvrouw|de jager|de fotografe|de herder|de imker|de vogelaar
        de molenaar""",
        agents="de wandelaars|de boeren|de boswachters|de kinderen|de vogelaars|de onderzoekers|de tuinders",
        craft="natuurbescherming|het kijken naar vogels|wandelen|het houden van bijen",
        where="""aan de bosrand|in het nationale park|op de heide|achter de dijk|in het veen|aan de Noordzee
        op de Wadden|in de schooltuin|aan de oever""",
    ),
}  # fmt: skip

CHROME = slots(
    nav="Startpagina|Nieuws|Over ons|Contact|Archief|Agenda|Winkel|Disclaimer|Inloggen|Hulp|Galerij|Het weer",
    cookie="""Deze website gebruikt cookies om uw bezoek te verbeteren.
    Wij gebruiken cookies. Lees meer in ons privacybeleid.""",
    accept="Alles accepteren|Akkoord|Instellingen",
    related="Lees ook|Meer artikelen|Meest gelezen",
    rights="Alle rechten voorbehouden.|Disclaimer en privacy",
    comments="Bedankt voor dit stuk!|Heel interessant.|Daar ben ik het niet mee eens.",
    search="Zoeken",
    script="Schakel JavaScript in.",
)

GRAMMAR = Grammar(
    code="nl", slots=GENERAL, topics=TOPICS, chrome=CHROME, encodings=("utf-8", "windows-1252", "iso-8859-1")
)
