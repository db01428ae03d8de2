"""Words beside a number that say what it is, in the languages of Europe and a few more. Case does not matter."""

import re

_PHONE_WORDS = """
    tel tele phone phones telephone telephones ph fone cell cellphone cellular mobile mob landline fax faxes call
    calls calling dial ring rang sms whatsapp hotline helpline voicemail switchboard answering reach reached contact
    extension telefax rufnummer handy handynummer mobil mobilnummer mobiltelefon funk ruf ruft rufen durchwahl fon
    fono fonos faks portable gsm tél appeler appelez appelle appel fixe móvil movil celular cel tlf tfno marcar
    marque cellulare recapito ligue ligar telemóvel bel bellen mobiel zadzwoń ringa puh puhelin soita zavolejte
    volejte cep arayın hívja тел моб факс сот тлф τηλ τηλέφωνο κιν هاتف تلفن
"""
_PHONES = frozenset(_PHONE_WORDS.split())
_STEMS = "telef teléf telep téléph télép anruf erreich llam llám chiam komórk dzwoni mobiln телефон мобильн звон позвон"
_PHONES_BEGIN = tuple(_STEMS.split())
_PHONE_SIGNS = re.compile("[☎☏✆📞📱📲℡]|電話|电话|手机|手機|传真|傳真|携帯|ファックス|전화|핸드폰|휴대폰")
_PHONES_AFTER = re.compile(
    r"[ ,(-]{0,3}(?:office|fax|mobile|cell|home|work|phone|tel|mob|büro|mobil|handy|privat|whatsapp)(?!\w)",
    re.IGNORECASE,
)
_OTHER_WORDS = """
    isbn issn doi order orders invoice ref reference id ids part serial model sku version patent case ticket
    tracking account acct konto kontonummer blz pmid pmc arxiv item artikel artikelnr artikelnummer article vat tax
    ust siret siren nif cif cnpj cpf ean upc gtin zip cep plz box postfach page pages pp vol bestellnummer
    kundennummer rechnungsnummer hrb ssn usc inv po oclc lccn asin imei gps lat lon latitude longitude docket permit
    license licence passport grid lot catalog catalogue registration reg security инн огрн кпп
"""
_OTHERS = frozenset(_OTHER_WORDS.split())
_UNIT = re.compile(
    r" ?(?:[€$£¥₽₹%°]|(?:eur|euros?|usd|gbp|chf|dollars?|kr|zł|pln|rub|руб|km|kg|cm|mm|bytes|kb|mb|gb|people|persons"
    r"|inhabitants|votes|users|views|million|mio)(?!\w))",
    re.IGNORECASE,
)
_WORD = re.compile(r"\w+")
_LINK = re.compile(r"[\w .:#№°-]{0,14}\Z")


def phones_before(text: str) -> bool:
    """Whether the text, up to a number, says that it is a phone number."""
    found = any(map(_is_about_phones, _WORD.findall(text.lower())))
    return found or (not text.isascii() and _PHONE_SIGNS.search(text) is not None)


def phone_word_ends(text: str) -> bool:
    """Whether a word for phone numbers is the last thing in the text, a mark aside: `Tel.`."""
    words = list(_WORD.finditer(text.lower()))
    return bool(words) and len(text) - words[-1].end() <= 1 and _is_about_phones(words[-1][0])


def phones_after(text: str) -> bool:
    """Whether what follows a number says that it was a phone number."""
    return _PHONES_AFTER.match(text) is not None


def other_number_before(text: str) -> bool:
    """Whether the text ends in a word, like `order no.`, that says that a number that is no phone number follows. `."""
    tail = text[-32:]
    return any(word[0] in _OTHERS and _LINK.fullmatch(tail, word.end()) for word in _WORD.finditer(tail.lower()))


def unit_after(text: str) -> bool:
    """Whether what follows a number makes it an amount, not a phone number."""
    return _UNIT.match(text) is not None


def _is_about_phones(word: str) -> bool:
    return word in _PHONES or word.startswith(_PHONES_BEGIN)
