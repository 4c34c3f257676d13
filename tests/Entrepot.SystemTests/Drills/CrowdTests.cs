using System.Net;
using System.Net.Sockets;
using Entrepot.Core.Kernel;

namespace Entrepot.SystemTests.Drills;

/// <summary>Clients that come in thousands and do nothing, or nearly nothing.</summary>
public sealed class CrowdTests
{
    private const int Crowd = 10_000;
    private const long LimitMiB = 250;

    private static readonly CancellationToken Cancellation = TestContext.Current.CancellationToken;

    [Fact]
    public async Task Ten_thousand_idle_connections_are_held_the_next_is_refused_and_the_other_doors_stay_open()
    {
        Assert.SkipUnless(ProcessLimits.OpenFiles() is null or >= 15_000, $"the open-file limit is {ProcessLimits.OpenFiles()}; 10,000 connections need 15,000");
        using var folder = new TestFolder();
        await using var node = await EntrepotProcess.StartAsync(folder["data"], "serve", "--roles", "origin,scheduler");
        var metadata = node.Url("metadata");
        var crowd = new List<Socket>(Crowd);
        try
        {
            for (var i = 0; i < Crowd; i++)
                crowd.Add(await ConnectAsync(metadata));

            using (var next = await ConnectAsync(metadata))
                (await ReadAsync(next)).ShouldBe(0, "it is closed at once");
            (await GetAsync(node.Url("scheduler"))).ShouldBe(HttpStatusCode.OK);
            (await GetAsync(node.Url("admin"))).ShouldBe(HttpStatusCode.NotFound, "the operator's door answers");
            crowd.Count(static socket => socket.Poll(0, SelectMode.SelectRead)).ShouldBe(0, "none of the crowd was closed");
            var (_, peak) = node.Memory;
            TestContext.Current.TestOutputHelper!.WriteLine($"{peak} MiB at the peak with {Crowd} connections");
            peak.ShouldBeLessThan(LimitMiB);
            node.Output.ShouldContain("refuses connections");
        }
        finally
        {
            foreach (var socket in crowd)
                socket.Dispose();
        }

        await Poll.UntilAsync(async () => await TryGetAsync(metadata) == HttpStatusCode.OK, TimeSpan.FromSeconds(30), () => "no room after the crowd had gone");
    }

    /// <summary>Slow-loris: headers that arrive a byte now and then, for ever.</summary>
    [Fact]
    public async Task Clients_that_drip_their_headers_are_cut_off_and_the_others_are_served_meanwhile()
    {
        const int slow = 1000;
        using var folder = new TestFolder();
        await using var node = await EntrepotProcess.StartWithAsync($"{EntrepotProcess.AnyPorts}\nlimits: {{headerTimeout: 3s}}\n", folder["data"], "serve", "--roles", "origin");
        var metadata = node.Url("metadata");
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        stop.CancelAfter(TimeSpan.FromSeconds(60));

        var cutOff = Enumerable.Range(0, slow).Select(_ => DripAsync(metadata, stop.Token)).ToList();
        var served = 0;
        while (cutOff.Exists(static client => !client.IsCompleted))
        {
            (await GetAsync(metadata)).ShouldBe(HttpStatusCode.OK);
            served++;
        }

        (await Task.WhenAll(cutOff)).ShouldAllBe(static bytes => bytes > 1, "each was let send for a while before it was cut off");
        served.ShouldBeGreaterThan(10);
    }

    private static async Task<Socket> ConnectAsync(Uri address)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(IPAddress.Loopback, address.Port, Cancellation);
        return socket;
    }

    private static async Task<int> ReadAsync(Socket socket)
    {
        try
        {
            return await socket.ReceiveAsync(new byte[1], SocketFlags.None, Cancellation);
        }
        catch (SocketException error) when (error.SocketErrorCode == SocketError.ConnectionReset)
        {
            return 0;
        }
    }

    /// <summary>Sends a header's bytes one by one until the server ends the connection.</summary>
    /// <returns>The bytes sent.</returns>
    private static async Task<int> DripAsync(Uri address, CancellationToken cancellation)
    {
        using var socket = await ConnectAsync(address);
        await socket.SendAsync("GET / HTTP/1.1\r\nX: "u8.ToArray(), SocketFlags.None, cancellation);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(200));
        var sent = 0;
        try
        {
            while (!socket.Poll(0, SelectMode.SelectRead))
            {
                sent += await socket.SendAsync("x"u8.ToArray(), SocketFlags.None, cancellation);
                await timer.WaitForNextTickAsync(cancellation);
            }
        }
        catch (SocketException)
        {
            // Reset: cut off as well.
        }

        return sent;
    }

    private static async Task<HttpStatusCode> GetAsync(Uri address)
    {
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(30) };
        using var response = await http.GetAsync(address, Cancellation);
        return response.StatusCode;
    }

    private static async Task<HttpStatusCode?> TryGetAsync(Uri address)
    {
        try
        {
            return await GetAsync(address);
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }
}
