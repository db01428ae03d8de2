"""Exceptions to the rules of the word splitter (contractions, abbreviations, emoticons), units, and sets of words.

The lists are facts of spaCy 3.8's English splitter. In an exception below, `·` shows where it is cut.
"""

from collections.abc import Iterable, Iterator
from functools import cache
from typing import NamedTuple

import numpy as np

from tokenmill.text.kernel.arrays import Bytes, Ints, Offsets, Ulongs, Ushorts, int64
from tokenmill.text.kernel.cache import frozen, inlined, kernel, pointer
from tokenmill.text.kernel.classes import BUSY, SPACE, class_table

_FACTOR = np.uint64(0x9E3779B97F4A7C15)  # multiplicative hashing, as in keymap.py

_UNITS = (
    "km km² km³ m m² m³ dm dm² dm³ cm cm² cm³ mm mm² mm³ ha µm nm yd in ft kg g mg µg t lb oz m/s km/h kmh mph hPa Pa"
    " mbar mb MB kb KB gb GB tb TB T G M K % км км² км³ м м² м³ дм дм² дм³ см см² см³ мм мм² мм³ нм кг г мг м/с км/ч"
    " кПа Па мбар Кб КБ кб Мб МБ мб Гб ГБ гб Тб ТБ كم كم² كم³ م م² م³ سم سم² سم³ مم مم² مم³ غرام جرام جم كغ ملغ"
    " كوب اكواب"
    " US$ C$ A$"  # these are currencies
)

_EMOTICONS = r"""
:) :-) :)) :-)) :))) :-))) (: (-: =) (= :] :-] [: [-: [= =] :o) (o: :} :-} 8) 8-) (-8 ;) ;-) (; (-; :( :-( :(( :-((
:((( :-((( ): )-: =( >:( :') :'-) :'( :'-( :/ :-/ =/ =| :| :-| ]= =[ :1 :P :-P :p :-p :O :-O :o :-o :0 :-0 :() >:o :*
:-* :3 :-3 =3 :> :-> :X :-X :x :-x :D :-D ;D ;-D =D xD XD xDD XDD 8D 8-D ^_^ ^__^ ^___^ >.< >.> <.< ._. ;_; -_- -__-
v.v V.V v_v V_V o_o o_O O_o O_O 0_o o_0 0_0 o.O O.o O.O o.o 0.0 o.0 0.o @_@ <3 <33 <333 </3 (^_^) (-_-) (._.) (>_<)
(*_*) (¬_¬) ಠ_ಠ ಠ︵ಠ (ಠ_ಠ) ¯\(ツ)/¯ (╯°□°）╯︵┻━┻ ><(((*>
"""
_KEPT = r"""
\t \n — ' \") <space> '' C++ ä. ö. ü. 'S 's ‘S ‘s and/or w/o 're 'Cause 'cause 'cos 'Cos 'coz 'Coz 'cuz 'Cuz 'bout 'd
ma'am Ma'am o'clock O'clock lovin' Lovin' lovin Lovin havin' Havin' havin Havin em 'em ll 'll nuff 'nuff
Mt. Ak. Ala. Apr. Ariz. Ark. Aug. Calif. Colo. Conn. Dec. Del. Feb. Fla. Ga. Ia. Id. Ill. Ind. Jan. Jul. Jun. Kan. Kans.
Ky. La. Mar. Mass. Mich. Minn. Miss. N.C. N.D. N.H. N.J. N.M. N.Y. Neb. Nebr. Nev. Nov. Oct. Okla. Ore. Pa. S.C. Sep.
Sept. Tenn. Va. Wash. Wis. a.m. Adm. Bros. co. Co. Corp. D.C. Dr. e.g. E.g. E.G. Gen. Gov. i.e. I.e. I.E. Inc. Jr. Ltd.
Md. Messrs. Mo. Mont. Mr. Mrs. Ms. p.m. Ph.D. Prof. Rep. Rev. Sen. St. vs. v.s.
"""
_CUT = """
y'·all y·all how·'d·'y How·'d·'y not·'ve not·ve Not·'ve Not·ve can·not Can·not gon·na Gon·na got·ta Got·ta let·'s Let·'s
c'm·on C'm·on i·'m I·'m i·m I·m i·'m·a I·'m·a i·m·a I·m·a °·c·. °·f·. °·k·. °·C·. °·F·. °·K·.
"""
_NEVER = "Ill ill Its its Hell hell Shell shell Shed shed were Were Well well Whore whore"

_PRONOUNS = {  # the endings of each pronoun
    "i": "'ll 'll·'ve 'd 'd·'ve 've",
    "you": "'ll 'll·'ve 'd 'd·'ve 've 're",
    "he": "'ll 'll·'ve 'd 'd·'ve 's",
    "she": "'ll 'll·'ve 'd 'd·'ve 's",
    "it": "'ll 'll·'ve 'd 'd·'ve 's",
    "we": "'ll 'll·'ve 'd 'd·'ve 've 're",
    "they": "'ll 'll·'ve 'd 'd·'ve 've 're",
}
_QUESTIONS = "who what when where why how there that this these those"
_NEGATED = "ca could do does did had may might must need ought sha should wo would"
_NEGATED_ONCE = "ai are is was were have has dare"
_PERFECT = "could might must should would"
_CLIPPED = "doin goin nothin nuthin ol somethin"


