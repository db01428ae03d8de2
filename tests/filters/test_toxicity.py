"""Pages of abuse are marked. Pages about hospitals, courts, farms, towns and people with unusual names are not."""

import pytest

from tokenmill.core.columns import documents
from tokenmill.core.errors import RecipeError
from tokenmill.filters.toxicity import Toxicity


def judged(text: str | None, lang: str | None = None) -> dict[str, object]:
    batch = documents({"id": ["a"], "text": [text]} | ({"lang": [lang]} if lang else {}))
    return dict(Toxicity()(batch).to_pylist()[0])


ORDINARY = {
    "breast cancer": """
        Breast cancer is the most common cancer in women. A lump in the breast or a change of the nipple should be
        examined. Mammography finds tumours before they can be felt. After the operation the breast is irradiated.
        Some women choose a mastectomy of both breasts. Men get breast cancer too.
    """,
    "proctology": """
        An anal fissure is a tear in the lining of the anus. It hurts during and after a bowel movement and may
        bleed. The rectum is examined with a finger. Most anal fissures heal within weeks; creams relax the
        sphincter. Haemorrhoids, by contrast, are swollen veins of the rectum. Stool softeners help.
    """,
    "sexual health": """
        Condoms protect against sexually transmitted infections during vaginal, anal and oral sex. The vulva, the
        penis and the scrotum can all be affected by herpes. Ejaculation, orgasm and masturbation are normal parts
        of sexuality. Semen carries the virus. A swab of the vagina or the urethra shows gonorrhoea.
    """,
    "allergy": """
        In the skin prick test a drop of the allergen is put on the forearm and the skin is pricked. A prick through
        each drop is enough; the prick must not bleed. Vaginal douches do not help against thrush.
    """,
    "history of medicine": """
        Doctors once classified patients as idiots, imbeciles and morons. The terms idiot and moron had a technical
        meaning. Retarded growth of the fetus was recorded. A cretin was a child whose thyroid had failed.
    """,
    "rape trial": """
        The defendant was charged with rape and sexual assault. The victim told the court that he had forced her to
        have sex. The jury heard how he had groped her breasts and penetrated her. Semen was found on her dress. The
        defence claimed that she had consented. The rapist was sentenced to nine years. His appeal against the rape
        conviction failed. The judge spoke of a brutal act. She has since given evidence to Parliament. Her lawyer
        welcomed the ruling. He had called her a “fucking bitch”, the court heard. The hearing lasted four days.
    """,
    "harassment ruling": """
        The claimant was employed as a driver. He says that colleagues called him a “nigger” on two occasions. The
        tribunal found his evidence credible. The employer had no policy against harassment. It did not investigate.
        Dismissal followed within a month. The law protects employees who complain. The burden of proof shifts. The
        tribunal upheld the claim. Compensation will be assessed. Both parties may appeal. Costs were reserved. The
        respondent must also give training. A further hearing is listed for May. No order was made about anonymity.
    """,
    "inheritance": """
        At common law a bastard could not inherit. A child born out of wedlock was called a bastard, and a bastard
        eigné was the elder son. To pervert the course of justice is an offence. The whole estate passed to the
        heirs.
    """,
    "poultry": """
        The cock crows at dawn. A cockerel is a young cock; the hens follow the cock. The ass in the next field
        brayed. Great tits and blue tits nest in the box, and a pair of boobies was seen at the coast. He cocked his
        gun.
    """,
    "dogs": """
        The bitch came into season in March. We kept two bitches from the litter. A brood bitch must be sound, and
        the bitch's temperament matters most. The puppies were born in June. Both bitches won their class.
    """,
    "garden": """
        Use a hoe between the rows. A Dutch hoe cuts weeds below the soil; a draw hoe earths up. Hoes should be
        sharp. Turn the faggots of twigs into stakes. Pussy willows flower early.
    """,
    "names": """
        Scunthorpe, Essex, Penistone, Sussex, Cockermouth and Lightwater are places. Dick Cheney met Dick Van Dyke.
        Moby-Dick is a whale. Alfred Hitchcock, Matt Hancock, Cumming and Wang wrote back. Mr Shitov and Mrs Fuchs
        agreed. Dick said so himself. Fuk is a surname too, and Kike Hernández plays baseball.
    """,
    "cooking": """
        Faggots are meatballs of offal and are served with peas and gravy. Chicken breasts take an hour. Spotted
        dick is a pudding with currants. Shiitake mushrooms add flavour. Prick the sausages, and bastard the roast.
    """,
    "scripture": """
        And the great whore of Babylon sat upon many waters. The whores shall go before you. Thou shalt not covet
        thy neighbour's ass, nor his ox. Samson took the jawbone of an ass. The damned go to hell.
    """,
    "technology": """
        The master cylinder bleeds through a nipple. The cock of the valve sticks. A male connector goes into a
        female one. Kill the process, then its parent. A dead-beef address, a hung thread and a fat client are no
        insults.
    """,
}  # fmt: skip


