-- What is placed on a pair stands in its own row, so that what is still open on a payer's periods is told without its
-- money. Triggers keep it, so that whoever places money, a worker of the version before too, adds to it; `verify` holds it
-- to the placements (received-is-the-placements).
alter table pair add column placed_xof bigint not null default 0;

create function received_moved() returns trigger language plpgsql
    set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off  -- pair by pair, however few it was planned for
as $$
begin
    if tg_op = 'INSERT' then
        update pair set placed_xof = pair.placed_xof + moved.xof
        from (select account_key, period, sum(received_xof) as xof from is_now group by 1, 2) moved
        where pair.payer_id = moved.account_key and pair.period = moved.period;
    elsif tg_op = 'DELETE' then
        update pair set placed_xof = pair.placed_xof - moved.xof
        from (select account_key, period, sum(received_xof) as xof from was group by 1, 2) moved
        where pair.payer_id = moved.account_key and pair.period = moved.period;
    else
        update pair set placed_xof = pair.placed_xof + moved.xof
        from (
            select account_key, period, sum(xof) as xof from (
                select account_key, period, received_xof as xof from is_now
                union all select account_key, period, -received_xof from was
            ) each group by 1, 2 having sum(xof) <> 0
        ) moved
        where pair.payer_id = moved.account_key and pair.period = moved.period;
    end if;
    return null;
end $$;
create trigger received_added after insert on placement referencing new table as is_now
    for each statement execute function received_moved();
create trigger received_changed after update on placement referencing old table as was new table as is_now
    for each statement execute function received_moved();
create trigger received_taken_back after delete on placement referencing old table as was
    for each statement execute function received_moved();
update pair set placed_xof = placed.xof
from (select account_key, period, sum(received_xof) as xof from placement group by 1, 2) placed
where pair.payer_id = placed.account_key and pair.period = placed.period;
-- Behind that update, whose dead rows go with the rewriting.
alter table pair add column is_open boolean not null generated always as (insured_share_xof + payer_share_xof > placed_xof) stored;
-- Of a payer's periods those that are open, however many it has; written anew only where a period closes or opens.
create index pair_open on pair (payer_id, due_on, period) where is_open;
