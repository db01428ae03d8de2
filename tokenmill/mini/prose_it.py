"""Italian: noun and adjective stems that take -o/-i and -a/-e, verbs in the passato prossimo with avere."""

from tokenmill.mini.grammar import Grammar, Slots, forms, slots


def topic(m: str, f: str, verbs: str, adj: str, **rest: str) -> Slots:
    """Noun and adjective stems, none ending in c or g, so plurals need no h; verbs as participle/infinitive."""
    return {**slots(m=m, f=f, adj=adj, **rest), **forms("part inf", verbs)}


SENTENCES = """
{when}, {main}.
{when}, {who} ha {part} {np} {where}.
{when}, {who} ha {part} {np}, {so}.
{main} perché {main}.
{who} ha {part} {np} {where}, {so}.
{who} aveva {part} {np} prima di {inf} {np}.
dopo aver {part} {np}, {who} ha {part} {nps} {where}.
senza {np}, {who} non poteva {inf} {np}.
per {inf} {np} servono {np} e {span}.
«{opinion}», {said} {name} {when}.
«{opinion}», {said} {who}, «e {opinion}».
{who} {said} che {main}.
{name} {said} {when} che {main}.
secondo {name}, {main}.
{adverb}, {main}.
{connect}, {main}, {so}.
{adverb}, {who} ha {part} {np} {where}.
il {m}o {adj}o {where} {was} {judge}o, {so}.
la {f}a {adj}a {where} {was} {judge}a, {so}.
i {m}i {adj}i {were} {judge}i, ma {main}.
le {f}e {adj}e {were} {judge}e, ma {main}.
un {m}o {adj}o {was} {judge}o, mentre {main}.
una {f}a {adj}a {was} {judge}a, mentre {main}.
ci sono voluti {span} per {inf} {np}.
è difficile {inf} {np} {where}.
nel {year} {who} ha {part} {np}, e {main}.
tra il {year} e il {later}, {agents} hanno {part} {number} {m}i {where}.
circa il {percent} per cento delle {f}e {where} {were} {judge}e.
{number} {m}i {were} {judge}i {when}.
la maggior parte delle {f}e {adj}e {were} {judge}e, {so}.
{agents} hanno {part} {np}, {so}.
{agents} hanno {part} {nps} {when}, mentre {main}.
nessuno {expected} che {main}.
i visitatori di {town} chiedono spesso perché {main}.
quando {who} ha {part} {np}, {main}.
se {agents} vogliono {inf} {np}, {who} deve {inf} {np}.
{craft} {was} {judge}o, {said} {name}.
a {town} {craft} è cambiato da quando {who} ha {part} {np}.
{name} e {name} hanno {part} {np} {where}.
{name}, {background}, ha {part} {np} {where}.
né {np} né {np} erano {judge}i.
perché {who} ha {part} {np}? Perché {main}.
come si può {inf} {np}? Con {np}, {said} {who}.
{main}; {main}.
prima del {year} {agents} non potevano {inf} {nps}.
è proprio {where} che {who} ha {part} {np}.
anche se {name} ha {part} {np}, {main}.
{number} anni fa {who} ha {part} {np} {where}.
"""

