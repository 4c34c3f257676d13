using Entrepot.Trust.Changes;

namespace Entrepot.Tests.Trust.Changes;

public sealed class ChangePersonsTests
{
    private static readonly Dictionary<string, string> Issuers = new()
    {
        ["ci"] = "user:ann@10.0.0.1", ["nightly"] = "token:ci@10.0.0.2", ["local"] = "operator@127.0.0.1", ["round"] = "token:trip@::1", ["trip"] = "token:round@::1",
    };

    [Theory]
    [InlineData("user:ann", "ann")]
    [InlineData("token:ci", "ann ci")]
    [InlineData("token:nightly", "ann ci nightly")]
    [InlineData("token:local", "local operator")]
    [InlineData("token:forgotten", "forgotten")]
    [InlineData("token:round", "round trip")]
    [InlineData("oidc:ann@example.org", "ann ann@example.org")]
    [InlineData("oidc:ann", "ann")]
    [InlineData("operator", "operator")]
    [InlineData("", "")]
    public void A_token_counts_as_whoever_had_it_made(string principal, string names)
        => string.Join(' ', ChangePersons.Of(principal, name => Issuers.GetValueOrDefault(name)).Order(StringComparer.Ordinal)).ShouldBe(names);
}
