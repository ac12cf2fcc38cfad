-- What became known within a day, and since or up to a past instant, is found in the ledger by when it was known.
-- Apart from the other ledger: who held one and waited for the other would wait for a worker that does the same.
create index received_known_at on received (known_at);
