"""Portuguese: noun and adjective stems that take -o and -a, verbs in the pretérito perfeito."""

from tokenmill.mini.grammar import Grammar, Slots, forms, slots


def topic(m: str, f: str, verbs: str, adj: str, **rest: str) -> Slots:
    """Noun stems by gender (-o, -a); verbs as third person singular/plural/infinitive; adjective stems."""
    return {**slots(m=m, f=f, adj=adj, **rest), **forms("did didn inf", verbs)}


SENTENCES = """
{when}, {main}.
{when}, {who} {did} {np} {where}.
{when}, {who} {did} {np}, {so}.
{main} porque {main}.
{who} {did} {np} {where}, {so}.
{who} não {did} {np} antes de {inf} {np}.
depois de {inf} {np}, {who} {did} {nps} {where}.
sem {np}, {who} não podia {inf} {np}.
para {inf} {np} são necessários {np} e {span}.
“{opinion}”, {said} {name} {when}.
“{opinion}”, {said} {who}, “e {opinion}”.
{who} {said} que {main}.
{name} {said} {when} que {main}.
segundo {name}, {main}.
{adverb}, {main}.
{connect}, {main}, {so}.
{adverb}, {who} {did} {np} {where}.
o {m}o {adj}o {where} {was} {judge}o, {so}.
a {f}a {adj}a {where} {was} {judge}a, {so}.
os {m}os {adj}os {were} {judge}os, mas {main}.
as {f}as {adj}as {were} {judge}as, mas {main}.
um {m}o {adj}o {was} {judge}o, enquanto {main}.
uma {f}a {adj}a {was} {judge}a, enquanto {main}.
foram precisos {span} para {inf} {np}.
é difícil {inf} {np} {where}.
em {year}, {who} {did} {np}, e {main}.
entre {year} e {later}, {agents} {didn} {number} {m}os {where}.
cerca de {percent} por cento das {f}as {where} {were} {judge}as.
{number} {m}os {were} {judge}os {when}.
a maioria das {f}as {adj}as não {were} {judge}as, {so}.
{agents} {didn} {np}, {so}.
{agents} {didn} {nps} {when}, enquanto {main}.
ninguém {expected} que {main}.
os visitantes de {town} perguntam muitas vezes por que {main}.
quando {who} {did} {np}, {main}.
se {agents} quiserem {inf} {np}, {who} tem de {inf} {np}.
{craft} {was} {judge}o, {said} {name}.
em {town}, {craft} mudou desde que {who} {did} {np}.
{name} e {name} {didn} {np} {where}.
{name}, {background}, {did} {np} {where}.
nem {np} nem {np} eram {judge}os.
por que {did} {who} {np}? Porque {main}.
como se pode {inf} {np}? Com {np}, {said} {who}.
{main}; {main}.
antes de {year}, {agents} não podiam {inf} {nps}.
foi {where} que {who} {did} {np}.
embora não fosse {judge}o, {agent} {did} {np}.
há {number} anos, {who} {did} {np} {where}.
"""

