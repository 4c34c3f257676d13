using Entrepot.Ports.Allocation;
using Entrepot.Ports.Guard;
using Entrepot.Server.Hosting;

namespace Entrepot.Server.Guard;

/// <summary>A service whose port is guarded.</summary>
internal interface IGuardedService
{
    /// <summary>The port that it should have, and who may listen there.</summary>
    GuardedPort Port { get; }

    /// <summary>True when it can be told to listen elsewhere.</summary>
    bool CanMove { get; }

    /// <summary>True while it listens elsewhere than on <see cref="Port"/>.</summary>
    bool IsAway { get; }

    /// <summary>Moves it away, or back.</summary>
    /// <returns>False when it stays, because clients could not be told.</returns>
    Task<bool> MoveAsync(bool home, CancellationToken cancellation);
}

/// <summary>A port of another program.</summary>
internal sealed class FixedService(GuardedPort port) : IGuardedService
{
    public GuardedPort Port => port;

    public bool CanMove => false;

    public bool IsAway => false;

    public Task<bool> MoveAsync(bool home, CancellationToken cancellation) => throw new NotSupportedException("Another program can't be moved.");
}

/// <summary>A surface of this process. One with a port of its own moves to the emergency port, or the range behind it, and back; one that
/// takes any port of a pool moves to another of the pool and stays there.</summary>
internal sealed class MovableService(RunningSurface surface, PortRequest request, GuardOptions options) : IGuardedService
{
    private static readonly ExpectedOwner ThisProcess = new() { ProcessId = Environment.ProcessId };

    public GuardedPort Port => new(request.Service, request.Protocol, Home ?? surface.Document.Port, ThisProcess, options.Reaction);

    public RunningSurface Surface => surface;

    public bool CanMove => true;

    public bool IsAway => Home is { } home && surface.Document.Port != home;

    private int? Home => request.WantedPort is > 0 ? request.WantedPort : null;

    public Task<bool> MoveAsync(bool home, CancellationToken cancellation)
    {
        if (home)
            return surface.MoveAsync(
                request with { EmergencyPort = null, Pool = null, OverflowPool = null }, options.Overlap, "Its own port is free again.", PortGuard.Actor, cancellation);
        var away = Home is null
            ? request with { EmergencyPort = null }
            : request with { WantedPort = request.EmergencyPort, EmergencyPort = null, Pool = request.OverflowPool, OverflowPool = null };
        return surface.MoveAsync(away, options.Overlap, "A stranger is on its port.", PortGuard.Actor, cancellation);
    }
}
