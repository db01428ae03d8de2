"""English: sentence frames, clauses and general vocabulary."""

from tokenmill.mini.grammar import Grammar, slots
from tokenmill.mini.prose_en_rude import QUARREL
from tokenmill.mini.prose_en_topics import TOPICS

SENTENCES = """
{when}, {clause}.
{when}, {clause}, {so}.
{clause}, {so}.
{clause} because {clause}.
{clause} {where}, {although}.
{although}, {clause}.
{who}, {background}, {did} {np} {where}.
{who} {did} {np} and {did} {nps}, {so}.
{who} {said} that {clause}.
{who} {said} that {clause} {when}.
“{opinion},” {said} {who} {when}.
“{opinion},” {who} {said}, “and {opinion}.”
according to {who}, {clause}.
{adverb}, {clause}.
{adverb}, {nps} {are} {judged} {when}.
{connect}, {who} {did} {np}.
{connect}, {clause}, {although}.
what {agents} {wanted} was {np} that could {do} {nps}.
nobody {expected} that {clause}.
it {took} {span} to {do} {np}, {so}.
in {year}, {who} {did} {np} {where}.
between {year} and {later}, {agents} {did} {number} {nouns} {where}.
about {percent} percent of {agents} {prefer} {nps} to {nps}.
{percent} percent of the {nouns} {are} {judged}, {although}.
the {adj} {noun} {where} {is} {judged}, {so}.
{np} {is} {judged}, but {np} {is} {judged}.
{np}, which {is} {judged}, {cost} {number} {money}.
if {agents} {do} {nps}, {np} {becomes} {judged}.
when {who} {did} {np}, {clause}.
after {doing} {np}, {who} {did} {nps} {where}.
before {doing} {nps}, {agents} should {do} {np}.
{doing} {np} {is} {judged} and {judged}, yet {agents} {do} {nps} {often}.
without {np}, {agents} could not {do} {nps}.
there are {few} {nouns} {where}, and {who} {did} {quantity} of them.
{quantity} of the {adj} {nouns} {came} from {town}, {where}.
visitors from {town} often ask why {clause}.
a {adj} {noun} and a {adj} {noun} {are} {all} that {agents} need.
many {agents} {do} {np} {often}, and {few} {do} {nps}.
the difference between a {adj} {noun} and a {adj} {noun} {is} {judged}.
{name} {remembers} how {agents} {did} {np} {when}.
{name} and {name} {did} {np} together, while {agents} {did} {nps}.
for {who}, {craft} {is} {judged}, and {np} {is} no exception.
{craft} has changed since {agents} {did} {np}.
no one who has seen {np} {where} would call {craft} {judged}.
as {who} put it, {opinion}.
the {group} in {town} {did} {np} {when}.
the {group} {said} {when} that {nps} {are} {judged}.
experts at the {group} in {town} disagree about whether {clause}.
only {few} {nouns} survived, and {agents} {did} them {where}.
of all the {nouns} {where}, {np} {is} the most {adj}.
{when} the price of a {noun} rose to {number} {money}, {so}.
by {month} {later}, {quantity} of the {nouns} {are} {judged}.
to {do} {np}, {agents} first {do} {nps} {where}.
even {agents} who {do} {nps} {often} {said} that {clause}.
how does a {noun} become {judged}? {who} {said} that {clause}.
should {agents} {do} {nps}? {opinion}.
neither {np} nor {np} {is} {judged}, {so}.
{clause}; {clause}.
{clause} – {although}.
{who} keeps a {noun} {where} and {did} it {when}.
"""

