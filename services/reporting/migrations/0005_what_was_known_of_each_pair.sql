-- What was known of one (payer, period) from one knowledge time up to another: as of t its row is the one with
-- known_from <= t and t < known_to. Made of `assessed` and `received` alone, with each batch of them (projections/standing).
create table standing (
    payer_id         text   collate "C" not null,
    period           text   collate "C" not null,
    payer_kind       text   collate "C" not null,
    territory_code   text   collate "C" not null,
    due_on           date,                       -- null until an assessment is known, as is filed_on, the earliest
    filed_on         date,
    known_from       timestamptz not null,
    known_to         timestamptz not null,       -- 'infinity' while it holds
    is_assessed      boolean not null,           -- some fact of that kind is known
    is_received      boolean not null,
    assessed_xof     numeric not null,           -- sums of bigint, which may not fit one
    received_xof     numeric not null,
    received_0_xof   numeric not null,           -- what of it has a value date up to so many days after due_on
    received_30_xof  numeric not null,
    received_60_xof  numeric not null,
    received_90_xof  numeric not null,
    received_180_xof numeric not null,
    received_365_xof numeric not null,
    primary key (payer_id, period, known_from)
) with (fillfactor = 80);

-- Whether a fact's pair tells of it. The version before does not know these columns, nor `standing`: what its workers
-- append is told by the next batch of ours, and until then no report is answered.
alter table assessed add column in_standing boolean not null default true;
alter table assessed alter column in_standing set default false;
create index assessed_not_in_standing on assessed (id) where not in_standing;
alter table received add column in_standing boolean not null default true;
alter table received alter column in_standing set default false;
create index received_not_in_standing on received (id) where not in_standing;

insert into standing
with fact as (
    select payer_id, period, known_at, payer_kind, territory_code, due_on, filed_on, assessed_xof,
        null::bigint as received_xof, null::date as received_on from assessed
    union all
    select payer_id, period, known_at, payer_kind, territory_code, null, null, null, received_xof, received_on
    from received
), due as (
    select *, first_value(due_on) over (
        partition by payer_id, period order by due_on is null, known_at, due_on
    ) as falls_on from fact
)
select distinct on (payer_id, period, known_at)
    payer_id, period, min(payer_kind) over known, min(territory_code) over known,
    case when count(due_on) over known > 0 then falls_on end, min(filed_on) over known, known_at,
    coalesce(first_value(known_at) over (known groups between 1 following and 1 following), 'infinity'),
    count(assessed_xof) over known > 0, count(received_xof) over known > 0,
    coalesce(sum(assessed_xof) over known, 0), coalesce(sum(received_xof) over known, 0),
    case when count(due_on) over known > 0
        then coalesce(sum(received_xof) filter (where received_on <= falls_on) over known, 0) else 0 end,
    case when count(due_on) over known > 0
        then coalesce(sum(received_xof) filter (where received_on <= falls_on + 30) over known, 0) else 0 end,
    case when count(due_on) over known > 0
        then coalesce(sum(received_xof) filter (where received_on <= falls_on + 60) over known, 0) else 0 end,
    case when count(due_on) over known > 0
        then coalesce(sum(received_xof) filter (where received_on <= falls_on + 90) over known, 0) else 0 end,
    case when count(due_on) over known > 0
        then coalesce(sum(received_xof) filter (where received_on <= falls_on + 180) over known, 0) else 0 end,
    case when count(due_on) over known > 0
        then coalesce(sum(received_xof) filter (where received_on <= falls_on + 365) over known, 0) else 0 end
from due
window known as (partition by payer_id, period order by known_at)
order by payer_id, period, known_at;
