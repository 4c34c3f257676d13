using System.Security.Cryptography;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Server.Api;
using Entrepot.Server.Edge;
using Entrepot.Server.Hosting;
using Microsoft.Extensions.Logging;

namespace Entrepot.Server.Nodes;

/// <summary>Tells the origin that a node which serves no bytes of its own is here and where, so that the network shows it.</summary>
/// <param name="role">What it is: one of <see cref="HeartbeatRequest"/>.</param>
/// <param name="node">Its name.</param>
/// <param name="site">Where it is.</param>
/// <param name="version">The product's version.</param>
/// <param name="origin">The origin.</param>
/// <param name="surface">Where it listens now.</param>
/// <param name="tokens">What it knows of the network's tokens.</param>
/// <param name="learn">Told of what the origin answers.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Where failures are logged.</param>
internal sealed class MemberBeat(
    string role, NodeName node, string site, string version, OriginClient origin, Func<SurfaceDocument> surface, Func<string?> tokens, Action<HeartbeatAnswer> learn, TimeProvider time, ILogger logger) : IDisposable
{
    private readonly string _instance = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
    private readonly SemaphoreSlim _sending = new(1, 1);
    private volatile string? _admin;
    private volatile bool _draining;

    /// <summary>The origin's admin surface, once it is known.</summary>
    public string? Admin => _admin;

    /// <summary>Tells until cancelled.</summary>
    /// <param name="interval">Time between two beats.</param>
    /// <param name="cancellation">Stops.</param>
    public Task RunAsync(TimeSpan interval, CancellationToken cancellation)
        => Rounds.RunAsync(interval, time, SendAsync, error => Log.BeatFailed(logger, error.Message), cancellation);

    /// <summary>Tells that it ends, so that nobody is sent to it any more.</summary>
    public async Task DrainAsync(CancellationToken cancellation)
    {
        _draining = true;
        try
        {
            await SendAsync(cancellation);
        }
        catch (FaultException error)
        {
            Log.BeatFailed(logger, error.Message);
        }
    }

    /// <summary>Tells once.</summary>
    /// <exception cref="FaultException">The origin can't be told.</exception>
    public async Task SendAsync(CancellationToken cancellation)
    {
        await _sending.WaitAsync(cancellation);
        try
        {
            _admin ??= (await origin.GetNetworkAsync(cancellation)).Surfaces.FirstOrDefault(static known => known.Surface == "admin")?.Url
                ?? throw Fault.Of(EdgeFault.OriginAnswer, FaultKind.Unavailable, $"The origin {origin.Base} names no admin surface.").ToException();
            var here = surface();
            learn(await origin.BeatAsync(
                _admin,
                new HeartbeatRequest(node.Value, site, here.Url, version, here.Reason, 0, 0, 0, 0, 0, 0, _draining) { Role = role, Instance = _instance, TokenVersion = tokens() },
                cancellation));
        }
        catch (FaultException)
        {
            _admin = null;  // it may have moved
            throw;
        }
        finally
        {
            _sending.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _sending.Dispose();
}
