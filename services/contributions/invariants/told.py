"""What registration told, as it is kept here: of each payer and each person the latest fact holds."""

from __future__ import annotations

from recouvra.chassis.records_read import beside_topics, told_on
from recouvra.chassis.verifying import in_sql

KEEPS = {
    "payer-affiliated": ("payer_kind", "territory_code", "filing_frequency"),
    "person-registered": ("payer_id",),
}
"""The fields of facts that are compared."""

AFFILIATED = in_sql(
    "affiliations-are-the-latest-told",
    "Chaque compte a l'affiliation que registration a dite en dernier.",
    "Every account has the affiliation that registration told last (DEF-035).",
    """
    with told as ({told}), latest as (select key, max(at) as at from told group by key),
        a as (select * from account where affiliation_at is not null or payer_kind is not null)
    select key as payer_id, concat_ws(' ', a.payer_kind, a.territory_code, a.filing_frequency, a.affiliation_at)
        as found, latest.at as expected, coalesce(a.known_at, latest.at) as since
    from latest full join a using (key)
    where not exists (select from told t where t.key = a.key and t.at = a.affiliation_at and t.at = latest.at
        and t.said = array[a.payer_kind, a.territory_code, a.filing_frequency])
    """.format(told=told_on("payer-affiliated")),  # noqa: S608 - constants
    beside_topics,
    seldom=True,
)

EMPLOYED = in_sql(
    "persons-are-the-latest-told",
    "Chaque numéro d'assuré est au cotisant que registration a dit en dernier.",
    "Every insured number belongs to the payer that registration told last (DEF-022).",
    """
    with told as ({told}), latest as (select key, max(at) as at from told group by key)
    select key as insured_number, i.payer_id as found, null as expected, coalesce(latest.at, i.at) as since
    from latest full join (select insured_number as key, payer_id, at from insured) i using (key)
    where not exists (select from told t where t.key = i.key and t.at = i.at and t.at = latest.at
        and t.said[1] is not distinct from i.payer_id)
    """.format(told=told_on("person-registered")),  # noqa: S608 - constants
    beside_topics,
    seldom=True,
)

TOLD = (AFFILIATED, EMPLOYED)