@pytest.mark.parametrize("topic", ORDINARY)
def test_ordinary_pages_are_not_marked(topic: str) -> None:
    row = judged(ORDINARY[topic])
    assert "drop_rule" not in row, row


ABUSE = {
    "en": "Fuck off, you worthless piece of shit. Nobody likes you, asshole. The weather is fine. Shut up, bitch.",
    "de": "Verpiss dich, du Arschloch. Das Wetter ist schön. Ihr Hurensöhne, haut ab. So eine Scheiße.",
    "fr": "Va te faire enculer, connard. Il fait beau. Espèce de salope, ferme ta gueule.",
    "es": "Vete a la mierda, hijo de puta. Hace buen tiempo. Eres un gilipollas y un cabrón.",
    "it": "Vaffanculo, pezzo di merda. Oggi fa bello. Sei uno stronzo e tua madre è una puttana.",
    "pt": "Vai se foder, filho da puta. O tempo está bom. Caralho, que merda.",
    "nl": "Rot op, klootzak. Het is mooi weer. Jij vuile hoer, godverdomme.",
    "pl": "Spierdalaj, kurwa. Jest ładna pogoda. Ty chuju jebany, ty skurwysynu.",
    "ru": "Иди нахуй, мудак. Погода хорошая. Ты блядь и пидорас.",
    "sv": "Dra åt helvete, din jävla hora. Vädret är fint. Håll käften, fitta.",
    "tr": "Siktir git, orospu çocuğu. Hava güzel. Sen bir ibnesin, piç.",
}


@pytest.mark.parametrize("lang", ABUSE)
def test_abuse_is_marked_in_its_own_language_and_not_in_another(lang: str) -> None:
    assert judged(ABUSE[lang], lang)["drop_rule"] == "toxicity.toxic"
    other = "zh" if lang == "en" else "fr" if lang != "fr" else "en"
    assert judged(ABUSE[lang], other).get("drop_rule") is None


def test_signals_and_the_share_that_decides() -> None:
    row = judged("You fucking idiot, you moron! Calm down.\n\nShit happens? Never.")
    signals = {name.partition(".")[2]: value for name, value in row.items() if name.startswith("toxicity.")}
    assert signals == {
        "n_hits": 6,
        "n_sentences": 4,
        "n_toxic_sentences": 2,
        "max_sentence_score": 4,
        "toxic_sentence_ratio": 0.5,
    }
    assert (row["drop_measured"], row["drop_threshold"]) == ("0.5", "0.1")


@pytest.mark.parametrize(("text", "lang"), [(None, None), ("", None), ("fuck", "zh"), ("12 34", "en")])
def test_where_nothing_can_be_measured_nothing_is_marked(text: str | None, lang: str | None) -> None:
    row = judged(text, lang)
    assert row["toxicity.toxic_sentence_ratio"] is None and "drop_rule" not in row


def test_a_document_without_a_language_is_left_alone_beside_others() -> None:
    batch = documents({"id": ["a", "b"], "text": ["fuck you", "fuck you"], "lang": [None, "en"]})
    out = Toxicity()(batch)
    assert out.column("drop_rule").to_pylist() == [None, "toxicity.toxic"]
    assert out.column("toxicity.n_hits").to_pylist() == [None, 2]
    assert "drop_rule" not in Toxicity(languages=("de",))(batch).schema.names


def test_an_unknown_language_or_share_is_refused() -> None:
    with pytest.raises(RecipeError, match="languages: found 'xx', expected a language that has a word list"):
        Toxicity(languages=("xx",))
    with pytest.raises(RecipeError, match="a share from 0 to 1"):
        Toxicity(max_toxic_sentence_ratio=5)
