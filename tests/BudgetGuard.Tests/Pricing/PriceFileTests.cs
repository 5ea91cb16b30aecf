using BudgetGuard.Pricing;

namespace BudgetGuard.Tests.Pricing;

public sealed class PriceFileTests
{
    private const string Start = """{"models":[{"provider":"me","model":"m",""";

    [Theory]
    [InlineData("{", "valid JSON")]
    [InlineData("[]", "expected an object with \"models\"")]
    [InlineData("{}", "models is missing or no list")]
    [InlineData("""{"models":[],"modles":[]}""", "modles is not a known field; expected one of version, unit, sources, models")]
    [InlineData("""{"unit":"USD per token","models":[]}""", "expected \"USD per million tokens\"")]
    [InlineData("""{"models":[1]}""", "models[0] is not an object")]
    [InlineData("""{"models":[{"model":"m","prices":[{"input":1}]}]}""", "models[0].provider is missing")]
    [InlineData("""{"models":[{"provider":"me","prices":[{"input":1}]}]}""", "models[0].model is missing")]
    [InlineData("""{"models":[{"provider":"me","model":"m","model":"n","prices":[{"input":1}]}]}""", "valid JSON")]
    [InlineData(Start + "\"prices\":[]}]}", "models[0] (me m).prices is missing, empty or no list")]
    [InlineData(Start + "\"price\":[{\"input\":1}],\"prices\":[{\"input\":1}]}]}", "models[0] (me m).price is not a known field")]
    [InlineData(Start + "\"prices\":[{\"inptu\":1}]}]}", "models[0] (me m).prices[0].inptu is not a known field; expected one of input, output, cachedInput")]
    [InlineData(Start + "\"prices\":[{\"output\":1}]}]}", "prices[0].input is missing")]
    [InlineData(Start + "\"prices\":[{\"input\":\"1\"}]}]}", "prices[0].input is \"1\"; expected a number of US dollars")]
    [InlineData(Start + "\"prices\":[{\"input\":1e400}]}]}", "expected a number of US dollars")]
    [InlineData(Start + "\"prices\":[{\"input\":-1}]}]}", "prices[0].input is -1; expected 0 or more")]
    [InlineData(Start + "\"prices\":[{\"input\":0.0000000001}]}]}", "expected at most 9 digits after the decimal point")]
    [InlineData(Start + "\"prices\":[{\"input\":100000.1}]}]}", "expected at most 100000")]
    [InlineData(Start + "\"prices\":[{\"input\":1,\"from\":\"21.08.2026\"}]}]}", "prices[0].from is \"21.08.2026\"; expected a date like")]
    [InlineData(Start + "\"prices\":[{\"input\":1,\"from\":\"2027-01-01\"},{\"input\":2,\"from\":\"2026-01-01\"}]}]}", "prices[1].from is before")]
    [InlineData(Start + "\"prices\":[{\"input\":1,\"hoursUtc\":[\"6\",\"10\"]}]}]}", "prices[0].hoursUtc is [\"6\",\"10\"]; expected a start and an end")]
    [InlineData(Start + "\"prices\":[{\"input\":1,\"tiers\":[{\"input\":2}]}]}]}", "tiers[0].abovePromptTokens is missing")]
    [InlineData(Start + "\"prices\":[{\"input\":1,\"tiers\":[{\"abovePromptTokens\":1,\"inputs\":2}]}]}]}", "tiers[0].inputs is not a known field; expected one of input, output")]
    [InlineData(Start + "\"prices\":[{\"input\":1}],\"aliases\":\"a\"}]}", "aliases is \"a\"; expected a list of texts")]
    [InlineData(Start + "\"prices\":[{\"input\":1}],\"patterns\":[\"(\"]}]}", "patterns has one that is no regular expression: Invalid pattern '('")]
    [InlineData(Start + "\"prices\":[{\"input\":1}],\"contextWindow\":0}]}", "contextWindow is 0; expected a whole number of tokens above 0")]
    [InlineData(Start + "\"prices\":[{\"input\":0,\"output\":0}]}]}", "prices[0] costs nothing; expected a price above 0, or \"free\": true")]
    [InlineData(Start + "\"prices\":[{\"input\":1}]},{\"provider\":\"ME\",\"model\":\"M\",\"prices\":[{\"input\":1}]}]}", "names ME M a second time")]
    public void BadFile_is_refused_and_says_where_and_what_was_expected(string json, string problem)
    {
        PriceFileContent content = Prices.Read(json);
        Assert.Contains(content.Errors, error => error.Contains(problem, StringComparison.Ordinal));
    }

    [Fact]
    public void AllProblems_are_told_at_once() =>
        Assert.Equal(3, Prices.Read(Start + "\"free\":1,\"prices\":[{\"input\":-1,\"x\":1}]}]}").Errors.Count);

    [Theory]
    [InlineData("{\"input\":76000000}", "expected at most 100000", true)]
    [InlineData("{\"input\":1001,\"output\":1}", "above $1000", false)]
    [InlineData("{\"input\":0.0000025,\"output\":0.00001}", "price of one token", false)]
    [InlineData("{\"input\":1,\"cachedInput\":2}", "is above input", false)]
    [InlineData("{\"input\":1,\"cacheWrite\":0.5}", "is below input", false)]
    [InlineData("{\"input\":1,\"cacheWrite\":2.6}", "more than 2.5 times", false)]
    [InlineData("{\"input\":1,\"cacheWrite1h\":2.6}", "more than 2.5 times", false)]
    public void T83_PriceInTheWrongUnit_is_refused_or_told(string price, string text, bool isError)
    {
        PriceFileContent content = Prices.Read(Start + $"\"prices\":[{price}]" + "}]}");
        Assert.Contains(isError ? content.Errors : content.Warnings, line => line.Contains(text, StringComparison.Ordinal));
        Assert.Equal(isError, content.Errors.Count > 0);
    }