class WordSet(NamedTuple):
    """A set of byte strings that kernels look up with find_word."""

    screen: Bytes  # (16384,), by a hash of length and first, second and last byte: 1 if there may be such a member
    slots: Ints  # hash table, (a power of two,): member number or -1
    text: Bytes  # the members, one after the other
    offsets: Offsets  # (members + 1,) into text
    last_slot: int  # number of slots - 1
    longest: int  # bytes of the longest member


class Lexicon(NamedTuple):
    """The tables of the splitter."""

    classes: Ushorts  # class_table()
    idle: Bytes  # (256,): 1 for a byte that is part of no busy character and of no white space
    heads: Ulongs  # (1024,), a bit per head_place(): set for the first eight bytes, or all, of each exception
    units: WordSet
    exceptions: WordSet
    cuts: Ulongs  # (exceptions,): bit i: a word ends after byte i of the exception
    rejoined: Ulongs  # (exceptions,): like cuts, as the rules alone would cut it; 0: there is nothing to rejoin
    rejoined_lengths: Ulongs  # (256,), by first byte: bit n is set if rejoined is not 0 for an exception of n bytes
    rejoined_most: int  # the largest number of words in `rejoined`


def exceptions() -> dict[str, str]:
    """Returns {contraction, abbreviation or the like: the same text with `·` where the word splitter cuts it}.

    An exception with an apostrophe also appears with a curly one.
    """
    letters = [f"{chr(letter)}." for letter in range(ord("a"), ord("z") + 1)]
    straight = [*_contractions(), *_CUT.split(), *_EMOTICONS.split(), *_KEPT.split(), *letters]
    curly = [text.replace("'", "’") for text in straight]
    cut = {text.replace("·", ""): text for text in (*straight, *curly)}
    return {whole: text for whole, text in cut.items() if whole not in _NEVER.split()}


def _contractions() -> Iterator[str]:
    """Yields the regular contractions, with the apostrophe and without it, and times such as `9·am`."""
    for pronoun, follow in _PRONOUNS.items():
        yield from _contracted(pronoun, follow.split())
    for word in _QUESTIONS.split():
        tails = ["'ll", "'ll·'ve", "'d", "'d·'ve"]
        if word not in ("these", "those"):
            tails += ["'s"]
        if word not in ("that", "this"):
            tails += ["'re", "'ve"]
        yield from _contracted(word, tails)
    for word in _NEGATED.split():
        yield from _contracted(word, ["n't", "n't·'ve"])
    for word in _NEGATED_ONCE.split():
        yield from _contracted(word, ["n't"])
    for word in _PERFECT.split():
        yield from _contracted(word, ["'ve"])
    for word in _CLIPPED.split():
        for form in (word, word.title()):
            yield from (form, form + "'")
    for hour in range(1, 13):
        for half in ("a.m.", "am", "p.m.", "pm"):
            yield f"{hour}·{half}"


def _contracted(word: str, tails: list[str]) -> Iterator[str]:
    for form in (word, word.title()):
        for tail in tails:
            yield f"{form}·{tail}"
            yield f"{form}·{tail.replace(chr(39), '')}"


def word_set(members: Iterable[str]) -> WordSet:
    """Returns a WordSet of the members, for look-ups in kernels, numbered in their order.

    The members must be different from each other.
    """
    coded = [member.encode() for member in members]
    size = 1 << max(4, (2 * len(coded)).bit_length())
    slots = np.full(size, -1, dtype=np.int32)
    screen = np.zeros(1 << 14, dtype=np.uint8)
    for number, word in enumerate(coded):
        screen[_screened(word[0], word[min(1, len(word) - 1)], word[-1], len(word))] = 1
        slot = _spread(word) & (size - 1)
        while slots[slot] >= 0:
            slot = (slot + 1) & (size - 1)
        slots[slot] = number
    offsets = np.cumsum([0, *map(len, coded)], dtype=np.int64)
    text = np.frombuffer(b"".join(coded), dtype=np.uint8)
    longest = max(map(len, coded), default=0)
    return WordSet(frozen(screen), frozen(slots), frozen(text), frozen(offsets), size - 1, longest)


def _screened(first: int, second: int, last: int, length: int) -> int:
    return (first * 10677 + second * 6221 + last * 12923 + length * 3441) & 16383


def _spread(word: bytes) -> int:
    value = 0
    for byte in word:
        value = (value * 31 + byte) & 0xFFFFFFFF
    return value ^ value >> 15


