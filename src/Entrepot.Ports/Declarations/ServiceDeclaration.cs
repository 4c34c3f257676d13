using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using Entrepot.Ports.Allocation;

namespace Entrepot.Ports.Declarations;

/// <summary>A service, its port and who may reach it.</summary>
public sealed record ServiceDeclaration
{
    /// <summary>Most adjacent ports of one service.</summary>
    public const int MaxPorts = 1_024;

    /// <summary>1–63 characters <c>a–z 0–9 -</c>, unique in the portfile.</summary>
    public required string Name { get; init; }

    /// <summary>On which nodes.</summary>
    public Placement Placement { get; init; } = Placement.Everywhere;

    /// <summary>The transport.</summary>
    public PortProtocol Protocol { get; init; }

    /// <summary>The port that it must have, 1–65535, in <see cref="Pool"/> where that is named; null to be given one of the pool.</summary>
    public int? Port { get; init; }

    /// <summary>Name of the pool; null when the service has a port outside all pools. A static pool holds ports that are named, a dynamic
    /// one gives them itself, a hybrid one does both.</summary>
    public string? Pool { get; init; }

    /// <summary>How many adjacent ports, 1–1024; <see cref="Port"/> is the first of them.</summary>
    public int Ports { get; init; } = 1;

    /// <summary>How the port is chosen within the pool.</summary>
    public AllocationMode Mode { get; init; }

    /// <summary>The zone that the listener faces, or null.</summary>
    public string? Zone { get; init; }

    /// <summary>Who may reach it; empty means nobody but the machine itself.</summary>
    public ImmutableArray<AccessGrant> Allow { get; init; } = [];

    /// <summary>Most new connections per source, or null.</summary>
    public AccessRate? Rate { get; init; }

    /// <summary>Most connections at once per source, or null.</summary>
    public int? ConnectionsPerSource { get; init; }

    /// <summary>Most connections at once in all, or null.</summary>
    public int? Connections { get; init; }

    /// <summary>What the connection must prove.</summary>
    public TlsRequirement Tls { get; init; }

    /// <summary>Who answers for it.</summary>
    public required string Owner { get; init; }

    /// <summary>What it is for.</summary>
    public required string Purpose { get; init; }

    /// <summary>The first moment at which the declaration does not hold any more, in UTC, or null.</summary>
    public DateTimeOffset? Expires { get; init; }

    /// <summary>Who connects.</summary>
    public PortAudience Audience { get; init; }

    /// <summary>Who may listen on the port, or null when anybody may.</summary>
    public ExpectedProcess? Process { get; init; }

    /// <summary>What happens when somebody else listens, or null for <see cref="PortfilePolicy.Strangers"/>.</summary>
    public StrangerReaction? Strangers { get; init; }

    /// <summary>The rules about port numbers that this service may break, because somebody has looked at it.</summary>
    public ImmutableArray<AcceptedRisk> Accept { get; init; } = [];

    /// <summary>How often the port changes, or null for never.</summary>
    public TimeSpan? Rotation { get; init; }

    /// <summary>For how long the old and the new port are both served at a rotation.</summary>
    public TimeSpan RotationOverlap { get; init; } = TimeSpan.FromMinutes(5);
}

/// <summary>How a port is chosen within a pool.</summary>
public enum AllocationMode
{
    /// <summary>By score, ties by a hash of node and service: the same service gets the same port again.</summary>
    Stable,

    /// <summary>By chance among the best, from a cryptographic source.</summary>
    Random,

    /// <summary>The lowest that is free.</summary>
    Lowest,
}

/// <summary>A rule about port numbers that a service may break with its eyes open.</summary>
public enum AcceptedRisk
{
    /// <summary>The port is on the block list, <see cref="Pools.ForbiddenPorts"/>.</summary>
    Forbidden,

    /// <summary>Binding the port needs a privilege.</summary>
    Privileged,

    /// <summary>Browsers refuse to connect to the port, <see cref="Pools.BrowserBlockedPorts"/>.</summary>
    BrowserBlocked,

    /// <summary>The kernel may give the port to an outgoing connection.</summary>
    Ephemeral,

    /// <summary>The port is one that Kubernetes spares for services that name their node port, <see cref="Pools.NodePortRange.StaticBand"/>.</summary>
    NodePort,
}

/// <summary>One way in. What is given must all be true of a packet: a network and a MAC together mean that machine at that address.</summary>
/// <param name="Networks">The addresses; empty where the <see cref="Macs"/> alone decide.</param>
/// <param name="Macs">The Ethernet addresses; empty where the addresses alone decide.</param>
/// <param name="Origin">What the portfile says: <c>zone internal</c>, <c>10.0.0.0/8</c>.</param>
public sealed record AccessGrant(ImmutableArray<IPNetwork> Networks, ImmutableArray<MacAddress> Macs, string Origin);

/// <summary>So many new connections in so much time, per source.</summary>
/// <param name="Count">1–1,000,000.</param>
/// <param name="Per">A second, minute, hour or day.</param>
public sealed record AccessRate(int Count, TimeSpan Per)
{
    private static readonly (string Name, TimeSpan Length)[] Units =
        [("second", TimeSpan.FromSeconds(1)), ("minute", TimeSpan.FromMinutes(1)), ("hour", TimeSpan.FromHours(1)), ("day", TimeSpan.FromDays(1))];

    /// <summary>The highest <see cref="Count"/>.</summary>
    public const int MaxCount = 1_000_000;

    /// <summary>Reads <c>100/hour</c>.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out AccessRate? rate)
    {
        rate = null;
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        if (slash is < 1 or > 7 || !int.TryParse(text.AsSpan(0, slash), NumberStyles.None, CultureInfo.InvariantCulture, out var count) || count is < 1 or > MaxCount)
            return false;
        foreach (var (name, length) in Units)
        {
            if (text.AsSpan(slash + 1).SequenceEqual(name))
                rate = new AccessRate(count, length);
        }

        return rate is not null;
    }

    /// <summary>As it is read; a span without a word of its own as a span.</summary>
    public override string ToString()
    {
        var unit = Array.Find(Units, unit => unit.Length == Per).Name ?? Per.ToString("c", CultureInfo.InvariantCulture);
        return string.Create(CultureInfo.InvariantCulture, $"{Count}/{unit}");
    }
}

/// <summary>What a connection must prove.</summary>
public enum TlsRequirement
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>The server speaks TLS.</summary>
    Required,

    /// <summary>Both sides have a certificate.</summary>
    Mutual,
}

/// <summary>Who may listen on a port. What is given must all be true.</summary>
/// <param name="User">User name or number, or null.</param>
/// <param name="Executable">Absolute path of the program, or null.</param>
/// <param name="Unit">systemd unit, or null.</param>
public sealed record ExpectedProcess(string? User, string? Executable, string? Unit);
