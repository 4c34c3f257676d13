using System.Net;
using System.Net.Sockets;
using System.Text;
using Entrepot.FunctionalTests.Access;
using Entrepot.Trust.Access;

namespace Entrepot.FunctionalTests.Http;

public sealed class HttpsRedirectTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_port_for_clear_text_alone_sends_reads_on_to_the_scheduler_and_refuses_the_rest()
    {
        await using var site = await AccessSite.StartAsync(static settings => settings with { Redirect = settings.Redirect with { Enabled = true, Port = 0 } });
        var port = site.Node.Network.Surfaces.Single(static surface => surface.Surface == "redirect").Port;
        var scheduler = site.Node.Network.Surfaces.Single(static surface => surface.Surface == "scheduler").Port;

        foreach (var target in new[] { "/", "/images/24.04/disk%20one.img?explain", "/v1/mirrors" })
        {
            using var read = await site.Http.GetAsync(new Uri($"http://localhost:{port}{target}"), Cancellation);
            (read.StatusCode, read.Headers.Location!.OriginalString).ShouldBe((HttpStatusCode.PermanentRedirect, $"https://localhost:{scheduler}{target}"));
            read.Headers.Contains("Strict-Transport-Security").ShouldBeFalse("RFC 6797 §7.2: never in clear text");
            using var write = await site.Http.PutAsync(new Uri($"http://localhost:{port}{target}"), new ByteArrayContent([1]), Cancellation);
            (write.StatusCode, await AccessSite.CodeOfAsync(write)).ShouldBe((HttpStatusCode.Forbidden, "tls/required"));
        }

        using var followed = site.ClientOf(Role.None);
        (await followed.GetAsync(new Uri($"https://localhost:{scheduler}/healthz"), Cancellation)).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Theory]
    [InlineData("GET /x HTTP/1.0\r\n\r\n", "403")]
    [InlineData("GET http://other.example/x HTTP/1.1\r\nHost: other.example\r\n\r\n", "308")]
    [InlineData("GET /a\\b HTTP/1.1\r\nHost: localhost\r\n\r\n", "400")]
    [InlineData("GET /../etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n", "400")]
    [InlineData("OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n", "40")]
    public async Task Odd_requests_get_no_odd_redirect(string request, string status)
    {
        await using var site = await AccessSite.StartAsync(static settings => settings with { Redirect = settings.Redirect with { Enabled = true, Port = 0 } });
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, site.Node.Network.Surfaces.Single(static surface => surface.Surface == "redirect").Port, Cancellation);
        await using var stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(request), Cancellation);
        var buffer = new byte[4096];
        var answer = Encoding.ASCII.GetString(buffer, 0, await stream.ReadAsync(buffer, Cancellation));

        answer.ShouldStartWith($"HTTP/1.1 {status}");
        answer.ShouldNotContain("Location: https:///");
    }
}
