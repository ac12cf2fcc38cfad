-- What each invariant came to when it was last checked (`verify`), by the background run or by hand: since when it is known
-- to be broken, and when it was last seen to hold. Nothing reads it to decide anything.
create table verified (
    invariant  text collate "C" primary key,
    checked_at timestamptz not null,
    seconds    double precision not null,
    broken     int not null,
    failed     text,
    findings   jsonb not null,
    held_at    timestamptz,
    broken_at  timestamptz
) with (fillfactor = 50);
