using System.Net.Sockets;
using System.Text;
using Entrepot.Server.Configuration;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Entrepot.FunctionalTests.Hosting;

public sealed class SurfaceHostTests
{
    private static readonly CancellationToken Cancellation = TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task One_clear_text_port_speaks_both_protocols(string version)
    {
        await using var surface = await EchoAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/a")
        {
            Version = Version.Parse(version),
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };

        using var response = await surface.Http.SendAsync(request, Cancellation);

        (await response.Content.ReadAsStringAsync(Cancellation)).ShouldBe($"HTTP/{(version == "2.0" ? "2" : version)} /a");
    }

    [Fact]
    public async Task The_protocol_is_told_apart_however_the_first_bytes_are_cut()
    {
        await using var surface = await EchoAsync();
        var request = "PUT /p HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"u8.ToArray();
        for (var cut = 1; cut < 6; cut++)
        {
            using var client = new TcpClient { NoDelay = true };
            await client.ConnectAsync(surface.Address, Cancellation);
            var stream = client.GetStream();
            await stream.WriteAsync(request.AsMemory(0, cut), Cancellation);
            await stream.WriteAsync(request.AsMemory(cut), Cancellation);
            (await TestSurface.ReadToEndAsync(stream, Cancellation)).ShouldContain("HTTP/1.1 /p");
        }
    }

    [Fact]
    public async Task A_stopped_surface_closes_its_port()  // connections were queued by the kernel and never answered
    {
        var surface = await EchoAsync();
        await surface.DisposeAsync();
        using var client = new TcpClient();
        var refused = await Should.ThrowAsync<SocketException>(async () => await client.ConnectAsync(surface.Address, Cancellation));
        refused.SocketErrorCode.ShouldBe(SocketError.ConnectionRefused);
    }

    [Fact]
    public async Task A_100_KB_header_is_refused_with_431()
    {
        await using var surface = await EchoAsync();

        var answer = await surface.SendRawAsync($"GET / HTTP/1.1\r\nHost: x\r\nX-Large: {new string('a', 100_000)}\r\n\r\n", Cancellation);

        answer.ShouldStartWith("HTTP/1.1 431");
    }

    [Fact]
    public async Task A_request_line_over_8_KiB_is_refused_with_414()
    {
        await using var surface = await EchoAsync();

        var answer = await surface.SendRawAsync($"GET /{new string('a', 9_000)} HTTP/1.1\r\nHost: x\r\n\r\n", Cancellation);

        answer.ShouldStartWith("HTTP/1.1 414");
    }

    [Theory]
    [InlineData("")]
    [InlineData("P")]
    [InlineData("GET / HTTP/1.1\r\nHost: x\r\nX-Slow: a")]
    public async Task A_client_that_never_finishes_its_headers_is_cut_off(string start)
    {
        await using var surface = await EchoAsync(new LimitSettings { HeaderTimeout = TimeSpan.FromSeconds(1), IdleTimeout = TimeSpan.FromSeconds(1) });

        var answer = await surface.SendRawAsync(start, Cancellation).WaitAsync(TimeSpan.FromSeconds(20), Cancellation);

        answer.ShouldBeOneOf("", answer.StartsWith("HTTP/1.1 408", StringComparison.Ordinal) ? answer : "408");
    }

    [Fact]
    public async Task Connections_beyond_the_limit_are_closed_and_the_others_still_served()
    {
        await using var surface = await EchoAsync(new LimitSettings { Connections = 4 });
        var open = new List<TcpClient>();
        for (var i = 0; i < 4; i++)
        {
            var client = new TcpClient();
            await client.ConnectAsync(surface.Address, Cancellation);
            await AskAsync(client);
            open.Add(client);
        }

        using (var fifth = new TcpClient())
        {
            // It is reset as soon as it is accepted, which may be before the connecting is seen to be done.
            var refused = await Should.ThrowAsync<Exception>(async () =>
            {
                await fifth.ConnectAsync(surface.Address, Cancellation);
                await AskAsync(fifth);
            });
            (refused is IOException or SocketException).ShouldBeTrue(refused.ToString());
        }

        foreach (var client in open)
        {
            await AskAsync(client);
            client.Dispose();
        }
    }

    /// <summary>However a connection ends, its place is free again.</summary>
    [Theory]
    [InlineData("silent")]
    [InlineData("served")]
    [InlineData("half a request")]
    [InlineData("reset")]
    public async Task A_connection_that_is_gone_makes_room(string how)
    {
        await using var surface = await EchoAsync(new LimitSettings { Connections = 2 });
        for (var i = 0; i < 40; i++)
            await ComeAndGoAsync(surface, how);

        // The end of the last ones may reach the server a little later.
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                using TcpClient first = new(), second = new();
                await first.ConnectAsync(surface.Address, Cancellation);
                await AskAsync(first);
                await second.ConnectAsync(surface.Address, Cancellation);
                await AskAsync(second);
                return;
            }
            catch (Exception error) when (error is IOException or SocketException && attempt < 1000)
            {
                await Task.Yield();
            }
        }
    }

    [Theory]
    [InlineData("/images/../v1/x")]
    [InlineData("/images/%2e%2e/x")]
    [InlineData("/images/a%2fb")]
    [InlineData("/images/a%5cb")]
    [InlineData("/images//b")]
    [InlineData("/images/%ff")]
    [InlineData("/images/a%0ab")]
    public async Task A_target_that_would_be_normalised_is_refused_before_routing(string target)
    {
        await using var surface = await EchoAsync();

        var answer = await surface.SendRawAsync($"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", Cancellation);

        answer.ShouldStartWith("HTTP/1.1 400");
        answer.ShouldContain("\"code\":\"identity/path-");
        answer.ShouldContain("\"cure\":");
    }

    private static Task<TestSurface> EchoAsync(LimitSettings? limits = null)
        => TestSurface.StartAsync(
            app => app.Run(context => context.Response.WriteAsync($"{context.Request.Protocol} {context.Request.Path}")), limits);

    private static async Task ComeAndGoAsync(TestSurface surface, string how)
    {
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync(surface.Address, Cancellation);
            if (how == "half a request")
                await client.GetStream().WriteAsync("GET / HT"u8.ToArray(), Cancellation);
            else if (how != "silent")
                await AskAsync(client);
            if (how == "reset")
                client.LingerState = new LingerOption(true, 0);
        }
        catch (Exception error) when (error is IOException or SocketException)
        {
            // No room yet: refused.
        }
    }

    private static async Task AskAsync(TcpClient client)
    {
        var stream = client.GetStream();
        await stream.WriteAsync("GET /a HTTP/1.1\r\nHost: x\r\n\r\n"u8.ToArray(), Cancellation);
        var (buffer, answer) = (new byte[1024], "");
        // To the end of the chunked body, which may come in parts: what is left unread would begin the next answer.
        while (!answer.EndsWith("\r\n0\r\n\r\n", StringComparison.Ordinal))
        {
            var read = await stream.ReadAsync(buffer, Cancellation);
            if (read == 0)
                throw new IOException("closed");
            answer += Encoding.ASCII.GetString(buffer, 0, read);
        }

        answer.ShouldStartWith("HTTP/1.1 200");
    }
}
