"""Lists the names of the namespaces of pictures and categories, and the prefixes of links to other editions.

A link into one of these namespaces shows no text of the article. The names are those of MediaWiki's messages. A dump
also states the names of its own wiki.
"""

MEDIA_NAMES = tuple(
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
LANGUAGE_CODES = tuple(_CODES.split())
