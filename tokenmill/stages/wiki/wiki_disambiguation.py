"""Detects disambiguation pages, which only list the meanings of a name, by the templates of their edition.

The names are those that the editions list on MediaWiki:Disambiguationspage, as of 2024, with their common aliases.
"""

import re
from collections.abc import Iterable

_TEMPLATE = re.compile(r"\{\{[ \n]{0,4}([^|{}<>\[\]\n]{1,60})[ \n]{0,4}(?=\||\}\})")
TEMPLATES = """
disambiguation, disambig, disamb, dab, disambiguation page, disambiguation cleanup, disambig-cleanup, hndis, hndab,
human name disambiguation, geodis, place name disambiguation, airport disambiguation, biology disambiguation,
callsigndis, callsign disambiguation, call sign disambiguation, chinese title disambiguation, church disambiguation,
genus disambiguation, hospital disambiguation, letter-number combination disambiguation, letter-numbercombdisambig,
mathematical disambiguation, mathdab, mil-unit-dis, military unit disambiguation, music disambiguation, numberdis,
opus disambiguation, phonetics disambiguation, political party disambiguation, road disambiguation, roaddis,
school disambiguation, schooldis, species latin name disambiguation, synagogue disambiguation,
taxonomy disambiguation, template disambiguation, title and name disambiguation, wikipedia disambiguation, fish-dab,
plant common name, begriffsklärung, bkl, homonymie, desambiguación, desambiguacion, desambig, des, disambigua,
desambiguação, desambig-ini, dp, dpintro, ujednoznacznienie, disambigr, неоднозначность, многозначность,
неоднозначность/тёзки, aimai, 曖昧さ回避, 人名の曖昧さ回避, 地名の曖昧さ回避, 消歧义, 消歧義, 消歧义页, 消歧義頁,
人名消歧义, 地名消歧义, förgrening, gren, betydelse, täsmennyssivu, täsmennys, flertydig, flertydig3, peker, peiker,
rozcestník, rozcestník - příjmení, egyért, dezambiguizare, dezambig, anlam ayrımı, anlamayrımı, багатозначність,
неоднозначність, trang định hướng, định hướng, 동음이의, 동음이의어 문서, توضيح, صفحة توضيح, پײ_פירושונים, פירושונים,
ابهام‌زدایی, ابهام زدایی, disambig page, desambiguació, αποσαφήνιση, razdvojba, višeznačna odrednica,
вишезначна одредница, rozlišovacia stránka, razločitev, täpsustuslehekülg, täpsustus, nuorodinis, apartigilo,
argipen, homónimos, discretiva, बहुविकल्पी, แก้กำกวม, দ্ব্যর্থতা নিরসন, dubbelsinnig, dəqiqləşdirmə, неадназначнасць,
disambiguasi, disambiguation2
"""
NAMES = frozenset(name.strip().casefold() for name in TEMPLATES.replace("\n", " ").split(","))


def disambiguation_sign(text: str, more: Iterable[str] = ()) -> str:
    """Returns the template that makes the wikitext a disambiguation page, or "". more: names in addition to NAMES."""
    if "__DISAMBIG__" in text:
        return "__DISAMBIG__"
    known = NAMES.union(name.casefold() for name in more)
    used = dict.fromkeys(name.replace("_", " ").strip().casefold() for name in _TEMPLATE.findall(text))
    return next((name for name in used if name in known), "")
