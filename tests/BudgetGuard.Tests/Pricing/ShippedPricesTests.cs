using System.Security.Cryptography;
using BudgetGuard.Pricing;

namespace BudgetGuard.Tests.Pricing;

public sealed class ShippedPricesTests
{
    private const string Sha256OfTheFile = "704428DDF7AF685799BDC8DC28C1BA034631F4A8B7FBC00C149C1EECD59ABEA8";

    // Billed by hours of audio alone: their tokens have no price.
    private static readonly string[] _byTheHour =
    [
        "groq whisper-large-v3", "groq whisper-large-v3-turbo", "mistral voxtral-mini-2602", "openai gpt-transcribe", "openai whisper-1",
        "x-ai grok-voice-latest", "x-ai grok-voice-think-fast-1.0", "x-ai grok-voice-think-fast-2.0",
    ];

    [Fact]
    public void T234_PriceFile_IsThePinnedOne() => Assert.Equal(Sha256OfTheFile, HashOf(Embedded()));

    [SharedDataFact]
    public void T234_PriceFile_EqualsTheSharedOne() =>
        Assert.Equal(HashOf(File.ReadAllBytes(Path.Combine(SharedData.Folder!, "prices.json"))), HashOf(Embedded()));

    [Fact]
    public void PriceFile_passes_its_own_checks()
    {
        PriceFileContent content = PriceFileReader.Read(Embedded(), isShipped: true);
        Assert.Empty(content.Errors);
        Assert.Equal(1215, content.Entries.Count);
        Assert.All(content.Warnings, warning => Assert.Contains("is below input", warning, StringComparison.Ordinal));
        Assert.Equal(12, content.Warnings.Count);
    }

    [Fact]
    public void EveryModel_resolves_to_itself_by_its_own_name_and_aliases()
    {
        List<string> wrong = [];
        foreach (PriceEntry entry in PriceTable.Shipped)
        {
            string name = $"{entry.Price.Provider} {entry.Price.Model}";
            Assert.Equal(_byTheHour.Contains(name), !entry.Price.PricesTokens);
            foreach (string spelling in (string[])[entry.Price.Model, entry.Price.Model.ToUpperInvariant(), .. entry.Aliases])
            {
                ModelPrice? found = Prices.Shipped.Find(spelling, entry.Price.Provider);
                if (!ReferenceEquals(found, entry.Price))
                {
                    wrong.Add($"{spelling} of {name} is {found?.Provider} {found?.Model}");
                }
            }
        }

        Assert.Empty(wrong);
        Assert.Equal(_byTheHour.Length, PriceTable.Shipped.Count(static entry => !entry.Price.PricesTokens));
    }

    [Fact]
    public void T78_NoPricedModel_is_free_by_accident()
    {
        foreach (PriceEntry entry in PriceTable.Shipped.Where(static entry => entry.Price.PricesTokens))
        {
            Assert.True(entry.Price.BoundOf(1, 1, Prices.Now) > Money.Zero, entry.Price.Model);
            Assert.True(entry.Price.CostOf(new TokenUsage { InputTokens = 1, OutputTokens = 1 }, Prices.Now) > Money.Zero, entry.Price.Model);
        }

        foreach (PriceEntry entry in PriceTable.Shipped.Where(static entry => !entry.Price.PricesTokens))
        {
            TokenUsage second = new() { AudioSeconds = 1 };
            Assert.True(entry.Price.CostOf(second, Prices.Now) > Money.Zero, entry.Price.Model);
            Assert.True(entry.Price.Covers(second) && !entry.Price.Covers(new TokenUsage { InputTokens = 1, OutputTokens = 1 }), entry.Price.Model);
        }
    }

    private static byte[] Embedded()
    {
        using Stream stream = typeof(ModelPrice).Assembly.GetManifestResourceStream("BudgetGuard.prices.json")!;
        using MemoryStream bytes = new();
        stream.CopyTo(bytes);
        return bytes.ToArray();
    }

    private static string HashOf(byte[] bytes) => Convert.ToHexString(SHA256.HashData(bytes));
}
