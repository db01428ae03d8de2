"""Sentences that carry personal data, or what only looks like it; {value} is where it stands."""

FRAMES: dict[str, dict[str, tuple[str, ...]]] = {
    "en": {
        "EMAIL_ADDRESS": (
            "Questions can be sent to {value}, and {name} usually answers within a week.",
            "Please write to {name} at {value} before the end of the month.",
            "The address given on the back of the leaflet was {value}.",
        ),
        "PHONE_NUMBER": (
            "Visitors should call {value} and ask for {name}.",
            "The office can be reached by phone on {value} every weekday morning.",
            "“My number is still {value},” said {name}, “and you may call me at any time.”",
        ),
        "IP_ADDRESS": (
            "The log shows that somebody at {value} opened the page shortly after midnight.",
            "According to {name}, the last visit came from {value} and lasted four minutes.",
            "The old printer still answers at {value} when the network is quiet.",
        ),
        "CREDIT_CARD": (
            "The ticket was paid with the card {value}, which belongs to {name}.",
            "Somebody had written the card number {value} on the back of the receipt.",
            "By mistake the letter also showed the credit card number {value} in full.",
        ),
        "IBAN_CODE": (
            "Donations are welcome in the account {value} held by {name}.",
            "The deposit has to be transferred to IBAN {value} within ten days.",
            "At the foot of the invoice stood the account number {value}.",
        ),
        "order": ("The parcel with the order number {value} never arrived.",),
        "account": ("The form refused the account {value} because its check digits were wrong.",),
        "version": ("Everything worked again after the update to version {value} of the program.",),
        "isbn": ("The full story can be found in a book with the ISBN {value} and many fine photographs.",),
        "date": ("The last entry in the ledger is dated {value} and signed by {name}.",),
        "handle": ("On the forum {name} is known as {value} and rarely posts twice a day.",),
    },
    "de": {
        "EMAIL_ADDRESS": ("Fragen beantwortet {name} gern unter der Adresse {value} auch am Wochenende.",),
        "PHONE_NUMBER": ("Wer mitkommen möchte, ruft {name} unter {value} an.",),
        "IP_ADDRESS": ("Im Protokoll steht, dass der Zugriff von {value} aus kurz nach Mitternacht erfolgte.",),
        "CREDIT_CARD": ("Bezahlt wurde mit der Kreditkarte {value}, die auf {name} ausgestellt ist.",),
        "IBAN_CODE": ("Spenden nimmt der Verein auf dem Konto {value} entgegen.",),
    },
    "fr": {
        "EMAIL_ADDRESS": ("Pour toute question, il suffit d'écrire à {value} avant la fin du mois.",),
        "PHONE_NUMBER": ("Pour réserver, il faut appeler {name} au {value} le matin.",),
        "IP_ADDRESS": ("Le journal montre une connexion depuis {value} peu après minuit.",),
        "CREDIT_CARD": ("Le billet a été payé avec la carte {value} au nom de {name}.",),
        "IBAN_CODE": ("Les dons peuvent être versés sur le compte {value} de l'association.",),
    },
    "es": {
        "EMAIL_ADDRESS": ("Para cualquier pregunta se puede escribir a {value} antes de fin de mes.",),
        "PHONE_NUMBER": ("Para reservar hay que llamar a {name} al {value} por la mañana.",),
        "IP_ADDRESS": ("El registro muestra una conexión desde {value} poco después de medianoche.",),
        "CREDIT_CARD": ("La entrada se pagó con la tarjeta {value} a nombre de {name}.",),
        "IBAN_CODE": ("Los donativos se ingresan en la cuenta {value} de la asociación.",),
    },
}  # fmt: skip
