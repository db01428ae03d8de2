"""German: nouns by gender after the definite article, adjectives as stems, weak verbs by their past tense."""

from tokenmill.mini.grammar import Grammar, Slots, forms, slots


def topic(m: str, f: str, n: str, verbs: str, **rest: str) -> Slots:
    """Nouns as singular/plural by gender; verbs as past/participle/infinitive, inseparable and with haben."""
    tables = {
        **forms("m mpl", m), **forms("f fpl", f), **forms("n npl", n),
        **forms("past part inf", verbs), **slots(**rest),
    }  # fmt: skip
    return {**tables, "pl": tables.pop("mpl") + tables.pop("fpl") + tables.pop("npl")}


SENTENCES = """
{when} {past} {who} {acc} {where}.
{when} {past} {who} {acc}, {so}.
{when} hat {who} {acc} {part}, {so}.
{who} {past} {acc} {where}, {so}.
{who} {past} {acc}, weil {sub}.
{who} {past} {acc} und {past} {where} {acc}.
{who} hat {acc} {part}, obwohl {sub}.
{who} hatte {acc} {part}, bevor {sub}.
nachdem {who} {acc} {part} hatte, {past} {who2} {acc}.
weil {sub}, {past} {who} {acc} {where}.
obwohl {sub}, {past} {who} {when} {acc}.
{nom} {where} {was} {judged}, {so}.
{nom} {was} {judged}, aber {nom} {was} {judged}.
{pls} {were} {when} {judged}.
{pls} {were} {judged}, denn {main}.
„{opinion}“, {said} {name} {when}.
„{opinion}“, {said} {who}, „und {opinion}.“
{who} {said}, dass {sub}.
{name} {said} {when}, dass {sub}.
nach Angaben von {name} {was} {nom} {judged}.
laut {name} {past} {who} {acc} {where}.
{adverb} {past} {who} {acc}.
{adverb} {was} {nom} {where} {judged}.
{connect} {past} {who} {acc}, {so}.
ohne {acc} konnte {who} {acc} nicht {inf}.
für {acc} {where} zahlte {who} {number} Euro.
mit {dat} {past} {who} {acc}.
von {dat} aus {past} {who} {acc} {where}.
wer {acc} {inf} will, braucht {acc} und {span} Zeit.
es dauerte {span}, {acc} zu {inf}.
es war {judged}, {acc} {where} zu {inf}.
im Jahr {year} {past} {who} {acc}, und {main}.
zwischen {year} und {later} {past} {who} {number} {pl} {where}.
rund {percent} Prozent der {pl} {where} {were} {judged}.
{number} {pl} {where} {were} {judged}, {so}.
die meisten {pl} {were} {judged}, doch {main}.
in {town} {past} {who} {acc}, während {sub}.
die Besucher aus {town} fragten, warum {sub}.
niemand {expected}, dass {sub}.
während {sub}, {past} {who} {acc}.
wenn {sub}, ist {nom} {judged}.
{craft} ist {judged}, {said} {name}.
{craft} {was} in {town} {judged}, weil {sub}.
{name} und {name} {past}n {acc} {where}.
{agents} {past}n {when} {acc}, {so}.
{agents} haben {acc} {part}, obwohl {sub}.
weder {nom} noch {nom} {was} {judged}.
warum {was} {nom} {judged}? {main}.
der {adj}e {m}, den {who} {when} {part} hatte, {was} {judged}.
die {adj}e {f}, die {who} {when} {part} hatte, {was} {judged}.
das {adj}e {n}, das {who} {when} {part} hatte, {was} {judged}.
"""

