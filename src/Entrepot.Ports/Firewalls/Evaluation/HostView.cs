using System.Collections.Immutable;
using System.Net;

namespace Entrepot.Ports.Firewalls.Evaluation;

/// <summary>What the way of a packet depends on besides the rules: the host's addresses and routes.</summary>
public sealed record HostView
{
    /// <summary>Nothing is known of the host.</summary>
    public static HostView Unknown { get; } = new();

    /// <summary>The host's own addresses; empty when they are not known.</summary>
    public ImmutableArray<IPAddress> Addresses { get; init; } = [];

    /// <summary>Which interface leads where; what is in none of them is not known.</summary>
    public ImmutableArray<HostRoute> Routes { get; init; } = [];

    /// <summary>True when an address is the host's own; null when that is not known.</summary>
    public bool? IsLocal(IPAddress address)
        => IPAddress.IsLoopback(address) || Addresses.Contains(address) ? true : Addresses.IsEmpty ? null : false;

    /// <summary>The interface that leads to an address, or null when that is not known.</summary>
    public string? InterfaceTo(IPAddress address)
        => Routes.Where(route => route.Network.Contains(address)).MaxBy(static route => route.Network.PrefixLength)?.Interface;
}

/// <summary>A route.</summary>
/// <param name="Network">To where.</param>
/// <param name="Interface">By which interface.</param>
public sealed record HostRoute(IPNetwork Network, string Interface);
