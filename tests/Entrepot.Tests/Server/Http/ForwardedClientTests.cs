using System.Net;
using Entrepot.Server.Http;

namespace Entrepot.Tests.Server.Http;

public sealed class ForwardedClientTests
{
    private static readonly IPNetwork[] Proxies = [IPNetwork.Parse("10.0.0.0/8")];

    [Theory]
    [InlineData("192.0.2.7", "192.0.2.7")]
    [InlineData("203.0.113.1, 192.0.2.7", "192.0.2.7")]  // what the client itself wrote in front counts for nothing
    [InlineData("192.0.2.7, 10.0.0.2, 10.0.0.3", "192.0.2.7")]
    [InlineData("nonsense, 192.0.2.7", "192.0.2.7")]
    [InlineData("192.0.2.7, nonsense, 10.0.0.2", "10.0.0.2")]
    [InlineData("10.0.0.9", "10.0.0.9")]
    [InlineData("::ffff:192.0.2.7", "192.0.2.7")]
    [InlineData("[2001:db8::1]", "2001:db8::1")]
    [InlineData("nonsense", null)]
    [InlineData("", null)]
    public void The_client_is_the_last_address_that_no_trusted_proxy_has(string chain, string? client)
        => ForwardedClient.ClientOf(chain, Proxies)?.ToString().ShouldBe(client);
}
