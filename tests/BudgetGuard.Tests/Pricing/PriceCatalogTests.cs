using BudgetGuard.Pricing;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Testing;
using Microsoft.Extensions.Time.Testing;

namespace BudgetGuard.Tests.Pricing;

public sealed class PriceCatalogTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("prices").FullName;
    private readonly FakeLogger<PriceCatalog> _logger = new();
    private readonly FakeTimeProvider _time = new(Prices.Now);
    private readonly List<bool> _reloads = [];

    private string File1 => Path.Combine(_folder, "prices.json");

    [Fact]
    public void WithoutFile_the_shipped_prices_stand()
    {
        using PriceCatalog catalog = Start(() => null);
        Assert.Equal("gpt-4o", catalog.Find("gpt-4o")!.Model);
        Assert.Equal(1, catalog.Version);
    }

    [Theory]
    [InlineData("{\"models\":[{\"provider\":\"me\",\"model\":\"m\",\"prices\":[{\"inptu\":1}]}]}", "expected one of input")]
    [InlineData("not json", "expected an object with \"models\"")]
    [InlineData(null, "expected the path of a price file")]
    public void T227_BadFile_at_start_throws_and_names_key_path_and_expectation(string? json, string expected)
    {
        if (json is not null)
        {
            File.WriteAllText(File1, json);
        }

        Exception exception = Assert.ThrowsAny<Microsoft.Extensions.Options.OptionsValidationException>(() => Start(() => File1));
        Assert.Contains("BudgetGuard:PriceFile", exception.Message, StringComparison.Ordinal);
        Assert.Contains(File1, exception.Message, StringComparison.Ordinal);
        Assert.Contains(expected, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void OddPrices_are_logged_and_taken()
    {
        Write(2000);
        using PriceCatalog catalog = Start(() => File1);
        Assert.Equal(2000m, Usd(catalog));
        Assert.Contains(_logger.Collector.GetSnapshot(), record => record.Level == LogLevel.Warning && record.Message.Contains("above $1000", StringComparison.Ordinal));
    }

    [Fact]
    public void T231_GoodReload_takes_the_new_prices_and_leaves_those_already_found()
    {
        Write(1);
        using PriceCatalog catalog = Start(() => File1);
        ModelPrice before = catalog.Find("m")!;
        Write(2);
        catalog.Refresh();
        Assert.Equal(2m, Usd(catalog));
        Assert.Equal(1m, before.BoundOf(1_000_000, 0, Prices.Now).Usd);
        Assert.Equal(2, catalog.Version);
        catalog.Refresh();
        Assert.Equal(2, catalog.Version);
        Assert.Equal([true], _reloads);
    }

    [Fact]
    public void T231_BadReload_keeps_the_last_good_prices_and_is_told_once()
    {
        Write(1);
        using PriceCatalog catalog = Start(() => File1);
        File.WriteAllText(File1, "{\"models\":[{");
        catalog.Refresh();
        catalog.Refresh();
        Assert.Equal(1m, Usd(catalog));
        Assert.Equal(1, catalog.Version);
        Assert.Equal([false], _reloads);
        FakeLogRecord record = Assert.Single(_logger.Collector.GetSnapshot(), static record => record.Level == LogLevel.Error);
        Assert.Contains(File1, record.Message, StringComparison.Ordinal);

        File.Delete(File1);
        catalog.Refresh();
        catalog.Refresh();
        Assert.Equal(1m, Usd(catalog));
        Assert.Equal([false, false], _reloads);

        Write(3);
        catalog.Refresh();
        Assert.Equal(3m, Usd(catalog));
        Assert.Equal([false, false, true], _reloads);
    }

    [Fact]
    public void ChangedPath_is_followed()
    {
        string? path = null;
        using PriceCatalog catalog = Start(() => path);
        Assert.Null(catalog.Find("m"));
        Write(1);
        path = File1;
        catalog.Refresh();
        Assert.Equal(1m, Usd(catalog));
        path = Path.Combine(_folder, "missing.json");
        catalog.Refresh();
        Assert.Equal(1m, Usd(catalog));
        path = "";
        catalog.Refresh();
        Assert.Null(catalog.Find("m"));
        Assert.Equal([true, false, true], _reloads);
        Assert.Equal(3, catalog.Version);
    }

    [Fact]
    public void FailingPath_keeps_the_prices()
    {
        Write(1);
        bool fails = false;
        using PriceCatalog catalog = Start(() => fails ? throw new InvalidOperationException("no settings") : File1);
        fails = true;
        catalog.Refresh();
        Assert.Equal(1m, Usd(catalog));
        Assert.Equal([false], _reloads);
    }

    [Fact]
    public void UnreportedChange_is_seen_within_half_a_minute()
    {
        Write(1);
        using PriceCatalog catalog = Start(() => File1);
        Write(2);
        _time.Advance(TimeSpan.FromSeconds(31));
        Assert.Equal(2m, Usd(catalog));
    }

    [Fact]
    public async Task FileReplacedByRename_is_seen_at_once()
    {
        Write(1);
        using PriceCatalog catalog = new(() => File1, _logger, TimeProvider.System);
        TaskCompletionSource<bool> reloaded = new(TaskCreationOptions.RunContinuationsAsynchronously);
        catalog.Reloaded += good => reloaded.TrySetResult(good);
        string other = Path.Combine(_folder, "new.tmp");
        File.WriteAllText(other, Json(2));
        File.Move(other, File1, overwrite: true);
        Assert.True(await reloaded.Task.WaitAsync(TimeSpan.FromSeconds(20)));
        Assert.Equal(2m, Usd(catalog));
    }

    [Fact]
    public void Disposed_catalogue_no_longer_reloads()
    {
        Write(1);
        PriceCatalog catalog = Start(() => File1);
        catalog.Dispose();
        Write(2);
        catalog.Refresh();
        _time.Advance(TimeSpan.FromMinutes(5));
        Assert.Equal(1m, Usd(catalog));
        Assert.Empty(_reloads);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private PriceCatalog Start(Func<string?> path)
    {
        PriceCatalog catalog = new(path, _logger, _time);
        catalog.Reloaded += _reloads.Add;
        return catalog;
    }

    private void Write(int input) => File.WriteAllText(File1, Json(input));

    private static string Json(int input) => $$"""{"models":[{"provider":"me","model":"m","prices":[{"input":{{input}},"output":1}]}]}""";

    private static decimal Usd(PriceCatalog catalog) => catalog.Find("m")!.BoundOf(1_000_000, 0, Prices.Now).Usd;
}
