-- One row a payer, affiliated or only named by a hire. Its row lock is where a hire and its affiliation meet.
-- From said_at on: the record that holds (DEF-035), null until the payer is affiliated.
create table payer (
    payer_id         text collate "C" primary key,
    known_at         timestamptz,
    said_at          timestamptz,
    source           text,
    event_id         text,
    payer_kind       text,
    name             text,
    territory_code   text,
    filing_frequency text,
    affiliated_on    date,
    closed_on        date
) with (fillfactor = 80);

-- Affiliation requests by their identity, for ever (DEF-027).
create table affiliation_request (
    payer_id   text  collate "C" not null,
    request_id text  collate "C" not null,
    content    bytea not null,
    primary key (payer_id, request_id)
);

-- Every hire and its last answer; `came` is the order in which hires came. Personal data: names, birth dates and
-- NINA stand in this table and in `person`, and leave this database only by GET /v1/insured.
create table hire (
    payer_id       text collate "C" not null,
    request_id     text collate "C" not null,
    came           bigint generated always as identity,
    content        bytea not null,
    asked_at       timestamptz not null,
    family_name    text not null,
    given_names    text not null,
    birth_date     date not null,
    sex            text not null,
    nina           text,
    hired_on       date not null,
    category       text not null,
    likeness       bytea not null,
    outcome        text not null
        check (outcome in ('registered', 'already_registered', 'transferred', 'pending', 'rejected')),
    insured_number text collate "C",
    codes          text[] not null,
    answered_at    timestamptz not null,
    primary key (payer_id, request_id)
) with (fillfactor = 90);
create index hire_pending on hire (payer_id, came) where outcome = 'pending';
create index hire_alike on hire (likeness, came) where insured_number is not null;
create index hire_alike_without_nina on hire (likeness, came) where insured_number is not null and nina is null;

-- Every insured person: (payer_id, request_id) is the hire that decides whose they are and what they are called.
create table person (
    insured_number text collate "C" primary key,
    nina           text collate "C" unique,
    payer_id       text collate "C" not null,
    request_id     text collate "C" not null,
    registered_on  date not null,
    known_at       timestamptz not null,
    unique (payer_id, request_id)
) with (fillfactor = 80);

-- Likely the same person under two numbers; or, without other_number, one NINA with two birth dates or sexes.
create table possible_duplicate (
    id             bigint generated always as identity primary key,
    insured_number text collate "C" not null,
    other_number   text collate "C",
    payer_id       text collate "C" not null,
    request_id     text collate "C" not null,
    found_at       timestamptz not null,
    unique nulls not distinct (insured_number, other_number)
);

-- Who read a person's names, and when: also where the number was nobody's.
create table insured_reading (
    id             bigint generated always as identity primary key,
    at             timestamptz not null default clock_timestamp(),
    who            text not null,
    insured_number text collate "C" not null,
    found          boolean not null
);
create index insured_reading_of on insured_reading (insured_number, at);
