"""What people read for a field of a report's row, and for the codes that stand in it: French first, and English.

The terminal and the dashboard head their columns by these. A line break parts what is told from its unit.
"""

from __future__ import annotations

KEYS = {
    "payer_kind": ("Type de cotisant", "Payer kind"),
    "region": ("Région", "Region"),
    "territory_code": ("Territoire", "Territory"),
    "payer_id": ("Cotisant", "Payer"),
    "name": ("Nom", "Name"),
    "period": ("Période", "Period"),
    "provider_kind": ("Prestataire", "Provider kind"),
    "care_kind": ("Soins", "Care"),
    "reason": ("Motif", "Reason"),
    "outcome": ("Suite donnée", "Outcome"),
    "channel": ("Moyen", "Channel"),
    "month": ("Mois", "Month"),
    "topic": ("Sujet", "Topic"),
    "event_id": ("Fait", "Fact"),
    "rule": ("Règle", "Rule"),
    "known_at": ("Connu à", "Known at"),
}
_AMOUNTS = {
    "payers": ("Cotisants", "Payers"),
    "assessed_xof": ("Constaté\nFCFA", "Assessed\nXOF"),
    "received_xof": ("Reçu\nFCFA", "Received\nXOF"),
    "outstanding_xof": ("Reste dû\nFCFA", "Outstanding\nXOF"),
    "collection_rate": ("Taux de\nrecouvrement", "Collection\nrate"),
    "amount_xof": ("Montant\nFCFA", "Amount\nXOF"),
    "credit_xof": ("En crédit\nFCFA", "In credit\nXOF"),
    "suspense_xof": ("En attente\nFCFA", "In suspense\nXOF"),
    "total_xof": ("Total\nFCFA", "Total\nXOF"),
    "due_on": ("Échéance", "Due on"),
    "filed_on": ("Déclaré le", "Filed on"),
    "paid_on": ("Payé le", "Paid on"),
}
_CARE_AND_PEOPLE = {
    "forms": ("Feuilles", "Forms"),
    "claimed_xof": ("Demandé\nFCFA", "Claimed\nXOF"),
    "accepted_xof": ("Admis\nFCFA", "Accepted\nXOF"),
    "fund_share_xof": ("Part du fonds\nFCFA", "Fund's share\nXOF"),
    "co_payment_xof": ("Ticket modérateur\nFCFA", "Co-payment\nXOF"),
    "delay_p50_days": ("Délai médian\njours", "Median delay\ndays"),
    "delay_p90_days": ("Délai, 9 sur 10\njours", "Delay, 9 of 10\ndays"),
    "within_term_share": ("Dans le\ndélai", "Within\nterm"),
    "insured": ("Assurés", "Insured"),
    "dependants": ("Ayants droit", "Dependants"),
}
_DUE_DAYS = {
    "expected": ("Attendues", "Expected"),
    "filed": ("Reçues", "Filed"),
    "filed_on_time": ("À temps", "On time"),
    "on_time_filing_rate": ("Déclaré\nà temps", "Filed\non time"),
    "payers_with_dues": ("Avec\ndû", "With\ndues"),
    "paid_on_time": ("Payées\nà temps", "Paid\non time"),
    "on_time_payment_rate_by_number": ("À temps,\nen nombre", "On time,\nby number"),
    "due_xof": ("Dû\nFCFA", "Due\nXOF"),
    "paid_on_time_xof": ("Payé à temps\nFCFA", "Paid on time\nXOF"),
    "on_time_payment_rate_by_value": ("À temps,\nen valeur", "On time,\nby value"),
    **{f"unpaid_rate_{days}": (f"Reste\n+{days} j", f"Unpaid\n+{days} d") for days in (0, 30, 90)},
    **{f"rate_{days}": (f"Reçu\n+{days} j", f"Received\n+{days} d") for days in (0, 30, 60, 90, 180, 365)},
    "arrears_xof": ("Arriérés\nFCFA", "Arrears\nXOF"),
    **{
        f"days_{age}_xof": (f"{days} j\nFCFA", f"{days} d\nXOF")
        for age, days in [
            ("1_30", "1–30"),
            ("31_90", "31–90"),
            ("91_180", "91–180"),
            ("181_365", "181–365"),
            ("over_365", "> 365"),
        ]
    },
    "older_than_12_months_share": ("Plus de\n12 mois", "Over 12\nmonths"),
    "arrears_to_collections": ("Arriérés ÷\nreçu de l'année", "Arrears ÷\nyear's receipts"),
}
_BRIDGE = {
    "assessed_from_xof": ("Constaté au début, FCFA", "Assessed at first, XOF"),
    "declared_xof": ("+ déclaré", "+ declared"),
    "replaced_xof": ("+ remplacé", "+ replaced"),
    "estimated_xof": ("+ taxé d'office", "+ estimated"),
    "adjusted_xof": ("+ régularisé", "+ adjusted"),
    "assessed_to_xof": ("= constaté à la fin", "= assessed at last"),
    "received_from_xof": ("Reçu au début, FCFA", "Received at first, XOF"),
    "receipts_xof": ("+ entré", "+ receipts"),
    "taken_back_xof": ("+ repris", "+ taken back"),
    "received_to_xof": ("= reçu à la fin", "= received at last"),
    "rate_from": ("Taux au début", "Rate at first"),
    "rate_to": ("Taux à la fin", "Rate at last"),
}
_FRESHNESS = {
    "last_fact_at": ("Dernier fait", "Last fact"),
    "lag_seconds": ("Retard\nsecondes", "Lag\nseconds"),
    "lag_records": ("Retard\nmessages", "Lag\nrecords"),
    "dead_letters": ("Mis de côté", "Dead letters"),
}
COLUMNS = _AMOUNTS | _CARE_AND_PEOPLE | _DUE_DAYS | _BRIDGE | _FRESHNESS
"""By field, what it is called; of an amount, in which unit."""

