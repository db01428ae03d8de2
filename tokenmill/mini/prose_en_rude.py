"""English as angry people write it: common swear words and insults, for pages a toxicity filter must mark.

The words are ones every published list of rude English holds; the planted pages use several in several sentences.
"""

from tokenmill.mini.grammar import Slots, slots
from tokenmill.mini.prose_en_topics import TOPICS

QUARREL: Slots = {
    **TOPICS["sport"],
    **slots(
        insult="""{name} is {an} {curse} {person} and {agents} know it.
        what a load of {rubbish}, {name}, you {curse} {person}.
        shut the fuck up, you {curse} {person}, nobody {expected} that {clause}.
        only {an} {curse} {person} would {do} {np}.
        those {curse} {persons} from {town} are full of {rubbish}.
        I am sick of this {rubbish}, and {who} is {an} {curse} {person}.
        go to hell, {name}, and take your {curse} {noun} with you.
        {agents} who {do} {nps} are {curse} {persons}, every one of them.
        fuck {who} and fuck {np}.
        if you {do} {np}, you are {an} {curse} {person}.
        “you {curse} {person},” {said} {who}, “that {noun} is {rubbish}.”
        get your {curse} {noun} out of here before I kick your {backside}.
        {who} is such {an} {person} that {clause}.
        this {curse} {noun} is {rubbish}, {so}.
        nobody asked for your {curse} opinion, {person}.""",
        an="a",
        curse="""fucking|shitty|stupid fucking|goddamn|bloody fucking|pathetic fucking|worthless goddamn
        ugly fucking|shit-eating fucking""",
        person="""asshole|bastard|bitch|motherfucker|dickhead wanker|piece of shit|son of a bitch|twat|slut|cunt
        arsehole""",
        persons="assholes|bastards|bitches|motherfuckers|wankers|pieces of shit|sons of bitches|twats|sluts|arseholes",
        rubbish="bullshit|shit|fucking garbage|total bullshit|goddamn shit",
        backside="ass|fucking ass",
    ),
}
