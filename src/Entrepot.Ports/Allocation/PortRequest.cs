using System.Globalization;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Ports.Declarations;
using Entrepot.Ports.Pools;

namespace Entrepot.Ports.Allocation;

/// <summary>What a service asks of the port book.</summary>
public sealed record PortRequest
{
    /// <summary>The <see cref="WantedPort"/> that means: whichever port the kernel finds free.</summary>
    public const int AnyPort = 0;

    /// <summary>Most adjacent ports of one request; as many as a service may declare.</summary>
    public const int MaxPorts = 1024;

    /// <summary>Longest service name in characters; as a node name, so that it can become a DNS label.</summary>
    public const int MaxServiceLength = NodeName.MaxLength;

    /// <summary>The node on which the service listens.</summary>
    public required NodeName Node { get; init; }

    /// <summary>The service: 1–63 characters of <c>a–z 0–9 -</c>, unique on its node. The same name gets the same port again.</summary>
    public required string Service { get; init; }

    /// <summary>The transport.</summary>
    public PortProtocol Protocol { get; init; }

    /// <summary>The port that it should have, 1–65535; <see cref="AnyPort"/> for whichever is free; null to take one from the pool.</summary>
    public int? WantedPort { get; init; }

    /// <summary>Where a port comes from when none is wanted, or the wanted one is refused.</summary>
    public PortPool? Pool { get; init; }

    /// <summary>Where the service moves when neither the wanted port nor the pool can serve it, 1–65535.</summary>
    public int? EmergencyPort { get; init; }

    /// <summary>The last resort, when even the emergency port is refused.</summary>
    public PortPool? OverflowPool { get; init; }

    /// <summary>How many adjacent ports it needs, 1–<see cref="MaxPorts"/>; every port named here is then the first of them.</summary>
    public int Ports { get; init; } = 1;

    /// <summary>How a port is chosen within a pool.</summary>
    public AllocationMode Mode { get; init; }

    /// <summary>True to choose anew instead of keeping the port of the last lease.</summary>
    public bool Fresh { get; init; }

    /// <summary>What to do with ports that an outgoing connection may take; null to leave it to the policy's profile.</summary>
    public EphemeralUse? Ephemeral { get; init; }

    /// <summary>Who will connect.</summary>
    public PortAudience Audience { get; init; }

    /// <summary>True when the service may have a port that needs privileges to bind.</summary>
    public bool AllowPrivileged { get; init; }

    /// <summary>True when somebody has approved that this service opens a port of the block list.</summary>
    public bool AllowForbidden { get; init; }

    /// <summary>True when browsers need not reach the port although they are who connects.</summary>
    public bool AllowBrowserBlocked { get; init; }

    /// <summary>True when the service may have a port that Kubernetes may give to others.</summary>
    public bool AllowNodePort { get; init; }

    /// <summary>Every mistake in the request, each a sentence; empty when there is none.</summary>
    public IReadOnlyList<string> Mistakes()
    {
        var mistakes = new List<string>();
        if (!NodeName.TryParse(Node.Value, out _, out _))
            mistakes.Add("The request names no node.");
        if (!NodeName.TryParse(Service, out _, out _))
            mistakes.Add($"'{Service}' is not a service name: use 1–{MaxServiceLength} characters of a–z, 0–9 and '-', with a letter or digit at both ends.");
        if (WantedPort is < 0 or > PortSet.MaxPort)
            mistakes.Add(string.Create(CultureInfo.InvariantCulture, $"The wanted port {WantedPort} is not a port: use 0–{PortSet.MaxPort}."));
        if (EmergencyPort is < 1 or > PortSet.MaxPort)
            mistakes.Add(string.Create(CultureInfo.InvariantCulture, $"The emergency port {EmergencyPort} is not a port: use 1–{PortSet.MaxPort}."));
        if (WantedPort is null && Pool is null)
            mistakes.Add("The request names neither a port nor a pool.");
        if (WantedPort is null && Pool is { Strategy: PoolStrategy.Static })
            mistakes.Add($"The {Pool} is static: the request must name the port that it wants.");
        if (Ports is < 1 or > MaxPorts)
            mistakes.Add(string.Create(CultureInfo.InvariantCulture, $"{Ports} adjacent ports can't be asked for: use 1–{MaxPorts}."));
        if (Ports > 1 && WantedPort == AnyPort)
            mistakes.Add("Adjacent ports can't be left to the kernel: name the first of them, or a pool.");
        if (Ports > 1 && Pool is { } pool && pool.Size < Ports)
            mistakes.Add(string.Create(CultureInfo.InvariantCulture, $"{Ports} adjacent ports don't fit into the {pool}."));
        if (Ports > 1 && (LastOf(WantedPort) > PortSet.MaxPort || LastOf(EmergencyPort) > PortSet.MaxPort))
            mistakes.Add(string.Create(CultureInfo.InvariantCulture, $"{Ports} adjacent ports would end above {PortSet.MaxPort}."));
        return mistakes;
    }

    /// <summary>True when a wish of the request leads to the port.</summary>
    internal bool Asks(int port)
        => port == WantedPort || port == EmergencyPort || (Pool is { Strategy: not PoolStrategy.Static } pool && pool.Contains(port)) || OverflowPool?.Contains(port) == true;

    private long LastOf(int? first) => (long)(first ?? 0) + Ports - 1;

    /// <summary>Refuses a request that <see cref="Mistakes"/> finds fault with.</summary>
    /// <exception cref="FaultException"><see cref="PortFault.RequestInvalid"/> with every mistake.</exception>
    public void Validate()
    {
        if (Mistakes() is { Count: > 0 } mistakes)
            throw Fault.Of(
                PortFault.RequestInvalid, FaultKind.Invalid, $"The port request of '{Service}' is not well formed. {string.Join(' ', mistakes)}",
                "Correct the service's port settings.").ToException();
    }
}

/// <summary>What to do with ports in the host's range for outgoing connections that are not reserved.</summary>
public enum EphemeralUse
{
    /// <summary>Take them, and tell the owner of the risk.</summary>
    Tell,

    /// <summary>Don't take them.</summary>
    Refuse,
}