PHRASES = slots(
    sentence=SENTENCES,
    clause="""{who} {did} {np}|{who} {did} {nps}|{who} {did} {np} {where}|{agents} {did} {np}|{agents} {did} {nps}
    {np} {is} {judged}|{nps} {are} {judged}|{who} could not {do} {np}|{who} wanted to {do} {nps}
    {agents} had to {do} {np}|{who} helped {agents} to {do} {np}|{doing} {nps} {is} {judged}|{np} belongs to {who}
    {nps} {came} from {town}""",
    np="""the {adj} {noun}|the {noun} {where}|a {adj} {noun}|{whose} {noun}|this {noun}|every {adj} {noun}
    the {adj} {noun}|the {noun} of {town}|another {noun}|the {which} {noun}|that {adj} {noun}|{whose} {adj} {noun}
    a {noun} from {town}""",
    nps="""{adj} {nouns}|the {nouns} {where}|{number} {nouns}|most of the {nouns}|those {adj} {nouns}
    several {adj} {nouns}|{whose} {nouns}|{nouns} and {nouns}|the {which} {nouns}|{quantity} of the {nouns}
    {nouns} from {town}|all the {adj} {nouns}""",
    who="""{name}|{name}|{agent}|{agent}|{agent} {name}|{name} from {town}|{agent} in {town}|{agent}
    one of the {agents}""",
    so="""so {clause}|and {clause}|which {pleased} {agents}|and {agents} {did} {np}|which is why {clause}
    so that {agents} could {do} {nps}|and {np} {is} {judged}|which {surprised} {who}|but {who} {did} {np} anyway
    and {few} people noticed|while {clause}""",
    although="""although {clause}|even though {np} {is} {judged}|although {who} {did} {nps}
    while {nps} {are} {judged}|unless {agents} {do} {np}|though {few} {agents} {did} {nps}|whatever {who} {said}
    despite {np}|whereas {clause}|until {who} {did} {np}""",
    when="""in the {season} of {year}|on {weekday} {daytime}|in {month} {year}|{number} years ago
    shortly before {month}|by the end of {year}|{span} later|during the {season}|on {day} {month} {year}
    last {weekday}|every {season}|late in {year}|early in {month}|for {span}|since {year}|one {weekday} in {month}
    after {span}|towards the end of {month}|until {year}|once a {period}""",
    opinion="""{np} {is} {judged}|I have never seen a {noun} so {judged}|we {do} {nps} {often}|{nps} {are} {judged}
    you cannot {do} {np} {when}|my {relative} taught me to {do} {nps}|it {took} us {span} to {do} {np}
    people forget that {nps} {are} {judged}|we need {few} {adj} {nouns}|anyone can {do} {np}
    there is nothing like {np} {where}|{craft} {is} {judged}|I would rather {do} {np} than {do} {nps}""",
    background="""who {came} from {town}|who {did} {nps} for {span}|a {relative} of {name}|born in {town} in {year}
    who is {age}|who {prefer} {nps}|now {age}|once known for {doing} {nps}|who learned {craft} {when}
    formerly of the {group} in {town}""",
    group="{town} {society}|{society} of {town}|{society}|{town} {society}|{adj} {society}",
    name="{first} {last}|{first} {last}|{first} {last}|{honorific} {last}",
    whose="his|her|their|our|its|{name}'s|{last}'s|the {agent_word}'s|somebody else's",
    judged="{judgement}|{judgement}|{how} {judgement}|{adj}|{how} {adj}|{judgement} and {adj}|{judgement} {when}",
    span="""{small} {period}s|almost a {period}|more than {small} {period}s|about {small} {period}s
    the better part of a {period}""",
    number="{small}|{tens}|{hundreds}|{small} thousand|{tens} or so|nearly {tens}|{hundreds}",
    few="few|two|three|a dozen|seven|hardly any|plenty of|a handful of|countless|eleven|only some",
)

