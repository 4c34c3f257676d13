using Entrepot.Ports.Allocation.Factors;
using Entrepot.Ports.Inventory;

namespace Entrepot.Ports.Allocation;

/// <summary>What the host showed just before a decision.</summary>
/// <param name="InTheWay">Sockets that would meet the service's own on the same port, with owners where they are known.</param>
/// <param name="Ephemeral">The host's range for outgoing connections.</param>
public sealed record PortObservation(IReadOnlyList<ListeningSocket> InTheWay, EphemeralRange Ephemeral)
{
    /// <summary>Ports that could not be bound in this attempt; each with the rest of a sentence that begins with the port.</summary>
    public IReadOnlyDictionary<int, string> FoundTaken { get; init; } = new Dictionary<int, string>();

    /// <summary>On a second try, the port of the lease from before the first; the book holds the failed one by now. Read only when
    /// <see cref="FoundTaken"/> is not empty.</summary>
    public int? PreviousPort { get; init; }

    /// <summary>Ports that the system keeps for itself; see <see cref="ExcludedPorts"/>.</summary>
    public PortSet Excluded { get; init; } = PortSet.Empty;

    /// <summary>What else was observed; the book adds what it knows itself.</summary>
    public PortEvidence Evidence { get; init; } = PortEvidence.None;

    /// <summary>Nothing is bound, and the range is Linux's default.</summary>
    public static PortObservation None { get; } = new([], EphemeralRange.LinuxDefault);
}
