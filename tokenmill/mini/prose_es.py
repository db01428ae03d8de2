"""Spanish: nouns and adjectives as stems that take -o and -a, verbs in the preterite."""

from tokenmill.mini.grammar import Grammar, Slots, forms, slots


def topic(m: str, f: str, verbs: str, adj: str, **rest: str) -> Slots:
    """Noun stems by gender (-o, -a); verbs as third person singular/plural/participle/infinitive; adjective stems."""
    return {**slots(m=m, f=f, adj=adj, **rest), **forms("did didn part inf", verbs)}


SENTENCES = """
{when}, {main}.
{when}, {who} {did} {np} {where}.
{when}, {who} {did} {np}, {so}.
{main} porque {main}.
{who} {did} {np} {where}, {so}.
{who} había {part} {np} antes de {inf} {np}.
después de {inf} {np}, {who} {did} {nps} {where}.
sin {np}, {who} no podía {inf} {np}.
para {inf} {np} hacen falta {np} y {span}.
«{opinion}», {said} {name} {when}.
«{opinion}», {said} {who}, «y {opinion}».
{who} {said} que {main}.
{name} {said} {when} que {main}.
según {name}, {main}.
{adverb}, {main}.
{connect}, {main}, {so}.
{adverb}, {who} {did} {np} {where}.
el {m}o {adj}o {where} {was} {judgem}, {so}.
la {f}a {adj}a {where} {was} {judgef}, {so}.
los {m}os {adj}os {were} {judgem}s, pero {main}.
las {f}as {adj}as {were} {judgef}s, pero {main}.
un {m}o {adj}o {was} {judgem}, mientras que {main}.
una {f}a {adj}a {was} {judgef}, mientras que {main}.
tardaron {span} en {inf} {np}.
es difícil {inf} {np} {where}.
en {year}, {who} {did} {np}, y {main}.
entre {year} y {later}, {agents} {didn} {number} {m}os {where}.
cerca del {percent} por ciento de las {f}as {where} {were} {judgef}s.
{number} {m}os {were} {judgem}s {when}.
la mayoría de las {f}as {adj}as {were} {judgef}s, {so}.
{agents} {didn} {np}, {so}.
{agents} {didn} {nps} {when}, mientras {main}.
nadie {expected} que {main}.
los visitantes de {town} preguntan a menudo por qué {main}.
cuando {who} {did} {np}, {main}.
si {agents} quieren {inf} {np}, {who} tiene que {inf} {np}.
{craft} {was} {judgem}, {said} {name}.
en {town}, {craft} ha cambiado desde que {who} {did} {np}.
{name} y {name} {didn} {np} {where}.
{name}, {background}, {did} {np} {where}.
ni {np} ni {np} eran {judgem}s.
¿por qué {did} {who} {np}? Porque {main}.
¿cómo se puede {inf} {np}? Con {np}, {said} {who}.
{main}; {main}.
antes de {year}, {agents} no podían {inf} {nps}.
fue {where} donde {who} {did} {np}.
aunque {name} {did} {np}, {main}.
hace {number} años, {who} {did} {np} {where}.
"""

