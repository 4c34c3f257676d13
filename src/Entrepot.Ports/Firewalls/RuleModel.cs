using System.Collections.Immutable;
using System.Net;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Declarations;

namespace Entrepot.Ports.Firewalls;

/// <summary>What a node's packet filter should do, whatever program does it. Made by the compiler from declarations and leases; read by
/// targets, which render it, and by the proof, which compares it with what the kernel has.</summary>
public sealed record RuleModel
{
    /// <summary>What becomes of ports that no door governs.</summary>
    public UndeclaredPorts Undeclared { get; init; }

    /// <summary>What stays open whatever the doors say.</summary>
    public required SafetyFloor Floor { get; init; }

    /// <summary>The governed ports. Two doors may govern one port only when their protocols differ.</summary>
    public ImmutableArray<Door> Doors { get; init; } = [];

    /// <summary>Timed ways in, beside those of the doors. A port that an opening names need not have a door.</summary>
    public ImmutableArray<Opening> Openings { get; init; } = [];
}

/// <summary>What stays open whatever the policy says, so that a mistake locks nobody out: established sessions, loopback, neighbour
/// discovery (RFC 4890 §4.4), and the management port.</summary>
/// <param name="ManagementPort">The TCP port by which the machine is administered.</param>
/// <param name="ManagementNetworks">From where; empty means from everywhere.</param>
public sealed record SafetyFloor(int ManagementPort, ImmutableArray<IPNetwork> ManagementNetworks);

/// <summary>A governed range of ports. Packets that no way in admits are dropped.</summary>
/// <param name="Service">The service behind it.</param>
/// <param name="Protocol">The transport.</param>
/// <param name="First">Lowest port, 1–65535.</param>
/// <param name="Last">Highest port, included.</param>
/// <param name="Ways">Who may come in.</param>
public sealed record Door(string Service, PortProtocol Protocol, int First, int Last, ImmutableArray<AccessGrant> Ways)
{
    /// <summary>Most new connections per source, or null.</summary>
    public AccessRate? Rate { get; init; }

    /// <summary>Most connections at once per source, or null.</summary>
    public int? ConnectionsPerSource { get; init; }

    /// <summary>Most connections at once in all, or null.</summary>
    public int? Connections { get; init; }

    /// <summary>True when nobody may come in for now, because a stranger has the port.</summary>
    public bool Blocked { get; init; }

    /// <summary>When the door closes, in UTC, or null.</summary>
    public DateTimeOffset? Expires { get; init; }
}

/// <summary>A timed way in, which the kernel closes by itself.</summary>
/// <param name="Id">Number of the opening on its node.</param>
/// <param name="Protocol">The transport.</param>
/// <param name="Port">The port, 1–65535.</param>
/// <param name="From">The addresses, or null when <paramref name="Mac"/> alone decides.</param>
/// <param name="Mac">The Ethernet address, or null; where both are given, both must be true.</param>
/// <param name="Ends">When it closes, in UTC.</param>
/// <param name="Reason">Why it was opened.</param>
/// <param name="Actor">Who opened it.</param>
public sealed record Opening(
    long Id, PortProtocol Protocol, int Port, IPNetwork? From, MacAddress? Mac, DateTimeOffset Ends, string Reason, string Actor);
