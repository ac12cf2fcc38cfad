-- One row a number, known or only named by a form. Its row lock is where a form and its person meet. told_at and
-- payer_id: what registration told last, null until it did; known_at: the last cause that touched the number (DEF-015).
create table patient (
    insured_number text collate "C" primary key,
    known_at       timestamptz,
    told_at        timestamptz,
    payer_id       text collate "C"
) with (fillfactor = 80);

-- Every reading of a care form with a content of its own: the first of a serial, then its duplicates (DEF-031). The
-- lines are arrays, as they were sent. `came` is the order of reading. From liquidated_at on: what was told of it,
-- null while it waits for its person (DEF-032). Health data: which care a number received.
create table form (
    form_serial     text  collate "C" not null,
    reading_no      int   not null,
    came            bigint generated always as identity,
    content         bytea not null,
    source          text  not null,
    event_id        text  not null,
    read_at         timestamptz not null,
    insured_number  text  collate "C" not null,
    provider_id     text  collate "C" not null,
    provider_kind   text  not null,
    prescriber_code text,
    care_kind       text  not null,
    care_on         date  not null,
    submitted_on    date  not null,
    authorisation   text,
    line_nos        int[]    not null,
    act_codes       text[]   not null,
    quantities      int[]    not null,
    unit_prices_xof bigint[] not null,
    claimed_xof     bigint   not null,
    standing_xof    bigint   not null,
    standing_count  int      not null,
    liquidated_at   timestamptz,
    payer_id        text collate "C",
    accepted_xof    bigint,
    fund_share_xof  bigint,
    co_payment_xof  bigint,
    outcome         text check (outcome in ('accepted', 'reduced', 'rejected')),
    reasons         text[],
    primary key (form_serial, reading_no),
    unique (form_serial, content)
);
create index form_waiting on form (came) where outcome is null;
create index form_waiting_of on form (insured_number, came) where outcome is null;
