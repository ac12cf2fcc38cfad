"""What the codes say, in French and in English: what is wrong, what was made of it, what to do now.

Keyed by the codes of `codes.py`. French spacing is set by `typeset`, so that no invisible character is typed here.
"""

from typing import NamedTuple


class Sentence(NamedTuple):
    """A sentence with its blanks, in both languages."""

    fr: str
    en: str


def typeset(french: str) -> str:
    """Put the no-break spaces that French wants before its double punctuation."""
    return french.replace(" :", "\u00a0:").replace(" ;", "\u202f;")


def shown(value: str | int | None) -> Sentence:
    """Write a value for a reader: whole francs and counts in groups of three, nothing for null."""
    if value is None:
        return Sentence("rien", "nothing")
    if isinstance(value, int):
        return Sentence(f"{value:,}".replace(",", "\u202f"), f"{value:,}")
    return Sentence(value, value)


def at(place: str) -> Sentence:
    """Begin the sentence that tells what a place should hold; the whole record has no name."""
    if not place:
        return Sentence("Il faut ", "It needs ")
    return Sentence(f"À {place}, il faut ", f"At {place} it needs ")


_AGAIN = Sentence(
    "Corrigez et publiez de nouveau ; le même ce_id peut servir.",
    "Correct it and publish it again; the same ce_id may be used.",
)
_ENVELOPE = Sentence(
    "Publiez l'événement de nouveau avec ce_specversion (1.0), ce_id, ce_source, ce_type et ce_time.",
    "Publish the event again with ce_specversion (1.0), ce_id, ce_source, ce_type and ce_time.",
)

REASONS: dict[str, tuple[Sentence, Sentence | None]] = {
    "oversized": (
        Sentence(
            "La valeur dépasse 1\u202f048\u202f576 octets. Publiez un enregistrement plus petit ; une longue "
            "déclaration s'envoie en plusieurs parties (part, parts).",
            "The value is larger than 1,048,576 bytes. Publish a smaller record; a long declaration is sent in several "
            "parts (part, parts).",
        ),
        None,
    ),
    "missing-envelope": (
        Sentence(
            f"L'enveloppe CloudEvents manque, ou ses en-têtes sont illisibles. {_ENVELOPE.fr}",
            f"The CloudEvents envelope is missing, or its headers cannot be read. {_ENVELOPE.en}",
        ),
        Sentence(
            f"L'enveloppe CloudEvents est incomplète ou mal formée. {{at}}{{expected}}. {_ENVELOPE.fr}",
            f"The CloudEvents envelope is incomplete or malformed. {{at}}{{expected}}. {_ENVELOPE.en}",
        ),
    ),
    "unsupported-type": (
        Sentence(
            "Ce topic ne porte pas ce type d'événement. Corrigez ce_type, ou publiez sur le topic de ce type.",
            "This topic does not carry this type of event. Correct ce_type, or publish on the topic of that type.",
        ),
        Sentence(
            "Ce topic ne porte pas ce type d'événement. {at}{expected}. Corrigez ce_type, ou publiez sur le topic de "
            "ce type.",
            "This topic does not carry this type of event. {at}{expected}. Correct ce_type, or publish on the topic of "
            "that type.",
        ),
    ),
    "invalid-json": (
        Sentence(
            f"La valeur n'est pas du JSON lisible (UTF-8, sans NaN ni Infinity). {_AGAIN.fr}",
            f"The value is not readable JSON (UTF-8, without NaN or Infinity). {_AGAIN.en}",
        ),
        None,
    ),
    "schema-mismatch": (
        Sentence(
            f"La valeur ne suit pas le schéma de cet événement. {_AGAIN.fr}",
            f"The value does not fit the schema of this event. {_AGAIN.en}",
        ),
        Sentence(
            f"La valeur ne suit pas le schéma de cet événement. {{at}}{{expected}}. {_AGAIN.fr}",
            f"The value does not fit the schema of this event. {{at}}{{expected}}. {_AGAIN.en}",
        ),
    ),
    "unauthorised-source": (
        Sentence(
            "Cette source (ce_source) n'a pas le droit de publier pour ce cotisant. Corrigez payer_id ou ce_source, ou "
            "demandez l'autorisation à la caisse.",
            "This source (ce_source) may not publish for this payer. Correct payer_id or ce_source, or ask the fund "
            "for the right.",
        ),
        None,
    ),
    "conflicting-duplicate": (
        Sentence(
            "Cet enregistrement contredit ce qui a déjà été lu : un identifiant déjà employé pour un autre contenu, "
            "une partie de trop, ou une annulation qui ne répète pas son paiement. Rien n'en a été retenu : publiez la "
            "correction sous de nouveaux identifiants.",
            "This record contradicts what was read before: an identifier already used for another content, one part "
            "too many, or a reversal that does not repeat its payment. Nothing of it was kept: publish the correction "
            "under new identifiers.",
        ),
        None,
    ),
    "internal": (
        Sentence(
            "Le service a échoué sur cet enregistrement pour une raison imprévue. Ne renvoyez rien : il est gardé, et "
            "un opérateur le rejouera.",
            "The service failed on this record for an unforeseen reason. Send nothing again: it is kept, and an "
            "operator will replay it.",
        ),
        None,
    ),
}
"""Of each reason the general sentence, and the one that names a place and what is expected there."""

