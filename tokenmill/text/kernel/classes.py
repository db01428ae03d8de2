"""The classes of each Unicode code point: one table of bit flags that all kernels share.

Letters, punctuation and symbols come from `unicodedata`. The roles of characters in cutting words (affixes, infixes)
are facts of the word splitter of spaCy 3.8 for English, which datatrove and therefore FineWeb use. They are written
here as sets and ranges.
"""

import unicodedata
from functools import cache

import numpy as np

from tokenmill.text.kernel.arrays import Ushorts
from tokenmill.text.kernel.cache import frozen

SPACE = 1  # str.isspace
LETTER = 2  # str.isalpha
MARK = 4  # counts as a symbol in the Gopher rules, in which a word of marks only is not a word
TERMINAL = 8  # ends a line in the FineWeb rule
SENTENCE = 16  # ends a sentence
PUNCTUATION = 32  # general category P
BUSY = 64  # has a role below or is an ASCII digit: a run without busy characters is one word, unless it is an exception
ALPHA = 128  # a letter next to which a hyphen, comma, slash or colon cuts
LOWER = 256  # allowed before a full stop that cuts, and in a top-level domain; letters without case are LOWER and UPPER
UPPER = 512
PREFIX = 1024  # cut off the front of a run
SUFFIX = 2048  # cut off the end of a run
ICON = 4096  # always a word by itself
BEFORE_DOT = 8192  # a full stop after it is cut off the end
QUOTE = 16384
CURRENCY = 32768

TERMINAL_MARKS = (
    "!.?։؝؞؟۔܀܁܂߹।॥၊။።፧፨᙮᜵᜶᠃᠉᥄᥅᪨᪩᪪᪫᭚᭛᭞᭟᰻᰼᱾᱿‼‽⁇⁈⁉⸮⸼꓿꘎꘏꛳꛷꡶꡷꣎꣏꤯꧈꧉꩝꩞꩟꫰꫱꯫﹒﹖﹗！．？｡。"
    "𐩖𐩗𑁇𑁈𑂾𑂿𑃀𑃁𑅁𑅂𑅃𑇅𑇆𑇍𑇞𑇟𑈸𑈹𑈻𑈼𑊩𑑋𑑌𑗂𑗃𑗉𑗊𑗋𑗌𑗍𑗎𑗏𑗐𑗑𑗒𑗓𑗔𑗕𑗖𑗗𑙁𑙂𑜼𑜽𑜾𑩂𑩃𑪛𑪜𑱁𑱂𖩮𖩯𖫵𖬷𖬸𖭄𛲟𝪈"
    "࠷࠹࠽࠾៕។៖៙៚᭽᭾⹓⹔\U00010f55\U00010f56\U00010f57\U00010f58\U00010f59\U00010f86\U00010f87\U00010f88\U00010f89"
    "𑥄𑥆𑻷𑻸\U00011f43\U00011f44𖺘"
)
"""The marks that end a line or sentence in some script (Unicode's Sentence_Terminal without a few)."""

NOT_SENTENCE = "࠷࠹࠽࠾៕។៖៙៚᭽᭾⹓⹔𐽕𐽖𐽗𐽘𐽙\U00010f86\U00010f87\U00010f88\U00010f89𑥄𑥆𑻷𑻸\U00011f43\U00011f44𖺘؝؞"
"""The marks of TERMINAL_MARKS that end a line in the FineWeb rule but do not end a sentence."""

_GOPHER_MARKS = "!/—”:％１〈&(、━\\【#%「」，】；+^]~“《„';’{|∶´[=-`*．（–？！：$～«〉,><》)?）。…@_.\"}►»"
_PUNCTUATION = "…,:;!?¿؟¡()[]{}<>_#*&。？！，、；：～·।،۔؛٪"
_QUOTES = "'\"”“`‘´’‚,„»«「」『』（）〔〕【】《》〈〉〈〉⟦⟧"
_CURRENCY = "$£€¥฿₽﷼₴₠₡₢₣₤₥₦₧₨₩₪₫₭₮₯₰₱₲₳₵₶₷₸₹₺₻₼₾₿"
_BEFORE_DOT = "0123456789%²-+|(?:)"  # in addition to lower-case letters, punctuation and quotes
_INFIX = "+-*^.,:<>=/~–—…"

