namespace BudgetGuard.Gateway.Tests.Rig;

/// <summary>The provider's prices, in nano-dollars a token, and the file that tells them to the gateway.</summary>
internal static class Tariff
{
    /// <summary>3 dollars a million tokens of input, 15 of output.</summary>
    public const string Quill = "quill";

    /// <summary>1 and 2 dollars.</summary>
    public const string Chalk = "chalk";

    private const string Prices = """
        {"models":[
          {"provider":"fake","model":"quill","maxOutputTokens":32000,"prices":[{"input":3,"output":15}]},
          {"provider":"fake","model":"chalk","maxOutputTokens":8000,"prices":[{"input":1,"output":2}]}]}
        """;

    private static readonly Lazy<string> Written = new(static () =>
    {
        string path = Path.Combine(Directory.CreateTempSubdirectory("budgetguard").FullName, "prices.json");
        File.WriteAllText(path, Prices);
        return path;
    });

    public static string PriceFile => Written.Value;

    public static (long Input, long Output) Of(string model) => model switch
    {
        Quill => (3000, 15000),
        Chalk => (1000, 2000),
        _ => throw new ArgumentOutOfRangeException(nameof(model), model, "The provider has no such model."),
    };
}