GENERAL = slots(
    sentence=SENTENCES,
    np="""el {m}o {adj}o|la {f}a {adj}a|un {m}o {adj}o|una {f}a {adj}a|los {m}os {adj}os|las {f}as {adj}as|este {m}o
    esta {f}a|el {m}o de {town}|la {f}a de {town}|cada {m}o {adj}o|cada {f}a {adj}a|nuestro {m}o|su {f}a {adj}a
    {number} {m}os {adj}os|algunas {f}as {adj}as|varios {m}os|la primera {f}a|el último {m}o""",
    nps="""los {m}os {adj}os|las {f}as {adj}as|{number} {f}as {adj}as|varios {m}os {adj}os|algunas {f}as
    todos los {m}os|todas las {f}as {adj}as|muchos {m}os {adj}os""",
    who="{name}|{name}|{agent}|{agent}|{agent} de {town}|{name} de {town}|{agent}",
    main="""{who} {did} {np}|{who} {did} {np} {where}|{agents} {didn} {np}|el {m}o {adj}o {was} {judgem}
    la {f}a {adj}a {was} {judgef}|{who} quería {inf} {np}|{agents} tenían que {inf} {nps}|{who} ya no podía {inf} {np}
    {who} ayudó a {agents} a {inf} {np}""",
    so="""lo que {pleased} a {agents}|y {main}|pero {main}|de modo que {main}|para que {agents} pudieran {inf} {np}
    así que {main}|pues {main}""",
    opinion="""el {m}o {adj}o {was} {judgem}|nunca he visto una {f}a tan {adj}a|hay que {inf} {np}
    hemos {part} {np} {when}|cualquiera puede {inf} {np}|la gente olvida que {main}|{craft} {was} {judgem}
    sin {np} nada es {judgem}|mi abuela sabía {inf} {np}""",
    when="""en la primavera de {year}|en {month} de {year}|el {day} de {month} de {year}|hace {number} años
    durante el verano de {year}|a finales de {year}|desde {year}|{span} después|un {weekday} de {month}|cada {weekday}
    a principios de {month}|hasta {year}|en invierno|al cabo de {span}|el {weekday} pasado""",
    background="""nacida en {town}|que vive en {town}|de {age} años|conocida por su {f}a|que creció {where}
    antes vecino de {town}""",
    name="""{first} {last}|{first} {last}|{first} {last} {last}|doña {first} {last}|don {first} {last}
    el profesor {last}""",
    title="""El {m}o {adj}o de {town}|La {f}a {adj}a y el {m}o|{craft} en {town}|Por qué {main}
    {name} y la {f}a {adj}a|Cómo {inf} una {f}a {adj}a|Entre el {m}o y la {f}a|{number} {m}os para {town}
    La última {f}a {where}""",
    heading="El {m}o {adj}o|La {f}a {where}|Los {m}os de {town}|{craft} hoy|Antes de la {f}a|{name} y las {f}as",
    was="es|era|parece|sigue siendo|resultaba|parecía|no es|nunca fue",
    were="son|eran|parecen|siguen siendo|resultaban|parecían|no son|nunca fueron",
    said="explica|cuenta|afirma|escribió|opina|recuerda|añade|respondió|sostiene|reconoce",
    expected="pensaba|creía|sabía|imaginaba|suponía|notaba",
    pleased="sorprendió|alegró|preocupaba|divertía|asombró|molestaba|interesaba",
    adverb="""por desgracia|en la práctica|en general|entonces|al principio|finalmente|por supuesto|en realidad
    a veces|curiosamente|año tras año|todavía hoy""",
    connect="""sin embargo|no obstante|por ejemplo|en cambio|después|además|al contrario|por esa razón
    a pesar de todo|poco después|por lo tanto|mientras tanto""",
    judgem="{how} {jm}|{jm}|{how} {adj}o|{adj}o",
    judgef="{how} {jf}|{jf}|{how} {adj}a|{adj}a",
    how="muy|bastante|realmente|especialmente|casi|demasiado|sorprendentemente|siempre|apenas|extraordinariamente",
    span="{small} días|{small} semanas|casi {small} años|más de {small} meses|unas {small} horas",
    number="{small}|{tens}|{hundreds}|casi {tens}|más de {hundreds}|unos {tens}",
    weekday="lunes|martes|miércoles|jueves|viernes|sábado|domingo",
    month="enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|octubre|noviembre|diciembre",
    first="""María|José|Begoña|Íñigo|Lucía|Andrés|Carmen|Joaquín|Pilar|Rubén|Concepción|Álvaro|Elena|Tomás|Rocío
    Sebastián|Marta|Óscar|Inés|Ramón|Verónica|Gonzalo|Sofía|Emilio|Nuria|Germán""",
    last="""García|Núñez|Ibáñez|Fernández|Muñoz|Peña|Vázquez|Domínguez|Ortega|Castaño|Herrera|Molina|Suárez|Cabrera
    Méndez|Rojas|Salazar|Quintana|Ríos|Zúñiga|Bermúdez|Aguilar|Pacheco|Rivas|Cárdenas|Montero""",
    town="""Sevilla|Logroño|Cádiz|Salamanca|Burgos|Málaga|Córdoba|Valparaíso|Bogotá|Mérida|León|Oaxaca|Cuenca|Toledo
    Girona|Arequipa|Rosario|Montevideo|La Coruña|Guanajuato|Huesca|Ávila|Puebla|Medellín""",
)
GENERAL |= forms(
    "jm jf",
    """conocido/conocida|olvidado/olvidada|valioso/valiosa|necesario/necesaria|sencillo/sencilla
    complicado/complicada|famoso/famosa|apreciado/apreciada|peligroso/peligrosa|protegido/protegida
    amenazado/amenazada|discutido/discutida|hermoso/hermosa|caro/cara|barato/barata|raro/rara|querido/querida
    incompleto/incompleta""",
)

