using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Entrepot.SystemTests.Discovery;

/// <summary>A one-member etcd cluster on a loopback address and a port that were free a moment ago; it can be killed and come back.</summary>
internal sealed class EtcdProcess : IAsyncDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    private readonly TestFolder _folder = new();
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(2) };
    private readonly int _peerPort;
    private Process? _process;

    private EtcdProcess()
    {
        // An address of its own, so that no other test's outgoing connection takes the port between two starts.
        var address = new IPAddress([127, (byte)Random.Shared.Next(1, 250), (byte)Random.Shared.Next(1, 250), (byte)Random.Shared.Next(1, 250)]);
        using var client = new TcpListener(address, 0);
        using var peer = new TcpListener(address, 0);
        client.Start();
        peer.Start();
        Url = new Uri(string.Create(CultureInfo.InvariantCulture, $"http://{client.LocalEndpoint}"));
        _peerPort = ((IPEndPoint)peer.LocalEndpoint).Port;
    }

    public Uri Url { get; }

    public static async Task<EtcdProcess> StartAsync()
    {
        Command.Require("etcd");
        Command.Require("etcdctl");
        var etcd = new EtcdProcess();
        await etcd.RestartAsync();
        return etcd;
    }

    public async Task RestartAsync()
    {
        var peer = string.Create(CultureInfo.InvariantCulture, $"http://{Url.Host}:{_peerPort}");
        var start = new ProcessStartInfo(Command.Find("etcd")!, [
            "--data-dir", _folder["etcd"], "--listen-client-urls", Url.GetLeftPart(UriPartial.Authority), "--advertise-client-urls", Url.GetLeftPart(UriPartial.Authority),
            "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", $"default={peer}",
        ])
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        };
        _process = Process.Start(start)!;
        _ = _process.StandardOutput.BaseStream.CopyToAsync(Stream.Null);
        _ = _process.StandardError.BaseStream.CopyToAsync(Stream.Null);
        await Poll.UntilAsync(IsHealthyAsync, Deadline, () => $"etcd at {Url} does not become healthy");
    }

    /// <summary>kill -9.</summary>
    public void Kill()
    {
        _process!.Kill();
        _process.WaitForExit();
        _process.Dispose();
        _process = null;
    }

    /// <summary>What another client sees: keys and values below a prefix.</summary>
    public async Task<IReadOnlyDictionary<string, string>> ReadAsync(string prefix)
    {
        var lines = (await ControlAsync("get", "--prefix", prefix)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        return lines.Chunk(2).ToDictionary(static pair => pair[0], static pair => pair[1]);
    }

    public async Task<string> ControlAsync(params string[] words)
        => (await Command.RunAsync(Command.Find("etcdctl")!, ["--endpoints", Url.GetLeftPart(UriPartial.Authority), .. words])).ShouldSucceed().Output;

    public ValueTask DisposeAsync()
    {
        if (_process is not null)
            Kill();
        _http.Dispose();
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task<bool> IsHealthyAsync()
    {
        _process!.HasExited.ShouldBeFalse("etcd ended at once");
        try
        {
            return (await _http.GetStringAsync(new Uri(Url, "/health"))).Contains("true", StringComparison.Ordinal);
        }
        catch (Exception error) when (error is HttpRequestException or TaskCanceledException)
        {
            return false;
        }
    }
}
