-- Causes that were taken and are not yet published: each goes to the service's journal before its facts do (ADR 9).
create table journal (
    id    bigint generated always as identity primary key,
    cause uuid  not null,
    entry bytea not null
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000, autovacuum_vacuum_cost_delay = 0);

-- Up to where this database knows the topics that its own relay writes: all of it that stands before has had its effect
-- here and has left the outbox. A database that was restored knows less than stands on them.
create table published (
    topic       text   collate "C" not null,
    partition   int    not null,
    next_offset bigint not null,
    primary key (topic, partition)
) with (fillfactor = 50);

-- While it knows less, nobody may act on it.
alter table clock add column is_behind boolean not null default false;

-- An act done again is the same act.
alter table audit add column cause uuid;
create unique index audit_of_cause on audit (cause) where cause is not null;
