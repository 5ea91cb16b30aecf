namespace BudgetGuard.Conformance;

public sealed class HoldsInMemory : HoldPromises<MemoryRig>;

public sealed class HoldsInSqlite : HoldPromises<SqliteRig>;

public sealed class HoldsInRedis : HoldPromises<RedisRig>;

public sealed class EndingsInMemory : EndingPromises<MemoryRig>;

public sealed class EndingsInSqlite : EndingPromises<SqliteRig>;

public sealed class EndingsInRedis : EndingPromises<RedisRig>;

public sealed class WindowsInMemory : WindowPromises<MemoryRig>;

public sealed class WindowsInSqlite : WindowPromises<SqliteRig>;

public sealed class WindowsInRedis : WindowPromises<RedisRig>;

public sealed class LedgerInMemory : LedgerPromises<MemoryRig>;

public sealed class LedgerInSqlite : LedgerPromises<SqliteRig>;

public sealed class LedgerInRedis : LedgerPromises<RedisRig>;

public sealed class ModelInMemory : ModelPromises<MemoryRig>
{
    protected override int Runs => 400;
}

public sealed class ModelInSqlite : ModelPromises<SqliteRig>;

public sealed class ModelInRedis : ModelPromises<RedisRig>;

public sealed class KeptInSqlite : DurablePromises<SqliteRig>;

public sealed class KeptInRedis : DurablePromises<RedisRig>;

public sealed class HistoryInMemory : HistoryPromises<MemoryHistoryRig>;

public sealed class HistoryInSqlite : HistoryPromises<SqliteHistoryRig>;

public sealed class HistoryInRedis : HistoryPromises<RedisHistoryRig>;
