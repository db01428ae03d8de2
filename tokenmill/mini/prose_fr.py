"""French: nouns by gender with regular plurals, adjectives in both genders, passé composé with avoir."""

from tokenmill.mini.grammar import Grammar, Slots, forms, slots


def topic(m: str, f: str, verbs: str, adj: str, **rest: str) -> Slots:
    """Nouns that take -s, by gender; verbs as participle/infinitive; adjectives as masculine/feminine."""
    return {**slots(m=m, f=f, **rest), **forms("part inf", verbs), **forms("am af", adj)}


SENTENCES = """
{when}, {main}.
{when}, {who} a {part} {np} {where}.
{when}, {who} a {part} {np}, {so}.
{main} parce que {main}.
{who} a {part} {np} {where}, {so}.
{who} avait {part} {np} avant de {inf} {np}.
après avoir {part} {np}, {who} a {part} {nps} {where}.
sans {np}, {who} ne pouvait pas {inf} {np}.
pour {inf} {np}, il faut {np} et {span}.
« {opinion} », {said} {name} {when}.
« {opinion} », {said} {who}, « et {opinion} ».
{who} {said} que {main}.
{name} {said} {when} que {main}.
selon {name}, {main}.
d'après {who}, {sg} {was} {judgedm}.
{adverb}, {main}.
{connect}, {main}, {so}.
{adverb}, {who} a {part} {np} {where}.
le {m} {am} {where} {was} {judgedm}, {so}.
la {f} {af} {where} {was} {judgedf}, {so}.
les {m}s {am}s {were} {judgedm}s, mais {main}.
les {f}s {af}s {were} {judgedf}s, mais {main}.
un {m} {am} {was} {judgedm}, alors que {main}.
une {f} {af} {was} {judgedf}, alors que {main}.
il a fallu {span} pour {inf} {np}.
il est difficile de {inf} {np} {where}.
en {year}, {who} a {part} {np}, et {main}.
entre {year} et {later}, {agents} ont {part} {number} {m}s {where}.
environ {percent} pour cent des {f}s {where} {were} {judgedf}s.
{number} {m}s {were} {judgedm}s {when}.
la plupart des {f}s {af}s {were} {judgedf}s, {so}.
{agents} ont {part} {np}, {so}.
{agents} ont {part} {nps} {when}, tandis que {main}.
personne ne {expected} que {main}.
les visiteurs de {town} demandent souvent pourquoi {main}.
quand {who} a {part} {np}, {main}.
si {agents} veulent {inf} {np}, {sg} {was} {judgedm}.
{craft} {was} {judgedm}, {said} {name}.
à {town}, {craft} a changé depuis que {who} a {part} {np}.
{name} et {name} ont {part} {np} {where}.
{name}, {background}, a {part} {np} {where}.
ni {np} ni {np} n'étaient {judgedm}s.
pourquoi {who} a-t-il {part} {np} ? parce que {main}.
comment {inf} {np} ? {who} {said} que {main}.
{np}, que {who} a {part} {when}, {was} {judgedm}.
{main} ; {main}.
avant {year}, {agents} ne pouvaient pas {inf} {nps}.
c'est {where} que {who} a {part} {np}.
bien que {name} ait {part} {np}, {main}.
"""

