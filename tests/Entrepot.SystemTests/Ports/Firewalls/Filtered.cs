using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Declarations;
using Entrepot.Ports.Firewalls;

namespace Entrepot.SystemTests.Ports.Firewalls;

/// <summary>Rules, servers and clients for tests of packet filters in a <see cref="VirtualNetwork"/>.</summary>
internal static class Filtered
{
    /// <summary>Time in which a connection over a virtual link is there, or will never be: well over the kernel's first
    /// retransmission of a SYN, after one second.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(2.5);

    public static RuleModel Model(params ImmutableArray<Door> doors) => new() { Floor = new SafetyFloor(22, []), Doors = doors };

    public static Door Door(int first, int last, params ReadOnlySpan<string> networks)
        => new("web", PortProtocol.Tcp, first, last, networks.Length == 0 ? [] : [new AccessGrant([.. networks.ToArray().Select(static n => IPNetwork.Parse(n))], [], "test")]);

    public static IPNetwork Only(IPAddress address) => new(address, address.AddressFamily == AddressFamily.InterNetwork ? 32 : 128);

    /// <summary>Runs a target's commands inside a host.</summary>
    public static async Task<ImmutableArray<FirewallAnswer>> RunAsync(this VirtualHost host, IEnumerable<FirewallCommand> commands)
    {
        var answers = ImmutableArray.CreateBuilder<FirewallAnswer>();
        foreach (var command in commands)
        {
            var result = await host.RunWithInputAsync(command.Input, command.Program, [.. command.Arguments]);
            answers.Add(new FirewallAnswer(result.ExitCode, result.Output, result.Error));
        }

        return answers.ToImmutable();
    }

    /// <summary>Renders a model and loads it.</summary>
    public static async Task ApplyAsync(this VirtualHost host, IFirewallTarget target, RuleModel model)
    {
        var current = await host.RunAsync(target.Snapshot);
        foreach (var answer in await host.RunAsync(target.Render(model, current.Any(static a => a.ExitCode != 0) ? [] : current, DateTimeOffset.UtcNow)))
            answer.ExitCode.ShouldBe(0, answer.Error);
    }

    /// <summary>The whole ruleset of a host, as text.</summary>
    public static async Task<string> RulesetAsync(this VirtualHost host) => (await host.RunAsync("nft", "list", "ruleset")).ShouldSucceed().Output;

    /// <summary>A server that accepts connections on a port until disposed.</summary>
    public static TestServer Serve(this VirtualHost host, int port, bool six = false)
        => new(host.Within(() =>
        {
            var socket = new Socket(six ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(six ? host.Address6 : host.Address, port));
            socket.Listen(512);
            return socket;
        }));

    /// <summary>Connects from a host, or gives null when nothing came through.</summary>
    public static async Task<Socket?> ConnectAsync(this VirtualHost host, EndPoint server, CancellationToken cancellation)
    {
        var socket = host.Within(() => new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true });
        using var timer = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        timer.CancelAfter(Patience);
        try
        {
            await socket.ConnectAsync(server, timer.Token);
            return socket;
        }
        catch (Exception error) when (error is SocketException or OperationCanceledException && !cancellation.IsCancellationRequested)
        {
            socket.Dispose();
            return null;
        }
    }

    /// <summary>True when a connection can be made.</summary>
    public static async Task<bool> ReachesAsync(this VirtualHost host, EndPoint server, CancellationToken cancellation)
    {
        using var socket = await host.ConnectAsync(server, cancellation);
        return socket is not null;
    }
}

/// <summary>Accepts every connection and keeps it.</summary>
internal sealed class TestServer : IDisposable
{
    private readonly Socket _listener;
    private readonly System.Collections.Concurrent.ConcurrentBag<Socket> _accepted = [];

    public TestServer(Socket listener)
    {
        _listener = listener;
        Loop = AcceptAsync();
    }

    public EndPoint Address => _listener.LocalEndPoint!;

    public IReadOnlyCollection<Socket> Accepted => _accepted;

    private Task Loop { get; }

    public void Dispose()
    {
        _listener.Dispose();
        foreach (var socket in _accepted)
            socket.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _accepted.Add(await _listener.AcceptAsync());
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // Disposed: the test is over.
        }
    }
}
