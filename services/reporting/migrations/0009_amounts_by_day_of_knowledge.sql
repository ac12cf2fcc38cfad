-- What became known on a day (UTC) of what kind: of dues by their basis, of receipts by the year of their value date. As of
-- the end of a day it is the sum of all days up to it (projections/amounts).
create table amount_of_day (
    what       text collate "C" not null,  -- a basis, or a year
    known_on   date             not null,
    payer_kind text collate "C" not null,
    region     text collate "C" not null,
    period     text collate "C" not null,
    xof        numeric          not null,
    primary key (what, known_on, payer_kind, region, period)
) with (fillfactor = 80);
insert into amount_of_day
select what, (known_at at time zone 'UTC')::date as known_on, payer_kind, left(territory_code, 2) as region, period, sum(xof)
from (
    select basis as what, known_at, payer_kind, territory_code, period, assessed_xof as xof from assessed
    where in_standing
    union all
    select to_char(received_on, 'YYYY'), known_at, payer_kind, territory_code, period, received_xof from received
    where in_standing
) as fact group by what, known_on, payer_kind, region, period;

-- What was taken away again, for the bridge.
create index received_taken_back on received (known_at) where received_xof < 0;
