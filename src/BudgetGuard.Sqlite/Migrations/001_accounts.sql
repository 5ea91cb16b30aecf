-- What of the journal is in force: its latest batch, the latest instant the accounts have seen (UTC ticks), and how many records there are with the sum of their checksums.
CREATE TABLE journal (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    batch INTEGER NOT NULL,
    latest INTEGER NOT NULL,
    records INTEGER NOT NULL,
    checksum INTEGER NOT NULL
) STRICT;

INSERT INTO journal (id, batch, latest, records, checksum) VALUES (1, 0, 0, 0, 0);

CREATE TABLE budgets (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    details BLOB NOT NULL,
    checksum INTEGER NOT NULL
) STRICT;

-- An account with its current window. Amounts are in the budget's unit (nano-dollars for US dollars), times in UTC ticks. The partition is for people to read.
CREATE TABLE accounts (
    id INTEGER PRIMARY KEY,
    budget INTEGER NOT NULL,
    partition TEXT NOT NULL,
    place INTEGER NOT NULL,
    limited INTEGER NOT NULL,
    window INTEGER NOT NULL,
    starts INTEGER NOT NULL,
    ends INTEGER NOT NULL,
    settled INTEGER NOT NULL,
    held INTEGER NOT NULL,
    debt INTEGER NOT NULL,
    details BLOB NOT NULL,
    checksum INTEGER NOT NULL
) STRICT;

-- Windows that are over, as long as a hold is remembered that was taken in them.
CREATE TABLE past_windows (
    account INTEGER NOT NULL,
    window INTEGER NOT NULL,
    starts INTEGER NOT NULL,
    ends INTEGER NOT NULL,
    settled INTEGER NOT NULL,
    held INTEGER NOT NULL,
    debt INTEGER NOT NULL,
    details BLOB NOT NULL,
    checksum INTEGER NOT NULL,
    PRIMARY KEY (account, window)
) STRICT, WITHOUT ROWID;

-- Holds that are open, and those that are remembered. States: 0 held, 1 expired, 2 released, 3 settled.
CREATE TABLE holds (
    slot INTEGER PRIMARY KEY,
    state INTEGER NOT NULL,
    at INTEGER NOT NULL,
    details BLOB NOT NULL,
    checksum INTEGER NOT NULL
) STRICT;

CREATE TABLE claims (
    claim TEXT PRIMARY KEY,
    until INTEGER NOT NULL,
    checksum INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
