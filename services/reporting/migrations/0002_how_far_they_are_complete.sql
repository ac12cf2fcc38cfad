-- The latest knowledge time read on each topic of facts, for /v1/freshness.
create table topic_progress (
    topic        text collate "C" primary key,
    last_fact_at timestamptz not null
) with (fillfactor = 50);

-- Marks whose offsets are not all read yet: "every fact of mine known up to up_to stands before these offsets" (ADR 6).
create table mark (
    id      bigint generated always as identity primary key,
    service text  collate "C" not null,
    up_to   timestamptz not null,
    offsets jsonb not null
);

-- Up to when every fact of a service has been read: the greatest up_to of its marks that were reached. Never goes back.
create table complete (
    service text collate "C" primary key,
    up_to   timestamptz not null
) with (fillfactor = 50);
