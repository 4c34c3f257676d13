using System.Net;
using System.Net.Sockets;

namespace Entrepot.Ports.Allocation;

/// <summary>A bound socket and the lease behind it. Whoever takes the socket over closes it; disposing this closes it too and
/// records that the port is idle, kept for the service's next start.</summary>
public sealed class BoundPort : IAsyncDisposable
{
    private readonly PortBook _book;

    internal BoundPort(PortBook book, Socket socket, PortLease lease, PortDecision decision, IReadOnlyList<PortFinding> findings)
        => (_book, Socket, Lease, Decision, Findings) = (book, socket, lease, decision, findings);

    /// <summary>The socket: bound, and for TCP already listening with the binder's backlog (see <see cref="PortBinderOptions.Backlog"/>),
    /// because on Linux only a listening socket keeps others from the port. Calling <see cref="Socket.Listen(int)"/> again is
    /// harmless and sets the backlog.</summary>
    public Socket Socket { get; }

    /// <summary>The lease.</summary>
    public PortLease Lease { get; private set; }

    /// <summary>The decision behind the lease.</summary>
    public PortDecision Decision { get; }

    /// <summary>What the host should say loudly; empty when all is as it should be.</summary>
    public IReadOnlyList<PortFinding> Findings { get; }

    /// <summary>Address and port.</summary>
    public IPEndPoint EndPoint => new(Lease.Address, Lease.Port);

    /// <summary>True when the service has another port than it should have.</summary>
    public bool Moved => Decision.Moved;

    /// <summary>The port that it should have had, or null when it has not moved.</summary>
    public int? ShouldBe => Decision.Moved ? Decision.ShouldBe : null;

    /// <summary>What keeps it from <see cref="ShouldBe"/>, as the rest of a sentence that begins with the port; null when it has not moved.</summary>
    public string? Obstacle => Decision.Moved ? Decision.Obstacle?.Text : null;

    /// <summary>What the owner should know of its port: sentences.</summary>
    public IReadOnlyList<string> Warnings
        => [.. Decision.Warnings.Select(warning => $"{PortAllocator.Text(Lease.Port)} {warning.Text}.")];

    /// <summary>Makes this port, which was leased under <see cref="PortSuccession.OverlapName"/>, the service's own in place of another.</summary>
    /// <param name="old">The port that the service had; it keeps its socket and is to be given back with <see cref="GiveBackAsync"/>.</param>
    /// <param name="why">One sentence for the journal.</param>
    /// <param name="actor">Who does it.</param>
    /// <param name="cancellation">Gives up waiting for the writer.</param>
    public async Task SucceedAsync(BoundPort old, string why, string actor, CancellationToken cancellation = default)
        => (old.Lease, Lease) = await _book.SucceedAsync(old.Lease, Lease, why, actor, cancellation);

    /// <summary>Closes the socket and gives the port back.</summary>
    /// <param name="why">One sentence for the journal.</param>
    /// <param name="actor">Who does it.</param>
    public async Task GiveBackAsync(string why, string actor)
    {
        Socket.Dispose();
        await _book.TryReleaseAsync(Lease, why, actor);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        Socket.Dispose();
        await _book.TrySetIdleAsync(Lease);
    }
}