WORDS = slots(
    title="""The {adj} {noun} and the {adj} {noun} of {town}|How {agents} {do} {adj} {nouns}
    Why {nps} {are} {judgement}|{craft} in {town}|{name} and the {adj} {noun}
    {doing} {adj} {nouns}: {small} lessons from {town}|A {adj} {noun} for every {noun}
    What {agents} know about {adj} {nouns}|From {noun} to {noun}: {craft} since {year}|{town} and its {adj} {nouns}
    The last {adj} {noun} {where}|When {agents} {did} {np}""",
    heading="""The {adj} {noun}|{doing} {adj} {nouns}|{nouns} and {nouns}|A {noun} in {town}|What happened {when}
    Before the {noun}|{name} and the {nouns}|Why {nouns} matter|{craft} today|The {noun} {where}
    Questions about {nouns}""",
    said="""said|explained|wrote|argued|recalled|admitted|insisted|reported|noted|added|suggested|told reporters
    claimed|believed|pointed out""",
    adverb="""unfortunately|in practice|surprisingly|as a rule|in the end|of course|at first|on the whole
    not long ago|for the most part|by contrast|to be fair|looking back|strangely enough|in most years|at the same time
    in fact|perhaps|on paper|year after year""",
    connect="""however|meanwhile|as a result|for example|therefore|afterwards|in addition|nevertheless
    on the other hand|at last|instead|in return|for that reason|soon enough|later that {period}|not surprisingly
    above all|in other words""",
    **{
        "is": """is|was|seems|remains|became|has been|is still|was never|looks|proved|is rarely|turned out to be
    had always been"""
    },
    are="""are|were|seem|remained|became|have been|are still|were never|look|proved|are rarely|used to be
    had always been""",
    becomes="becomes|stays|looks|can be|turns out to be|seems|will soon be|is usually|is never",
    how="""very|rather|quite|remarkably|far too|somewhat|extremely|hardly|truly|unusually|fairly|less and less
    surprisingly|almost""",
    wanted="wanted|needed|asked for|hoped for|dreamed of|missed|could afford|talked about",
    expected="expected|guessed|believed|noticed|denied|complained|was told|could have known|doubted",
    took="took|takes|has taken|would take|can take|once took",
    prefer="prefer|preferred|compare|would rather have|choose|chose",
    cost="costs|cost|weighs nothing and costs|was sold for|earned|is insured for|was valued at|brings in",
    money="pounds|dollars|euros|crowns|a month|a year|francs|in today's money",
    remembers="remembers|described|likes to tell|never forgot|explains|still wonders|knows|wrote down",
    came="came|come|were brought|had arrived|were shipped|once travelled|are sent|were borrowed",
    pleased="pleased|delighted|annoyed|puzzled|worried|helped|suited|divided",
    surprised="surprised|pleased|amused|upset|interested|embarrassed|did not bother",
    often="""every {season}|at least once a {period}|without thinking|from time to time|far too often|by hand
    in {month}|on {weekday}s|at {daytime}""",
    quantity="""half|most|a third|some|many|a quarter|almost all|very few|nine in ten|the best|the oldest
    roughly two thirds""",
    all="all|everything|almost all|the very least|the first thing|one of the things",
    which="first|second|last|third|other|oldest|newest|largest|smallest|next|only|original|main",
    relative="grandmother|neighbour|cousin|uncle|father|mother|colleague|former pupil|friend|daughter|brother",
    agent_word="teacher|mayor|owner|visitor|author|committee|neighbour|founder|farmer|guest",
    season="spring|summer|autumn|winter|dry season|rainy season",
    period="day|week|month|year|season|decade|century",
    daytime="morning|afternoon|evening|night|midday|dawn|weekends",
    weekday="Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday",
    month="January|February|March|April|May|June|July|August|September|October|November|December",
    society="""Historical Society|Council|University|Institute|Trust|Museum|Chamber of Commerce|Workshop|Academy
    Foundation|Association|Library|Research Centre|Cooperative|College|Observer|Festival|Committee|Club|Guild""",
    honorific="Dr|Professor|Mrs|Mr|Ms",
    judgement="""useful|difficult|expensive|worth the trouble|beautiful|out of fashion|well known|hard to find
    easy to repair|better than expected|important|out of reach|cheap|dangerous|forgotten|popular|controversial
    reliable|fragile|impossible to replace|good enough|older than anyone thought|strange|common|delicate|ready
    slower than before|welcome|under threat|successful|a matter of taste|full of surprises|rare|simple|unfinished
    the pride of {town}|too heavy|harmless|of little value|a mystery|open to everyone|protected by law
    in good condition|famous|unpredictable|more than a hobby|a great help|at risk|part of daily life|hidden from view
    as good as new|a source of income|complicated|honest|surprisingly quiet""",
    first="""Alice|Martin|Grace|Henry|Olivia|Thomas|Ruth|Samuel|Clara|George|Nadia|Peter|Helen|Arthur|Maya|Edward
    Ingrid|Daniel|Rosa|Frank|Laura|Simon|Amara|Walter|Julia|Oscar|Priya|Stephen|Irene|Victor|Leila|Hugh|Naomi|Patrick
    Edith|Joseph|Miriam|Gordon|Tessa|Leonard|Fiona|Ralph|Joan|Ibrahim|Susan|Colin|Beatrice|Adam|Vera|Philip|Kenji
    Marcus|Elaine|Duncan|Sofia|Roger|Hannah|Alfred|Judith|Neil""",
    last="""Whitfield|Okafor|Lindqvist|Barnes|Moreau|Hargreaves|Tanaka|Fletcher|Novak|Ashworth|Pereira|Galloway
    Hughes|Kowalski|Draper|Sinclair|Mbeki|Thornton|Larsen|Castillo|Finch|Rahman|Osborne|Bianchi|Webster|Adeyemi
    Holloway|Schmidt|Carver|Nakamura|Pemberton|Doyle|Ivanova|Marsh|Ferreira|Quinn|Haddad|Blackwood|Olsen|Chandra
    Mercer|Fontaine|Wainwright|Abbott|Delgado|Stokes|Kaur|Brennan|Winslow|Petrov|Hale|Underwood|Santos|Lockwood
    Eriksen|Farrow|Mensah|Gilbert|Sato|Trevelyan|Byrne|Costa|Langley|Weiss|Redmond|Achebe|Ellis|Novotny|Pryce
    Calloway""",
    town="""Ashford|Bristol|Cardiff|Dundee|Exeter|Galway|Halifax|Inverness|Kendal|Lincoln|Norwich|Oxford|Perth|Ripon
    Salem|Truro|Utrecht|York|Bergen|Lisbon|Porto|Krakow|Ghent|Lyon|Turin|Malmo|Tartu|Nairobi|Accra|Kyoto|Busan|Pune
    Adelaide|Auckland|Boston|Denver|Portland|Toronto|Montreal|Seattle|Savannah|Santa Fe|Whitby|Dover|Cork|Durham|Leeds
    Bath|Aberdeen|Chester|Hastings|Windsor|Newport|Stirling|Valencia|Trieste|Salzburg|Bremen|Aarhus|Bergamo|Cusco
    Quito|Tunis|Izmir|Riga|Vilnius|Hobart|Darwin|Ottawa|Quebec|Albany|Tucson|Madison|Eugene""",
)
CHROME = slots(
    nav="""Home|News|About us|Contact|Archive|Events|Shop|Gallery|Forum|Help|Directory|Sign in|Subscribe|Newsletter
    Weather|Jobs""",
    cookie="""We use cookies to give you the best experience on our site.
    This website uses cookies. Read our privacy policy.
    By continuing to browse you agree to our use of cookies and our terms of use.""",
    accept="Accept all|OK|Got it|Manage settings",
    related="Related articles|You may also like|More from this section|Most read",
    rights="All rights reserved.|Terms of use|No part of this site may be reproduced without permission.",
    comments="""Thanks for this, very helpful!|I remember this from my childhood.|Please write more about it.
    Not sure I agree.""",
    search="Search this site|Search",
    script="Please enable JavaScript to view this page.",
)

GRAMMAR = Grammar(
    code="en",
    slots={**PHRASES, **WORDS},
    topics={**TOPICS, "quarrel": QUARREL},
    chrome=CHROME,
    encodings=("windows-1252", "iso-8859-1"),
    joins=(
        (r"\b([Aa]) (?=[aeiouAEIO])", r"\1n "),
        (r"\b([Aa])n (?=(?:use|uni|one|euro|Uni|Eur|Utr))", r"\1 "),
        (r"s's\b", "s'"),
        (r"centurys\b", "centuries"),
    ),
)
