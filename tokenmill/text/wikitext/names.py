"""Lists the names of wikitext that have a meaning (tags, namespaces, magic words, templates), as tables for kernels.

The sources are MediaWiki's own messages (namespaces of all editions). Inline templates come from data files, see
template_files.py. A template that is not named leaves no text.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from html.entities import html5, name2codepoint
from typing import NamedTuple

import numpy as np

from tokenmill.text.kernel.arrays import Bytes, Hashes, Longs
from tokenmill.text.kernel.cache import frozen
from tokenmill.text.templates.hashes import exact_hash, name_hash
from tokenmill.text.templates.template_tables import template_arrays

# The effects of tags. The first four need an end tag.
SKIP, RAW, MATH, BLOCK_RAW, BREAK, BLOCK, NONE, CELL, ROW, ITEM, SUP, SUB, RUBY = range(1, 14)
_TAGS = {
    SKIP: """
    ref references gallery timeline imagemap score graph mapframe maplink templatedata hiero inputbox style
    script categorytree indicator includeonly templatestyles dynamicpagelist rss phonos
    """,
    RAW: "nowiki chem ce",
    MATH: "math",
    BLOCK_RAW: "pre syntaxhighlight source",
    BREAK: "br hr",
    BLOCK: "p div center blockquote poem ul ol dl dt dd table caption h1 h2 h3 h4 h5 h6 onlyinclude",
    NONE: """
    b i u s small big span font strong em tt code kbd samp var cite abbr del ins strike q dfn bdi bdo mark
    rb rtc noinclude section translate tvar languages wbr data time tbody thead tfoot
    """,
    CELL: "td th",
    ROW: "tr",
    ITEM: "li",
    SUP: "sup",
    SUB: "sub",
    RUBY: "ruby rp rt",
}

MAGIC_WORDS = """
TOC NOTOC FORCETOC NOEDITSECTION NEWSECTIONLINK NONEWSECTIONLINK NOGALLERY HIDDENCAT NOINDEX INDEX STATICREDIRECT
NOTITLECONVERT NOTC NOCONTENTCONVERT NOCC DISAMBIG EXPECTUNUSEDCATEGORY EXPECTUNUSEDTEMPLATE NOGLOBAL END START
EXPECTED_UNCONNECTED_PAGE ARCHIVEDTALK NOTALK INHALTSVERZEICHNIS KEIN_INHALTSVERZEICHNIS SOMMAIRE AUCUNSOMMAIRE
SANSTDM TDC NOTDC INDICE NOINDICE SPIS
"""

_MEDIA_NAMES = tuple(
    name.strip()
    for name in """
