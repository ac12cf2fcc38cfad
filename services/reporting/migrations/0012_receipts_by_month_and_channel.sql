-- Receipts are told by month of value date and channel, where they were by year: so what came in is a sum of days too.
create temporary table of_basis on commit drop as select * from amount_of_day where what !~ '^[0-9]';
truncate amount_of_day;
insert into amount_of_day select * from of_basis;
insert into amount_of_day
select (to_char(received_on, 'YYYY-MM ') || channel) collate "C" as what, (known_at at time zone 'UTC')::date as known_on, payer_kind,
    left(territory_code, 2) as region, period, sum(received_xof)
from received where in_standing group by what, known_on, payer_kind, region, period;
