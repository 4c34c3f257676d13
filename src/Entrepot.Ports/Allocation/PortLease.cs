using System.Net;
using Entrepot.Core.Identities;

namespace Entrepot.Ports.Allocation;

/// <summary>What the owner of a lease last said of its port.</summary>
public enum PortLeaseState
{
    /// <summary>The port is the service's; it has not said that it bound it.</summary>
    Granted,

    /// <summary>The service bound it.</summary>
    Bound,

    /// <summary>The service stopped in good order; the port is kept for it.</summary>
    Idle,

    /// <summary>Nobody renewed it for its term. It is released once nobody was seen on the port several times in a row.</summary>
    Lapsed,
}

/// <summary>A granted port.</summary>
/// <param name="Node">The node.</param>
/// <param name="Service">The owner.</param>
/// <param name="Protocol">The transport.</param>
/// <param name="Address">The address on which the service listens.</param>
/// <param name="Port">The port, 1–65535.</param>
/// <param name="WantedPort">What the request wanted: a port, <see cref="PortRequest.AnyPort"/>, or null for one of the pool.</param>
/// <param name="Generation">Number of the grant, higher than that of every grant before it on any port: whoever holds a lower one for
/// the same service or port has been superseded.</param>
/// <param name="GrantedAt">When, in UTC, to the millisecond.</param>
/// <param name="State">What the owner last said.</param>
/// <param name="Reason">Why this port: one sentence.</param>
/// <param name="Decision">The whole decision as text, see <see cref="PortDecision.Describe"/>.</param>
public sealed record PortLease(
    NodeName Node,
    string Service,
    PortProtocol Protocol,
    IPAddress Address,
    int Port,
    int? WantedPort,
    long Generation,
    DateTimeOffset GrantedAt,
    PortLeaseState State,
    string Reason,
    string Decision)
{
    /// <summary>Which port of a block it is; 0 for the first, or the only one.</summary>
    public int Slot { get; init; }

    /// <summary>For how long it holds without a renewal; null for as long as nobody releases it.</summary>
    public TimeSpan? Term { get; init; }

    /// <summary>When its owner last showed that he is there, in UTC, to the millisecond.</summary>
    public DateTimeOffset RenewedAt { get; init; }

    /// <summary>How many times in a row nobody was seen on the port since the lease lapsed.</summary>
    public int Unseen { get; init; }

    /// <summary>What was asked, as <see cref="StoredRequest"/> wrote it; null for a lease from before that was kept.</summary>
    internal string? Asked { get; init; }

    /// <summary>What was asked for it, so that the decision can be explained again; null where that was not kept.</summary>
    public PortRequest? Request() => StoredRequest.Read(Asked, Node, Service, Protocol);

    /// <summary>True when the term is over.</summary>
    public bool Expired(DateTimeOffset now) => Term is { } term && now >= RenewedAt + term;

    /// <summary>The port as the journal and messages write it: <c>tcp/8333</c>.</summary>
    public string Name => $"{Protocol.Name()}/{PortAllocator.Text(Port)}";
}
