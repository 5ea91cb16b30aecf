using BudgetGuard.Accounting;
using BudgetGuard.Tests.Accounting;

namespace BudgetGuard.Tests.Alerts.Raising;

/// <summary>The claims that are remembered are bounded, and each is forgotten when its time is over.</summary>
public sealed class ClaimTableTests
{
    private readonly AlertClaims _claims = new();

    [Fact]
    public void A_full_table_forgets_the_oldest_only()
    {
        const int Claims = 3 * AlertClaims.Most;
        for (int i = 0; i < Claims; i++)
        {
            Assert.True(_claims.TryClaim(Claim(i), 0));
        }

        for (int i = Claims - AlertClaims.Most; i < Claims; i++)
        {
            Assert.False(_claims.TryClaim(Claim(i), 0));
        }

        Assert.True(_claims.TryClaim(Claim(0), 0));
    }

    [Fact]
    public void A_claim_ends_when_its_time_is_over()
    {
        AlertClaim claim = Claim(0) with { Until = Kit.Start };
        Assert.True(_claims.TryClaim(claim, 0));
        Assert.False(_claims.TryClaim(claim, Kit.Start.UtcTicks - 1));
        Assert.True(_claims.TryClaim(claim, Kit.Start.UtcTicks));
    }

    [Fact]
    public void A_claim_that_was_given_back_and_claimed_anew_is_as_old_as_its_last_claim()
    {
        Assert.True(_claims.TryClaim(Claim(0), 0));
        _claims.Release(Claim(0));
        for (int i = 1; i < AlertClaims.Most / 2; i++)
        {
            Assert.True(_claims.TryClaim(Claim(i), 0));
        }

        _claims.Release(Claim(1));
        Assert.True(_claims.TryClaim(Claim(1), 0));
        for (int i = AlertClaims.Most / 2; i < AlertClaims.Most * 3 / 2; i++)
        {
            Assert.True(_claims.TryClaim(Claim(i), 0));
        }

        Assert.False(_claims.TryClaim(Claim(1), 0));
    }

    private static AlertClaim Claim(int number) => new() { Type = "t", Subject = number.ToString(System.Globalization.CultureInfo.InvariantCulture) };
}
