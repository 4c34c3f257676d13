using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Entrepot.SystemTests.Trust;

/// <summary>What somebody on the wire between nodes reads: nothing. Clients come from another address of the loopback, so that the capture
/// holds only what nodes say to each other.</summary>
public sealed class PacketCaptureTests
{
    private const string ClientAddress = "127.0.0.2";
    private const string Marker = "nobody between the nodes may read this line\n";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Joined_nodes_say_nothing_in_clear_text()
    {
        Command.Require("tcpdump");
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess, "capturing needs root on Linux");
        // Four processes. The scheduler hands the bytes on itself, so that it too speaks to edges.
        await using var network = await TestNetwork.StartAsync(2);
        await using var scheduler = await EntrepotProcess.StartWithAsync(
            EntrepotProcess.AnyPorts + "\nrouting: {mode: proxy}\n", network.Folder["door"],
            ["serve", "--roles", "scheduler", "--node", "door", .. await network.Origin.JoinArgumentsAsync(network.Folder["door"], "scheduler")]);
        var text = string.Concat(Enumerable.Repeat(Marker, 20_000));
        (await network.Origin.CommandAsync("mirror", "create", "secrets")).ShouldSucceed();
        var ports = new[] { network.Origin.Url("metadata").Port, network.Origin.Url("admin").Port }.Concat(network.Edges.Select(static edge => edge.Url("edge").Port));
        var capture = network.Folder["capture.pcap"];
        using var tcpdump = Command.Start(
            Command.Find("tcpdump")!, "-i", "lo", "-U", "-B", "65536", "-s", "0", "-w", capture, "-Z", "root",
            $"tcp and not host {ClientAddress} and ({string.Join(" or ", ports.Select(static port => string.Create(CultureInfo.InvariantCulture, $"port {port}")))})");
        await Poll.UntilAsync(() => Task.FromResult(File.Exists(capture) && new FileInfo(capture).Length > 24), Patience, () => "tcpdump saw no heart-beat");

        // Pushed now, so that what the scheduler learns of it is captured too.
        using var client = Client();
        using var push = new HttpRequestMessage(HttpMethod.Put, new Uri(network.Origin.Url("push"), "/secrets/marked.txt")) { Content = new StringContent(text) };
        push.Headers.Authorization = network.Origin.Credential;
        (await client.SendAsync(push)).EnsureSuccessStatusCode();
        await Poll.UntilAsync(
            async () => (await client.GetAsync(new Uri(scheduler.Url("scheduler"), "/secrets/marked.txt"))) is { IsSuccessStatusCode: true } answer && await answer.Content.ReadAsStringAsync() == text,
            Patience, () => $"the scheduler does not serve it:\n{scheduler.Output}");
        foreach (var edge in network.Edges)
            (await client.GetStringAsync(new Uri(edge.Url("edge"), "/secrets/marked.txt"))).ShouldBe(text);
        // Both edges read the file; heart-beats go on meanwhile.
        await Poll.UntilAsync(() => Task.FromResult(new FileInfo(capture).Length > text.Length), Patience, () => $"only {new FileInfo(capture).Length} bytes were captured");

        var bytes = await File.ReadAllBytesAsync(capture);
        bytes.AsSpan().IndexOf(new byte[] { 0x17, 0x03, 0x03 }).ShouldBePositive("no TLS record was captured");
        foreach (var clear in new[] { Marker.TrimEnd(), "GET /", "POST /", "HTTP/1.1", "PRI * HTTP/2", "\"node\":", "heartbeat", "cache-0", "cache-1", "door", "marked.txt" })
            bytes.AsSpan().IndexOf(Encoding.ASCII.GetBytes(clear)).ShouldBe(-1, clear);
    }

    private static HttpClient Client() => new(new SocketsHttpHandler
    {
        UseProxy = false,
        ConnectCallback = static async (context, cancellation) =>
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(IPAddress.Parse(ClientAddress), 0));
            await socket.ConnectAsync(context.DnsEndPoint, cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        },
    });
}