GENERAL = slots(
    sentence=SENTENCES,
    sg="le {m} {am}|ce {m}|le {m} de {town}|le {m} {where}|chaque {m} {am}|son {m}|le premier {m}|le dernier {m}",
    np="""le {m} {am}|la {f} {af}|un {m} {am}|une {f} {af}|les {m}s {am}s|les {f}s {af}s|ce {m}|cette {f}
    le {m} de {town}|la {f} de {town}|chaque {m} {am}|chaque {f} {af}|notre {m}|leur {f} {af}|{number} {m}s {am}s
    quelques {f}s {af}s|plusieurs {m}s|la première {f}|le dernier {m}""",
    nps="""les {m}s {am}s|les {f}s {af}s|{number} {f}s {af}s|plusieurs {m}s {am}s|quelques {f}s|tous les {m}s
    toutes les {f}s {af}s|des {m}s {am}s""",
    who="{name}|{name}|{agent}|{agent}|{agent} de {town}|{name} de {town}|{agent}",
    main="""{who} a {part} {np}|{who} a {part} {np} {where}|{agents} ont {part} {np}|le {m} {am} {was} {judgedm}
    la {f} {af} {was} {judgedf}|{who} voulait {inf} {np}|{agents} devaient {inf} {nps}
    {who} ne pouvait plus {inf} {np}|{who} a aidé {agents} à {inf} {np}""",
    so="""ce qui {pleased} {agents}|et {main}|mais {main}|si bien que {main}|pour que {agents} puissent {inf} {np}
    de sorte que {main}|car {main}""",
    opinion="""le {m} {am} {was} {judgedm}|je n'ai jamais vu une {f} aussi {af}|il faut {inf} {np}
    nous avons {part} {np} {when}|tout le monde peut {inf} {np}|on oublie que {main}|{craft} {was} {judgedm}
    sans {np}, rien n'est {judgedm}|ma grand-mère savait {inf} {np}""",
    when="""au printemps {year}|en {month} {year}|le {day} {month} {year}|il y a {number} ans|pendant l'été {year}
    à la fin de l'année {year}|depuis {year}|{span} plus tard|un {weekday} de {month}|chaque {weekday}
    au début du mois de {month}|jusqu'en {year}|en hiver|au bout de {span}|{weekday} dernier""",
    background="""née à {town}|qui vit à {town}|âgé de {age} ans|connue pour sa {f}|qui a grandi {where}
    autrefois à {town}""",
    name="{first} {last}|{first} {last}|{first} {last}|Mme {last}|M. {last}|le professeur {last}",
    title="""Le {m} {am} de {town}|La {f} {af} et le {m}|{craft} à {town}|Pourquoi {main}|{name} et la {f} {af}
    Comment {inf} une {f} {af}|Entre le {m} et la {f}|{number} {m}s pour {town}|La dernière {f} {where}""",
    heading="Le {m} {am}|La {f} {where}|Les {m}s de {town}|{craft} aujourd'hui|Avant la {f}|{name} et les {f}s",
    was="est|était|semble|reste|paraissait|demeure|n'est pas|n'était jamais",
    were="sont|étaient|semblent|restent|paraissaient|demeurent|ne sont pas|n'étaient plus",
    said="explique|raconte|affirme|écrit|estime|rappelle|précise|répond|soutient|reconnaît",
    expected="pensait|croyait|savait|imaginait|supposait|remarquait",
    pleased="a surpris|a ravi|inquiétait|amusait|a étonné|dérangeait|intéressait",
    adverb="""malheureusement|en pratique|en général|à l'époque|d'abord|finalement|bien sûr|en réalité|parfois
    étrangement|année après année|aujourd'hui encore""",
    connect="""cependant|pourtant|par exemple|en revanche|ensuite|de plus|au contraire|pour cette raison|malgré tout
    peu après|par conséquent|ailleurs""",
    judgedm="{how} {jm}|{jm}|{am}|{how} {am}",
    judgedf="{how} {jf}|{jf}|{af}|{how} {af}",
    how="très|plutôt|assez|vraiment|particulièrement|presque|trop|étonnamment|toujours|rarement",
    span="{small} jours|{small} semaines|presque {small} ans|plus de {small} mois|environ {small} heures",
    number="{small}|{tens}|{hundreds}|près de {tens}|plus de {hundreds}|environ {tens}",
    weekday="lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche",
    month="janvier|février|mars|avril|mai|juin|juillet|août|septembre|octobre|novembre|décembre",
    first="""Hélène|François|Élodie|Jérôme|Camille|Rémi|Aurélie|Thierry|Océane|Mathieu|Noémie|Gérard|Chloé|Étienne
    Sylvie|Benoît|Margaux|Cédric|Inès|Raphaël|Brigitte|Loïc|Agnès|Pascal|Delphine|Gaël|Colette|Baptiste""",
    last="""Lefèvre|Moreau|Dubois|Guérin|Périer|Fontaine|Garnier|Chevalier|Besson|Lacroix|Béranger|Marchand|Renaud
    Gauthier|Leclerc|Carpentier|Vasseur|Dupré|Rousseau|Maréchal|Poirier|Legrand|Barbier|Collet|Joubert|Tessier|Hébert
    Mercier""",
    town="""Lyon|Besançon|Nîmes|Saint-Étienne|Orléans|Rouen|Dijon|Grenoble|Angers|Limoges|Nancy|Poitiers|Genève
    Namur|Béziers|Brest|Chambéry|Troyes|Montpellier|Valence|Bayonne|Colmar|Vannes|Périgueux|Liège|Lausanne""",
)
GENERAL |= forms(
    "jm jf",
    """utile/utile|difficile/difficile|apprécié/appréciée|oublié/oubliée|connu/connue|rare/rare|fragile/fragile
    indispensable/indispensable|solide/solide|menacé/menacée|protégé/protégée|abandonné/abandonnée|célèbre/célèbre
    simple/simple|admiré/admirée|réussi/réussie|surprenant/surprenante|cher/chère|recherché/recherchée
    contesté/contestée|inachevé/inachevée|charmant/charmante""",
)

