"""English topics: who does what to which things, and where.

`medicine`, `law` and `poultry` are here because ordinary pages about them hold words that a word list of rude
English also holds.
"""

from tokenmill.mini.grammar import Slots, forms, slots


def topic(nouns: str, verbs: str, **rest: str) -> Slots:
    """One topic: nouns as singular/plural, verbs as base/past/-ing, and the other slots as they are."""
    return {**forms("noun nouns", nouns), **forms("do did doing", verbs), **slots(**rest)}


TOPICS: dict[str, Slots] = {
    "gardening": topic(
        """hedge/hedges|rose bed/rose beds|seedling/seedlings|orchard/orchards|apple tree/apple trees
        greenhouse/greenhouses|compost heap/compost heaps|lawn/lawns|pond/ponds|vegetable plot/vegetable plots
        bulb/bulbs|shrub/shrubs|herb border/herb borders|meadow/meadows|trellis/trellises|fern/ferns
        rhubarb crown/rhubarb crowns|pear tree/pear trees|window box/window boxes|tomato plant/tomato plants
        cutting/cuttings|terrace/terraces""",
        """prune/pruned/pruning|plant/planted/planting|water/watered/watering|mulch/mulched/mulching
        trim/trimmed/trimming|weed/weeded/weeding|graft/grafted/grafting|feed/fed/feeding|sow/sowed/sowing
        harvest/harvested/harvesting|shade/shaded/shading|divide/divided/dividing|dig up/dug up/digging up
        transplant/transplanted/transplanting|protect/protected/protecting""",
        craft="gardening|growing vegetables|planting trees|keeping an orchard|designing gardens|making compost",
        agent="""the head gardener|the botanist|a retired nurseryman|the allotment secretary|the plant breeder
        a landscape architect|the park keeper|the seed merchant|a young apprentice|the estate manager""",
        agents="""gardeners|volunteers|neighbours|beginners|botanists|plot holders|apprentices|florists
        fruit growers|schoolchildren""",
        adj="""shady|sunny|overgrown|hardy|fragrant|thorny|evergreen|damp|sheltered|late-flowering|stony|fertile
        tall|neglected|blossoming|dwarf|climbing|exotic|native|frost-proof""",
        where="""in the walled garden|behind the potting shed|along the south wall|beside the stream
        near the old gate|under the beech trees|on heavy clay|at the edge of the wood|on the allotment
        in the botanic garden|on the roof""",
    ),
    "history": topic(
        """castle/castles|manuscript/manuscripts|treaty/treaties|bridge/bridges|coin/coins
        parish record/parish records|fortress/fortresses|map/maps|tomb/tombs|monastery/monasteries
        market charter/market charters|letter/letters|chronicle/chronicles|mosaic/mosaics|watchtower/watchtowers
        shipwreck/shipwrecks|portrait/portraits|mill/mills|guildhall/guildhalls|burial mound/burial mounds
        tax roll/tax rolls|seal/seals""",
        """excavate/excavated/excavating|restore/restored/restoring|date/dated/dating|copy/copied/copying
        describe/described/describing|defend/defended/defending|discover/discovered/discovering
        translate/translated/translating|catalogue/catalogued/cataloguing|photograph/photographed/photographing
        abandon/abandoned/abandoning|rebuild/rebuilt/rebuilding|inherit/inherited/inheriting|burn/burned/burning
        preserve/preserved/preserving""",
        craft="""local history|archaeology|the study of old letters|medieval history|restoring monuments
        reading old handwriting""",
        agent="""the archivist|a young historian|the abbot|the county archaeologist|the museum's curator
        a travelling scribe|the last duke|the bishop|a Danish scholar|the master mason""",
        agents="historians|archaeologists|monks|merchants|soldiers|settlers|scholars|villagers|restorers|pilgrims",
        adj="""medieval|Roman|ruined|illuminated|royal|forged|weathered|ancient|unsigned|bronze|wooden|half-buried
        Norman|colonial|priceless|torn|fortified|sacred|undated|blackened""",
        where="""below the castle hill|in the cathedral archive|near the river crossing|under the town square
        in a private collection|on the northern frontier|inside the chapel|along the old trade road
        in the county museum|beneath the ploughed field|behind a false wall""",
    ),
    "cooking": topic(
        """loaf/loaves|stew/stews|sauce/sauces|pie/pies|recipe/recipes|pastry crust/pastry crusts|soup/soups
        pickle/pickles|cheese/cheeses|dumpling/dumplings|salad/salads|spice blend/spice blends|omelette/omelettes
        roast/roasts|pudding/puddings|pancake/pancakes|noodle dish/noodle dishes|broth/broths|jar of jam/jars of jam
        tart/tarts|curry/curries|flatbread/flatbreads""",
        """bake/baked/baking|season/seasoned/seasoning|stir/stirred/stirring|taste/tasted/tasting
        serve/served/serving|chill/chilled/chilling|fry/fried/frying|simmer/simmered/simmering
        garnish/garnished/garnishing|slice/sliced/slicing|ferment/fermented/fermenting|reheat/reheated/reheating
        glaze/glazed/glazing|prepare/prepared/preparing|burn/burnt/burning""",
        craft="cooking|baking bread|home cooking|making cheese|street food|preserving fruit",
        agent="""the pastry chef|the village baker|a cookery teacher|the innkeeper|a food critic|the head waiter
        the market trader|my grandmother|the kitchen porter|a cheese maker""",
        agents="cooks|bakers|guests|diners|students|farmers|chefs|families|market traders|home cooks",
        adj="""crusty|spicy|sour|creamy|smoked|buttery|bitter|seasonal|sticky|golden|salty|tender|overcooked
        fragrant|traditional|sweet|vegetarian|crisp|steaming|home-made""",
        where="""in a cast-iron pan|over a low flame|at the Saturday market|in the back kitchen
        on the top shelf of the oven|at the long table|in a cool cellar|behind the counter|at the harbour restaurant
        on the stove|in a stone oven""",
    ),
    "astronomy": topic(
        """comet/comets|telescope/telescopes|galaxy/galaxies|crater/craters|moon/moons|asteroid/asteroids
        star cluster/star clusters|nebula/nebulae|orbit/orbits|eclipse/eclipses|meteor/meteors
        radio signal/radio signals|planet/planets|spectrum/spectra|observatory/observatories|supernova/supernovae
        space probe/space probes|sunspot/sunspots|antenna/antennas|star chart/star charts|mirror/mirrors""",
        """observe/observed/observing|photograph/photographed/photographing|measure/measured/measuring
        track/tracked/tracking|discover/discovered/discovering|catalogue/catalogued/cataloguing
        simulate/simulated/simulating|name/named/naming|record/recorded/recording|calibrate/calibrated/calibrating
        map/mapped/mapping|predict/predicted/predicting|analyse/analysed/analysing|sketch/sketched/sketching""",
        craft="astronomy|stargazing|planetary science|radio astronomy|the search for comets|building telescopes",
        agent="""the astronomer|a night assistant|the mission scientist|the observatory director|a doctoral student
        the royal astronomer|an amateur observer|the lens grinder|a physics teacher|the instrument engineer""",
        agents="""astronomers|amateurs|engineers|physicists|observers|students|sky watchers|mission planners
        technicians|researchers""",
        adj="""distant|faint|spiral|icy|binary|bright|spinning|dusty|infrared|invisible|rocky|dense|periodic|glowing
        gaseous|volcanic|magnetic|nearby|uncharted|elliptical""",
        where="""in the southern sky|beyond the orbit of Neptune|near the galactic centre
        at the mountain observatory|in the constellation of Lyra|above the desert|on the dark side of the Moon
        in the inner solar system|with a small refractor|at the planetarium|on a photographic plate""",
    ),
    "travel": topic(
        """ferry/ferries|mountain hut/mountain huts|night train/night trains|guidebook/guidebooks|island/islands
        hostel/hostels|footpath/footpaths|harbour/harbours|suitcase/suitcases|border post/border posts
        village/villages|viewpoint/viewpoints|beach/beaches|railway station/railway stations|lighthouse/lighthouses
        canal boat/canal boats|campsite/campsites|ticket/tickets|pass/passes|valley/valleys|waterfall/waterfalls""",
        """visit/visited/visiting|cross/crossed/crossing|photograph/photographed/photographing
        recommend/recommended/recommending|book/booked/booking|reach/reached/reaching|miss/missed/missing
        explore/explored/exploring|describe/described/describing|share/shared/sharing|avoid/avoided/avoiding
        remember/remembered/remembering|find/found/finding|leave/left/leaving""",
        craft="travelling|walking|slow travel|hitch-hiking|mountain walking|travel writing",
        agent="""the ferry captain|a travel writer|the hostel warden|the mountain guide|a Belgian cyclist
        the ticket inspector|the innkeeper's daughter|a retired pilot|the harbour master|the bus driver""",
        agents="travellers|walkers|cyclists|tourists|islanders|guides|backpackers|passengers|pilgrims|locals",
        adj="""remote|crowded|windswept|cheap|picturesque|sleepy|rocky|foggy|steep|coastal|abandoned|snowbound
        tropical|overnight|quiet|scenic|narrow|unmarked|sunlit|legendary""",
        where="""on the far side of the bay|at the end of the line|above the tree line|on the coast road
        in the old quarter|beyond the last village|near the border|on the upper deck|halfway up the pass
        in the fishing port|off the main road""",
    ),
    "sport": topic(
        """match/matches|goal/goals|final/finals|training session/training sessions|trophy/trophies
        league table/league tables|race/races|penalty/penalties|record/records|stadium/stadiums|relay/relays
        serve/serves|tournament/tournaments|contract/contracts|injury/injuries|medal/medals
        season ticket/season tickets|defence/defences|marathon/marathons|transfer/transfers""",
        """win/won/winning|lose/lost/losing|train for/trained for/training for|celebrate/celebrated/celebrating
        watch/watched/watching|postpone/postponed/postponing|dominate/dominated/dominating|analyse/analysed/analysing
        miss/missed/missing|prepare/prepared/preparing|defend/defended/defending|sponsor/sponsored/sponsoring
        review/reviewed/reviewing|enjoy/enjoyed/enjoying""",
        craft="football|long-distance running|coaching|rowing|competitive swimming|refereeing",
        agent="""the head coach|the goalkeeper|the team captain|the referee|a former champion|the club doctor
        the youngest runner|the groundsman|the team's physiotherapist|a talented midfielder""",
        agents="players|supporters|coaches|runners|referees|rowers|swimmers|sponsors|defenders|commentators",
        adj="""decisive|narrow|unbeaten|defensive|disputed|historic|goalless|exhausting|national|junior
        international|late|painful|friendly|sold-out|tactical|frantic|dramatic|amateur|professional""",
        where="""in front of a full house|at the home ground|in extra time|on a wet pitch|at the Olympic stadium
        in the second half|on the final bend|in the changing room|away from home|at the national centre
        on the touchline""",
    ),
    "technology": topic(
        """database/databases|compiler/compilers|sensor/sensors|battery/batteries|server/servers
        network cable/network cables|circuit board/circuit boards|robot/robots|search engine/search engines
        password/passwords|microchip/microchips|keyboard/keyboards|prototype/prototypes|backup/backups
        software update/software updates|algorithm/algorithms|satellite link/satellite links|screen/screens
        power supply/power supplies|data centre/data centres""",
        """test/tested/testing|design/designed/designing|replace/replaced/replacing|install/installed/installing
        measure/measured/measuring|upgrade/upgraded/upgrading|debug/debugged/debugging|encrypt/encrypted/encrypting
        simplify/simplified/simplifying|connect/connected/connecting|document/documented/documenting
        repair/repaired/repairing|rewrite/rewrote/rewriting|recycle/recycled/recycling""",
        craft="programming|electronics|network security|machine learning|building computers|open-source software",
        agent="""the systems engineer|the chief technician|a freelance programmer|the security researcher
        the product manager|an electronics student|the database administrator|the project's maintainer
        a support engineer|the inventor""",
        agents="""engineers|programmers|users|administrators|researchers|hobbyists|testers|customers|operators
        start-ups""",
        adj="""wireless|obsolete|encrypted|portable|faulty|experimental|low-power|digital|modular|overheated
        automatic|secure|open-source|industrial|compact|noisy|redundant|programmable|real-time|solar-powered""",
        where="""in the server room|on the factory floor|behind the firewall|in the cloud|on the test bench
        in the basement laboratory|on an old laptop|at the edge of the network|in production|inside a steel cabinet
        at the trade fair""",
    ),
    "music": topic(
        """violin/violins|symphony/symphonies|choir/choirs|melody/melodies|concert hall/concert halls
        folk song/folk songs|recording/recordings|piano/pianos|overture/overtures|string quartet/string quartets
        trumpet/trumpets|opera/operas|drum/drums|rehearsal/rehearsals|score/scores|album/albums|organ pipe/organ pipes
        lullaby/lullabies|concerto/concertos|guitar/guitars""",
        """perform/performed/performing|compose/composed/composing|tune/tuned/tuning|rehearse/rehearsed/rehearsing
        record/recorded/recording|conduct/conducted/conducting|transcribe/transcribed/transcribing
        admire/admired/admiring|arrange/arranged/arranging|repair/repaired/repairing|hear/heard/hearing
        teach/taught/teaching|publish/published/publishing|improvise/improvised/improvising""",
        craft="chamber music|singing in a choir|composing|jazz|the making of violins|playing the organ",
        agent="""the conductor|the first violinist|a young soprano|the choir master|the instrument maker
        the jazz pianist|a music critic|the composer's widow|the sound engineer|the organist""",
        agents="musicians|singers|listeners|critics|composers|pupils|collectors|conductors|drummers|concertgoers",
        adj="""slow|lyrical|baroque|unfinished|solemn|improvised|loud|delicate|forgotten|choral|romantic|rhythmic
        melancholy|orchestral|handwritten|modern|joyful|resonant|out-of-tune|virtuoso""",
        where="""in the main hall|at the summer festival|in a small studio|on the opening night
        in the church gallery|on an old gramophone|backstage|at the conservatory|in the orchestra pit|on the radio
        in a village inn""",
    ),
    "wildlife": topic(
        """otter/otters|owl/owls|nest/nests|wetland/wetlands|badger/badgers|butterfly/butterflies
        beaver dam/beaver dams|seal colony/seal colonies|hawk/hawks|reef/reefs|tortoise/tortoises|bat roost/bat roosts
        salmon run/salmon runs|lynx track/lynx tracks|beehive/beehives|crane/cranes|hedgehog/hedgehogs
        dragonfly/dragonflies|burrow/burrows|wolf pack/wolf packs""",
        """protect/protected/protecting|count/counted/counting|film/filmed/filming|release/released/releasing
        disturb/disturbed/disturbing|study/studied/studying|ring/ringed/ringing|follow/followed/following
        rescue/rescued/rescuing|identify/identified/identifying|spot/spotted/spotting|monitor/monitored/monitoring
        feed/fed/feeding|photograph/photographed/photographing""",
        craft="""birdwatching|nature conservation|wildlife photography|marine biology|protecting wetlands
        counting birds""",
        agent="""the ranger|a wildlife photographer|the marine biologist|the gamekeeper|the reserve's warden
        a young vet|the ornithologist|an insect expert|the forester|the lighthouse keeper""",
        agents="""rangers|birdwatchers|biologists|farmers|campaigners|fishermen|volunteers|schoolchildren|foresters
        visitors""",
        adj="""nocturnal|endangered|migratory|shy|injured|native|rare|spotted|wild|nesting|solitary|invasive|young
        hibernating|coastal|hungry|tame|elusive|curious|well-camouflaged""",
        where="""in the reed beds|on the salt marsh|above the estuary|deep in the pine forest|near the nesting cliff
        at the feeding station|along the hedgerow|in shallow water|on the moor|inside the reserve|under the bridge""",
    ),
    "economy": topic(
        """budget/budgets|loan/loans|factory/factories|pension fund/pension funds|trade deal/trade deals|wage/wages
        interest rate/interest rates|start-up/start-ups|harvest/harvests|warehouse/warehouses|tax break/tax breaks
        currency/currencies|supermarket chain/supermarket chains|mortgage/mortgages|shipping route/shipping routes
        merger/mergers|labour contract/labour contracts|export market/export markets|savings account/savings accounts
        forecast/forecasts""",
        """approve/approved/approving|finance/financed/financing|negotiate/negotiated/negotiating
        criticise/criticised/criticising|revise/revised/revising|sell/sold/selling|insure/insured/insuring
        audit/audited/auditing|subsidise/subsidised/subsidising|reject/rejected/rejecting
        postpone/postponed/postponing|expand/expanded/expanding|compare/compared/comparing|cut/cut/cutting""",
        craft="banking|foreign trade|accounting|central banking|running a small business|collective bargaining",
        agent="""the finance minister|the central banker|a union leader|the chief economist|the shop owner
        an investment adviser|the factory manager|the tax inspector|a business journalist|the treasurer""",
        agents="investors|workers|economists|lenders|shopkeepers|exporters|taxpayers|unions|managers|small firms",
        adj="""regional|public|risky|profitable|long-term|indebted|seasonal|foreign|volatile|rising|family-owned
        inflated|domestic|bankrupt|quarterly|modest|state-owned|fixed-rate|unpopular|sustainable""",
        where="""on the bond market|in the steel industry|in the annual report|before the summer recess
        in the northern provinces|at the stock exchange|across the border|in the service sector|behind closed doors
        during the last recession|at the shareholders' meeting""",
    ),
    "medicine": topic(
        """breast scan/breast scans|anal fissure/anal fissures|rectal examination/rectal examinations
        vaccine/vaccines|sex hormone/sex hormones|blood test/blood tests|bowel screening/bowel screenings
        hip fracture/hip fractures|urine sample/urine samples|heart valve/heart valves|biopsy/biopsies
        skin rash/skin rashes|dressing/dressings|cervical smear/cervical smears|prescription/prescriptions
        ultrasound image/ultrasound images|inhaler/inhalers|kidney stone/kidney stones|waiting list/waiting lists
        thyroid nodule/thyroid nodules|mole/moles|tablet/tablets|swollen joint/swollen joints
        insulin pump/insulin pumps|vaginal infection/vaginal infections|lung scan/lung scans""",
        """examine/examined/examining|treat/treated/treating|diagnose/diagnosed/diagnosing
        monitor/monitored/monitoring|describe/described/describing|test/tested/testing|record/recorded/recording
        study/studied/studying|prevent/prevented/preventing|detect/detected/detecting|discuss/discussed/discussing
        explain/explained/explaining|compare/compared/comparing|report/reported/reporting""",
        craft="""cancer care|sex education|family medicine|breast surgery|public health|midwifery
        caring for the elderly""",
        agent="""the breast surgeon|the family doctor|a sexual health nurse|the midwife|the radiologist
        a hospital pharmacist|the colorectal consultant|the urologist|the ward sister|a medical student""",
        agents="""patients|doctors|nurses|surgeons|midwives|women over fifty|men over sixty|young adults|researchers
        breast cancer survivors""",
        adj="""painful|early|chronic|benign|inflamed|malignant|routine|infected|suspected|untreated|common|hormonal
        acute|congenital|bacterial|minor|surgical|second-hand|unexplained|mild|persistent""",
        where="""in the outpatient clinic|at the first appointment|on the breast care ward|in the operating theatre
        during pregnancy|around the anus|at the general hospital|near the nipple|in older patients|with a mild cream
        under local anaesthetic|before sexual intercourse|in the emergency department|after a fall
        on the night shift""",
    ),
    "law": topic(
        """rape trial/rape trials|appeal/appeals|verdict/verdicts|contract/contracts
        witness statement/witness statements|sex discrimination claim/sex discrimination claims
        prison sentence/prison sentences|fine/fines|jury/juries|divorce petition/divorce petitions|statute/statutes
        murder charge/murder charges|bail hearing/bail hearings|custody order/custody orders
        legal brief/legal briefs|patent claim/patent claims|tenancy dispute/tenancy disputes
        pornography law/pornography laws|will/wills|search warrant/search warrants
        sexual assault case/sexual assault cases|planning objection/planning objections
        insurance claim/insurance claims|court transcript/court transcripts""",
        """review/reviewed/reviewing|overturn/overturned/overturning|report/reported/reporting|hear/heard/hearing
        dismiss/dismissed/dismissing|challenge/challenged/challenging|adjourn/adjourned/adjourning|quote/quoted/quoting
        amend/amended/amending|investigate/investigated/investigating|settle/settled/settling|uphold/upheld/upholding
        publish/published/publishing|question/questioned/questioning""",
        craft="""criminal law|the law of evidence|sentencing in rape cases|family law|court reporting|equality law
        tax law""",
        agent="""the presiding judge|the prosecutor|the defence barrister|a rape crisis worker|the court reporter
        the chief justice|the complainant|a law lecturer|the detective|the probation officer""",
        agents="""lawyers|judges|jurors|victims of rape|witnesses|prosecutors|defendants|campaigners|police officers
        legal scholars""",
        adj="""criminal|constitutional|unlawful|unanimous|controversial|pending|lengthy|contested|landmark|civil
        suspended|anonymous|disputed|lenient|written|confidential|hostile|preliminary|wrongful|unsigned""",
        where="""in the Court of Appeal|before a jury|at the county court|in closed session
        under the Sexual Offences Act|at the crown court|in the written judgment|on legal aid|at the police station
        in the lower court|without a warrant""",
    ),
    "poultry": topic(
        """cock/cocks|hen house/hen houses|great tit/great tits|ass/asses|blue-footed booby/blue-footed boobies
        egg basket/egg baskets|rooster/roosters|bantam/bantams|goose/geese|turkey cock/turkey cocks
        nesting box/nesting boxes|chick/chicks|feeding trough/feeding troughs|pigeon loft/pigeon lofts
        guinea fowl/guinea fowl|shuttlecock/shuttlecocks|bitch and her pups/bitches and their pups
        cock pheasant/cock pheasants|weathercock/weathercocks|chicken breast/chicken breasts""",
        """feed/fed/feeding|breed/bred/breeding|weigh/weighed/weighing|sell/sold/selling
        vaccinate/vaccinated/vaccinating|show/showed/showing|keep/kept/keeping|rear/reared/rearing
        catch/caught/catching|judge/judged/judging|count/counted/counting|ring/ringed/ringing|house/housed/housing
        exhibit/exhibited/exhibiting""",
        craft="keeping hens|breeding bantams|poultry farming|showing cocks|dog breeding|feeding garden birds",
        agent="""the poultry farmer|the egg merchant|a hen keeper|the show judge|the dog breeder|the farm vet
        the smallholder|a village boy|the cattle dealer|the miller's wife""",
        agents="farmers|breeders|smallholders|judges|poultry keepers|children|neighbours|exhibitors|vets|egg buyers",
        adj="""crowing|speckled|broody|free-range|prize-winning|moulting|noisy|plump|feathered|stubborn|hand-reared
        black|white|two-year-old|proud|lame|hardy|red-combed|greedy|friendly""",
        where="""in the farmyard|at the county show|behind the barn|on the dung heap|at the livestock market
        in the orchard|near Scunthorpe|at the bottom of the field|in a clean pen|under the eaves
        on the village green""",
    ),
}