GENERAL = slots(
    sentence=SENTENCES,
    nom="""der {adj}e {m}|die {adj}e {f}|das {adj}e {n}|der {m} aus {town}|die {f} aus {town}|das {n} aus {town}
    dieser {m}|diese {f}|dieses {n}|jeder {adj}e {m}|jede {adj}e {f}|jedes {adj}e {n}|der {m} {where}|die {f} {where}
    das {n} {where}""",
    acc="""den {adj}en {m}|die {adj}e {f}|das {adj}e {n}|den {m} aus {town}|die {f} aus {town}|das {n} aus {town}
    diesen {m}|diese {f}|dieses {n}|einen {adj}en {m}|eine {adj}e {f}|ein {adj}es {n}|die {adj}en {pl}|{number} {pl}
    viele {adj}e {pl}|keine {adj}en {pl}|seine {adj}en {pl}""",
    dat="""dem {adj}en {m}|der {adj}en {f}|dem {adj}en {n}|diesem {adj}en {m}|dieser {adj}en {f}|diesem {adj}en {n}
    einem {adj}en {m}|einer {adj}en {f}""",
    pls="""die {adj}en {pl}|viele {adj}e {pl}|{number} {pl}|alle {adj}en {pl}|die {pl} aus {town}|die {pl} {where}
    einige {adj}e {pl}|unsere {pl}""",
    who="{name}|{name}|{agent}|{agent}|{agent} aus {town}|{name} aus {town}|{agent}|{agent} in {town}",
    who2="{name}|{agent}|{agent} aus {town}",
    sub="""{nom} {judged} {was}|{who} {acc} {past}|{who} {when} {acc} {past}|{who} {acc} {part} hatte
    {pls} {judged} {were}|{who} {where} {acc} {past}|{who} {acc} nicht {inf} konnte|{agents} {acc} {past}n""",
    main="""{who} {past} {acc}|{nom} {was} {judged}|{agents} {past}n {acc}|{who} hat {acc} {part}
    {who} konnte {acc} nicht {inf}|{pls} {were} {judged}""",
    so="""sodass {sub}|und {main}|doch {main}|aber {main}|was {agents} sehr {pleased}|denn {main}
    damit {agents} {acc} {inf} konnten|worauf {who} {acc} {past}""",
    opinion="""{nom} {was} {judged}|wir {inf} {acc} seit {year}|ohne {acc} wäre {nom} {judged}|man muss {acc} {inf}
    {craft} ist {judged}|ich wollte {acc} nie {inf}|jeder kann {acc} {inf}|{pls} {were} {judged}
    {nom} gehört zu {dat}""",
    when="""im {season} {year}|am {weekday}|im {month} {year}|vor {number} Jahren|kurz vor dem {season}|Ende {year}
    seit {year}|am {day}. {month} {year}|im Laufe des Jahres|nach {number} Tagen|an einem {weekday} im {month}
    jeden {weekday}|Anfang {month}|bis {year}|am {daytime}""",
    name="{first} {last}|{first} {last}|{first} {last}|Frau {last}|Herr {last}|Professor {last}",
    title="""Der {adj}e {m} von {town}|Die {adj}e {f} von {town}|Das {adj}e {n} und die {f}|{craft} in {town}
    Warum {sub}|Zwischen {m} und {f}|Was von {dat} bleibt|{name} und der {adj}e {m}|Ein {adj}es {n} für {town}
    {number} {pl} und eine {adj}e {f}""",
    heading="Der {adj}e {m}|Die {adj}e {f}|{pl} in {town}|{craft} heute|Was {when} geschah|Das {n} {where}|Mit {dat}",
    was="war|bleibt|wurde|ist|schien|blieb|wirkte",
    were="waren|bleiben|wurden|sind|schienen|blieben|wirkten",
    said="sagte|erklärte|schrieb|meinte|berichtete|betonte|behauptete|versicherte|erinnerte sich",
    expected="erwartete|glaubte|bemerkte|ahnte|bestritt|wusste|vermutete",
    pleased="freute|ärgerte|überraschte|beschäftigte|verwirrte|beeindruckte",
    adverb="""leider|tatsächlich|überraschend|vermutlich|damals|zunächst|schließlich|inzwischen|normalerweise
    manchmal|seltsamerweise|immer wieder|heute""",
    connect="""deshalb|trotzdem|außerdem|danach|stattdessen|zum Beispiel|dennoch|gleichzeitig|später
    im Gegensatz dazu|am Ende|kurz darauf""",
    judged="""{how} {judgement}|{judgement}|{judgement} und {judgement}|{how} {adj}|{adj}|{adj} und {judgement}""",
    how="sehr|ziemlich|kaum|erstaunlich|besonders|viel zu|nicht mehr|überaus|wieder|fast|nie|oft",
    judgement="""nützlich|schwierig|wertvoll|beliebt|umstritten|zuverlässig|unverzichtbar|gefährlich|vergessen
    bekannt|wunderschön|selten|billig|einfach|empfindlich|unbezahlbar|überflüssig|gefragt|zugänglich|bedroht|geschützt
    berühmt|unvollständig|brauchbar|verschwunden|günstig|willkommen""",
    span="{small} Tage|{small} Wochen|fast {small} Monate|mehr als {small} Jahre|etwa {small} Stunden",
    number="{small}|{tens}|{hundreds}|rund {tens}|mehr als {hundreds}|fast {hundreds}|etwa {tens}",
    season="Frühling|Sommer|Herbst|Winter|Frühjahr|Spätsommer",
    weekday="Montag|Dienstag|Mittwoch|Donnerstag|Freitag|Samstag|Sonntag",
    month="Januar|Februar|März|April|Mai|Juni|Juli|August|September|Oktober|November|Dezember",
    daytime="Morgen|Abend|Nachmittag|Vormittag|Mittag",
    first="""Anna|Jürgen|Käthe|Lukas|Sabine|Matthias|Ursula|Stefan|Heike|Björn|Claudia|Günther|Lena|Friedrich|Monika
    Tobias|Renate|Andreas|Ingrid|Uwe|Brigitte|Florian|Gisela|Dietrich|Petra|Sönke|Bärbel|Rainer|Silke|Wolfgang""",
    last="""Müller|Schröder|Becker|Krüger|Hoffmann|Jäger|Weiß|Neumann|Köhler|Vogel|Brandt|Schäfer|Winter|Böhm|Lorenz
    Huber|Grünwald|Zimmermann|Hartmann|Seidel|Förster|Pohl|Kühn|Lindner|Fuchs|Steiner|Wagner|Brückner|Albrecht|Dörr""",
    town="""Köln|Lübeck|Würzburg|Dresden|Münster|Görlitz|Bamberg|Rostock|Nürnberg|Freiburg|Tübingen|Zürich|Linz|Graz
    Erfurt|Kassel|Saarbrücken|Trier|Göttingen|Stralsund|Passau|Bern|Düsseldorf|Halle|Regensburg|Innsbruck|Flensburg
    Ulm""",
)  # fmt: skip

