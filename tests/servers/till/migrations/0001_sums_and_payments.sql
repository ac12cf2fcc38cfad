-- One row a key, locked by whoever counts for it; and every payment that was counted, by its identity.
create table sum_of_key (
    key      text   collate "C" primary key,
    sum_xof  bigint not null default 0,
    known_at timestamptz not null default 'epoch'
);

create table counted (
    source     text   collate "C" not null,
    payment_id text   collate "C" not null,
    key        text   collate "C" not null,
    amount_xof bigint not null check (amount_xof <> 13),
    primary key (source, payment_id)
);