GENERAL = slots(
    sentence=SENTENCES,
    np="""o {m}o {adj}o|a {f}a {adj}a|um {m}o {adj}o|uma {f}a {adj}a|os {m}os {adj}os|as {f}as {adj}as|este {m}o
    esta {f}a|o {m}o de {town}|a {f}a de {town}|cada {m}o {adj}o|cada {f}a {adj}a|o nosso {m}o|a sua {f}a {adj}a
    {number} {m}os {adj}os|algumas {f}as {adj}as|vários {m}os|a primeira {f}a|aquele {m}o""",
    nps="""os {m}os {adj}os|as {f}as {adj}as|{number} {f}as {adj}as|vários {m}os {adj}os|algumas {f}as
    todos os {m}os|todas as {f}as {adj}as|muitos {m}os {adj}os""",
    who="{name}|{name}|{agent}|{agent}|{agent} de {town}|{name} de {town}|{agent}",
    main="""{who} {did} {np}|{who} {did} {np} {where}|{agents} {didn} {np}|o {m}o {adj}o {was} {judge}o
    a {f}a {adj}a {was} {judge}a|{who} queria {inf} {np}|{agents} tinham de {inf} {nps}|{who} já não podia {inf} {np}
    {who} não conseguiu {inf} {np}""",
    so="""o que {pleased} {agents}|e {main}|mas {main}|de modo que {main}|para que {agents} pudessem {inf} {np}
    por isso {main}|pois {main}""",
    opinion="""o {m}o {adj}o {was} {judge}o|nunca vi uma {f}a tão {adj}a|é preciso {inf} {np}|não quero {inf} {np}
    qualquer pessoa pode {inf} {np}|as pessoas esquecem que {main}|{craft} {was} {judge}o|sem {np} nada é {judge}o
    a minha avó sabia {inf} {np}""",
    when="""na primavera de {year}|em {month} de {year}|no dia {day} de {month} de {year}|há {number} anos
    durante o verão de {year}|no fim de {year}|desde {year}|{span} depois|num {weekday} de {month}
    no início de {month}|até {year}|no inverno|ao fim de {span}|no {weekday} passado""",
    background="""nascida em {town}|que vive em {town}|de {age} anos|conhecida pela sua {f}a|que cresceu {where}
    outrora morador de {town}""",
    name="{first} {last}|{first} {last}|{first} {last}|dona {first} {last}|senhor {last}|professor {last}",
    title="""O {m}o {adj}o de {town}|A {f}a {adj}a e o {m}o|{craft} em {town}|Por que {main}|{name} e a {f}a {adj}a
    Como {inf} uma {f}a {adj}a|Entre o {m}o e a {f}a|{number} {m}os para {town}|A última {f}a {where}""",
    heading="O {m}o {adj}o|A {f}a {where}|Os {m}os de {town}|{craft} hoje|Antes da {f}a|{name} e as {f}as",
    was="é|era|parece|continua|ficou|parecia|não é|nunca foi",
    were="são|eram|parecem|continuam|ficaram|pareciam|foram",
    said="explica|conta|afirma|escreveu|pensa|recorda|acrescenta|respondeu|garante|reconhece",
    expected="pensava|acreditava|sabia|imaginava|supunha|notava",
    pleased="surpreendeu|alegrou|preocupava|divertia|espantou|incomodava|interessava",
    adverb="""infelizmente|na prática|em geral|na altura|no início|finalmente|claro|na realidade|às vezes
    curiosamente|ano após ano|ainda hoje""",
    connect="""no entanto|contudo|por exemplo|em contrapartida|depois|além disso|pelo contrário|por essa razão
    apesar de tudo|pouco depois|portanto|entretanto""",
    judge="{how} {j}|{j}|{how} {adj}|{adj}",
    how="muito|bastante|realmente|especialmente|quase|demasiado|surpreendentemente|sempre|raramente|pouco",
    j="""conhecid|esquecid|valios|necessári|complicad|famos|apreciad|perigos|protegid|ameaçad|discutid|bonit|car
    barat|rar|querid|incomplet|abandonad|admirad|procurad|segur""",
    span="{small} dias|quase {small} anos|mais de {small} meses|cerca de {small} minutos|outros {small} anos",
    number="{small}|{tens}|{hundreds}|quase {tens}|mais de {hundreds}|uns {tens}",
    weekday="sábado|domingo|feriado",
    month="janeiro|fevereiro|março|abril|maio|junho|julho|agosto|setembro|outubro|novembro|dezembro",
    first="""João|Conceição|Inês|António|Beatriz|Gonçalo|Mariana|Luís|Fátima|Tomás|Catarina|Rui|Leonor|Sebastião
    Helena|Vítor|Teresa|Álvaro|Joana|Estêvão|Lúcia|Paulo|Rosa|Nuno""",
    last="""Silva|Gonçalves|Araújo|Guimarães|Magalhães|Pereira|Simões|Carvalho|Brandão|Teixeira|Leitão|Moreira
    Falcão|Barbosa|Figueiredo|Rocha|Assunção|Nogueira|Fonseca|Queirós|Mendonça|Salgado|Brito|Vilela""",
    town="""Lisboa|Coimbra|Évora|Braga|Guimarães|Olinda|Ouro Preto|São Luís|Aveiro|Viseu|Belém|Curitiba|Maceió
    Setúbal|Faro|Bragança|Leiria|Santarém|Niterói|Goiânia|Tomar|Óbidos""",
)  # fmt: skip

