using System.Diagnostics;
using System.Net;
using System.Text.Json;

namespace Entrepot.Compare.Peers;

/// <summary>Entrepot as shipped: an origin and an edge, each a process of its own. Downloads come from the edge's verified cache, uploads
/// go to the origin, which hashes, syncs and publishes each.</summary>
internal sealed class EntrepotPeer : Peer
{
    private readonly string _program;
    private readonly string _data;
    private readonly Process _origin;
    private readonly Process _edge;
    private readonly Uri _push;
    private readonly Uri _metadata;
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromMinutes(5) };

    private EntrepotPeer(string program, string data, Process origin, Process edge, Uri push, Uri metadata, IPEndPoint downloads)
        : base("entrepot")
        => (_program, _data, _origin, _edge, _push, _metadata, Downloads) = (program, data, origin, edge, push, metadata, downloads);

    public override IPEndPoint Downloads { get; }

    /// <summary>Both processes: an upload costs the origin, a download the edge; the other one is idle meanwhile.</summary>
    protected override IEnumerable<int> ProcessIds => [_origin.Id, _edge.Id];

    public static async Task<EntrepotPeer> StartAsync(string program, string folder, string content)
    {
        var (originData, edgeData) = (Path.Combine(folder, "origin"), Path.Combine(folder, "edge"));
        var started = new List<Process>();
        try
        {
            var origin = Start("origin", "serve", "--roles", "origin", "--data", originData);
            var network = await NetworkAsync(originData);
            var edge = Start("edge", "serve", "--roles", "edge", "--origin", network["metadata"].ToString().TrimEnd('/'), "--data", edgeData);
            var downloads = (await NetworkAsync(edgeData))["edge"];
            var peer = new EntrepotPeer(
                program, originData, origin, edge, network["push"], network["metadata"], new IPEndPoint(IPAddress.Loopback, downloads.Port));
            await peer.PublishAsync(content);
            return peer;
        }
        catch
        {
            foreach (var process in started)
                await StopAsync(process);
            throw;
        }

        Process Start(string name, params string[] arguments)
        {
            started.Add(StartPinned(program, arguments, Path.Combine(folder, name + ".log")));
            return started[^1];
        }
    }

    public override string DownloadPath(string file) => "/bench/" + file;

    public override async Task UploadAsync(string file, string name)
    {
        await using var body = File.OpenRead(file);
        // Renewed by the origin every few minutes.
        var token = (await File.ReadAllTextAsync(Path.Combine(_data, "trust", "operator.token"))).Trim();
        using var request = new HttpRequestMessage(HttpMethod.Put, new Uri(_push, $"/bench/upload/{name}"))
        {
            Content = new StreamContent(body, 1 << 20), Headers = { Authorization = new("Bearer", token) },
        };
        using var response = await _http.SendAsync(request);
        response.EnsureSuccessStatusCode();
    }

    /// <summary>The MD5 is computed after publishing; on a shared core it would slow whoever is measured next.</summary>
    public override async Task SettleAsync(string name)
    {
        using var file = JsonDocument.Parse(await _http.GetStringAsync(new Uri(_metadata, $"/v1/mirrors/bench/tree/upload/{name}")));
        var address = new Uri(_metadata, $"/v1/blobs/{file.RootElement.GetProperty("digest").GetString()}/fingerprint");
        await UntilAsync(
            async () =>
            {
                using var fingerprint = JsonDocument.Parse(await _http.GetStringAsync(address));
                return fingerprint.RootElement.TryGetProperty("md5", out var md5) && md5.ValueKind == JsonValueKind.String;
            },
            $"no MD5 of {name}");
    }

    public override async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await StopAsync(_edge);
        await StopAsync(_origin);
    }

    private static async Task<Dictionary<string, Uri>> NetworkAsync(string data)
    {
        var file = Path.Combine(data, "run", "network.json");
        await UntilAsync(() => Task.FromResult(File.Exists(file)), $"{data}: the node did not start");
        using var document = JsonDocument.Parse(await File.ReadAllTextAsync(file));
        return document.RootElement.GetProperty("surfaces").EnumerateArray()
            .ToDictionary(static s => s.GetProperty("surface").GetString()!, static s => new Uri(s.GetProperty("url").GetString()!));
    }

    /// <summary>Publishes the files and has the edge fetch each once.</summary>
    private async Task PublishAsync(string content)
    {
        await CommandAsync("mirror", "create", "bench");
        if (!Directory.Exists(content))
            return;
        await CommandAsync("push", content, "bench/");
        foreach (var file in Directory.EnumerateFiles(content, "*", SearchOption.AllDirectories))
        {
            using var response = await _http.GetAsync($"http://{Downloads}{DownloadPath(Path.GetRelativePath(content, file))}");
            response.EnsureSuccessStatusCode();
        }
    }

    private async Task CommandAsync(params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(_program, [.. arguments, "--data", _data]) { RedirectStandardOutput = true })!;
        await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"entrepot {string.Join(' ', arguments)} ended with {process.ExitCode}");
    }
}
