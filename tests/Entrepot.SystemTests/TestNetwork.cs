using System.Globalization;
using System.Text.Json;
using Entrepot.Server.Api;

namespace Entrepot.SystemTests;

/// <summary>An origin with scheduler and several edges, each a process of its own on a folder of its own.</summary>
internal sealed class TestNetwork : IAsyncDisposable
{
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromMinutes(2) };

    private TestNetwork(TestFolder folder, EntrepotProcess origin, IReadOnlyList<EntrepotProcess> edges)
        => (Folder, Origin, Edges) = (folder, origin, edges);

    public TestFolder Folder { get; }

    public EntrepotProcess Origin { get; }

    public IReadOnlyList<EntrepotProcess> Edges { get; }

    public Uri Scheduler => Origin.Url("scheduler");

    public static async Task<TestNetwork> StartAsync(int edges)
    {
        var folder = new TestFolder();
        var origin = await EntrepotProcess.StartAsync(folder["origin"], "serve", "--roles", "origin,scheduler");
        var started = new List<EntrepotProcess>();
        for (var i = 0; i < edges; i++)
        {
            var data = folder[string.Create(CultureInfo.InvariantCulture, $"edge-{i}")];
            started.Add(await EntrepotProcess.StartAsync(
                data, ["serve", "--roles", "edge", "--node", string.Create(CultureInfo.InvariantCulture, $"cache-{i}"), .. await origin.JoinArgumentsAsync(data)]));
        }

        var network = new TestNetwork(folder, origin, started);
        await network.UntilHealthyAsync(edges);
        return network;
    }

    /// <summary>Waits until so many edges take clients.</summary>
    public Task UntilHealthyAsync(int count)
        => Poll.UntilAsync(
            async () => (await NodesAsync()).Count(static node => node.State == "healthy") == count, TimeSpan.FromSeconds(60),
            () => $"not {count} healthy edges: {Origin.Output}");

    public async Task<IReadOnlyList<NodeDocument>> NodesAsync()
        => JsonSerializer.Deserialize(
            await _http.GetStringAsync(new Uri(Origin.Url("metadata"), "/v1/nodes")), ApiJson.Default.IReadOnlyListNodeDocument)!;

    public async ValueTask DisposeAsync()
    {
        foreach (var edge in Edges)
            await edge.DisposeAsync();
        await Origin.DisposeAsync();
        _http.Dispose();
        Folder.Dispose();
    }
}
