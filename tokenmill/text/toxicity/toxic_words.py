"""Words of abuse, by language and weight: a list made for this project to find pages that consist of it.

It names what it is for, so it is not for polite reading. Weight 3 are slurs against groups and the worst of insults, 2
profanity that hardly stands in ordinary prose, 1 rude or ambiguous words: they say nothing alone, but count beside a
stronger word in the same sentence. What medicine, law, anatomy and animals need as their plain words (breast, anal,
rape, penis, sex) is in no list, nor are the names by which groups of people call themselves.

Some words have an honest second sense. A word marked `/group` falls to weight 1 in a text that holds a word of that
group in EXCUSES: a bitch is a dog where puppies are. One marked `~` is a name when it has one capital: Dick. One marked
`=` counts in this spelling alone.
"""

EXCUSES = {
    "dogs": """
        dog dogs puppy puppies pup pups litter litters kennel kennels breed breeds breeder breeders breeding canine
        canines hound hounds terrier terriers retriever spaniel whelp whelping whelps sire dam veterinarian spayed
        vixen Welpen Hündin wolf wolves
    """,
    "garden": """
        garden gardens gardener gardening soil weed weeds weeding rake rakes spade shovel plough plow seed seeds crop
        crops farm farmer farmers farming field fields tool tools till tillage
    """,
    "cats": """
        cat cats kitten kittens kitty riot willow willows feline paws
    """,
    "beasts": """
        donkey donkeys mule mules ox oxen horses lion wolf colt saddle beast beasts jawbone herd cattle camel camels
        equine fable fables hen hens rooster roosters goose geese chicken chickens poultry pheasant pheasants farmyard
        barn
    """,
    "sticks": """
        sticks bundle bundles twigs firewood peas gravy butcher offal meatballs
    """,
    "smoke": """
        cigarette cigarettes smoke smoking smoked ash ashtray packet tobacco bearing bearings prefect
    """,
    "puddings": """
        pudding puddings currants custard suet
    """,
    "scripture": """
        lord babylon israel prophet prophets thou thee hath unto scripture biblical testament harlot
    """,
}
"""Words that explain others, by group. They are looked for in texts of any language."""

