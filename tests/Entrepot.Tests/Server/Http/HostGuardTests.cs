using Entrepot.Server.Http;

namespace Entrepot.Tests.Server.Http;

public sealed class HostGuardTests
{
    [Theory]
    [InlineData("127.0.0.1", true)]
    [InlineData("10.0.0.7", true)]
    [InlineData("[::1]", true)]
    [InlineData("localhost", true)]
    [InlineData("LOCALHOST.", true)]
    [InlineData("mirror.example.org", true)]
    [InlineData("hall-b.example.org", true)]
    [InlineData("HALL-B", true)]
    [InlineData("", true)]
    [InlineData("evil.example", false)]
    [InlineData("localhost.evil.example", false)]
    [InlineData("127.0.0.1.evil.example", false)]
    [InlineData("hall-b.evil.example", false)]
    public void Only_the_nodes_own_names_are_answered_to(string host, bool expected)
        => HostGuard.IsOwn(host, "mirror.example.org", "hall-b.example.org").ShouldBe(expected);
}