_CASED = (  # Latin, Greek and Cyrillic letters that have case; other cased scripts (Armenian, Georgian) have no role
    "41-5a 61-7a c0-d6 d8-f6 f8-1bf 1c4-2af 386 388-38a 38c 38e-38f 391-3a9 3ac-3af 3b1-3c9 3cc-3ce 400-401 403-40a"
    " 40c-40d 410-451 453-45a 45d 45c 490-491 496-497 4a2-4a3 4ae-4af 4ba-4bb 4d8-4d9 4e8-4e9"
    " 1d00-1d25 1d6b-1d77 1d79-1d9a 1e00-1eff 2c60-2c7b 2c7e-2c7f a722-a76f a771-a787 a78b-a78e a790-a7b9 a7fa"
    " ab30-ab5a ab60-ab64 ff21-ff3a ff41-ff5a"
)
_UNCASED = (  # whole blocks of scripts without case, with their digits and signs
    "591-5f4 620-64a 66e-6d5 6e5-6ff 750-77f 8a0-8bd 900-9ff b80-cff d80-dff 1100-137f 2e80-2fdf 2ff0-30ff 31c0-31ef"
    " 3200-4dbf 4e00-9fff ac00-d7af f900-faff fb1d-fbb1 fbd3-fd3d fd50-fdc7 fdf0-fdfb fe30-fe4f fe70-fefc 1ee00-1eebb"
    " 1f200-1f2ff 20000-2a6df 2a700-2ebef 2f800-2fa1f"
)
_TITLE_CASE = "1bb 1c5 1c8 1cb 1f2"  # hyphens next to these letters cut, although they are neither LOWER nor UPPER


@cache
def class_table() -> Ushorts:
    """Returns the flags of each Unicode code point for its classes (letter, space, ...), uint16 (0x110000,).

    They are read-only.
    """
    table = np.zeros(0x110000, dtype=np.uint16)
    category = unicodedata.category
    for point in (*range(0xD800), *range(0xE000, 0x32400), *range(0xE0000, 0xE0200)):  # no others are assigned
        kind = category(chr(point))
        if kind[0] == "L":
            table[point] = LETTER
        elif kind[0] == "P":
            table[point] = PUNCTUATION
        elif kind == "So":
            table[point] = ICON | PREFIX | SUFFIX
    _flag(table, [point for point in range(0x3001) if chr(point).isspace()], SPACE)
    _flag_cased(table)
    _flag(table, _ranges(_UNCASED), ALPHA | LOWER | UPPER)
    _flag(table, _ranges(_TITLE_CASE), ALPHA)
    _flag(table, [*range(9), *range(11, 32), *range(127, 160)], MARK)
    _flag(table, _points(_GOPHER_MARKS + TERMINAL_MARKS), MARK)
    _flag(table, _points(TERMINAL_MARKS), TERMINAL)
    _flag(table, sorted(set(_points(TERMINAL_MARKS)) - set(_points(NOT_SENTENCE))), SENTENCE)
    _flag(table, _points(_PUNCTUATION + _QUOTES + _CURRENCY + "§%=—–"), PREFIX)
    _flag(table, _points(_PUNCTUATION + _QUOTES + "—–"), SUFFIX)
    _flag(table, _points(_PUNCTUATION + _QUOTES + _BEFORE_DOT), BEFORE_DOT)
    _flag(table, _points(_QUOTES), QUOTE)
    _flag(table, _points(_CURRENCY), CURRENCY)
    table[(table & LOWER) != 0] |= BEFORE_DOT
    table[(table & (PREFIX | SUFFIX | ICON | CURRENCY)) != 0] |= BUSY
    _flag(table, _points("0123456789" + _INFIX), BUSY)
    return frozen(table)


def _flag_cased(table: Ushorts) -> None:
    for point in _ranges(_CASED):
        if table[point] & LETTER:
            kind = unicodedata.category(chr(point))
            table[point] |= ALPHA | {"Ll": LOWER, "Lu": UPPER}.get(kind, 0)


def _flag(table: Ushorts, points: list[int], flags: int) -> None:
    table[points] |= np.uint16(flags)


def _points(characters: str) -> list[int]:
    return [ord(character) for character in characters]


def _ranges(text: str) -> list[int]:
    """Returns the code points in a list of hexadecimal ranges, which include their ends."""
    points: list[int] = []
    for part in text.split():
        first, _, last = part.partition("-")
        points.extend(range(int(first, 16), int(last or first, 16) + 1))
    return points
