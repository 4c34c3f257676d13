using Entrepot.Trust.Changes;

namespace Entrepot.Tests.Trust.Changes;

public sealed class ChangePersonsTests
{
    private static readonly Dictionary<string, string> Issuers = new()
    {
        ["token:ci"] = "user:ann@10.0.0.1", ["token:nightly"] = "token:ci@10.0.0.2", ["token:local"] = "operator@127.0.0.1",
        ["token:round"] = "certificate:trip@::1", ["certificate:trip"] = "token:round@::1", ["certificate:robot"] = "user:bob@10.0.0.3",
    };

    [Theory]
    [InlineData("user:ann", "ann")]
    [InlineData("token:ci", "ann ci")]
    [InlineData("token:nightly", "ann ci nightly")]
    [InlineData("token:local", "local operator")]
    [InlineData("token:forgotten", "forgotten")]
    [InlineData("token:round", "round trip")]
    [InlineData("certificate:robot", "bob robot")]
    [InlineData("oidc:ann@example.org", "ann ann@example.org")]
    [InlineData("oidc:ann", "ann")]
    [InlineData("operator", "operator")]
    [InlineData("", "")]
    public void A_credential_counts_as_whoever_had_it_made(string principal, string names)
        => string.Join(' ', ChangePersons.Of(principal, who => Issuers.GetValueOrDefault(who)).Order(StringComparer.Ordinal)).ShouldBe(names);

    [Fact]
    public void However_many_credentials_stand_between_whoever_had_the_first_one_made_is_found()
    {
        const int between = 500;

        var persons = ChangePersons.Of(
            "token:t1", static who => who == "user:ann" ? null
                : int.Parse(who["token:t".Length..], System.Globalization.CultureInfo.InvariantCulture) is < between and var number ? $"token:t{number + 1}@::1" : "user:ann@::1");

        persons.ShouldContain("ann");
        persons.Count.ShouldBe(between + 1);
    }
}