file, image, media, category, img, datei, bild, kategorie, fichier, catégorie, archivo, imagen,
categoría, immagine, categoria, ficheiro, imagem, arquivo, bestand, afbeelding, categorie, plik,
grafika, kategoria, файл, изображение, категория, зображення, категорія, 文件, 图像, 圖像, 檔案,
分类, 分類, ファイル, 画像, カテゴリ, 파일, 그림, 분류, fil, kategori, tiedosto, kuva, luokka,
fichièr, imatge, fitxer, soubor, obrázok, súbor, obrázek, kategória, fájl, kép, fişier, imagine,
fișier, dosya, resim, tập tin, hình, thể loại, berkas, gambar, ملف, صورة, تصنيف, پرونده, رده,
تصویر, קובץ, תמונה, קטגוריה, αρχείο, εικόνα, κατηγορία, датотека, слика, категорија, datoteka,
slika, kategorija, skrá, mynd, flokkur, vaizdas, attēls, fitxategi, irudi, dosiero, kategorio,
ficheru, imaxe, चित्र, श्रेणी, চিত্র, বিষয়শ্রেণী, ไฟล์, ภาพ, หมวดหมู่, படிமம், பகுப்பு, దస్త్రం,
వర్గం, പ്രമാണം, വർഗ്ഗം, ಚಿತ್ರ, ವರ್ಗ, ચિત્ર, શ્રેણી, ਤਸਵੀਰ, ਸ਼੍ਰੇਣੀ, pilt, kategooria, şəkil,
kateqoriya, fayl, turkum, cofair, delwedd, categori, íomhá, catagóir, lêer, fasciculus, imago,
skeudenn, rummad, pajjiż, stampa, litrato, payl, kaurian, kategorya, larawan, faili, picha, jamii,
пәйл, сурет, санат, пӗрме, рәсем, төркем, ფაილი, სურათი, კატეგორია, պատկեր, նկար, կատեգորիա,
ôbrôzk, kategòrëjô, ofbyld, wêze, zdjęcie, выява, катэгорыя, зураг, ангилал, faidhle, ìomhaigh,
roinn-seòrsa, podoba, ឯកសារ, រូបភាព, ចំណាត់ថ្នាក់ក្រុម, ပုံ, ဖိုင်, ကဏ္ဍ, පින්තූරය, ගොනුව,
ප්‍රවර්ගය
""".replace("\n", " ").split(",")
)

_CODES = """
aa ab ace ady af ak als alt am ami an ang ann anp ar arc ary arz as ast atj av avk awa ay az azb ba ban bar
bat-smg bbc bcl be be-tarask be-x-old bew bg bh bi bjn blk bm bn bo bpy br bs btm bug bxr ca cbk-zam cdo ce
ceb ch cho chr chy ckb co cr crh cs csb cu cv cy da dag de dga din diq dsb dtp dty dv dz ee el eml en eo es et
eu ext fa fat ff fi fiu-vro fj fo fon fr frp frr fur fy ga gag gan gcr gd gl glk gn gom gor got gpe gsw gu guc
gur guw gv ha hak haw he hi hif ho hr hsb ht hu hy hyw hz ia iba id ie ig igl ii ik ilo inh io is it iu ja jam
jbo jv ka kaa kab kbd kbp kcg kg kge ki kj kk kl km kn knc ko koi kr krc ks ksh ku kus kv kw ky la lad lb lbe
lez lfn lg li lij lld lmo ln lo lrc lt ltg lv lzh mad mai map-bms mdf mg mh mhr mi min mk ml mn mni mnw mo mos
mr mrj ms mt mus mwl my myv mzn na nah nan nap nb nds nds-nl ne new ng nia nl nn no nov nqo nr nrm nso nup nv
ny oc olo om or os pa pag pam pap pcd pcm pdc pdt pfl pi pih pl pms pnb pnt ps pt pwn qu rm rmy rn ro roa-rup
roa-tara rsk ru rue rw sa sah sat sc scn sco sd se sg sgs sh shi shn si simple sk skr sl sm smn sn so sq sr
srn ss st stq su sv sw syl szl szy ta tay tcy tdd te tet tg th ti tig tk tl tly tn to tpi tr trv ts tt tum tw
ty tyv udm ug uk ur uz ve vec vep vi vls vo vro wa war wo wuu xal xh xmf yi yo yue za zea zgh zh zh-classical
zh-min-nan zh-yue zu
"""
_LANGUAGE_CODES = tuple(_CODES.split())


class Names(NamedTuple):
    """The tables: sorted hashes of folded names (see hashes.py), and the meaning of each name.

    literals has all texts that a kernel may write, one after the other. Other tables refer to ranges of it.
    """

    tags: Hashes
    tag_actions: Longs
    entities: Hashes
    points: Longs
    magic: Hashes
    media: Hashes
    languages: Hashes
    templates: Hashes  # of each language, one language after the other
    renders: Longs  # (templates, 3): first and last + 1 of operations, mask of the first alternative, see patterns.py
    starts: Longs  # (2 + languages + 1,): where the templates of a language start, see language_number
    operations: Longs  # (n, 4), see patterns.py
    choices: Longs  # see patterns.py
    words: Hashes  # of a table's name and a word of it
    word_texts: Longs  # (words, 2): start and end
    keys: Hashes  # not sorted: KEYS, then names that patterns use
    literals: Bytes


def _table(pairs: Mapping[int, int | Sequence[int]]) -> tuple[Hashes, Longs]:
    """Returns (sorted hashes, their values)."""
    keys = sorted(pairs)
    values = np.array([pairs[key] for key in keys], dtype=np.int64)
    return frozen(np.array(keys, dtype=np.uint64)), frozen(values)


def _set(names: Iterable[str]) -> Hashes:
    return frozen(np.array(sorted({name_hash(name) for name in names}), dtype=np.uint64))


@cache
def names() -> Names:
    """Returns the tables of wikitext's tags, templates, namespaces and magic words, built once per process."""
    tags = _table({name_hash(name): action for action, tags in _TAGS.items() for name in tags.split()})
    entities = _table({exact_hash(name): ord(html5[f"{name};"]) for name in (*name2codepoint, "apos")})
    sets = _set(MAGIC_WORDS.split()), _set(_MEDIA_NAMES), _set(_LANGUAGE_CODES)
    return Names(*tags, *entities, *sets, **template_arrays()._asdict())
