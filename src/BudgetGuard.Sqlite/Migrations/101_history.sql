-- Processes that wrote, each with its last batch and when it was made. All times are UTC ticks.
CREATE TABLE writers (
    writer BLOB PRIMARY KEY,
    batch INTEGER NOT NULL,
    at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The last decisions, in the order they were written. Kinds: 0 allow, 1 throttle, 2 reject. Amounts are in nano-dollars; a cost is null until it is known.
CREATE TABLE decisions (
    id INTEGER PRIMARY KEY,
    writer BLOB NOT NULL,
    ticket INTEGER NOT NULL,
    at INTEGER NOT NULL,
    user TEXT,
    operation TEXT NOT NULL,
    model TEXT,
    kind INTEGER NOT NULL,
    budget TEXT,
    estimated INTEGER NOT NULL,
    cost INTEGER,
    reason TEXT,
    UNIQUE (writer, ticket)
) STRICT;

-- Whom and what sums are of: a JSON object of user, model, operation and budgets; and the last hour that has a sum of it.
CREATE TABLE spend_keys (
    id INTEGER PRIMARY KEY,
    details TEXT NOT NULL UNIQUE,
    last_hour INTEGER NOT NULL
) STRICT;

CREATE INDEX spend_keys_by_last_hour ON spend_keys (last_hour);

-- What was spent in an hour, counted from the year 1. The cost is whole US dollars and nano-dollars, added.
CREATE TABLE spend (
    hour INTEGER NOT NULL,
    spend_key INTEGER NOT NULL,
    requests INTEGER NOT NULL,
    denied INTEGER NOT NULL,
    input_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    cost_usd INTEGER NOT NULL,
    cost_nanos INTEGER NOT NULL,
    PRIMARY KEY (hour, spend_key)
) STRICT, WITHOUT ROWID;
