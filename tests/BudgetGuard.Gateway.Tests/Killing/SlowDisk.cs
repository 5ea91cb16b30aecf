using System.Globalization;
using BudgetGuard.Gateway.Tests.Killing;
using BudgetGuard.Sqlite;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;

[assembly: HostingStartup(typeof(SlowDisk))]

namespace BudgetGuard.Gateway.Tests.Killing;

/// <summary>
/// Makes the disk of a gateway that is a process of its own slow. A kill loses nothing that the system was given to write, and a fast disk has it before anybody can be
/// told anything: only on a slow one is it seen whether an acknowledgement waits for the disk.
/// </summary>
public sealed class SlowDisk : IHostingStartup
{
    /// <summary>The variable that tells how many milliseconds a commit takes; without it nothing is slower.</summary>
    public const string Variable = "BUDGETGUARD_TEST_COMMIT_MS";

    /// <inheritdoc/>
    public void Configure(IWebHostBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        if (int.TryParse(Environment.GetEnvironmentVariable(Variable), CultureInfo.InvariantCulture, out int milliseconds))
        {
            builder.ConfigureServices(services => services.AddSingleton<JournalLayer>(file => new SlowFile(file, TimeSpan.FromMilliseconds(milliseconds))));
        }
    }

    private sealed class SlowFile(IJournalFile inner, TimeSpan delay) : IJournalFile
    {
        private readonly ManualResetEventSlim _never = new();

        public JournalHead ReadHead() => inner.ReadHead();

        public IEnumerable<BudgetRow> ReadBudgets() => inner.ReadBudgets();

        public IEnumerable<AccountRow> ReadAccounts() => inner.ReadAccounts();

        public IEnumerable<PastWindowRow> ReadPastWindows() => inner.ReadPastWindows();

        public IEnumerable<HoldRow> ReadHolds() => inner.ReadHolds();

        public IEnumerable<ClaimRow> ReadClaims() => inner.ReadClaims();

        public void Accept() => inner.Accept();

        public void Write(JournalBatch batch)
        {
            _never.Wait(delay);
            inner.Write(batch);
        }

        public void Dispose()
        {
            _never.Dispose();
            inner.Dispose();
        }
    }
}
