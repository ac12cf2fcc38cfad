"""What was known of each (payer, period) at an instant: the one place that says where reports read it from."""

from __future__ import annotations

from collections.abc import Sequence

DAYS_AFTER_DUE: Sequence[int] = (0, 30, 60, 90, 180, 365)
"""For each of these a pair tells `received_N_xof`, what has a value date up to so many days after its due day."""


def known_pairs(at: str) -> str:
    """A table to select from, as of the instant that the placeholder `at` stands for: one row a (payer, period).

    payer_id, period; payer_kind and territory_code of its own facts (DEF-033); due_on, null before its first
    assessment; filed_on, the earliest; assessed_xof and received_xof, whatever the value date; and `received_N_xof`.
    """
    came = ", ".join(
        f"coalesce(sum(received_xof) filter (where received_on <= due_on + {days}), 0) as received_{days}_xof"
        for days in DAYS_AFTER_DUE
    )
    return f"""(
        select payer_id, period, coalesce(a.payer_kind, min(r.payer_kind)) as payer_kind,
            coalesce(a.territory_code, min(r.territory_code)) as territory_code, due_on, filed_on,
            due_on is not null as is_assessed, coalesce(assessed_xof, 0) as assessed_xof,
            coalesce(sum(received_xof), 0)::bigint as received_xof, {came}
        from (
            select payer_id, period, min(payer_kind) as payer_kind, min(territory_code) as territory_code,
                min(due_on) as due_on, min(filed_on) as filed_on, sum(assessed_xof)::bigint as assessed_xof
            from assessed where known_at <= {at} group by payer_id, period
        ) as a
        full join (
            select payer_id, period, payer_kind, territory_code, received_on, received_xof
            from received where known_at <= {at}
        ) as r using (payer_id, period)
        group by payer_id, period, a.payer_kind, a.territory_code, due_on, filed_on, assessed_xof
    ) as pair"""  # noqa: S608 - constants of ours
