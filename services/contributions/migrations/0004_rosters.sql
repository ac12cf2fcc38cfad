-- When the numbers that belong to a payer changed last, as a version that never comes again: by it a worker knows whether
-- the roster that it keeps in memory still holds. A payer without a row has no workers.
create table roster (
    payer_id text collate "C" primary key,
    version  uuid not null
) with (fillfactor = 70);
create index insured_of_payer on insured (payer_id, insured_number);
insert into roster (payer_id, version)
select payer_id, gen_random_uuid() from insured where payer_id is not null group by payer_id;
create index career_of_payer on career (payer_id);

-- A career is found through whom a number belongs to, and `career` has the payers beside: those that declared it while it
-- was not theirs, and those whose it was before. So a declaration of a payer's own workers writes no row here.
-- A trigger, so that whoever changes `insured`, a worker of the version before too, renews the one and keeps the other.
create function employment_changed() returns trigger language plpgsql as $$
begin
    if tg_op = 'UPDATE' then
        insert into career (insured_number, payer_id)
        select o.insured_number, o.payer_id from was o join is_now n using (insured_number)
        where o.payer_id is not null and o.payer_id is distinct from n.payer_id
        order by 1, 2 on conflict do nothing;
        insert into roster as r (payer_id, version)
        select payer_id, gen_random_uuid() from (
            select o.payer_id from was o join is_now n using (insured_number) where o.payer_id is distinct from n.payer_id
            union
            select n.payer_id from was o join is_now n using (insured_number) where o.payer_id is distinct from n.payer_id
        ) changed where payer_id is not null order by payer_id
        on conflict (payer_id) do update set version = excluded.version;
    else
        insert into roster as r (payer_id, version)
        select payer_id, gen_random_uuid() from is_now where payer_id is not null group by payer_id order by payer_id
        on conflict (payer_id) do update set version = excluded.version;
    end if;
    return null;
end $$;
create trigger employment_added after insert on insured referencing new table as is_now
    for each statement execute function employment_changed();
create trigger employment_moved after update on insured referencing old table as was new table as is_now
    for each statement execute function employment_changed();