GENERAL = slots(
    sentence=SENTENCES,
    np="""il {m}o {adj}o|la {f}a {adj}a|un {m}o {adj}o|una {f}a {adj}a|i {m}i {adj}i|le {f}e {adj}e|questo {m}o
    questa {f}a|il {m}o di {town}|la {f}a di {town}|ogni {m}o {adj}o|ogni {f}a {adj}a|il nostro {m}o
    la sua {f}a {adj}a|{number} {m}i {adj}i|alcune {f}e {adj}e|diversi {m}i|la prima {f}a|quel vecchio {m}o""",
    nps="""i {m}i {adj}i|le {f}e {adj}e|{number} {f}e {adj}e|diversi {m}i {adj}i|alcune {f}e|tutti i {m}i
    tutte le {f}e {adj}e|molti {m}i {adj}i""",
    who="{name}|{name}|{agent}|{agent}|{agent} di {town}|{name} di {town}|{agent}",
    main="""{who} ha {part} {np}|{who} ha {part} {np} {where}|{agents} hanno {part} {np}
    il {m}o {adj}o {was} {judge}o|la {f}a {adj}a {was} {judge}a|{who} voleva {inf} {np}|{agents} dovevano {inf} {nps}
    {who} non poteva più {inf} {np}|{who} ha aiutato {agents} a {inf} {np}""",
    so="""il che {pleased} {agents}|e {main}|ma {main}|così che {main}|perché {agents} potessero {inf} {np}
    quindi {main}|dato che {main}""",
    opinion="""il {m}o {adj}o {was} {judge}o|non ho mai visto una {f}a così {adj}a|bisogna {inf} {np}
    abbiamo {part} {np} {when}|chiunque può {inf} {np}|la gente dimentica che {main}|{craft} {was} {judge}o
    senza {np} niente è {judge}o|mia nonna sapeva {inf} {np}""",
    when="""nella primavera del {year}|nel mese di {month} del {year}|il {day} {month} {year}|{number} anni fa
    durante l'estate del {year}|alla fine del {year}|dal {year}|{span} dopo|un {weekday} di {month}|ogni {weekday}
    ai primi di {month}|fino al {year}|in inverno|in capo a {span}|{weekday} scorso""",
    background="""nata a {town}|che vive a {town}|di {age} anni|conosciuta per la sua {f}a|cresciuta {where}
    un tempo abitante di {town}""",
    name="{first} {last}|{first} {last}|{first} {last}|la signora {last}|il signor {last}|il professor {last}",
    title="""Il {m}o {adj}o di {town}|La {f}a {adj}a e il {m}o|{craft} a {town}|Perché {main}
    {name} e la {f}a {adj}a|Come {inf} una {f}a {adj}a|Tra il {m}o e la {f}a|{number} {m}i per {town}
    L'ultima {f}a {where}""",
    heading="Il {m}o {adj}o|La {f}a {where}|I {m}i di {town}|{craft} oggi|Prima della {f}a|{name} e le {f}e",
    was="è|era|sembra|resta|rimane|sembrava|non è|non è mai stato",
    were="sono|erano|sembrano|restano|rimangono|sembravano|non sono|non erano più",
    said="spiega|racconta|afferma|scrive|ritiene|ricorda|aggiunge|risponde|sostiene|ammette",
    expected="pensava|credeva|sapeva|immaginava|supponeva|notava",
    pleased="ha sorpreso|ha rallegrato|preoccupava|divertiva|ha stupito|disturbava|interessava",
    adverb="""purtroppo|in pratica|di solito|allora|all'inizio|alla fine|naturalmente|in realtà|a volte|stranamente
    anno dopo anno|ancora oggi""",
    connect="""tuttavia|eppure|per esempio|invece|poi|inoltre|al contrario|per questo motivo|nonostante tutto
    poco dopo|di conseguenza|nel frattempo""",
    judge="{how} {j}|{j}|{how} {adj}|{adj}",
    how="molto|piuttosto|davvero|particolarmente|quasi|troppo|sorprendentemente|sempre|raramente|appena",
    j="""conosciut|dimenticat|prezios|necessari|complicat|famos|apprezzat|pericolos|protett|minacciat|discuss|car
    rar|amat|incomplet|abbandonat|ammirat|riuscit|perfett|sicur|ricercat""",
    span="{small} giorni|quasi {small} anni|più di {small} mesi|circa {small} minuti|altri {small} anni",
    number="{small}|{tens}|{hundreds}|quasi {tens}|più di {hundreds}|circa {tens}",
    weekday="lunedì|martedì|mercoledì|giovedì|venerdì|sabato",
    month="gennaio|febbraio|marzo|aprile|maggio|giugno|luglio|agosto|settembre|ottobre|novembre|dicembre",
    first="""Giulia|Niccolò|Francesca|Matteo|Chiara|Lorenzo|Beatrice|Alessandro|Ilaria|Davide|Elisa|Giorgio|Martina
    Emanuele|Silvia|Gabriele|Paola|Tommaso|Lucia|Federico|Marta|Raffaele|Agnese|Salvatore""",
    last="""Rossi|Bianchi|Colombo|Ferrari|Esposito|Romano|Ricci|Marino|Greco|Conti|De Luca|Costa|Giordano|Mancini
    Lombardi|Moretti|Barbieri|Fontana|Santoro|Rinaldi|Caruso|Gatti|Pellegrini|Palumbo|Sanna|Farina""",
    town="""Bologna|Ferrara|Lecce|Mantova|Perugia|Siena|Trento|Verona|Palermo|Bergamo|Cagliari|Forlì|Matera|Modena
    Parma|Pisa|Rimini|Udine|Catania|Torino|Viterbo|Lucca|Cremona|Urbino""",
)  # fmt: skip

