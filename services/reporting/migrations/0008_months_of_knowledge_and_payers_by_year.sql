-- How much of `summed` became known in a month (UTC; its first day): as of an instant the months after its own are taken
-- off whole, so that a past instant costs little more than now, however long the history.
create table summed_of_month (like summed_of_day) with (fillfactor = 80);
alter table summed_of_month add unique nulls not distinct (
    known_on, payer_kind, region, period, due_on, last_kind, last_region, filing_frequency, is_affiliated
);
insert into summed_of_month (
    known_on, payer_kind, region, period, due_on, last_kind, last_region, filing_frequency, is_affiliated, pairs,
    pairs_with_dues, pairs_on_time, assessed_xof, received_xof, received_0_xof, received_30_xof, received_60_xof,
    received_90_xof, received_180_xof, received_365_xof, pairs_filed_on_time
)
select date_trunc('month', known_on)::date as known_in,
    payer_kind, region, period, due_on, last_kind, last_region, filing_frequency, is_affiliated, sum(pairs),
    sum(pairs_with_dues), sum(pairs_on_time), sum(assessed_xof), sum(received_xof), sum(received_0_xof),
    sum(received_30_xof), sum(received_60_xof), sum(received_90_xof), sum(received_180_xof),
    sum(received_365_xof), sum(pairs_filed_on_time)
from summed_of_day
group by known_in, payer_kind, region, period, due_on, last_kind, last_region, filing_frequency, is_affiliated;

-- Since when anything is known of a payer's periods, a row a payer and year: who is known in some periods, as of any
-- instant, is told without looking at pairs.
create table known_in_year (
    year     text collate "C" not null,
    payer_id text collate "C" not null,
    since_01 timestamptz,  -- the period of that month; null: never
    since_02 timestamptz,
    since_03 timestamptz,
    since_04 timestamptz,
    since_05 timestamptz,
    since_06 timestamptz,
    since_07 timestamptz,
    since_08 timestamptz,
    since_09 timestamptz,
    since_10 timestamptz,
    since_11 timestamptz,
    since_12 timestamptz,
    primary key (year, payer_id)
) with (fillfactor = 70);
insert into known_in_year
select left(period, 4), payer_id,
    min(known_from) filter (where right(period, 2) = '01'),
    min(known_from) filter (where right(period, 2) = '02'),
    min(known_from) filter (where right(period, 2) = '03'),
    min(known_from) filter (where right(period, 2) = '04'),
    min(known_from) filter (where right(period, 2) = '05'),
    min(known_from) filter (where right(period, 2) = '06'),
    min(known_from) filter (where right(period, 2) = '07'),
    min(known_from) filter (where right(period, 2) = '08'),
    min(known_from) filter (where right(period, 2) = '09'),
    min(known_from) filter (where right(period, 2) = '10'),
    min(known_from) filter (where right(period, 2) = '11'),
    min(known_from) filter (where right(period, 2) = '12')
from standing group by left(period, 4), payer_id;
