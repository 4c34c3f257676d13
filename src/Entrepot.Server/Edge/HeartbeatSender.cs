using System.Security.Cryptography;
using Entrepot.Core.Faults;
using Entrepot.Mirror.Caching;
using Entrepot.Server.Api;
using Entrepot.Server.PortWatch;
using Microsoft.Extensions.Logging;

namespace Entrepot.Server.Edge;

/// <summary>Where clients reach an edge.</summary>
/// <param name="Url">Base address for downloads, without a trailing slash.</param>
/// <param name="PortReason">Why its port is the one it is.</param>
internal sealed record EdgeAddress(string Url, string PortReason);

/// <summary>Tells the origin how the edge is, again and again.</summary>
internal sealed class HeartbeatSender(
    EdgeOptions options, EdgeContent content, CachingMetrics metrics, OriginClient origin, EdgeKeys keys, TimeProvider time, ILogger logger) : IDisposable
{
    private readonly SemaphoreSlim _sending = new(1, 1);  // one after the other, so that an older address never overtakes a newer one
    private readonly string _instance = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
    private string? _admin;
    private long _sent;
    private long _errors;
    private long _at = time.GetTimestamp();
    private bool _failing;

    /// <summary>True when the edge wants no new clients; told with the next beat.</summary>
    public bool Draining { get; set; }

    /// <summary>Where clients reach the edge, told with the next beat; null until it listens.</summary>
    public EdgeAddress? Address { get; set; }

    /// <summary>What was found out about others' ports; told with the next beat that gets through.</summary>
    public IReadOnlyList<ProbeReport>? Probes { get; set; }

    /// <summary>Sends until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(options.HeartbeatInterval, time);
        do
        {
            await BeatAsync(cancellation);
        }
        while (await timer.WaitForNextTickAsync(cancellation));
    }

    /// <summary>Sends one. Failure is logged when it begins and when it ends.</summary>
    /// <returns>True when the origin took it.</returns>
    public async Task<bool> BeatAsync(CancellationToken cancellation)
    {
        await _sending.WaitAsync(cancellation);
        try
        {
            _admin ??= options.Admin ?? (await origin.GetNetworkAsync(cancellation)).Surfaces.FirstOrDefault(static surface => surface.Surface == "admin")?.Url
                ?? throw Fault.Of(EdgeFault.OriginAnswer, FaultKind.Unavailable, $"The origin {origin.Base} names no admin surface.").ToException();
            var probes = Probes;
            var answer = await origin.BeatAsync(_admin, Compose() with { Probes = probes }, cancellation);
            keys.Learn(answer);
            options.Learn?.Invoke(answer);
            if (ReferenceEquals(probes, Probes))
                Probes = null;
            if (_failing)
                Log.BeatRecovered(logger, options.Node.Value);
            _failing = false;
            return true;
        }
        catch (FaultException error)
        {
            _admin = null;  // it may have moved
            if (!_failing)
                Log.BeatFailed(logger, options.Node.Value, error.Message);
            _failing = true;
            return false;
        }
        finally
        {
            _sending.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _sending.Dispose();

    private HeartbeatRequest Compose()
    {
        var (url, portReason) = Address ?? throw new InvalidOperationException("The edge does not listen yet.");
        var (sent, errors, at) = (metrics.SentBytes, metrics.Errors, time.GetTimestamp());
        var seconds = Math.Max(time.GetElapsedTime(_at, at).TotalSeconds, 0.001);
        var stats = content.Look();
        var beat = new HeartbeatRequest(
            options.Node.Value, options.Site, url, options.Version, portReason, metrics.Transfers, (long)((sent - _sent) / seconds),
            (int)Math.Min(errors - _errors, int.MaxValue), stats.HeldBytes, stats.CapacityBytes, stats.FreeBytes, Draining)
        {
            Instance = _instance,
            KeyEpoch = keys.Newest,
        };
        (_sent, _errors, _at) = (sent, errors, at);
        return beat;
    }
}
