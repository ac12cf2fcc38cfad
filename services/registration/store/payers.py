"""Payers' accounts and the affiliation requests read."""

from __future__ import annotations

from collections.abc import Collection

import asyncpg

from recouvra.chassis.database import Connection
from recouvra.contracts.affiliation_requested import AffiliationRequested
from recouvra.contracts.payer_affiliated import PayerAffiliated
from services.registration.domain.affiliation import Affiliation
from services.registration.domain.hire import RequestKey
from services.registration.domain.register import Content, Payer


async def lock(connection: Connection, payer_ids: Collection[str]) -> dict[str, Payer]:
    """Locks these payers' accounts until the transaction ends, in key order; one never seen gets a blank one."""
    ordered = sorted(payer_ids)
    await connection.execute(
        "insert into payer (payer_id) select p from unnest($1::text[]) p order by p on conflict do nothing", ordered
    )
    rows = await connection.fetch(
        "select * from payer where payer_id = any($1::text[]) order by payer_id for no key update", ordered
    )
    return {row["payer_id"]: Payer(row["payer_id"], row["known_at"], _affiliation(row)) for row in rows}


async def one(connection: Connection, payer_id: str) -> PayerAffiliated | None:
    """What holds of a payer; None while it is not affiliated."""
    row = await connection.fetchrow("select * from payer where payer_id = $1", payer_id)
    affiliation = None if row is None else _affiliation(row)
    return None if affiliation is None else affiliation.terms


async def claimed(connection: Connection, requests: Collection[AffiliationRequested]) -> dict[RequestKey, Content]:
    """Contents of those of the requests that are known; their payers must be locked."""
    if not requests:
        return {}
    rows = await connection.fetch(
        "select payer_id, request_id, content from affiliation_request "
        "join unnest($1::text[], $2::text[]) as w(payer_id, request_id) using (payer_id, request_id)",
        [request.payer_id for request in requests],
        [request.request_id for request in requests],
    )
    return {(row["payer_id"], row["request_id"]): row["content"] for row in rows}


async def save(connection: Connection, changed: Collection[Payer], requests: dict[RequestKey, Content]) -> None:
    """Writes the payers that changed and the requests that are new."""
    if requests:
        await connection.execute(
            "insert into affiliation_request (payer_id, request_id, content) "
            "select * from unnest($1::text[], $2::text[], $3::bytea[])",
            [payer_id for payer_id, _ in requests],
            [request_id for _, request_id in requests],
            list(requests.values()),
        )
    if not changed:
        return
    said = [payer.affiliation for payer in changed]
    terms = [affiliation and affiliation.terms for affiliation in said]
    await connection.execute(
        """
        update payer p set known_at = t.known_at, said_at = t.said_at, source = t.source, event_id = t.event_id,
            payer_kind = t.payer_kind, name = t.name, territory_code = t.territory_code,
            filing_frequency = t.filing_frequency, affiliated_on = t.affiliated_on, closed_on = t.closed_on
        from unnest($1::text[], $2::timestamptz[], $3::timestamptz[], $4::text[], $5::text[], $6::text[], $7::text[],
                    $8::text[], $9::text[], $10::date[], $11::date[])
            t(payer_id, known_at, said_at, source, event_id, payer_kind, name, territory_code, filing_frequency,
              affiliated_on, closed_on)
        where p.payer_id = t.payer_id
        """,
        [payer.payer_id for payer in changed],
        [payer.known_at for payer in changed],
        [a and a.said_at for a in said],
        [a and a.source for a in said],
        [a and a.event_id for a in said],
        [t and t.payer_kind for t in terms],
        [t and t.name for t in terms],
        [t and t.territory_code for t in terms],
        [t and t.filing_frequency for t in terms],
        [t and t.affiliated_on for t in terms],
        [t and t.closed_on for t in terms],
    )


def _affiliation(row: asyncpg.Record) -> Affiliation | None:
    if row["said_at"] is None:
        return None
    terms = PayerAffiliated(
        payer_id=row["payer_id"],
        payer_kind=row["payer_kind"],
        name=row["name"],
        territory_code=row["territory_code"],
        filing_frequency=row["filing_frequency"],
        affiliated_on=row["affiliated_on"],
        closed_on=row["closed_on"],
    )
    return Affiliation(row["said_at"], row["source"], row["event_id"], terms)