_NEW_ID = Sentence(
    "envoyez toute la déclaration sous un nouveau declaration_id : celui-ci a reçu sa réponse.",
    "send the whole declaration under a new declaration_id: this one has had its answer.",
)

ANOMALIES: dict[str, Sentence] = {
    "unknown-payer": Sentence(
        "Le cotisant {received} n'est pas encore affilié : votre envoi est gardé, et une autre réponse suivra dès son "
        "affiliation. Ne renvoyez rien ; vérifiez payer_id, ou demandez l'affiliation.",
        "The payer {received} is not affiliated yet: what you sent is kept, and another answer follows its "
        "affiliation. Send nothing again; check payer_id, or ask for the affiliation.",
    ),
    "totals-disagree": Sentence(
        f"La déclaration se contredit : reçu {{received}}, attendu {{expected}} d'après ses lignes ou sa première "
        f"partie. Corrigez, puis {_NEW_ID.fr}",
        f"The declaration contradicts itself: received {{received}}, expected {{expected}} by its lines or its first "
        f"part. Correct it, then {_NEW_ID.en}",
    ),
    "period-before-scheme": Sentence(
        f"La période {{received}} précède la première qui a un taux, {{expected}}. Corrigez la période, puis "
        f"{_NEW_ID.fr}",
        f"The period {{received}} is before the first that has a rate, {{expected}}. Correct the period, then "
        f"{_NEW_ID.en}",
    ),
    "period-in-future": Sentence(
        f"La période {{received}} est postérieure au mois de l'envoi, {{expected}}. Corrigez la période, ou attendez "
        f"qu'elle soit venue, puis {_NEW_ID.fr}",
        f"The period {{received}} is later than the month in which it was sent, {{expected}}. Correct the period, or "
        f"wait until it has come, then {_NEW_ID.en}",
    ),
    "replaces-unknown": Sentence(
        f"La déclaration {{received}} ne peut pas être remplacée : vous ne l'avez pas envoyée pour cette période, ou "
        f"elle a été rejetée. Corrigez replaces, ou mettez null, puis {_NEW_ID.fr}",
        f"The declaration {{received}} cannot be replaced: you never sent it for this period, or it was rejected. "
        f"Correct replaces, or make it null, then {_NEW_ID.en}",
    ),
    "already-replaced": Sentence(
        "La déclaration {received} a déjà été remplacée par {expected}. Pour corriger encore, envoyez toute la "
        "déclaration sous un nouveau declaration_id, avec replaces {expected}.",
        "The declaration {received} has already been replaced by {expected}. To correct again, send the whole "
        "declaration under a new declaration_id, with replaces {expected}.",
    ),
    "negative-base": Sentence(
        "La base {received} F est négative : la ligne est refusée, les autres restent. Pour reprendre un mois déjà "
        "déclaré, remplacez sa déclaration (replaces).",
        "The base of {received} F is negative: the line is refused, the others stand. To take back what was declared, "
        "replace that declaration (replaces).",
    ),
    "duplicate-line": Sentence(
        "La valeur {received} figure déjà dans une ligne acceptée de cette déclaration : cette ligne est refusée. Si "
        "elle était la bonne, remplacez la déclaration (replaces).",
        "The value {received} already stands in an accepted line of this declaration: this line is refused. If it was "
        "the right one, replace the declaration (replaces).",
    ),
    "below-floor": Sentence(
        "La base {received} F est inférieure au SMIG : la contribution est calculée sur {expected} F. Si la base est "
        "fausse, remplacez la déclaration (replaces).",
        "The base of {received} F is below the minimum wage (SMIG): the contribution is computed on {expected} F. If "
        "the base is wrong, replace the declaration (replaces).",
    ),
    "unknown-insured": Sentence(
        "Le numéro {received} est inconnu : la contribution est due, mais l'assuré n'en tire rien tant que le numéro "
        "n'est pas connu. Vérifiez-le, ou demandez l'immatriculation.",
        "The number {received} is unknown: the contribution is due, but gives the worker nothing until the number is "
        "known. Check it, or ask for the registration.",
    ),
    "not-employed-here": Sentence(
        "Le numéro {received} n'est pas immatriculé chez vous : la contribution est due. Vérifiez le numéro, ou "
        "annoncez l'embauche.",
        "The number {received} is not registered with you: the contribution is due. Check the number, or announce the "
        "hire.",
    ),
    "already-declared": Sentence(
        "Le numéro {received} figure déjà dans la déclaration {expected} de cette période : cette base s'y ajoute. Si "
        "vous vouliez corriger, remplacez l'une des deux (replaces).",
        "The number {received} already stands in the declaration {expected} of this period: this base adds to it. If "
        "you meant to correct, replace one of them (replaces).",
    ),
    "possible-duplicate": Sentence(
        "Une personne semblable est déjà immatriculée : la caisse vérifie. Ne renvoyez rien ; si vous aviez omis le "
        "NINA, transmettez-le dans une nouvelle demande.",
        "A person who looks the same is already registered: the fund will check. Send nothing again; if you left out "
        "the NINA, give it in a new request.",
    ),
    "hired-before-birth": Sentence(
        "L'embauche précède la naissance : la demande est rejetée. Corrigez les dates et envoyez une demande sous un "
        "nouveau request_id.",
        "The hire is before the birth: the request is rejected. Correct the dates and send a request under a new "
        "request_id.",
    ),
    "hire-in-future": Sentence(
        "L'embauche est trop loin dans l'avenir : la demande est rejetée. Corrigez la date, ou attendez, et envoyez "
        "une demande sous un nouveau request_id.",
        "The hire is too far in the future: the request is rejected. Correct the date, or wait, and send a request "
        "under a new request_id.",
    ),
    "duplicate-form": Sentence(
        "Une autre feuille de soins porte déjà ce numéro : celle-ci est rejetée, la première reste. Vérifiez le numéro "
        "imprimé.",
        "Another care form already carries this serial: this one is rejected, the first stands. Check the printed "
        "serial.",
    ),
    "care-after-submission": Sentence(
        "Les soins sont postérieurs au dépôt : la feuille est rejetée. Corrigez les dates sur une nouvelle feuille.",
        "The care is later than the submission: the form is rejected. Correct the dates on a new form.",
    ),
    "not-positive": Sentence(
        "La quantité ou le prix d'une ligne n'est pas positif : la ligne est refusée, les autres restent.",
        "The quantity or the price of a line is not positive: the line is refused, the others stand.",
    ),
}
"""Of each anomaly code its sentence; `unknown-payer` says the same of a declaration and of a hire."""
