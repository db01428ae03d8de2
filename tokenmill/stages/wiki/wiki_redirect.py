"""Detects redirects by MediaWiki's magic word at the start of the wikitext, in the languages of the editions.

Dumps mark a redirect by a separate element. Exports of other tools and old dumps do not.
"""

import re

_WORDS = """
redirect weiterleitung redirection redirección redireccion redireccionamiento rinvia rinvio rimando redirecionamento
doorverwijzing patrz przekieruj tam перенаправление перенапр перенаправлення 転送 リダイレクト 転送先 重定向 넘겨주기
تحويل تغییر_مسیر تغییرمسیر הפניה přesměruj omdirigering ohjaus uudelleenohjaus viderestilling yönlendirme yönlendir
átirányítás ανακατευθυνση redirecteaza đổi alih เปลี่ยนทาง पुनर्प्रेषित अनुप्रेषित पुनर्निर्देशन пренасочване виж
преусмери преусмјери preusmjeri preusmeri presmeruj preusmeritev suuna peradresavimas birzuzendu გადამისამართება
վերահղում istiqamətləndirmə айдау ридрејто ridrejto пренасочување alidirektu перанакіраванне адсылка পুনর্নির্দেশ
வழிமாற்று దారిమార్పు തിരിച്ചുവിടുക athsheoladh ail-cyfeirio tilvísun adkas redirige oninvia lencong
""".split()  # noqa: SIM905
_REDIRECT = re.compile(rf"\s*#(?:{'|'.join(sorted(_WORDS, key=len, reverse=True))})\s*:?\s*\[\[([^\]|\n]+)", re.I)


def redirect_target(text: str) -> str:
    """Returns the title that a wiki page redirects to, or "" if it is not a redirect."""
    found = _REDIRECT.match(text)
    return found[1].strip() if found else ""