@inlined
def head_place(part: np.uint64) -> np.uint64:
    """Returns the bit number of a run of characters in the word splitter's Lexicon.heads.

    part: its first eight bytes, or all if fewer, little-endian.
    """
    return (part * _FACTOR) >> np.uint64(48)


@inlined
def may_be_member(members: WordSet, buffer: Bytes, start: int, end: int) -> bool:
    """Returns True for each member of the WordSet, and False for nearly all other byte strings."""
    length = end - start
    if length > members.longest or length == 0:
        return False
    ends = int64(buffer[start]) * 10677 + int64(buffer[end - 1]) * 12923
    return bool(members.screen[(ends + int64(buffer[start + (length > 1)]) * 6221 + length * 3441) & 16383])


@kernel
def find_word(members: WordSet, buffer: Bytes, start: int, end: int) -> int:
    """Returns the number of the member of a WordSet that equals buffer[start:end], or -1."""
    if not may_be_member(members, buffer, start, end):
        return int64(-1)
    length = end - start
    value = int64(0)
    for i in range(start, end):
        value = (value * 31 + int64(buffer[i])) & 0xFFFFFFFF
    slot = (value ^ value >> 15) & members.last_slot
    while members.slots[slot] >= 0:
        number = int64(members.slots[slot])
        first = members.offsets[number]
        if members.offsets[number + 1] - first == length:
            same = True
            for i in range(length):
                if members.text[first + i] != buffer[start + i]:
                    same = False
                    break
            if same:
                return number
        slot = (slot + 1) & members.last_slot
    return int64(-1)


@kernel
def word_set_pointers(words: WordSet) -> WordSet:
    """In a kernel: returns the WordSet with pointers instead of arrays, as helpers take it."""
    return WordSet(
        pointer(words.screen),
        pointer(words.slots),
        pointer(words.text),
        pointer(words.offsets),
        words.last_slot,
        words.longest,
    )


@kernel
def lexicon_pointers(lexicon: Lexicon) -> Lexicon:
    """In a kernel: returns the word splitter's Lexicon with pointers instead of arrays, as helpers take it."""
    return Lexicon(
        pointer(lexicon.classes),
        pointer(lexicon.idle),
        pointer(lexicon.heads),
        word_set_pointers(lexicon.units),
        word_set_pointers(lexicon.exceptions),
        pointer(lexicon.cuts),
        pointer(lexicon.rejoined),
        pointer(lexicon.rejoined_lengths),
        lexicon.rejoined_most,
    )


@cache
def lexicon_of_exceptions() -> Lexicon:
    """Returns the word splitter's lexicon with empty `rejoined` fields, which split.lexicon() fills in."""
    cut = exceptions()
    cuts = np.array([_cut_bits(text) for text in cut.values()], dtype=np.uint64)
    units, members = word_set(_UNITS.split()), word_set(cut)
    bare = Lexicon(class_table(), _idle_bytes(), _heads(cut), units, members, frozen(cuts), cuts, cuts, 0)
    return with_rejoined(bare, 0 * cuts)


def _idle_bytes() -> Bytes:
    """Returns Lexicon.idle.

    The first byte of a character beyond ASCII is idle if no character with this first byte is busy or white space.
    Continuation bytes are always idle.
    """
    idle = np.ones(256, dtype=np.uint8)
    wanted = np.flatnonzero(class_table() & (SPACE | BUSY)).tolist()
    surrogates = range(0xD800, 0xE000)
    idle[[chr(point).encode()[0] for point in wanted if point not in surrogates]] = 0
    return frozen(idle)


def _heads(members: Iterable[str]) -> Ulongs:
    heads = np.zeros(1024, dtype=np.uint64)
    parts = np.array([int.from_bytes(text.encode()[:8], "little") for text in members], dtype=np.uint64)
    for place in ((parts * _FACTOR) >> np.uint64(48)).tolist():  # the same as head_place(), which is a kernel
        heads[place >> 6] |= np.uint64(1 << (place & 63))
    return frozen(heads)


def with_rejoined(lexicon: Lexicon, bits: Ulongs) -> Lexicon:
    """Returns the word splitter's lexicon with `rejoined` = bits, and with the two fields that are derived from it."""
    lengths = np.zeros(256, dtype=np.uint64)
    for number in np.flatnonzero(bits).tolist():
        start, end = lexicon.exceptions.offsets[number : number + 2].tolist()
        lengths[lexicon.exceptions.text[start]] |= np.uint64(1 << (end - start))
    most = max((int(bit).bit_count() for bit in bits), default=0)
    return lexicon._replace(rejoined=frozen(bits), rejoined_lengths=frozen(lengths), rejoined_most=most)


def _cut_bits(text: str) -> int:
    """Returns the bits of Lexicon.cuts: bit i is set if a word ends after byte i of the text without its `·`."""
    bits, length = 0, 0
    for word in text.split("·"):
        length += len(word.encode())
        bits |= 1 << (length - 1)
    return bits
