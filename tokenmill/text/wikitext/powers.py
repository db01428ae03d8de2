"""Marks raised text of wikitext, so that it is set apart from numbers when all text is made."""

from typing import Final

from tokenmill.text.kernel.arrays import uint8
from tokenmill.text.kernel.cache import kernel
from tokenmill.text.powers.marks import ITALIC, POWER_END, RAISED, RAISED_END
from tokenmill.text.wikitext.state import AT, END, OUT_FROM, PUT, Work, put_byte
from tokenmill.text.wikitext.words import is_ascii_word

_LONGEST: Final = 24  # bytes of the exponent of a template
_IN_EXPONENT = (43, 44, 45, 46, 0xE2, 0x88, 0x92, 0x80, 0x93)  # + , - . − –


@kernel
def put_raised(w: Work) -> None:
    """At the text of a `<sup>` of wikitext: writes its mark."""
    at = w.state[AT]
    is_italic = at + 1 < w.state[END] and w.data[at] == 39 and w.data[at + 1] == 39
    put_byte(w, uint8(RAISED))
    put_byte(w, uint8(ITALIC if is_italic else RAISED))


@kernel
def end_power(w: Work) -> None:
    """Writes a mark if the text of a wikitext template ends with an exponent, which a digit would join."""
    put = w.state[PUT]
    put -= put > w.state[OUT_FROM] and w.out[put - 1] == RAISED_END  # of a fraction or a formula
    stop = put
    low = max(w.state[OUT_FROM], put - _LONGEST)
    while put > low and (is_ascii_word(w.out[put - 1]) or w.out[put - 1] in _IN_EXPONENT):
        put -= 1
    if low < put < stop and w.out[put - 1] == 94:
        put_byte(w, uint8(POWER_END))