TOPICS: dict[str, Slots] = {
    "history": topic(
        """pont|manuscrit|monastère|traité|village|portrait|moulin|cimetière|registre|sceau|parchemin|rempart
        document|monument""",
        "tour|lettre|abbaye|monnaie|chapelle|carte|église|forteresse|chronique|statue|fresque|muraille|gravure|maison",
        """restauré/restaurer|découvert/découvrir|étudié/étudier|copié/copier|photographié/photographier|daté/dater
        traduit/traduire|défendu/défendre|décrit/décrire|vendu/vendre|brûlé/brûler|sauvé/sauver""",
        """ancien/ancienne|médiéval/médiévale|ruiné/ruinée|romain/romaine|oublié/oubliée|sacré/sacrée
        royaliste/royaliste|gothique/gothique|peint/peinte|perdu/perdue|fortifié/fortifiée|daté/datée|fameux/fameuse
        abîmé/abîmée|secret/secrète""",
        agent="""l'archiviste|l'historienne|le maire|le conservateur|la chercheuse|l'évêque|le notaire|l'archéologue
        le tailleur de pierre""",
        agents="les historiens|les moines|les habitants|les soldats|les marchands|les archéologues|les pèlerins",
        craft="l'histoire locale|l'archéologie|le métier d'archiviste|la restauration des monuments",
        where="""sous la place du marché|dans les archives|près de la rivière|au musée|derrière la cathédrale
        sur la colline|au bord du fleuve|à la frontière|dans la crypte""",
    ),
    "cooking": topic(
        "fromage|potage|dessert|légume|plat|pain|ragoût|jambon|poisson|marché|vin|beignet|gratin",
        "tarte|soupe|sauce|recette|quiche|confiture|crêpe|salade|omelette|épice|terrine|brioche|cuisson|pâte",
        """préparé/préparer|goûté/goûter|servi/servir|cuisiné/cuisiner|vendu/vendre|assaisonné/assaisonner
        découpé/découper|acheté/acheter|partagé/partager|mélangé/mélanger|réchauffé/réchauffer|apprécié/apprécier""",
        """salé/salée|sucré/sucrée|fumé/fumée|chaud/chaude|amer/amère|parfumé/parfumée|provençal/provençale
        croustillant/croustillante|léger/légère|épicé/épicée|raffiné/raffinée|fondant/fondante|maison/maison
        brûlé/brûlée|tiède/tiède""",
        agent="""le boulanger|la cuisinière|le chef|l'aubergiste|la pâtissière|le fromager|la critique|le maraîcher
        le sommelier""",
        agents="les invités|les cuisiniers|les clients|les enfants|les voisins|les apprentis|les gourmands",
        craft="la cuisine familiale|la boulangerie|le métier de pâtissier|la gastronomie",
        where="""dans un four à bois|au marché du samedi|à feu doux|dans la cuisine|sur la grande table|à la cave
        au restaurant du port|dans une poêle|chez le boulanger""",
    ),
    "nature": topic(
        "sentier|renard|étang|jardin|glacier|arbre|verger|héron|rocher|papillon|lac|chamois|volcan",
        "forêt|rivière|prairie|fleur|chouette|montagne|grotte|cascade|abeille|haie|dune|plage|vallée|source",
        """observé/observer|protégé/protéger|planté/planter|photographié/photographier|compté/compter
        exploré/explorer|traversé/traverser|admiré/admirer|nettoyé/nettoyer|décrit/décrire|surveillé/surveiller
        dessiné/dessiner""",
        """sauvage/sauvage|humide/humide|enneigé/enneigée|rare/rare|profond/profonde|alpin/alpine|isolé/isolée
        fleuri/fleurie|menacé/menacée|vert/verte|lointain/lointaine|ensoleillé/ensoleillée|ombragé/ombragée
        rocailleux/rocailleuse|escarpé/escarpée""",
        agent="""la garde forestière|le biologiste|l'ornithologue|le berger|la botaniste|le guide|le jardinier
        l'apicultrice|le photographe""",
        agents="les randonneurs|les bergers|les écoliers|les chasseurs|les bénévoles|les chercheurs|les jardiniers",
        craft="la protection de la nature|l'apiculture|la randonnée|le jardinage",
        where="""au bord du lac|dans le parc national|au sommet du col|derrière la ferme|au cœur de la forêt
        sur la côte bretonne|près du refuge|dans la vallée|au jardin botanique""",
    ),
    "technology": topic(
        """moteur|robot|logiciel|serveur|capteur|réacteur|câble|prototype|téléphone|programme|circuit|satellite
        clavier|ordinateur""",
        "machine|batterie|antenne|usine|caméra|turbine|donnée|pièce|éolienne|imprimante|puce|pompe|centrale|interface",
        """testé/tester|installé/installer|réparé/réparer|conçu/concevoir|remplacé/remplacer|mesuré/mesurer
        amélioré/améliorer|vendu/vendre|financé/financer|construit/construire|relié/relier|démonté/démonter""",
        """électrique/électrique|portable/portable|rapide/rapide|automatique/automatique|défectueux/défectueuse
        numérique/numérique|industriel/industrielle|solaire/solaire|moderne/moderne|connecté/connectée|usé/usée
        fiable/fiable|lourd/lourde|puissant/puissante""",
        agent="""l'ingénieure|le technicien|la directrice|l'inventeur|le mécanicien|la programmeuse|l'électricien
        le chercheur|la cheffe de projet""",
        agents="les ingénieurs|les clients|les étudiants|les techniciens|les chercheurs|les ouvriers|les utilisateurs",
        craft="l'informatique|l'électronique|le métier d'ingénieur|la robotique",
        where="""dans l'atelier|au laboratoire|sur le banc d'essai|à l'université|dans la salle des machines
        au salon de {town}|sous le capot|à distance|dans l'usine""",
    ),
}  # fmt: skip