TOPICS: dict[str, Slots] = {
    "history": topic(
        """Turm/Türme|Brief/Briefe|Vertrag/Verträge|Friedhof/Friedhöfe|Stempel/Stempel|Grabstein/Grabsteine
        Bauplan/Baupläne|Altar/Altäre|Marktplatz/Marktplätze|Kupferstich/Kupferstiche""",
        """Burg/Burgen|Urkunde/Urkunden|Brücke/Brücken|Münze/Münzen|Handschrift/Handschriften|Stadtmauer/Stadtmauern
        Chronik/Chroniken|Kapelle/Kapellen|Mühle/Mühlen|Landkarte/Landkarten""",
        """Kloster/Klöster|Gemälde/Gemälde|Rathaus/Rathäuser|Wappen/Wappen|Schloss/Schlösser|Tagebuch/Tagebücher
        Denkmal/Denkmäler|Siegel/Siegel|Stadttor/Stadttore|Fachwerkhaus/Fachwerkhäuser""",
        """untersuchte/untersucht/untersuchen|entdeckte/entdeckt/entdecken|restaurierte/restauriert/restaurieren
        kopierte/kopiert/kopieren|zerstörte/zerstört/zerstören|datierte/datiert/datieren|verkaufte/verkauft/verkaufen
        erforschte/erforscht/erforschen|übersetzte/übersetzt/übersetzen|verehrte/verehrt/verehren
        bewachte/bewacht/bewachen|erneuerte/erneuert/erneuern""",
        adj="""mittelalterlich|verfallen|kaiserlich|gotisch|römisch|vergilbt|geheimnisvoll|barock|verschollen
        kostbar|versunken|hölzern|königlich|prächtig|gefälscht|beschädigt""",
        agent="""der Archivar|die Historikerin|der Stadtrat|der Abt|die Kuratorin|der Baumeister|die Äbtissin
        der Herzog|der Heimatforscher|die Archäologin""",
        agents="die Historiker|die Mönche|die Bürger|die Kaufleute|die Restauratoren|die Soldaten|die Dorfbewohner",
        craft="die Heimatforschung|die Denkmalpflege|die Archäologie|das Lesen alter Schriften",
        where="""unter dem Marktplatz|im Stadtarchiv|hinter der Kirche|am alten Flussübergang|im Museum
        auf dem Burghügel|in der Krypta|an der Grenze|im Keller des Rathauses""",
    ),
    "cooking": topic(
        """Kuchen/Kuchen|Eintopf/Eintöpfe|Braten/Braten|Käse/Käsesorten|Teig/Teige|Salat/Salate|Kloß/Klöße
        Pfannkuchen/Pfannkuchen|Fisch/Fische|Apfelstrudel/Apfelstrudel""",
        """Suppe/Suppen|Torte/Torten|Soße/Soßen|Brezel/Brezeln|Marmelade/Marmeladen|Wurst/Würste
        Gewürzmischung/Gewürzmischungen|Beilage/Beilagen|Nachspeise/Nachspeisen|Forelle/Forellen""",
        """Brot/Brote|Rezept/Rezepte|Gericht/Gerichte|Gulasch/Gulaschtöpfe|Gebäck/Gebäckstücke|Gemüse/Gemüsesorten
        Omelett/Omeletts|Menü/Menüs|Brötchen/Brötchen|Kraut/Kräuter""",
        """kochte/gekocht/kochen|würzte/gewürzt/würzen|servierte/serviert/servieren|probierte/probiert/probieren
        glasierte/glasiert/glasieren|verfeinerte/verfeinert/verfeinern|verkaufte/verkauft/verkaufen
        bestellte/bestellt/bestellen|kühlte/gekühlt/kühlen|schmeckte/geschmeckt/schmecken|garnierte/garniert/garnieren
        lobte/gelobt/loben""",
        adj="""knusprig|würzig|süß|scharf|cremig|frisch|geräuchert|saftig|bitter|ländlich|herzhaft|schwäbisch
        lauwarm|bayerisch|gefüllt|verbrannt""",
        agent="""die Köchin|der Bäcker|der Wirt|die Konditorin|der Küchenchef|die Großmutter|der Metzger
        die Kellnerin|der Feinschmecker|die Marktfrau""",
        agents="die Gäste|die Köche|die Bäcker|die Studenten|die Nachbarn|die Kinder|die Wirte",
        craft="das Backen|die Kochkunst|die regionale Küche|das Einmachen von Obst",
        where="""auf dem Wochenmarkt|in der Backstube|über dem Feuer|am langen Tisch|in der Gaststube|im Steinofen
        auf dem Herd|im kühlen Keller|in der Dorfküche""",
    ),
    "nature": topic(
        """Fuchs/Füchse|Wanderweg/Wanderwege|Fluss/Flüsse|Vogel/Vögel|Gipfel/Gipfel|Apfelbaum/Apfelbäume
        Teich/Teiche|Gletscher/Gletscher|Schmetterling/Schmetterlinge|Pilz/Pilze""",
        """Wiese/Wiesen|Eule/Eulen|Hecke/Hecken|Quelle/Quellen|Eiche/Eichen|Blume/Blumen|Höhle/Höhlen|Biene/Bienen
        Schlucht/Schluchten|Küste/Küsten""",
        """Moor/Moore|Nest/Nester|Reh/Rehe|Tal/Täler|Ufer/Ufer|Beet/Beete|Gewächshaus/Gewächshäuser|Biotop/Biotope
        Feld/Felder|Schutzgebiet/Schutzgebiete""",
        """beobachtete/beobachtet/beobachten|schützte/geschützt/schützen|fotografierte/fotografiert/fotografieren
        pflegte/gepflegt/pflegen|zählte/gezählt/zählen|besuchte/besucht/besuchen|erforschte/erforscht/erforschen
        markierte/markiert/markieren|bewunderte/bewundert/bewundern|störte/gestört/stören|rettete/gerettet/retten
        zeichnete/gezeichnet/zeichnen""",
        adj="""selten|wild|feucht|verschneit|sonnig|bedroht|scheu|alpin|naturnah|felsig|blühend|neblig|uralt|einsam
        sumpfig|heimisch""",
        agent="""die Försterin|der Biologe|der Bergführer|die Gärtnerin|der Jäger|die Fotografin|der Schäfer
        die Imkerin|der Naturschützer|die Rangerin""",
        agents="die Wanderer|die Bauern|die Förster|die Kinder|die Vogelfreunde|die Forscher|die Gärtner",
        craft="der Naturschutz|die Vogelkunde|das Wandern|die Imkerei",
        where="""am Waldrand|im Nationalpark|auf der Alm|hinter dem Deich|im Moor|an der Nordsee|über der Baumgrenze
        im Schulgarten|am Seeufer""",
    ),
    "technology": topic(
        """Motor/Motoren|Rechner/Rechner|Roboter/Roboter|Sensor/Sensoren|Server/Server|Schaltplan/Schaltpläne
        Akku/Akkus|Prototyp/Prototypen|Bildschirm/Bildschirme|Algorithmus/Algorithmen""",
        """Maschine/Maschinen|Datenbank/Datenbanken|Batterie/Batterien|Turbine/Turbinen|Schnittstelle/Schnittstellen
        Fabrik/Fabriken|Leitung/Leitungen|Software/Programme|Steuerung/Steuerungen|Kamera/Kameras""",
        """Netzwerk/Netzwerke|Kraftwerk/Kraftwerke|Passwort/Passwörter|Werkzeug/Werkzeuge|Bauteil/Bauteile
        Gerät/Geräte|Kabel/Kabel|Modell/Modelle|Fahrzeug/Fahrzeuge|Labor/Labore""",
        """entwickelte/entwickelt/entwickeln|reparierte/repariert/reparieren|testete/getestet/testen
        verbesserte/verbessert/verbessern|ersetzte/ersetzt/ersetzen|installierte/installiert/installieren
        prüfte/geprüft/prüfen|vernetzte/vernetzt/vernetzen|lieferte/geliefert/liefern|zerlegte/zerlegt/zerlegen
        finanzierte/finanziert/finanzieren|programmierte/programmiert/programmieren""",
        adj="""elektrisch|veraltet|digital|tragbar|defekt|automatisch|sparsam|drahtlos|modern|industriell|vernetzt
        robust|verschlüsselt|geräuschlos|hydraulisch|fehlerhaft""",
        agent="""die Ingenieurin|der Techniker|der Erfinder|die Programmiererin|der Betreiber|die Geschäftsführerin
        der Elektriker|die Forscherin|der Mechaniker|die Professorin""",
        agents="die Ingenieure|die Kunden|die Entwickler|die Techniker|die Studenten|die Betreiber|die Fachleute",
        craft="die Elektronik|der Maschinenbau|das Programmieren|die Energietechnik",
        where="""in der Werkstatt|im Rechenzentrum|auf dem Prüfstand|in der Fabrikhalle|im Labor|auf der Messe
        am Fließband|im Schaltschrank|an der Hochschule""",
    ),
}  # fmt: skip

CHROME = slots(
    nav="""Startseite|Nachrichten|Über uns|Kontakt|Archiv|Veranstaltungen|Impressum|Datenschutz|Anmelden|Hilfe
    Galerie|Wetter""",
    cookie="""Diese Seite verwendet Cookies, um Ihnen den bestmöglichen Service zu bieten.
    Wir verwenden Cookies. Mehr dazu in der Datenschutzerklärung.""",
    accept="Alle akzeptieren|Einverstanden|Einstellungen",
    related="Das könnte Sie auch interessieren|Weitere Artikel|Meistgelesen",
    rights="Alle Rechte vorbehalten.|Impressum und Datenschutz",
    comments="Vielen Dank für den Beitrag!|Sehr interessant, gerne mehr davon.|Das sehe ich anders.",
    search="Suche",
    script="Bitte aktivieren Sie JavaScript.",
)

GRAMMAR = Grammar(
    code="de",
    slots=GENERAL,
    topics=TOPICS,
    chrome=CHROME,
    encodings=("windows-1252", "utf-8", "iso-8859-1"),
    joins=((r"\bvon dem\b", "vom"), (r"\bzu dem\b", "zum"), (r"\bzu der\b", "zur")),
)
