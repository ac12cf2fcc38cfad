-- What every service keeps about what it read and what it has yet to publish. One transaction a batch moves all of it.

-- Where each partition is read up to: the truth; Kafka's own group offsets are for lag tools only (ADR 2).
create table position (
    topic       text   collate "C" not null,
    partition   int    not null,
    next_offset bigint not null,
    primary key (topic, partition)
) with (fillfactor = 50);

-- Every event that took effect, waits or was answered, by its identity for ever (DEF-027).
create table inbox (
    source   text  collate "C" not null,
    event_id text  collate "C" not null,
    content  bytea not null,
    primary key (source, event_id)
);

-- Facts that are true and not yet published; a row is deleted when the broker has acknowledged it (ADR 3).
create table outbox (
    id          bigint generated always as identity primary key,
    topic       text        not null,
    key         bytea,
    value       bytea       not null check (octet_length(value) <= 1000000),
    event_id    uuid        not null,
    known_at    timestamptz not null,
    traceparent text
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000, autovacuum_vacuum_cost_delay = 0);

-- Records that could not be read or were refused: whole, so that a replay is a reading (DEF-036).
create table dead_letter (
    id           bigint generated always as identity primary key,
    topic        text   collate "C" not null,
    partition    int    not null,
    "offset"     bigint not null,
    key          bytea,
    value        bytea,
    header_names text[]  not null,
    header_values bytea[] not null,
    source       text,
    event_id     text,
    reason       text   not null,
    message_fr   text   not null,
    message_en   text   not null,
    at           timestamptz not null,
    state        text   not null default 'waiting' check (state in ('waiting', 'replayed', 'discarded'))
);
create index dead_letter_waiting on dead_letter (reason, topic) where state = 'waiting';

-- One row: the instant at or below which no later transaction may date a fact (floor_at), and the latest
-- knowledge time that was published (published_at), which a mark may announce under the event clock.
create table clock (
    only_row     boolean primary key default true check (only_row),
    floor_at     timestamptz not null default 'epoch',
    published_at timestamptz not null default 'epoch'
);
insert into clock default values;

-- What each worker did lately, for /metrics of the API.
create table pulse (
    worker   text primary key,
    at       timestamptz not null,
    counters jsonb not null
);