KINDS = {
    "state": ("État", "State"),
    "local_authority": ("Collectivités", "Local authorities"),
    "private_employer": ("Employeurs privés", "Private employers"),
    "pension_body": ("Caisses de retraite", "Pension bodies"),
    "self_employed": ("Indépendants", "Self-employed"),
}
OUTCOMES = {
    "accepted": ("acceptées", "accepted"),
    "reduced": ("réduites", "reduced"),
    "rejected": ("rejetées", "rejected"),
}
"""Of care forms."""

CODES = {
    "payer_kind": KINDS,
    "outcome": OUTCOMES,
    "provider_kind": {
        "cscom": ("Centres de santé communautaires", "Community health centres"),
        "csref": ("Centres de santé de référence", "Reference health centres"),
        "hospital": ("Hôpitaux", "Hospitals"),
        "clinic": ("Cliniques", "Clinics"),
        "pharmacy": ("Pharmacies", "Pharmacies"),
        "laboratory": ("Laboratoires", "Laboratories"),
    },
    "care_kind": {"ambulatory": ("Soins ambulatoires", "Ambulatory care"), "hospital": ("Hôpital", "Hospital care")},
    "reason": {
        "duplicate-form": ("Feuille en double", "Duplicate form"),
        "care-after-submission": ("Soins après le dépôt", "Care after submission"),
        "not-positive": ("Quantité ou prix non positif", "Quantity or price not positive"),
    },
    "channel": {
        "treasury": ("Trésor", "Treasury"),
        "bank": ("Banque", "Bank"),
        "mobile_money": ("Argent mobile", "Mobile money"),
        "cash": ("Espèces", "Cash"),
        "cheque": ("Chèque", "Cheque"),
    },
    "basis": {
        "declared": ("déclaré", "declared"),
        "replacement": ("remplacé", "replaced"),
        "estimated": ("taxé d'office", "estimated"),
        "adjustment": ("régularisé", "adjusted"),
    },
}
"""By field and code, what it is called."""
