using System.Collections.Immutable;
using Entrepot.Ports.Allocation.Factors;

namespace Entrepot.Ports.Allocation;

/// <summary>Everything that a decision depends on besides the request, as data: equal situations give equal decisions.</summary>
/// <param name="Protocol">The number space that it describes.</param>
/// <param name="Constraints">The rules in force, in the order in which they are named to the user.</param>
/// <param name="PreviousPort">The port of the service's last lease, or null.</param>
public sealed record PortSituation(PortProtocol Protocol, ImmutableArray<PortConstraint> Constraints, int? PreviousPort = null)
{
    /// <summary>What makes one allowed port better than another; null when the stable order alone shall decide.</summary>
    public PortEvidence? Evidence { get; init; }

    /// <summary>A number from a cryptographic source, for a request of <see cref="Declarations.AllocationMode.Random"/>; the decision
    /// records it, so that the choice can be repeated.</summary>
    public ulong? Drawn { get; init; }

    /// <summary>The same situation with one more rule.</summary>
    public PortSituation With(PortConstraint constraint) => this with { Constraints = Constraints.Add(constraint) };

    /// <summary>Every rule's word on one port, whoever asks.</summary>
    public IReadOnlyList<PortObjection> On(int port)
        => [.. Constraints.Where(constraint => constraint.Ports.Contains(port)).Select(constraint => constraint.On(port))];
}
