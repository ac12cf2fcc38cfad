-- What was last known of a pair's payer stands in its versions too, so that who was expected to file, and who did, are
-- sums like the others (DEF-008): a version now ends where another affiliation of its payer becomes known.
alter table standing
    add column last_kind        text collate "C",  -- as is all of it: null while no affiliation is known
    add column last_territory   text collate "C",
    add column filing_frequency text collate "C",
    add column is_affiliated    boolean not null default false;  -- within the period

-- As of a ledger of pairs: the version before does not tell of affiliations.
alter table affiliation add column in_standing boolean not null default true;
alter table affiliation alter column in_standing set default false;
create index affiliation_not_in_standing on affiliation (id) where not in_standing;

create temporary table before on commit drop as select * from standing;
truncate standing;
insert into standing
with payer as (
    select payer_id, payer_kind as last_kind, territory_code as last_territory, filing_frequency,
        to_char(affiliated_on, 'YYYY-MM') collate "C" as affiliated_in,
        coalesce(to_char(closed_on, 'YYYY-MM'), '9999-12') collate "C" as closed_in,
        known_at as since, lead(known_at, 1, 'infinity') over (partition by payer_id order by known_at, id) as until
    from affiliation
    union all
    select payer_id, null, null, null, null, null, '-infinity', min(known_at) from affiliation group by payer_id
)
select payer_id, period, payer_kind, territory_code, due_on, filed_on, greatest(known_from, since),
    least(known_to, until), is_assessed, is_received, assessed_xof, received_xof, received_0_xof, received_30_xof,
    received_60_xof, received_90_xof, received_180_xof, received_365_xof, payer.last_kind, payer.last_territory,
    payer.filing_frequency, coalesce(period between affiliated_in and closed_in, false)
from before left join payer using (payer_id)
where since is null or (since < known_to and until > known_from and since < until);

-- The keys of the sums, and one sum, more.
truncate summed, summed_of_day;
alter table summed
    add column last_kind           text collate "C",
    add column last_region         text collate "C",
    add column filing_frequency    text collate "C",
    add column is_affiliated       boolean not null,
    add column pairs_filed_on_time bigint  not null,  -- of the pairs, those with filed_on <= due_on
    drop constraint summed_payer_kind_region_period_due_on_key,
    add unique nulls not distinct (
        payer_kind, region, period, due_on, last_kind, last_region, filing_frequency, is_affiliated
    );
alter table summed_of_day
    add column last_kind           text collate "C",
    add column last_region         text collate "C",
    add column filing_frequency    text collate "C",
    add column is_affiliated       boolean not null,
    add column pairs_filed_on_time bigint  not null,
    drop constraint summed_of_day_known_on_payer_kind_region_period_due_on_key,
    add unique nulls not distinct (
        known_on, payer_kind, region, period, due_on, last_kind, last_region, filing_frequency, is_affiliated
    );

insert into summed_of_day
with moved as (
    select 1 as sign, known_from as at, standing.* from standing
    union all
    select -1, known_to, standing.* from standing where known_to < 'infinity'
)
select (at at time zone 'UTC')::date as known_on, payer_kind, left(territory_code, 2) as region, period, due_on,
    sum(sign), sum(sign * (assessed_xof > 0)::int),
    sum(sign * (assessed_xof > 0 and received_0_xof >= assessed_xof)::int),
    sum(sign * assessed_xof), sum(sign * received_xof), sum(sign * received_0_xof), sum(sign * received_30_xof),
    sum(sign * received_60_xof), sum(sign * received_90_xof), sum(sign * received_180_xof), sum(sign * received_365_xof),
    last_kind, left(last_territory, 2) as last_region, filing_frequency, is_affiliated,
    sum(sign * coalesce(filed_on <= due_on, false)::int)
from moved
group by known_on, payer_kind, region, period, due_on, last_kind, last_region, filing_frequency, is_affiliated;

insert into summed
select payer_kind, region, period, due_on, sum(pairs), sum(pairs_with_dues), sum(pairs_on_time), sum(assessed_xof),
    sum(received_xof), sum(received_0_xof), sum(received_30_xof), sum(received_60_xof), sum(received_90_xof),
    sum(received_180_xof), sum(received_365_xof), last_kind, last_region, filing_frequency, is_affiliated,
    sum(pairs_filed_on_time)
from summed_of_day
group by payer_kind, region, period, due_on, last_kind, last_region, filing_frequency, is_affiliated;
analyze standing, summed, summed_of_day;
