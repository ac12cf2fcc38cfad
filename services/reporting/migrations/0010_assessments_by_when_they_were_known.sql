-- What became known within a day, and since or up to a past instant, is found in the ledger by when it was known.
create index assessed_known_at on assessed (known_at);
