"""Compares the four FineWeb rule sets with datatrove's own filters on made-up pages, and prints the differences.

    python -m bench.filters_fuzz [--count 2000] [--seed 1] [--show 20]

A page has blocks of one or several kinds: prose in scripts with and without spaces, code, lists, poems, tables, prices,
quotations, odd Unicode, repeated lines. Some pages are cut off, some are long. bench.filters_parity explains the table.
"""

import argparse
from collections.abc import Callable
from random import Random

from bench.filters_parity import our_verdicts, report, their_verdicts

PROSE = (
    "The quick brown fox jumps over the lazy dog, and it doesn't look back. “Really?” she said — and they left.",
    "Mr. Smith's e-mail (j.smith@example.co.uk) was sent at 10:30 a.m. on 5/11/2019; he'd paid $3,000.50 for 12km!",
    "Der Hund der Nachbarin schläft z.B. am liebsten „unter dem Tisch“ – außer sonntags. Übrigens: 3,5 % mehr.",
    "L’été dernier, qu’est-ce qu’on a ri ! « Jamais », dit-il ; c'était aujourd'hui, 14 juillet 1789…",
    "¿Dónde está la biblioteca? ¡Aquí! El niño comió 2,5 kg de peces.",
    "Съешь ещё этих мягких французских булок, да выпей чаю. «Привет!» — сказал он в 1917 г.",
    "这是一个没有空格的句子，它很长。我们今天去北京吗？是的！价格是３００元。",
    "吾輩は猫である。名前はまだ無い。「どこで生れたか」と聞かれた…ﾊﾝｶｸもある！",
    "한국어 문장은 띄어쓰기가 있습니다. 정말요? 네, 그렇습니다!",
    "ภาษาไทยไม่มีช่องว่างระหว่างคำ แต่มีระหว่างประโยค ๒๕๖๒",
    "هذه جملة عربية، أليس كذلك؟ نعم؛ بالتأكيد ۔ العدد ١٢٣٫٤٥",
    "यह एक हिन्दी वाक्य है। क्या आप समझे? हाँ॥",
    'זהו משפט בעברית, נכון? כן! "שלום" אמר צה"ל.',
    "Αυτή είναι μια πρόταση· καταλαβαίνεις; Ναι!",
)
CODE = (
    "def f(x): return {k: v for k, v in x.items() if k != '__init__'}",
    "for (int i = 0; i < n; ++i) { a[i] += b[i] * 2; }",
    "SELECT * FROM users WHERE id = 1 AND name LIKE '%x%';",
    "$ pip install --upgrade foo-bar==1.2.3 && ./run.sh > /dev/null 2>&1",
    "#include <stdio.h>  // comment... and more",
    "<div class=\"a-b\"><a href='http://x.y/z?q=1#f'>link</a></div>",
)
ODD = (
    "\ufeffBOM and zero\u200bwidth\u200d joiners\u00adsoft", "e\u0301a\u0300o\u0308 combining", "🎉👍🏽👩‍👩‍👧 🇩🇪 ❤️ ☺",
    "ﬁne ﬂow ＡＢＣ１２３！？", "\x0b\x0c\x1c\x1d\x1e\x85 breaks", "a\u2028b\u2029c", "\u3000全角\u3000空白",
    "½ ¾ ² ³ № ™ © ®", "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 𝟙𝟚𝟛", "\u202eright to left\u202c", "…… —— ~~ ^^ ** ||", "a\u00a0b\u202fc",
    "\x00\x01\x7f\x9f controls", "\ufffd\ufffd",
    "ǅ ǈ İı ß ẞ ﷽", "꧁༺ name ༻꧂", "¯\\_(ツ)_/¯ :-) ;) <3 xD =( ಠ_ಠ", "[1] [23] [edit] [citation needed] []",
)  # fmt: skip
LINES = (
    "- item {n}", "• Punkt {n}", "{n}. First, do this", "* {n} stars", "Home | About | Contact", "Read more...",
    "more…", "JavaScript is disabled", "Privacy Policy and Terms of Use", "Lorem ipsum dolor sit amet",
    "# Heading {n}", "|---|:-:|",
    "Price: €{n},99 / £{n}.50", "{n} likes", "© 20{n} All rights reserved.", "Tel. +49 (0)30 / 12 34-{n}", "12:{n}",
    "", "   ", "\t", "a", "Yes!", "?", "“", "The same line, again and again.",
    "http://www.example.com/a/b-{n}.html?x=y_z",
    "word{n}", "O Captain! my Captain!", "    our fearful trip is done,", "It uses cookies; see the cookie policy",
)  # fmt: skip


def made_text(chance: Random) -> str:
    """Returns one page."""
    blocks: list[Callable[[], str]] = [
        lambda: " ".join(chance.choices(PROSE, k=chance.randint(1, 8))),
        lambda: " ".join(_shuffled(chance, chance.choice(PROSE)) for _ in range(chance.randint(1, 12))),
        lambda: "\n".join(chance.choices(CODE, k=chance.randint(1, 6))),
        lambda: chance.choice(("\n", " ", "")).join(chance.choices(ODD, k=chance.randint(1, 5))),
        lambda: "\n".join(
            line.format(n=chance.randint(1, 99)) for line in chance.choices(LINES, k=chance.randint(1, 9))
        ),
        lambda: "\n".join([chance.choice((*LINES, *PROSE)).format(n=chance.randint(1, 3))] * chance.randint(2, 9)),
        lambda: " ".join(_token(chance) for _ in range(chance.randint(1, 60))),
    ]
    chosen = chance.sample(blocks, chance.randint(1, 3))
    parts = [chance.choice(chosen)() for _ in range(chance.choice((1, 2, 4, 8, 12)))]
    text = chance.choice(("\n", "\n\n", " ", "\r\n", "\n \n", "\n\n\n")).join(parts)
    if chance.random() < 0.01:
        text = text * 30
    return text[: chance.randint(0, len(text))] if chance.random() < 0.1 else text


def _shuffled(chance: Random, sentence: str) -> str:
    """Returns the words of a sentence in another order, so that sentences repeat less."""
    words = sentence.split()
    return " ".join(chance.sample(words, len(words)))


def _token(chance: Random) -> str:
    """Returns letters and marks of several scripts without spaces."""
    marks = ".,;:!?'\"()[]{}<>-–—_/\\@#$%&*+=~^|`°§€£•·…“”‘’«»„¿¡。、「」，！？：；()%№"
    letters = "abcXYZéüßñøжЯΩλאبह中の한ก0159²½"
    return "".join(chance.choice(marks if chance.random() < 0.3 else letters) for _ in range(chance.randint(1, 12)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", type=int, default=20)
    chosen = parser.parse_args()
    chance = Random(chosen.seed)
    texts = [made_text(chance) for _ in range(chosen.count)]
    different = report(list(map(str, range(len(texts)))), our_verdicts(texts)[0], their_verdicts(texts)[0])
    print(f"\n{len(different)} of {len(texts)} texts differ (first reason, or text after C4)")
    for row in different[: chosen.show]:
        print(f"  {row['filter']:<18} {row['id']}  ours {row['ours']}, theirs {row['theirs']}")
        print(f"    {texts[int(row['id'])][:400]!r}")


if __name__ == "__main__":
    main()