TOPICS: dict[str, Slots] = {
    "history": topic(
        "castell|monaster|manoscritt|palazz|ritratt|mulin|trattat|sigill|document|teatr|cimiter|tesor",
        "letter|monet|chies|piazz|tomb|cart|fortezz|statu|colonn|cappell|lapid|reliqui",
        """restaurato/restaurare|scoperto/scoprire|studiato/studiare|copiato/copiare|fotografato/fotografare
        datato/datare|tradotto/tradurre|difeso/difendere|descritto/descrivere|venduto/vendere|bruciato/bruciare
        salvato/salvare""",
        "roman|rovinat|perdut|sacr|fortificat|dipint|misterios|remot|bizantin|leggendari|falsificat|consumat|nascost",
        agent="""l'archivista|lo storico|il sindaco|la restauratrice|il vescovo|l'archeologa|il notaio
        lo scalpellino|la studiosa""",
        agents="gli storici|i monaci|gli abitanti|i soldati|i mercanti|gli archeologi|i pellegrini",
        craft="lo studio del passato|il mestiere dell'archivista|il restauro|il lavoro dello storico",
        where="""sotto la piazza del mercato|nell'archivio comunale|vicino al fiume|nel museo|dietro il duomo
        sulla collina|presso il confine|nella cripta|lungo la via Emilia""",
    ),
    "cooking": topic(
        "piatt|arrost|risott|biscott|gelat|vin|pomodor|poll|panin|funghett",
        "zupp|sals|tort|ricett|insalat|frittat|marmellat|lasagn|oliv|pizz|crem|polpett|melanzan",
        """preparato/preparare|assaggiato/assaggiare|servito/servire|cucinato/cucinare|venduto/vendere
        condito/condire|tagliato/tagliare|comprato/comprare|diviso/dividere|mescolato/mescolare|scaldato/scaldare
        lodato/lodare""",
        "salat|affumicat|amar|saporit|cremos|ripien|bruciat|tiepid|squisit|gustos|fritt|emilian|speziat|nostran",
        agent="la cuoca|il fornaio|l'oste|la nonna|il pasticciere|la cameriera|il pescivendolo|il casaro|lo chef",
        agents="gli invitati|i cuochi|i clienti|i bambini|i vicini|gli apprendisti|i fornai",
        craft="il mestiere del fornaio|il lavoro in cucina|il commercio del vino|il rito del pranzo",
        where="""nel forno a legna|al mercato del sabato|a fuoco lento|in cucina|sulla tavola grande|in cantina
        nella trattoria del porto|in padella|a casa dei nonni""",
    ),
    "nature": topic(
        "sentier|cerv|lup|prat|giardin|cavall|stagn|torrent|ulivet|frutt",
        "montagn|selv|lagun|grott|cascat|dun|balen|farfall|rondin|ran|collin|riv|isol",
        """osservato/osservare|protetto/proteggere|piantato/piantare|fotografato/fotografare|contato/contare
        esplorato/esplorare|attraversato/attraversare|ammirato/ammirare|pulito/pulire|descritto/descrivere
        sorvegliato/sorvegliare|disegnato/disegnare""",
        "umid|innevat|rar|profond|minacciat|lontan|soleggiat|roccios|intatt|ombros|nativ|ferit|oscur|immens|sperdut",
        agent="""la guardia forestale|il biologo|l'ornitologo|il pastore|la botanica|la guida alpina|il giardiniere
        l'apicoltore|la fotografa""",
        agents="gli escursionisti|i pastori|gli scolari|i cacciatori|i volontari|i ricercatori|i giardinieri",
        craft="il turismo in montagna|il mestiere del pastore|il giardinaggio|il rispetto della natura",
        where="""in riva al lago|nel parco nazionale|in cima al passo|dietro la fattoria|nel cuore della valle
        sulla costa adriatica|vicino al rifugio|nella pianura|nell'orto botanico""",
    ),
    "technology": topic(
        "circuit|telefon|apparat|prototip|impiant|scherm|strument|veicol|cav|dispositiv|progett|temporizzat",
        "macchin|antenn|pomp|turbin|schedin|sond|bussol|tastier|valvol|ruot",
        """collaudato/collaudare|installato/installare|riparato/riparare|progettato/progettare|misurato/misurare
        migliorato/migliorare|venduto/vendere|finanziato/finanziare|costruito/costruire|collegato/collegare
        smontato/smontare|sostituito/sostituire""",
        """rapid|difettos|modern|sonor|nuov|precis|robust|costos|guast|sofisticat|silenzios|obsolet|compatt|avanzat
        brevettat""",
        agent="""l'ingegnere|il tecnico|la direttrice|l'inventore|la programmatrice|il meccanico|l'elettricista
        la ricercatrice|il capo progetto""",
        agents="gli ingegneri|i clienti|gli studenti|i tecnici|gli utenti|gli operai|i ricercatori",
        craft="lo sviluppo del software|il mestiere dell'elettricista|il disegno industriale|il lavoro di laboratorio",
        where="""in officina|in laboratorio|sul banco di prova|all'università|nella sala macchine
        alla fiera di {town}|sotto il cofano|a distanza|nello stabilimento""",
    ),
}  # fmt: skip