TOPICS: dict[str, Slots] = {
    "history": topic(
        "castill|monasteri|manuscrit|puebl|retrat|molin|archiv|cementeri|sell|monument|document|conveni|text|palaci",
        "iglesi|murall|moned|cart|torr|capill|crónic|estatu|tumb|plaz|colin|fronter|reliqui|espad",
        """restauró/restauraron/restaurado/restaurar|estudió/estudiaron/estudiado/estudiar
        copió/copiaron/copiado/copiar|fotografió/fotografiaron/fotografiado/fotografiar
        defendió/defendieron/defendido/defender|encontró/encontraron/encontrado/encontrar
        vendió/vendieron/vendido/vender|tradujo/tradujeron/traducido/traducir
        abandonó/abandonaron/abandonado/abandonar|heredó/heredaron/heredado/heredar|quemó/quemaron/quemado/quemar
        salvó/salvaron/salvado/salvar""",
        """antigu|roman|gótic|barroc|perdid|sagrad|ruinos|fortificad|pintad|desconocid|misterios|bizantin|remot
        legendari|valios|olvidad""",
        agent="""la archivera|el historiador|el alcalde|la conservadora|el obispo|la arqueóloga|el notario
        el cantero|la investigadora""",
        agents="los historiadores|los monjes|los vecinos|los soldados|los mercaderes|los arqueólogos|los peregrinos",
        craft="el estudio del pasado|el oficio de archivero|el trabajo del cantero|el arte románico",
        where="""bajo la plaza mayor|en el archivo municipal|cerca del río|en el museo|detrás de la catedral
        sobre la colina|junto a la frontera|en la cripta|a orillas del Ebro""",
    ),
    "cooking": topic(
        "guis|ques|plat|pescad|cald|bizcoch|pimient|garbanz|bocadill|huev|buñuel|vin|poll|asad",
        "sop|sals|tort|empanad|recet|ensalad|tortill|mermelad|paell|cazuel|croquet|aceitun|gallet|almendr",
        """preparó/prepararon/preparado/preparar|probó/probaron/probado/probar|sirvió/sirvieron/servido/servir
        cocinó/cocinaron/cocinado/cocinar|vendió/vendieron/vendido/vender|compró/compraron/comprado/comprar
        compartió/compartieron/compartido/compartir|mezcló/mezclaron/mezclado/mezclar
        calentó/calentaron/calentado/calentar|elogió/elogiaron/elogiado/elogiar|quemó/quemaron/quemado/quemar
        cortó/cortaron/cortado/cortar""",
        """salad|fresc|ahumad|amarg|sabros|caser|tostad|cremos|rellen|quemad|tibi|exquisit|gustos|galleg
        ligeramente salad|segovian""",
        agent="""la cocinera|el panadero|el tabernero|la abuela|el pastelero|la crítica|el pescadero|la camarera
        el quesero""",
        agents="los invitados|los cocineros|los clientes|los niños|los vecinos|los aprendices|los panaderos",
        craft="el arte de cocinar|el oficio de panadero|el comercio de especias|el aprendizaje en la cocina",
        where="""en un horno de leña|en el mercado del sábado|a fuego lento|en la cocina|sobre la mesa grande
        en la bodega|en el restaurante del puerto|en una sartén|en casa de los abuelos""",
    ),
    "nature": topic(
        "oliv|zorr|lag|sender|cerr|pájar|arroy|huert|prad|lob|pantan|pin|cierv|rí",
        "montañ|selv|lagun|abej|riber|play|cuev|cascad|maripos|dun|semill|encin|ballen|ovej",
        """observó/observaron/observado/observar|protegió/protegieron/protegido/proteger
        plantó/plantaron/plantado/plantar|fotografió/fotografiaron/fotografiado/fotografiar
        contó/contaron/contado/contar|exploró/exploraron/explorado/explorar|cruzó/cruzaron/cruzado/cruzar
        admiró/admiraron/admirado/admirar|limpió/limpiaron/limpiado/limpiar|describió/describieron/descrito/describir
        vigiló/vigilaron/vigilado/vigilar|dibujó/dibujaron/dibujado/dibujar""",
        """húmed|nevad|rar|profund|solitari|amenazad|lejan|solead|pedregos|rocos|intact|tranquil|nativ|herid|oscur
        inmens""",
        agent="""la guarda forestal|el biólogo|el ornitólogo|la pastora|el botánico|la guía|el jardinero
        el apicultor|la fotógrafa""",
        agents="""los excursionistas|los pastores|los escolares|los cazadores|los voluntarios|los científicos
        los jardineros""",
        craft="el cuidado del monte|el oficio de pastor|el cultivo de flores|el turismo rural",
        where="""a orillas del lago|en el parque nacional|en lo alto del puerto|detrás de la granja
        en medio del bosque|en la costa cantábrica|cerca del refugio|en el valle|en el jardín botánico""",
    ),
    "technology": topic(
        "prototip|equip|teléfon|circuit|aparat|teclad|archiv|laboratori|proyect|códig|tornill|vehícul|mecanism|barc",
        "máquin|baterí|anten|fábric|cámar|turbin|piez|pantall|herramient|bomb|impresor|plac|memori|palanc",
        """probó/probaron/probado/probar|instaló/instalaron/instalado/instalar|reparó/repararon/reparado/reparar
        diseñó/diseñaron/diseñado/diseñar|midió/midieron/medido/medir|mejoró/mejoraron/mejorado/mejorar
        vendió/vendieron/vendido/vender|financió/financiaron/financiado/financiar
        construyó/construyeron/construido/construir|conectó/conectaron/conectado/conectar
        desmontó/desmontaron/desmontado/desmontar|sustituyó/sustituyeron/sustituido/sustituir""",
        """eléctric|rápid|automátic|defectuos|livian|sonor|nuev|precis|robust|modern|costos|estropead|sofisticad
        silencios|obsolet|compact""",
        agent="""la ingeniera|el técnico|la directora|el inventor|la programadora|el mecánico|el electricista
        la investigadora|el jefe de proyecto""",
        agents="los ingenieros|los clientes|los estudiantes|los técnicos|los usuarios|los obreros|los investigadores",
        craft="el desarrollo de programas|el oficio de electricista|el diseño industrial|el trabajo de laboratorio",
        where="""en el taller|en el laboratorio|en el banco de pruebas|en la universidad|en la sala de máquinas
        en la feria de {town}|bajo el capó|a distancia|en la fábrica""",
    ),
}  # fmt: skip

CHROME = slots(
    nav="Inicio|Noticias|Quiénes somos|Contacto|Archivo|Agenda|Tienda|Aviso legal|Entrar|Ayuda|Galería|El tiempo",
    cookie="""Utilizamos cookies propias y de terceros para mejorar nuestros servicios.
    Si continúa navegando, acepta el uso de cookies.""",
    accept="Aceptar todo|De acuerdo|Configurar",
    related="También te puede interesar|Artículos relacionados|Lo más leído",
    rights="Todos los derechos reservados.|Aviso legal y privacidad",
    comments="¡Muchas gracias por el artículo!|Muy interesante.|No estoy de acuerdo.",
    search="Buscar",
    script="Active JavaScript, por favor.",
)

GRAMMAR = Grammar(
    code="es",
    slots=GENERAL,
    topics=TOPICS,
    chrome=CHROME,
    encodings=("utf-8", "iso-8859-1", "windows-1252"),
    joins=((r"\bde el\b", "del"), (r"\ba el\b", "al"), (r"\by (?=[iíIÍ])", "e "), (r"\bo (?=[oóOÓ])", "u ")),
)
