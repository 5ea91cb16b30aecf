using BudgetGuard.Identification;

namespace BudgetGuard.Metering;

/// <summary>The reader of each model API's answers: the app's own come before the built-in ones.</summary>
internal sealed class UsageReaders(IEnumerable<IUsageReader> own)
{
    private readonly IUsageReader[] _own = [.. own];

    public IUsageReader? For(ModelApi api)
    {
        foreach (IUsageReader reader in _own)
        {
            if (reader.CanRead(api.Name))
            {
                return reader;
            }
        }

        return BuiltInUsageReaders.For(api);
    }
}
