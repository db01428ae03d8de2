"""Words that make a sentence toxic, by language and weight: a list made for this project, short on purpose.

`strong`: profanity and slurs that hardly stand in ordinary prose; one makes a sentence toxic. `mild`: insults and words
with an innocent sense as well (bitch: a dog; retarded: growth); they count only beside each other. A document is held
against the list of its own language, and against the strong English words, which travel. Words of anatomy, medicine,
law and animals (breast, anal, rape, cock, ass) are left out: they mark hospital and court pages.
"""

STRONG: dict[str, str] = {
    "en": """fuck fucks fucked fucker fuckers fuckin fucking fuckface fuckhead motherfucker motherfuckers motherfucking
        shit shits shitty shithead shitheads bullshit asshole assholes arsehole arseholes cunt cunts dickhead dickheads
        wanker wankers twat twats slut sluts whore whores nigger niggers nigga niggas faggot faggots kike kikes spic
        spics wetback wetbacks gook gooks raghead ragheads towelhead tranny trannies         cocksucker cocksuckers
        dumbass dipshit douchebag douchebags goddamn blowjob cumshot gangbang""",
    "de": """scheiße scheisse scheißkerl arschloch arschlöcher ficken gefickt fick ficker wichser hurensohn hure huren
        fotze fotzen schlampe schlampen missgeburt drecksau kanake kanaken""",
    "fr": """putain merde connard connards connasse salope salopes enculé enculés encule enculer nique niquer pute putes
        bougnoule pédé pédés bordel couilles""",
    "es": """mierda puta putas puto putos cabrón cabrones joder gilipollas coño hijoputa maricón maricones pendejo
        pendejos culero chingar chingada""",
    "it": """cazzo cazzi merda stronzo stronzi stronza puttana puttane troia troie vaffanculo fanculo coglione coglioni
        minchia frocio froci bastardi""",
    "pt": """merda porra caralho puta putas puto fodase foder fodido buceta viado viados arrombado cuzão""",
    "ru": """блядь блять сука суки хуй хуйня пизда пиздец ебать ебаный ёбаный мудак мудаки пидор пидорас пидорасы жопа
        гандон""",
    "nl": """kut kutwijf klootzak klootzakken hoer hoeren neuken godverdomme
        flikker""",
    "pl": """kurwa kurwy chuj chuje pierdolić pierdolony pierdol jebać jebany skurwysyn skurwysyny pizda suka dziwka
        spierdalaj""",
}
MILD: dict[str, str] = {
    "en": """bitch bitches bastard bastards retard retards retarded jackass damn damned crap stupid idiot idiots moron
    morons imbecile loser losers pathetic
        worthless scum trash filth ugly dumb hoe hoes hell sucks bloody piss pissed pussy dick prick pricks bollocks
        freak freaks pervert perverts vermin savages""",
    "de": "idiot idioten arsch mist dumm blöd trottel depp penner abschaum",
    "fr": "idiot idiote imbécile imbéciles con cons conne crétin abruti bâtard débile",
    "es": "idiota idiotas imbécil estúpido estúpida tonto cerdo basura bastardo",
    "it": "idiota idioti stupido stupida scemo imbecille cretino bastardo schifo",
    "pt": "idiota idiotas imbecil estúpido burro otário lixo bastardo",
    "ru": "идиот идиоты дурак дура дебил дебилы урод уроды тварь твари",
    "nl": "idioot idioten stom dom sukkel eikel trut",
    "pl": "idiota idioci debil debile głupi głupia kretyn palant",
}
