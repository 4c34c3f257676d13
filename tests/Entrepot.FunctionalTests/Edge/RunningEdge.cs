using Entrepot.Core.Identities;
using Entrepot.Server.Edge;
using Microsoft.Extensions.Time.Testing;

namespace Entrepot.FunctionalTests.Edge;

/// <summary>An edge that listens, with a clock of its own.</summary>
internal sealed class RunningEdge : IAsyncDisposable
{
    private readonly TestSurface _surface;
    private bool _disposed;

    private RunningEdge(EdgeService service, TestSurface surface, FakeTimeProvider time) => (Service, _surface, Time) = (service, surface, time);

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
        };
        var service = EdgeService.Open(options, time, TestLog.Factory);
        return new RunningEdge(service, await TestSurface.StartAsync(app => app.MapEdge(service)), time);
    }

    public async ValueTask DisposeAsync()
    {
        if (_disposed)
            return;
        _disposed = true;
        await _surface.DisposeAsync();
        await Service.DisposeAsync();
    }
}
