using Entrepot.Core.Identities;
using Entrepot.Core.State;
using Entrepot.Server.Edge;
using Entrepot.Server.Hosting;
using Entrepot.Server.Http;
using Microsoft.Extensions.Time.Testing;

namespace Entrepot.FunctionalTests.Edge;

/// <summary>An edge that listens, with a clock of its own.</summary>
internal sealed class RunningEdge : IAsyncDisposable
{
    private readonly StateDatabase _state;
    private readonly TestSurface _surface;
    private bool _disposed;

    private RunningEdge(EdgeService service, StateDatabase state, TestSurface surface, FakeTimeProvider time)
        => (Service, _state, _surface, Time) = (service, state, surface, time);

    public EdgeService Service { get; }

    public FakeTimeProvider Time { get; }

    public HttpClient Http => _surface.Http;

    public static async Task<RunningEdge> StartAsync(FakeOrigin origin, string folder, string name)
    {
        var time = new FakeTimeProvider(DateTimeOffset.UnixEpoch.AddYears(60));
        var options = new EdgeOptions
        {
            Node = NodeName.Parse(name),
            Site = "local",
            Version = "1",
            Origin = origin.Url,
            CacheFolder = Path.Combine(folder, name),
            Capacity = 64 << 20,
            // A network without private mirrors: these tests are not about who may read.
            Keys = static () => new ContentKeys(false, []),
        };
        var state = StateDatabase.Open(Path.Combine(folder, name + ".db"), Node.StateFeatures);
        var service = EdgeService.Open(options, state, NodeHandler.CreateClear(EdgeService.ConnectTimeout), NodeHandler.CreateClear(EdgeService.ConnectTimeout), time, TestLog.Factory);
        return new RunningEdge(service, state, await TestSurface.StartAsync(app => app.MapEdge(service)), time);
    }

    public async ValueTask DisposeAsync()
    {
        if (_disposed)
            return;
        _disposed = true;
        await _surface.DisposeAsync();
        await Service.DisposeAsync();
        await _state.DisposeAsync();
    }
}
