-- Holds that callers of the API were given, so that they can be ended after a restart. Times are UTC ticks, amounts nano-dollars. How it ended: null not yet, 1 released,
-- 2 settled; then what it was charged, and a hash of what it was settled with.
CREATE TABLE notes (
    id TEXT PRIMARY KEY,
    name TEXT UNIQUE,
    details BLOB NOT NULL,
    expires INTEGER NOT NULL,
    grown INTEGER NOT NULL,
    kept_until INTEGER NOT NULL,
    how INTEGER,
    cost INTEGER,
    tokens INTEGER,
    requests INTEGER,
    settled_with BLOB
) STRICT, WITHOUT ROWID;

CREATE INDEX notes_by_kept_until ON notes (kept_until);