    [Fact]
    public void ShortEntry_comments_and_a_mark_of_byte_order_are_fine()
    {
        string json = "\uFEFF" + """
            {
              "$schema": "x", "_comment": "mine",
              "models": [
                // negotiated
                { "provider": "openai", "model": "gpt-4o", "prices": [{ "input": 2, "output": 8, }] },
              ],
            }
            """;
        PriceFileContent content = Prices.Read(json);
        Assert.Empty(content.Errors);
        Assert.Empty(content.Warnings);
    }

    [Fact]
    public void T86_Prices_are_read_alike_in_every_culture()
    {
        System.Globalization.CultureInfo before = System.Globalization.CultureInfo.CurrentCulture;
        try
        {
            System.Globalization.CultureInfo.CurrentCulture = new System.Globalization.CultureInfo("tr-TR");
            PriceTable table = Prices.With("""{"models":[{"provider":"ME","model":"I-MODEL","prices":[{"input":1.001,"output":1}]}]}""");
            Assert.Equal(1_001_000_000, table.Find("i-model", "me")!.BoundOf(1_000_000, 0, Prices.Now).Nanos);
        }
        finally
        {
            System.Globalization.CultureInfo.CurrentCulture = before;
        }
    }

    [Fact]
    public void UserEntry_replaces_the_shipped_one_under_all_its_names_and_keeps_its_limits()
    {
        PriceTable table = Prices.With("""{"models":[{"provider":"openai","model":"gpt-4o","prices":[{"input":1,"output":3}]}]}""");
        foreach (string name in (string[])["gpt-4o", "openai/gpt-4o", "gpt-4o-2024-08-06", "azure/gpt-4o", "gpt-4o-2026-01-01"])
        {
            ModelPrice price = table.Find(name, null)!;
            Assert.Equal(1_000_000_000, price.BoundOf(1_000_000, 0, Prices.Now).Nanos);
            Assert.Equal(Prices.Of("gpt-4o").MaxOutputTokens, price.MaxOutputTokens);
            Assert.Equal(Prices.Of("gpt-4o").ContextWindow, price.ContextWindow);
        }

        // An exact dated name beats the undated one of the user, because its price differs.
        Assert.Equal(5_000_000_000, table.Find("gpt-4o-2024-05-13", null)!.BoundOf(1_000_000, 0, Prices.Now).Nanos);
        Assert.Equal(150_000_000, table.Find("gpt-4o-mini", null)!.BoundOf(1_000_000, 0, Prices.Now).Nanos);
    }

    [Fact]
    public void UserEntry_wins_by_exact_name_then_by_its_rules_whoever_serves_it()
    {
        PriceTable table = Prices.With(
            """
            {"models":[
              {"provider":"house","model":"our-model","aliases":["deployment-7","gpt-4o"],"prefixes":["our-"],"prices":[{"input":1,"output":1}]},
              {"provider":"house","model":"big","prefixes":["our-big"],"suffixes":["-x"],"patterns":["^b\\d+$"],"prices":[{"input":2,"output":2}]},
              {"provider":"house","model":"local","free":true,"prices":[{"input":0,"output":0}]},
              {"provider":"house","model":"gratis","free":true}
            ]}
            """);
        Assert.Equal("our-model", table.Find("deployment-7", "azure")!.Model);
        Assert.Equal("our-model", table.Find("gpt-4o", "openai")!.Model);
        Assert.Equal("our-model", table.Find("our-small", "openai")!.Model);
        Assert.Equal("big", table.Find("OUR-BIG-one", null)!.Model);
        Assert.Equal("big", table.Find("some-x", null)!.Model);
        Assert.Equal("big", table.Find("b12", null)!.Model);
        Assert.Null(table.Find("bx", null));
        Assert.Equal(0, table.Find("local", null)!.BoundOf(1000, 1000, Prices.Now).Nanos);
        Assert.Equal(0, table.Find("gratis", null)!.CostOf(new TokenUsage { InputTokens = 5, WebSearches = 1 }, Prices.Now).Nanos);
    }

    [Fact]
    public void SlowPattern_of_a_user_does_not_hang()
    {
        PriceTable table = Prices.With("""{"models":[{"provider":"me","model":"m","patterns":["^(a+)+$"],"prices":[{"input":1,"output":1}]}]}""");
        long start = System.Diagnostics.Stopwatch.GetTimestamp();
        Assert.Null(table.Find(new string('a', 200) + "!", null));
        Assert.True(System.Diagnostics.Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(5));
    }

    [Theory]
    [InlineData(-1, 1)]
    [InlineData(1, 100_001)]
    [InlineData(0, 0)]
    public void T74_Create_refuses_prices_that_cannot_be(int input, int output)
    {
        Assert.ThrowsAny<ArgumentException>(() => ModelPrice.Create("me", "m", input, output));
        Assert.ThrowsAny<ArgumentException>(() => ModelPrice.Create("me", "m", 1, 1, new ModelPriceOptions { CachedInput = 0.0000000001m }));
        Assert.ThrowsAny<ArgumentException>(() => ModelPrice.Create("me", "m", 1, 1, new ModelPriceOptions { MaxOutputTokens = 0 }));
        Assert.ThrowsAny<ArgumentException>(() => ModelPrice.Create(" ", "m", 1, 1));
        Assert.Equal(0, ModelPrice.Create("me", "m", 0, 0, new ModelPriceOptions { Free = true }).BoundOf(1, 1, Prices.Now).Nanos);
    }
}
