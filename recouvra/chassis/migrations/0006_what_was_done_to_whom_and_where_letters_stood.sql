-- What was done to one letter is shown with it, and a letter is found by where its record stood: neither may read over all
-- that was ever written.
create index audit_of_subject on audit (subject, id);
create index dead_letter_of_place on dead_letter (topic, partition, "offset");