TOPICS: dict[str, Slots] = {
    "history": topic(
        "castel|mosteir|manuscrit|paláci|retrat|moinh|arquiv|tratad|sel|document|teatr|convent|túmul|tesour",
        "igrej|muralh|moed|cart|gravur|capel|crónic|estátu|tumb|praç|lend|fronteir|relíqui|espad",
        """restaurou/restauraram/restaurar|descobriu/descobriram/descobrir|estudou/estudaram/estudar
        copiou/copiaram/copiar|fotografou/fotografaram/fotografar|encontrou/encontraram/encontrar
        defendeu/defenderam/defender|descreveu/descreveram/descrever|vendeu/venderam/vender|queimou/queimaram/queimar
        salvou/salvaram/salvar|abandonou/abandonaram/abandonar""",
        """antig|roman|gótic|barroc|perdid|sagrad|arruinad|fortificad|pintad|desconhecid|misterios|bizantin|remot
        lendári|manuelin""",
        agent="""a arquivista|o historiador|o presidente da câmara|a conservadora|o bispo|a arqueóloga|o notário
        o pedreiro|a investigadora""",
        agents="os historiadores|os monges|os moradores|os soldados|os mercadores|os arqueólogos|os peregrinos",
        craft="o estudo do passado|o ofício de arquivista|o trabalho do pedreiro|o restauro de azulejos",
        where="""debaixo da praça|no arquivo municipal|perto do rio|no museu|atrás da catedral|sobre a colina
        junto à fronteira|na cripta|nas margens do Tejo""",
    ),
    "cooking": topic(
        "guisad|queij|prat|bol|cald|biscoit|peixinh|frang|vinh|assad|petisc|ov|refogad|molh",
        "sop|tort|receit|salad|omelet|compot|empad|azeiton|almôndeg|canj|mass|bro|feijoad|caldeirad",
        """preparou/prepararam/preparar|provou/provaram/provar|serviu/serviram/servir|cozinhou/cozinharam/cozinhar
        vendeu/venderam/vender|comprou/compraram/comprar|partilhou/partilharam/partilhar|misturou/misturaram/misturar
        aqueceu/aqueceram/aquecer|elogiou/elogiaram/elogiar|queimou/queimaram/queimar|cortou/cortaram/cortar""",
        """salgad|fresc|defumad|amarg|saboros|caseir|cremos|rechead|queimad|morn|gostos|alentejan|mineir|temperad
        tostad""",
        agent="""a cozinheira|o padeiro|o taberneiro|a avó|o pasteleiro|a crítica|o peixeiro|a empregada de mesa
        o queijeiro""",
        agents="os convidados|os cozinheiros|os clientes|as crianças|os vizinhos|os aprendizes|os padeiros",
        craft="o ofício de padeiro|o gosto pela cozinha|o comércio de especiarias|o fabrico de queijo",
        where="""num forno de lenha|no mercado de sábado|em lume brando|na cozinha|sobre a mesa grande|na adega
        no restaurante do porto|numa frigideira|em casa dos avós""",
    ),
    "nature": topic(
        "caminh|lob|lag|cerr|pássar|ribeir|loureir|prad|pântan|pinheir|cerv|mosquit|golfinh|sobreir",
        "montanh|selv|lagoinh|abelh|gaivot|prai|grut|cascat|borbolet|dun|sement|azinheir|balei|ovelh",
        """observou/observaram/observar|protegeu/protegeram/proteger|plantou/plantaram/plantar
        fotografou/fotografaram/fotografar|contou/contaram/contar|explorou/exploraram/explorar
        atravessou/atravessaram/atravessar|admirou/admiraram/admirar|limpou/limparam/limpar
        descreveu/descreveram/descrever|vigiou/vigiaram/vigiar|desenhou/desenharam/desenhar""",
        "húmid|nevad|rar|profund|solitári|ameaçad|isolad|rochos|intact|tranquil|nativ|ferid|escur|imens|pedregos",
        agent="""a guarda florestal|o biólogo|o ornitólogo|a pastora|o botânico|a guia|o jardineiro|o apicultor
        a fotógrafa""",
        agents="os caminhantes|os pastores|os alunos|os caçadores|os voluntários|os cientistas|os jardineiros",
        craft="o cuidado da floresta|o ofício de pastor|o cultivo de flores|o turismo rural",
        where="""à beira do lago|no parque nacional|no alto da serra|atrás da quinta|no meio do bosque
        na costa algarvia|perto do abrigo|no vale|no jardim botânico""",
    ),
    "technology": topic(
        """protótip|equipament|instrument|circuit|aparelh|teclad|arquiv|laboratóri|projet|códig|parafus|veícul
        mecanism|barc""",
        "máquin|bateri|anten|fábric|câmar|turbin|peç|ferrament|bomb|impressor|plac|memóri|alavanc|rod",
        """testou/testaram/testar|instalou/instalaram/instalar|reparou/repararam/reparar
        desenhou/desenharam/desenhar|mediu/mediram/medir|melhorou/melhoraram/melhorar|vendeu/venderam/vender
        financiou/financiaram/financiar|construiu/construíram/construir|ligou/ligaram/ligar
        desmontou/desmontaram/desmontar|substituiu/substituíram/substituir""",
        """elétric|rápid|automátic|defeituos|sonor|nov|precis|robust|modern|dispendios|avariad|sofisticad|silencios
        obsolet|compact""",
        agent="""a engenheira|o técnico|a diretora|o inventor|a programadora|o mecânico|o eletricista
        a investigadora|o chefe de projeto""",
        agents="os engenheiros|os clientes|os estudantes|os técnicos|os utilizadores|os operários|os investigadores",
        craft="o desenvolvimento de programas|o ofício de eletricista|o desenho industrial|o trabalho de laboratório",
        where="""na oficina|no laboratório|na bancada de testes|na universidade|na sala das máquinas
        na feira de {town}|debaixo do capô|à distância|na fábrica""",
    ),
}  # fmt: skip

CHROME = slots(
    nav="Início|Notícias|Quem somos|Contacto|Arquivo|Agenda|Loja|Aviso legal|Entrar|Ajuda|Galeria|Previsão do tempo",
    cookie="""Utilizamos cookies para melhorar a sua experiência.
    Ao continuar a navegar, aceita a utilização de cookies.""",
    accept="Aceitar tudo|Concordo|Definições",
    related="Leia também|Artigos relacionados|Mais lidas",
    rights="Todos os direitos reservados.|Aviso legal e privacidade",
    comments="Muito obrigado pelo artigo!|Muito interessante.|Não concordo.",
    search="Pesquisar",
    script="Ative o JavaScript, por favor.",
)

GRAMMAR = Grammar(
    code="pt",
    slots=GENERAL,
    topics=TOPICS,
    chrome=CHROME,
    encodings=("iso-8859-1", "utf-8", "windows-1252"),
    joins=(
        (r"\bde o(s?)\b", r"do\1"),
        (r"\bde a(s?)\b", r"da\1"),
        (r"\bem o(s?)\b", r"no\1"),
        (r"\bem a(s?)\b", r"na\1"),
        (r"\bde este", "deste"),
        (r"\bde esta", "desta"),
    ),
)
