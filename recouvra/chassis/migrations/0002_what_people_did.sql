-- What was done, or read of a person, over HTTP: who and when, kept for ever.
create table audit (
    id      bigint generated always as identity primary key,
    at      timestamptz not null,
    who     text not null,
    act     text not null,
    subject text not null,
    reason  text
);
create index audit_of on audit (act, subject, id);

-- The first answer to each Idempotency-Key of each caller, so that sending a POST again does nothing again.
create table answered (
    who    text  collate "C" not null,
    key    text  collate "C" not null,
    asked  bytea not null,
    status int   not null,
    body   text  not null,
    at     timestamptz not null default clock_timestamp(),
    primary key (who, key)
);
create index answered_at on answered (at);
