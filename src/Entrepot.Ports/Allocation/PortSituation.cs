using System.Collections.Immutable;

namespace Entrepot.Ports.Allocation;

/// <summary>Everything that a decision depends on besides the request, as data: equal situations give equal decisions.</summary>
/// <param name="Protocol">The number space that it describes.</param>
/// <param name="Constraints">The rules in force, in the order in which they are named to the user.</param>
/// <param name="PreviousPort">The port of the service's last lease, or null.</param>
public sealed record PortSituation(PortProtocol Protocol, ImmutableArray<PortConstraint> Constraints, int? PreviousPort = null)
{
    /// <summary>The same situation with one more rule.</summary>
    public PortSituation With(PortConstraint constraint) => this with { Constraints = Constraints.Add(constraint) };

    /// <summary>Every rule's word on one port, whoever asks.</summary>
    public IReadOnlyList<PortObjection> On(int port)
        => [.. Constraints.Where(constraint => constraint.Ports.Contains(port)).Select(constraint => constraint.On(port))];
}