CHROME = slots(
    nav="Accueil|Actualités|À propos|Contact|Archives|Agenda|Boutique|Mentions légales|Connexion|Aide|Galerie|Météo",
    cookie="""Nous utilisons des cookies pour améliorer votre expérience.
    En poursuivant votre navigation, vous acceptez l'utilisation de cookies.""",
    accept="Tout accepter|J'accepte|Paramétrer",
    related="À lire aussi|Articles liés|Les plus lus",
    rights="Tous droits réservés.|Mentions légales et confidentialité",
    comments="Merci pour cet article !|Très intéressant.|Je ne suis pas d'accord.",
    search="Rechercher",
    script="Veuillez activer JavaScript.",
)

GRAMMAR = Grammar(
    code="fr",
    slots=GENERAL,
    topics=TOPICS,
    chrome=CHROME,
    encodings=("iso-8859-1", "utf-8", "windows-1252"),
    joins=(
        (r"\b([Ll])[ea] (?=[aeiouyéèêâîôœAEIOUÉ])", r"\1'"),
        (r"\b([dD]|qu|Qu)e (?=[aeiouéèêâîôœAEIOUÉ])", r"\1'"),
        (r"\bce (?=[aeiouéèêâ])", "cet "),
        (r"\b([sn])e (?=[aeiouéèêâ])", r"\1'"),
        (r"xs\b", "x"),
        (r"\b[Ss]i il", "s'il"),
        (r"\bde les\b", "des"),
        (r"\bde le\b", "du"),
        (r"\bà les\b", "aux"),
        (r"\bà le\b", "au"),
    ),
)
