using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Entrepot.Server.Api;

namespace Entrepot.SystemTests.Drills;

/// <summary>A stranger takes the port of a surface. The stranger is the test itself, another process than the node's.</summary>
public sealed class HijackTests : IDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    private readonly TestFolder _folder = new();
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(10) };
    private readonly int _port = FreePort();
    private readonly int _emergency = FreePort();
    private readonly int _governed = FreePort();

    public void Dispose()
    {
        _http.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_surface_whose_port_was_taken_before_its_start_moves_and_comes_back_when_the_port_is_free()
    {
        using var stranger = Listen(_port);
        await using var node = await StartAsync();
        node.Url("push").Port.ShouldBe(_emergency);
        node.Output.ShouldContain($"HAD TO MOVE to port {_emergency}");
        await UntilPrintedAsync(node, "STRANGER");

        stranger.Dispose();

        await UntilPushIsAtAsync(node, _port);
        (await _http.GetAsync($"http://127.0.0.1:{_port}/v2/")).StatusCode.ShouldNotBe(HttpStatusCode.ServiceUnavailable);
        var journal = (await node.CommandAsync("audit", "log", "--output", "json")).ShouldSucceed().Output;
        journal.ShouldContain("guard.stranger");
        journal.ShouldContain("lease.move");
    }

    [Fact]
    public async Task A_surface_whose_port_was_taken_after_a_crash_moves_and_comes_back_when_the_port_is_free()
    {
        var node = await StartAsync();
        node.Url("push").Port.ShouldBe(_port);
        await node.KillAsync();
        using var stranger = Listen(_port);
        await using var again = await StartAsync();
        again.Url("push").Port.ShouldBe(_emergency);

        stranger.Dispose();

        await UntilPushIsAtAsync(again, _port);
        // The emergency port is given back when the overlap is over.
        await Poll.UntilAsync(
            async () => !(await LeasesAsync(again)).Contains("-overlap", StringComparison.Ordinal), Deadline, () => again.Output);
        using var fresh = new HttpClient();
        await Should.ThrowAsync<HttpRequestException>(() => fresh.GetAsync($"http://127.0.0.1:{_emergency}/healthz"));
    }

    [Fact]
    public async Task Nobody_can_share_the_port_of_a_surface_that_listens()
    {
        await using var node = await StartAsync();
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        // On Unix .NET's ReuseAddress is SO_REUSEPORT as well, by which a process of the same user would share the port if the owner allowed it.
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);

        Should.Throw<SocketException>(() => socket.Bind(new IPEndPoint(IPAddress.Loopback, _port))).SocketErrorCode.ShouldBe(SocketError.AddressAlreadyInUse);
    }

    [Fact]
    public async Task A_running_surface_moves_away_from_a_stranger_on_its_number_when_that_is_the_policy()
    {
        await using var node = await StartAsync("move");
        node.Url("push").Port.ShouldBe(_port);

        // The node listens on 127.0.0.1; who asks for the same number by ::1 meets the stranger.
        using var stranger = Listen(_port, IPAddress.IPv6Loopback);

        await UntilPushIsAtAsync(node, _emergency);
        stranger.Dispose();
        await UntilPushIsAtAsync(node, _port);
    }

    [Theory]
    [InlineData("tcp")]  // SO_REUSEPORT under the same user: the kernel shares the connections out
    [InlineData("udp")]  // SO_REUSEADDR: the last one to bind gets the packets, whoever it is
    public async Task A_stranger_who_shares_the_governed_of_another_program_is_found_and_so_is_its_end(string protocol)
    {
        await File.WriteAllTextAsync(_folder["ports.yaml"], $$"""
            services:
              - name: resolver
                protocol: {{protocol}}
                port: {{_governed}}
                allow: [{cidr: 127.0.0.0/8}]
                owner: network team
                purpose: names
                process: {executable: {{await OwnerProgramAsync()}}}
            """);
        await using var node = await StartAsync(more: "portfile: ports.yaml\n");
        using var owner = await ListenElsewhereAsync(protocol);
        using var ending = new Ending(owner);
        (await LeasesAsync(node)).ShouldContain("resolver");
        node.Output.ShouldNotContain("STRANGER");

        using (var stranger = Share(protocol, _governed))
        {
            await UntilPrintedAsync(node, $"STRANGER: {protocol}/{_governed} of 'resolver' is held by");
        }

        await UntilPrintedAsync(node, $"No stranger is on {protocol}/{_governed}");
        (await node.CommandAsync("audit", "log", "--output", "json")).ShouldSucceed().Output.ShouldContain("guard.clear");
    }

    private static int FreePort()
    {
        using var socket = Listen(0);
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    private static Socket Listen(int port, IPAddress? address = null)
    {
        var end = new IPEndPoint(address ?? IPAddress.Loopback, port);
        var socket = new Socket(end.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(end);
        socket.Listen();
        return socket;
    }

    private static Socket Share(string protocol, int port)
    {
        var socket = protocol == "udp"
            ? new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp)
            : new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
        if (protocol == "tcp")
            socket.Listen();
        return socket;
    }

    /// <summary>The file that runs when the owner listens: an interpreter is what its links lead to.</summary>
    private static async Task<string> OwnerProgramAsync()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/python3"), "python3, which plays the owner of a port, is not installed");
        return (await Command.RunAsync("readlink", "-f", "/usr/bin/python3")).ShouldSucceed().Output.Trim();
    }

    private async Task<Process> ListenElsewhereAsync(string protocol)
    {
        var program = $"""
            import socket, sys, time
            s = socket.socket(socket.AF_INET, socket.SOCK_{(protocol == "udp" ? "DGRAM" : "STREAM")})
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            s.bind(("127.0.0.1", {_governed}))
            {(protocol == "udp" ? "" : "s.listen()")}
            print("listening", flush=True)
            time.sleep(120)
            """;
        var owner = Process.Start(new ProcessStartInfo("/usr/bin/python3", ["-c", program]) { RedirectStandardOutput = true })!;
        (await owner.StandardOutput.ReadLineAsync()).ShouldBe("listening");
        return owner;
    }

    private static Task UntilPrintedAsync(EntrepotProcess node, string text)
        => Poll.UntilAsync(() => Task.FromResult(node.Output.Contains(text, StringComparison.Ordinal)), Deadline, () => node.Output);

    private Task<EntrepotProcess> StartAsync(string strangers = "alert", string more = "") => EntrepotProcess.StartWithAsync(
        more + $$"""
        emergencyPort: {{_emergency}}
        surfaces:
          push: {port: {{_port}}}
          metadata: {port: 0}
          admin: {port: 0}
          scheduler: {port: 0}
        guard: {interval: 500ms, overlap: 1s, strangers: {{strangers}}}
        """,
        _folder["node"], "serve", "--roles", "origin");

    private async Task UntilPushIsAtAsync(EntrepotProcess node, int port)
        => await Poll.UntilAsync(
            async () =>
            {
                var network = JsonSerializer.Deserialize(
                    await _http.GetStringAsync(new Uri(node.Url("metadata"), "/v1/network")), ApiJson.Default.NetworkDocument)!;
                return network.Surfaces.Single(static surface => surface.Surface == "push").Port == port;
            },
            Deadline, () => $"push is not at {port}:\n{node.Output}");

    private Task<string> LeasesAsync(EntrepotProcess node) => _http.GetStringAsync(new Uri(node.Url("metadata"), "/v1/ports"));

    /// <summary>Ends a process that the test started.</summary>
    private sealed class Ending(Process process) : IDisposable
    {
        public void Dispose() => process.Kill();
    }
}
