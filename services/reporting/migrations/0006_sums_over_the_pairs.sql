-- Sums over `standing`, so that a table of the whole country reads no pair. Kept with each batch as differences: what the
-- versions that it makes say, less what those said that they replace (projections/standing, ADR 10).

-- What is known by now: a row of sums over the pairs of a kind, a region, a period and a due day.
create table summed (
    payer_kind       text collate "C" not null,
    region           text collate "C" not null,  -- the first two digits of the territory
    period           text collate "C" not null,
    due_on           date,                       -- null: of pairs of which no assessment is known
    pairs            bigint  not null,
    pairs_with_dues  bigint  not null,           -- of these, those with assessed_xof > 0
    pairs_on_time    bigint  not null,           -- of these, those with received_0_xof >= assessed_xof
    assessed_xof     numeric not null,
    received_xof     numeric not null,
    received_0_xof   numeric not null,
    received_30_xof  numeric not null,
    received_60_xof  numeric not null,
    received_90_xof  numeric not null,
    received_180_xof numeric not null,
    received_365_xof numeric not null,
    unique nulls not distinct (payer_kind, region, period, due_on)
) with (fillfactor = 50);

-- How much of it became known on a day (UTC): as of the end of that day it is what is known by now, less all later days.
create table summed_of_day (
    known_on         date not null,
    payer_kind       text collate "C" not null,
    region           text collate "C" not null,
    period           text collate "C" not null,
    due_on           date,
    pairs            bigint  not null,
    pairs_with_dues  bigint  not null,
    pairs_on_time    bigint  not null,
    assessed_xof     numeric not null,
    received_xof     numeric not null,
    received_0_xof   numeric not null,
    received_30_xof  numeric not null,
    received_60_xof  numeric not null,
    received_90_xof  numeric not null,
    received_180_xof numeric not null,
    received_365_xof numeric not null,
    unique nulls not distinct (known_on, payer_kind, region, period, due_on)
) with (fillfactor = 80);

-- By payer what is known by now, under each kind and territory that its pairs have (one, unless it changed).
create table summed_of_payer (
    payer_id         text collate "C" not null,
    payer_kind       text collate "C" not null,
    territory_code   text collate "C" not null,
    known_from       timestamptz not null,       -- the first knowledge time of any of these pairs
    has_others       boolean not null default false,  -- there are other rows of this payer: it changed
    pairs            bigint  not null,
    assessed_xof     numeric not null,
    received_xof     numeric not null,
    primary key (payer_id, payer_kind, territory_code)
) with (fillfactor = 50);

create index summed_of_payer_has_others on summed_of_payer (payer_id) where has_others;

-- For the part of a day that is not over at an instant: the versions that begin in it.
create index standing_known_from on standing (known_from);

insert into summed_of_day
with moved as (
    select 1 as sign, known_from as at, standing.* from standing
    union all
    select -1, known_to, standing.* from standing where known_to < 'infinity'
)
select (at at time zone 'UTC')::date, payer_kind, left(territory_code, 2), period, due_on, sum(sign),
    sum(sign * (assessed_xof > 0)::int), sum(sign * (assessed_xof > 0 and received_0_xof >= assessed_xof)::int),
    sum(sign * assessed_xof), sum(sign * received_xof), sum(sign * received_0_xof), sum(sign * received_30_xof),
    sum(sign * received_60_xof), sum(sign * received_90_xof), sum(sign * received_180_xof), sum(sign * received_365_xof)
from moved group by 1, 2, 3, 4, 5;

insert into summed
select payer_kind, region, period, due_on, sum(pairs), sum(pairs_with_dues), sum(pairs_on_time), sum(assessed_xof),
    sum(received_xof), sum(received_0_xof), sum(received_30_xof), sum(received_60_xof), sum(received_90_xof),
    sum(received_180_xof), sum(received_365_xof)
from summed_of_day group by 1, 2, 3, 4;

insert into summed_of_payer
select payer_id, payer_kind, territory_code, min(known_from), count(*) over (partition by payer_id) > 1,
    count(*) filter (where known_to = 'infinity'),
    coalesce(sum(assessed_xof) filter (where known_to = 'infinity'), 0),
    coalesce(sum(received_xof) filter (where known_to = 'infinity'), 0)
from standing group by 1, 2, 3;