WORDS = {
    "en": {
        3: """
            nigger niggers nigga niggas niggaz niggah niggahs nigguh nicca niccas nig nigs sandnigger gook gooks
            wetback wetbacks raghead ragheads towelhead towelheads jigaboo jigaboos paki pakis faggot/sticks
            faggots/sticks faggy fag/smoke fags/smoke fagot fagots cunt cunts motherfucker motherfuckers motherfucking
            motherfuckin motherfuckas muthafucka muthafuckas muthafuckin muhfucka mothafucka cocksucker cocksuckers
            cocksucking shitskin shitskins mudshark mudsharks subhumans fucktard fucktards libtard libtards groid
            groids darkie darkies tarbaby halfbreed halfbreeds untermensch kike~ kikes~ spic= spics
        """,
        2: """
            fuck fucks fucked fucker fuckers fuckin fucking fuckface fuckhead fuckheads fuckboy fuckboys fuckwit
            fuckwits fuckery fuckup fuckups clusterfuck fuk~ fuking fukin fuckn fucc fucced fck fcking fuckstick
            fuckoff shit shits shitty shite shitting shitter shithead shitheads shithole shitholes shitshow shitlord
            shitbag shitstain bullshit bullshitting bullshitter horseshit dipshit dipshits apeshit batshit dumbshit
            shitload sht asshole assholes arsehole arseholes assclown assclowns asshat asshats assface asswipe
            asswipes dumbass dumbasses jackass/beasts fatass dumbfuck dumbfucks ass/beasts asses/beasts azz arse arses
            bitch/dogs bitches/dogs bitchy bitching bitchass biatch biotch bytch bitchez sumbitch hoe/garden
            hoes/garden hoez skank skanks skanky slut sluts slutty whore/scripture whores/scripture whorish whoring
            manwhore pussy/cats pussies/cats pussys dickhead dickheads dickface dickwad dicksucker dickless twat twats
            wanker wankers wank wanking bellend knobhead gobshite cumshot cumshots cumdump cumslut jizz titties titty
            blowjob blowjobs handjob gangbang gangbanged creampie shemale shemales lesbo lesbos douchebag douchebags
            feminazi feminazis stfu gtfo mofo mofos sonofabitch goddamnit f*ck f*cking f*cked f*cker f**k f**king
            f**ked f***ing f***ed f**** sh*t sh*tty bullsh*t b*tch b*tches b**ch c*nt c**t a$$ a$$hole a**hole @sshole
            motherf***er motherf*cker n*gger n*gga n1gger fvck phuck sh1t b1tch bish~ thot= thots= dick~/puddings
            dicks~
        """,
        1: """
            retard retards retarded retardation bastard bastards goddamn goddam damn damned dammit damnit crap crappy
            bollocks bugger buggers bloody piss pissed pissing pisses hell stupid idiot idiots idiotic moron morons
            moronic imbecile imbeciles dumb dumber loser losers pathetic worthless scum scumbag scumbags trash filth
            filthy ugly vermin savages savage freak freaks pervert perverts perv pervs creep creeps weirdo weirdos
            sicko sickos nutjob psycho cock cocks tits tit boobs boob balls butthole butt horny porn porno milf tosser
            tossers dyke dykes tranny trannies coon coons chink chinks jap japs kraut krauts beaner beaners gringo
            gringos honky honkey redneck rednecks homo homos queer queers fairy sissy sissies suck sucks sucked sucker
            suckers screw screwed wtf lmfao lmao smh hate shut kill die fat ratchet trick thug thugs pimp pimps stank
            nasty basic whiny cuck cucks snowflake snowflakes degenerate degenerates parasite parasites monkey monkeys
            ape apes crackhead crackheads junkie junkies nazi nazis commie commies slag slags tart tarts minger muppet
            git gits plonker cretin cretins dimwit dimwits dolt nitwit twit halfwit simpleton douchey arrogant
            disgusting rotten vile cum chinaman chinamen negress prick pricks douche tard tards
        """,
    },
    "de": {
        3: """
            hurensohn hurensöhne arschficker kanake kanaken nigger negerschwein schwuchtel schwuchteln judensau
            drecksjude drecksjuden scheißausländer scheissausländer untermensch untermenschen zigeunerpack fotze
            fotzen kinderficker motherfucker
        """,
        2: """
            scheiße scheisse scheiß scheiss scheißt scheißkerl scheisskerl scheißer scheissdreck scheißdreck
            scheißegal beschissen beschissene beschissener beschissenen arschloch arschlöcher arschgeige arschgesicht
            arschkriecher ficken gefickt fickt ficker fickst fick verfickt verfickte verfickter verfickten wichser
            wichsen gewichst schlampe schlampen nutte nutten hure huren drecksau drecksäue dreckschwein drecksschwein
            pissnelke fickfresse spast spasti spasten vollpfosten fuck fucking shit bitch kackbratze
        """,
        1: """
            idiot idioten vollidiot vollidioten dumm dummer dumme blöd blöder blöde trottel depp deppen penner
            abschaum arsch ärsche mist kacke kacken pisse pissen fresse maul schnauze schwein schweine sau dreck
            dreckig verdammt verdammte verdammter ekelhaft hässlich pack gesindel schmarotzer verrecke verrecken hau
            schwanz schwänze titten muschi bastard bastarde hund hunde affe affen mongo neger missgeburt missgeburten
        """,
    },
    "fr": {
        3: """
            enculé enculés enculée enculer enculeur bougnoule bougnoules bicot bicots youpin youpins négro négros
            bamboula bamboulas niakoué niakoués pédé pédés tarlouze tarlouzes gouine gouines salope salopes
        """,
        2: """
            putain putains pute putes merde merdes merdeux merdique emmerde emmerder emmerdeur emmerdeurs connard
            connards connasse connasses conne connes salaud salauds salopard salopards enfoiré enfoirés nique niquer
            niqué niquez foutre branleur branleurs branler couilles couillon couillons pétasse pétasses poufiasse
            chier chieur chieuse trouduc fuck fucking shit bitch
        """,
        1: """
            con cons idiot idiots idiote imbécile imbéciles crétin crétins abruti abrutis débile débiles stupide
            gueule sale sales ordure ordures cul culs bite bites chatte pisse pisser nul nulle pourri moche racaille
            raclure vermine parasite parasites dégueulasse crever crève crevez porc porcs cochon chien chienne singe
            singes bordel bâtard bâtards tapette
        """,
    },
    "es": {
        3: """
            hijoputa hijoputas hijueputa maricón maricones marica maricas sudaca sudacas negrata negratas malparido
            malparidos bujarra mariconazo
        """,
        2: """
            puta putas puto putos putada putear mierda mierdas joder jodido jodida jodidos jodete jódete coño coños
            cabrón cabrones cabrona gilipollas gilipollez pendejo pendejos pendeja chinga chingar chingada chingado
            chingados cojones cojonudo follar follada culero culeros boludo boludos pelotudo pelotudos huevón huevones
            carajo fuck fucking shit bitch
        """,
        1: """
            idiota idiotas imbécil imbéciles estúpido estúpida estúpidos tonto tonta tontos cerdo cerdos cerda basura
            bastardo bastardos culo culos asco asqueroso asquerosa escoria rata ratas perra perras perro mono monos
            maldito maldita malditos inútil inútiles payaso payasos subnormal subnormales retrasado retrasados mongolo
            muérete cállate zorra zorras polla pollas pinche pinches mamón mamones verga vergas capullo capullos ojete
        """,
    },
    "it": {
        3: """
            frocio froci frocia ricchione ricchioni terrone terroni culattone culattoni rottinculo zingaraccio
            zingaracci
        """,
        2: """
            cazzo cazzi cazzata cazzate cazzone cazzoni incazzato merda merde merdoso merdosi stronzo stronzi stronza
            stronzata stronzate puttana puttane puttanata vaffanculo fanculo affanculo coglione coglioni minchia
            minchione mignotta mignotte bagascia pompino pompini porcodio porcoddio porcamadonna fottere fottuto
            fottuti fottiti fuck fucking shit bitch
        """,
        1: """
            idiota idioti stupido stupida stupidi scemo scema scemi imbecille imbecilli cretino cretini deficiente
            deficienti schifo schifoso schifosi porco porca porci troia troie culo culi figa fica tette palle cesso
            feccia parassiti scimmia scimmie muori crepa maiale maiali cagna sfigato sfigati negro negri negra scopare
            zoccola zoccole bastardo bastardi
        """,
    },
    "pt": {
        3: """
            viado viados bichona bichonas sapatão sapatona paneleiro paneleiros
        """,
        2: """
            merda merdas porra caralho caralhos puta putas putaria foda fode foder fodam fodase fodido fodida fodeu
            buceta bucetas boceta cuzão cuzões arrombado arrombados babaca babacas piroca punheta punheteiro vadia
            vadias vagabunda vagabundas cabrão cabrões vsf vtnc fuck fucking shit bitch
        """,
        1: """
            idiota idiotas imbecil imbecis estúpido estúpida estúpidos burro burra burros lixo bastardo bastardos cu
            bunda nojo nojento nojenta porco porcos escória rato ratos macaco macacos maldito maldita inútil inúteis
            palhaço palhaços retardado retardados cala morra morre rola puto putos cacete corno cornos desgraçado
            desgraçada otário otários
        """,
    },
    "nl": {
        3: """
            kankerlijer kankerlijers kankerhoer kankerhoeren kankermongool kutmarokkaan kutmarokkanen kankerjood
            kankerjoden nikker nikkers tyfuslijer teringlijer flikker flikkers pisnicht geitenneuker geitenneukers
        """,
        2: """
            kut kutwijf kutwijven kutzooi klote klootzak klootzakken hoer hoeren hoerenzoon neuken neuk neukt geneukt
            godverdomme gvd lul slet sletten sloerie schijt fuck fucking shit bitch
        """,
        1: """
            idioot idioten stom stomme dom domme sukkel sukkels achterlijk achterlijke achterlijken kont reet pik
            tieten kanker pis zeik varken varkens aap apen tuig uitschot gespuis ongedierte smerig smerige lelijk
            lelijke bek rot rotzak rotzakken bastaard bastaarden eikel eikels trut trutten kak tering tyfus mongool
            mongolen debiel debielen verdomme
        """,
    },
    "pl": {
        3: """
            cwel cwele ciapaty ciapaci ciapatych czarnuch czarnuchy czarnuchów żydek skurwysyn skurwysyny skurwiel
            skurwiele kurwiszon pojeb pojeby
        """,
        2: """
            kurwa kurwy kurwo kurwę kurew kurewski kurewska wkurwia wkurwiony wkurwić chuj chuja chuje chujowy chujowa
            chujnia huj pierdolić pierdoli pierdolę pierdol pierdolony pierdolona pierdoleni spierdalaj spierdalać
            wypierdalaj wypierdalać jebać jebany jebana jebani jebane jebie pojebany pojebana zajebisty zajebiście
            pizda pizdy dziwka dziwki gówno gówna gówniany zasraniec fuck fucking shit bitch
        """,
        1: """
            idiota idioci idiotka debil debile debilu głupi głupia głupek kretyn kretyni palant frajer frajerzy cham
            chamy ścierwo ścierwa śmieć śmieci świnia świnie dupa dupy dupę cipa suka suki suko ryj mordę zdechnij
            gnida gnidy bydło małpa małpy pasożyt pedał pedały szmata szmaty parch parchy dupek
        """,
    },
    "ru": {
        3: """
            пидор пидоры пидорас пидорасы пидарас пидарасы пидоров жид жиды жидов жидовская хач хачи хачей черножопый
            черножопые узкоглазый узкоглазые кацап кацапы ниггер
        """,
        2: """
            блядь бляди блять бля блядский блядская хуй хуя хуи хуем хуйня хуйню хуёвый хуево нахуй нахуя похуй охуел
            охуели охуенно хуесос хуесосы пизда пизды пиздец пиздеть пиздит пиздёж пиздюк распиздяй ебать ебал ебут
            ебёт ебет ебаный ёбаный ебаная ебаные ебанутый ебанутые ебло выебал заебал заебали заебись наебал наебали
            отъебись уебок уёбок уебки уебище долбоёб долбоеб долбоебы мудак мудаки мудаков мудила гандон гандоны
            говно говна дерьмо дерьма сучка сучки шлюха шлюхи шлюх жопа жопу жопы залупа дрочить дрочит срать сраный
            сраная сраные
        """,
        1: """
            идиот идиоты дурак дураки дура дуры дебил дебилы урод уроды тварь твари скотина скоты мразь мрази подонок
            подонки ублюдок ублюдки сволочь сволочи сука суки козёл козел козлы свинья свиньи тупой тупая тупые кретин
            кретины придурок придурки лох лохи заткнись сдохни сдохните быдло чмо гнида гниды паразит паразиты выродок
            выродки хохол хохлы хохлов чурка чурки чурок
        """,
    },
    "sv": {
        3: """
            svartskalle svartskallar blatte blattar bögjävel bögjävlar judejävel horunge horungar mongojävel
        """,
        2: """
            fitta fittor kuk kukar knulla knullar knullad hora horor jävel jävlar jävla jävlarna rövhål rövhålen subba
            subbor slyna slynor förbannade fuck fucking shit bitch
        """,
        1: """
            idiot idioter dum dumma dumbom skit skiten äckel äckliga ful fula pucko puckon mongo cp svin svinet arsle
            röv röven patetisk patetiska efterbliven efterblivna fan helvete helvetes neger negrer negern
        """,
    },
    "tr": {
        3: """
            orospuçocuğu ibne ibneler ibnelik gavat gavatlar yavşak yavşaklar pezevenk pezevenkler oç
        """,
        2: """
            orospu orospular amına amcık amcıklar sikerim sikeyim sikim siktir siktirgit sikik sikiş sikişmek yarrak
            yarrağı göt götveren götünü piç piçler kahpe kahpeler kaltak kaltaklar bok boktan bokum sıçayım sıçtı
            gerizekalı fuck fucking shit bitch amk=
        """,
        1: """
            salak salaklar aptal aptallar mal mallar gerzek gerzekler ahmak ahmaklar şerefsiz şerefsizler köpek
            köpekler eşek eşekler domuz domuzlar pislik pislikler aşağılık defol geber lanet dallama
        """,
    },
}
"""By language (ISO 639-1) and weight."""