CHROME = slots(
    nav="Pagina iniziale|Notizie|Chi siamo|Contatti|Archivio|Eventi|Negozio|Note legali|Accedi|Aiuto|Galleria|Meteo",
    cookie="""Utilizziamo i cookie per migliorare la tua esperienza.
    Continuando a navigare accetti i cookie di questo sito.""",
    accept="Accetta tutto|Va bene|Impostazioni",
    related="Leggi anche|Articoli correlati|I più letti",
    rights="Tutti i diritti riservati.|Note legali e riservatezza",
    comments="Grazie per l'articolo!|Molto interessante.|Non sono d'accordo.",
    search="Cerca",
    script="Attivare JavaScript per favore.",
)

GRAMMAR = Grammar(
    code="it",
    slots=GENERAL,
    topics=TOPICS,
    chrome=CHROME,
    encodings=("windows-1252", "utf-8", "iso-8859-1"),
    joins=(
        (r"\b([Ii])l (?=[aeiouAEIOU])", "l'"),
        (r"\b([Ii])l (?=[sS][bcdfgmnpqrtv]|[zZ])", "lo "),
        (r"\b([Ii]) (?=[aeiou]|s[bcdfgmnpqrtv]|z)", "gli "),
        (r"\b([Ll])a (?=[aeiouAEIOU])", r"\1'"),
        (r"\buna (?=[aeiou])", "un'"),
        (r"\bun (?=s[bcdfgmnpqrtv]|z)", "uno "),
        (r"\bdi il\b", "del"),
        (r"\ba il\b", "al"),
        (r"\bdi l'", "dell'"),
        (r"\bdi lo\b", "dello"),
        (r"\ba l'", "all'"),
    ),
)
