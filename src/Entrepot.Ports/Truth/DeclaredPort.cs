using System.Collections.Immutable;
using System.Net;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Declarations;
using Entrepot.Ports.Firewalls;
using Entrepot.Ports.Guard;

namespace Entrepot.Ports.Truth;

/// <summary>A port that somebody declared on this node.</summary>
/// <param name="Service">The service.</param>
/// <param name="Protocol">The transport.</param>
/// <param name="Port">1–65535.</param>
/// <param name="Address">Where it listens, or null when the declaration does not say.</param>
/// <param name="Origin">What declared it: <c>lease 7</c>, <c>portfile</c>.</param>
public sealed record DeclaredPort(string Service, PortProtocol Protocol, int Port, IPAddress? Address, string Origin)
{
    private static readonly ImmutableArray<AccessGrant> Anybody = [new AccessGrant([IPNetwork.Parse("0.0.0.0/0"), IPNetwork.Parse("::/0")], [], "anybody")];

    /// <summary>True when the service stopped in good order.</summary>
    public bool Stopped { get; init; }

    /// <summary>True when only the machine itself may reach it.</summary>
    public bool Local { get; init; }

    /// <summary>Who may come in; nobody but the machine itself when empty.</summary>
    public ImmutableArray<AccessGrant> Ways { get; init; } = Anybody;

    /// <summary>The limits of the service that declares it, or null.</summary>
    public ServiceDeclaration? Limits { get; init; }

    /// <summary>The door that packet filters should make of it.</summary>
    public Door Door => new(Service, Protocol, Port, Port, Ways)
    {
        Rate = Limits?.Rate, ConnectionsPerSource = Limits?.ConnectionsPerSource, Connections = Limits?.Connections, Expires = Limits?.Expires,
    };

    /// <summary>Who may listen.</summary>
    public ExpectedOwner Owner { get; init; } = new();

    /// <summary>The declaration that a lease is.</summary>
    /// <param name="lease">A lease of this node.</param>
    /// <param name="process">The process that runs the node's services.</param>
    public static DeclaredPort Of(PortLease lease, int process) => new(lease.Service, lease.Protocol, lease.Port, lease.Address, $"lease {lease.Generation}")
    {
        Stopped = lease.State == PortLeaseState.Idle,
        Local = IPAddress.IsLoopback(lease.Address),
        Ways = IPAddress.IsLoopback(lease.Address) ? [] : Anybody,
        Owner = new ExpectedOwner { ProcessId = process },
    };
}
