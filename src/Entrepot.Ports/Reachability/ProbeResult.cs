using System.Net;
using Entrepot.Ports.Allocation;

namespace Entrepot.Ports.Reachability;

/// <summary>What one try to reach a port brought.</summary>
public enum ProbeAnswer
{
    /// <summary>The connection was made, or a datagram came back.</summary>
    Answered,

    /// <summary>The port was refused: a TCP reset, or ICMP port unreachable.</summary>
    Refused,

    /// <summary>Nothing came back in time.</summary>
    Silence,

    /// <summary>A machine on the way said that it does not pass this on (ICMP host unreachable or prohibited).</summary>
    Barred,

    /// <summary>The try could not be made: no way there from here, no such address family, no free local port.</summary>
    NotTried,
}

/// <summary>Whether a port can be reached from a place.</summary>
public enum Reach
{
    /// <summary>Nobody can tell: it was not tried, or silence means nothing for this protocol.</summary>
    Unknown,

    /// <summary>It answers.</summary>
    Open,

    /// <summary>The machine answers that nobody listens there.</summary>
    Refused,

    /// <summary>Nothing answers, or something on the way says no.</summary>
    Filtered,
}

/// <summary>A port to be reached.</summary>
/// <param name="Protocol">The transport.</param>
/// <param name="Address">Where.</param>
/// <param name="Port">1–65535.</param>
public sealed record ProbeTarget(PortProtocol Protocol, IPAddress Address, int Port);

/// <summary>What the tries came to.</summary>
/// <param name="Reach">The verdict.</param>
/// <param name="Confidence">0–1: the share of the tries that agree with it; 0 when nothing is known.</param>
/// <param name="Tries">How many tries it took.</param>
/// <param name="Detail">Why, in a few words.</param>
public sealed record ProbeResult(Reach Reach, double Confidence, int Tries, string Detail)
{
    /// <summary>The time to the answer of the quickest try that got one: the others may have waited for a SYN to be sent again, or for the
    /// probing program. Null when none got one.</summary>
    public TimeSpan? Latency { get; init; }

    /// <summary>How many tries a machine that answered others left without an answer. Null when none got one: that is no loss, but a door
    /// that is shut.</summary>
    public int? Lost { get; init; }

    /// <summary>Nothing was tried.</summary>
    public static ProbeResult NotTried { get; } = new(Reach.Unknown, 0, 0, "not tried");
}
