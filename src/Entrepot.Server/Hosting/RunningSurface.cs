using Entrepot.Core.Faults;
using Entrepot.Ports.Allocation;
using Entrepot.Server.Api;
using Microsoft.AspNetCore.Http;

namespace Entrepot.Server.Hosting;

/// <summary>One bound port of a surface and what serves it.</summary>
/// <param name="Document">What clients are told of it.</param>
/// <param name="Host">The web application.</param>
/// <param name="Port">The socket with its lease.</param>
internal sealed record SurfaceListener(SurfaceDocument Document, SurfaceHost Host, BoundPort Port);

/// <summary>A surface that listens. It can change its port while it runs: it then listens on both for a while, clients are told of the new
/// one, and the old one is closed when its time is over.</summary>
/// <param name="first">Where it listens first.</param>
/// <param name="open">Opens another listener of the same surface.</param>
/// <param name="time">The clock.</param>
internal sealed class RunningSurface(
    SurfaceListener first, Func<PortRequest, CancellationToken, Task<SurfaceListener>> open, TimeProvider time) : IAsyncDisposable
{
    private readonly SemaphoreSlim _moving = new(1, 1);
    private SurfaceListener _current = first;
    private SurfaceListener? _leaving;

    /// <summary>What clients are told of it.</summary>
    public SurfaceDocument Document => Volatile.Read(ref _current).Document;

    /// <summary>What it answers, each with what it needs of its caller.</summary>
    public IEnumerable<Endpoint> Endpoints => Volatile.Read(ref _current).Host.Endpoints;

    /// <summary>The port that clients are told, with its lease.</summary>
    public BoundPort Port => Volatile.Read(ref _current).Port;

    /// <summary>The lease of the port that is still served though clients are told of another; null when there is none.</summary>
    public PortLease? Leaving => Volatile.Read(ref _leaving)?.Port.Lease;

    /// <summary>Called with the documents before and after a move, when both ports are served and clients are to be told of the new one.
    /// False undoes the move.</summary>
    public Func<SurfaceDocument, SurfaceDocument, CancellationToken, Task<bool>> Announce { get; set; } = static (_, _, _) => Task.FromResult(true);

    /// <summary>Called with the ports that the service has from now on, before clients are told and again when one of them is given back.
    /// False undoes the move.</summary>
    public Func<PortLease, IReadOnlyList<int>, CancellationToken, Task<bool>> Follow { get; set; } = static (_, _, _) => Task.FromResult(true);

    /// <summary>Moves to another port. Requests that are in progress on the old one when the overlap ends get the drain time-out.</summary>
    /// <param name="request">What it asks of the port book; the service's name in it is replaced by the one for the overlap.</param>
    /// <param name="overlap">For how long both ports are served.</param>
    /// <param name="why">One sentence for the journal.</param>
    /// <param name="actor">Who does it, as in the journal.</param>
    /// <param name="cancellation">Gives up as long as nobody was told; afterwards it cuts the overlap short.</param>
    /// <returns>False when it stays where it was, because clients could not be told.</returns>
    /// <exception cref="FaultException">No port is left, or the leases were lost; the surface stays where it was.</exception>
    public async Task<bool> MoveAsync(PortRequest request, TimeSpan overlap, string why, string actor, CancellationToken cancellation)
    {
        await _moving.WaitAsync(cancellation);
        try
        {
            var old = _current;
            var next = await open(request with { Service = PortSuccession.OverlapName(old.Port.Lease.Service) }, cancellation);
            if (!await TakeOverAsync(old, next, why, actor, cancellation))
                return false;
            Volatile.Write(ref _leaving, old);
            Volatile.Write(ref _current, next);
            try
            {
                await Task.Delay(overlap, time, cancellation);
            }
            catch (OperationCanceledException)
            {
                // The node stops: what is served is drained with the rest.
            }

            try
            {
                await CloseAsync(old, $"'{next.Port.Lease.Service}' moved to {next.Port.Lease.Name}.", actor);
            }
            finally
            {
                Volatile.Write(ref _leaving, null);
                await Follow(next.Port.Lease, [next.Document.Port], CancellationToken.None);
            }

            return true;
        }
        finally
        {
            _moving.Release();
        }
    }

    /// <summary>Has the packet filter stand where the surface listens, in case it lost track: a crash or a dead agent may have left a door
    /// at a port that was given back. Does nothing while a move is in progress.</summary>
    public async Task SettleDoorAsync(CancellationToken cancellation)
    {
        if (!await _moving.WaitAsync(0, cancellation))
            return;
        try
        {
            await Follow(_current.Port.Lease, [_current.Document.Port], cancellation);
        }
        finally
        {
            _moving.Release();
        }
    }

    /// <summary>Takes no more connections and lets requests in progress finish until the token is cancelled; then they are cut off. A move in
    /// progress closes the port that it leaves.</summary>
    public Task StopAsync(CancellationToken cancellation) => Volatile.Read(ref _current).Host.StopAsync(cancellation);

    /// <summary>Lets requests in progress finish, then closes.</summary>
    public async ValueTask DisposeAsync()
    {
        await _moving.WaitAsync();
        await _current.Host.StopAsync(CancellationToken.None);
        await _current.Host.DisposeAsync();
        await _current.Port.DisposeAsync();
        _moving.Dispose();
    }

    /// <summary>Makes the next port the service's own and tells clients of it. Nobody is told of a port before it is the service's own.</summary>
    private async Task<bool> TakeOverAsync(SurfaceListener old, SurfaceListener next, string why, string actor, CancellationToken cancellation)
    {
        var (succeeded, told) = (false, false);
        try
        {
            await next.Port.SucceedAsync(old.Port, why, actor, cancellation);
            succeeded = true;
            told = await Follow(next.Port.Lease, [old.Document.Port, next.Document.Port], cancellation)
                && await Announce(old.Document, next.Document, cancellation);
            return told;
        }
        finally
        {
            // Also when it was given up half-way: the surface goes on where it was, and so must its lease and its door.
            if (!told)
                await StayAsync(old, next, succeeded, actor);
        }
    }

    private async Task StayAsync(SurfaceListener old, SurfaceListener next, bool succeeded, string actor)
    {
        try
        {
            if (!succeeded)
                return;
            await old.Port.SucceedAsync(next.Port, "Clients could not be told of the move.", actor, CancellationToken.None);
            await Follow(old.Port.Lease, [old.Document.Port], CancellationToken.None);
        }
        finally
        {
            await CloseAsync(next, "The move to it failed.", actor);
        }
    }

    private async Task CloseAsync(SurfaceListener listener, string why, string actor)
    {
        using (var deadline = new CancellationTokenSource(SurfaceHost.DrainTimeout, time))
            await listener.Host.StopAsync(deadline.Token);
        await listener.Host.DisposeAsync();
        await listener.Port.GiveBackAsync(why, actor);
    }
}
