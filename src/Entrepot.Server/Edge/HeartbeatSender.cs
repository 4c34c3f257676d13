using Entrepot.Core.Faults;
using Entrepot.Mirror.Caching;
using Entrepot.Server.Api;
using Microsoft.Extensions.Logging;

namespace Entrepot.Server.Edge;

/// <summary>Tells the origin how the edge is, again and again.</summary>
internal sealed class HeartbeatSender(
    EdgeOptions options, EdgeContent content, CachingMetrics metrics, OriginClient origin, TimeProvider time, ILogger logger)
{
    private string? _admin;
    private long _sent;
    private long _errors;
    private long _at = time.GetTimestamp();
    private bool _failing;

    /// <summary>True when the edge wants no new clients; told with the next beat.</summary>
    public bool Draining { get; set; }

    /// <summary>Sends until cancelled.</summary>
    public async Task RunAsync(string url, string portReason, CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(options.HeartbeatInterval, time);
        do
        {
            await BeatAsync(url, portReason, cancellation);
        }
        while (await timer.WaitForNextTickAsync(cancellation));
    }

    /// <summary>Sends one. Failure is logged when it begins and when it ends.</summary>
    public async Task BeatAsync(string url, string portReason, CancellationToken cancellation)
    {
        try
        {
            _admin ??= options.Admin ?? (await origin.GetNetworkAsync(cancellation)).Surfaces.FirstOrDefault(static surface => surface.Surface == "admin")?.Url
                ?? throw Fault.Of(EdgeFault.OriginAnswer, FaultKind.Unavailable, $"The origin {origin.Base} names no admin surface.").ToException();
            await origin.BeatAsync(_admin, Compose(url, portReason), cancellation);
            if (_failing)
                Log.BeatRecovered(logger, options.Node.Value);
            _failing = false;
        }
        catch (FaultException error)
        {
            _admin = null;  // it may have moved
            if (!_failing)
                Log.BeatFailed(logger, options.Node.Value, error.Message);
            _failing = true;
        }
    }

    private HeartbeatRequest Compose(string url, string portReason)
    {
        var (sent, errors, at) = (metrics.SentBytes, metrics.Errors, time.GetTimestamp());
        var seconds = Math.Max(time.GetElapsedTime(_at, at).TotalSeconds, 0.001);
        var stats = content.Look();
        var beat = new HeartbeatRequest(
            options.Node.Value, options.Site, url, options.Version, portReason, metrics.Transfers, (long)((sent - _sent) / seconds),
            (int)Math.Min(errors - _errors, int.MaxValue), stats.HeldBytes, stats.CapacityBytes, stats.FreeBytes, Draining);
        (_sent, _errors, _at) = (sent, errors, at);
        return beat;
    }
}
