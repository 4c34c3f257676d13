using Entrepot.Ports.Declarations;

namespace Entrepot.Ports.Allocation.Factors;

/// <summary>How much a factor counts, and why.</summary>
/// <param name="Factor">The factor.</param>
/// <param name="Weight">Its share of <see cref="FactorProfile.Whole"/>.</param>
/// <param name="Why">One sentence.</param>
public sealed record FactorWeight(PortFactor Factor, int Weight, string Why);

/// <summary>The weights of a <see cref="PolicyProfile"/>. They add up to <see cref="Whole"/>, so that a total is at most 255 × 256 and
/// fits 16 bits.</summary>
/// <param name="Profile">The profile.</param>
/// <param name="Weights">One for each factor, in the order of <see cref="PortFactors.All"/>.</param>
public sealed record FactorProfile(PolicyProfile Profile, IReadOnlyList<FactorWeight> Weights)
{
    /// <summary>What the weights of a profile add up to.</summary>
    public const int Whole = 256;

    private static readonly FactorProfile Lan = new(
        PolicyProfile.Lan,
        [
            new(PortFactor.ServiceFit, 28, "Colleagues type ports by hand, so the number should remind of the service."),
            new(PortFactor.RangeClass, 12, "Clients of one network are told the port, whatever range it is in."),
            new(PortFactor.FirewallAgreement, 28, "A rule that exists saves the only change that somebody else must make."),
            new(PortFactor.LoadBalancing, 24, "The same number on every node keeps the balancer's configuration to one line."),
            new(PortFactor.Security, 16, "Strangers do not scan a trusted network, colleagues' scanners do."),
            new(PortFactor.ComplianceMargin, 12, "Nobody audits the distance, but a neighbour of a forbidden port is an easy slip."),
            new(PortFactor.Topology, 32, "Short ways and few rules between neighbours are what a single network can have."),
            new(PortFactor.Latency, 28, "Where a middlebox slows a port down, every client feels it."),
            new(PortFactor.Throughput, 24, "Mirrors move large files; a shaped port costs minutes."),
            new(PortFactor.Loss, 24, "Loss on one port points at a device on the way, and costs more than its share."),
            new(PortFactor.Headroom, 8, "Blocks are rare here, so order in the pool is worth little."),
            new(PortFactor.History, 20, "A port that was found taken before is likely to be taken again."),
        ]);

    private static readonly FactorProfile Public = new(
        PolicyProfile.Public,
        [
            new(PortFactor.ServiceFit, 28, "Strangers know customary numbers and no others."),
            new(PortFactor.RangeClass, 24, "A published port must be one that can identify a service (RFC 6335 §6)."),
            new(PortFactor.FirewallAgreement, 32, "Foreign firewalls can't be changed; the own one should be left alone as well."),
            new(PortFactor.LoadBalancing, 24, "Public services stand behind balancers."),
            new(PortFactor.Security, 36, "The whole internet scans, and scans popular numbers first."),
            new(PortFactor.ComplianceMargin, 20, "A rule that is off by a few opens the neighbour to everybody."),
            new(PortFactor.Topology, 12, "Clients are anywhere, so the own neighbourhood saves little."),
            new(PortFactor.Latency, 20, "Most of it lies outside the own network, where no port mends it."),
            new(PortFactor.Throughput, 16, "Providers shape some ports, but the clients' lines are the limit more often."),
            new(PortFactor.Loss, 20, "Loss over long ways costs the most throughput."),
            new(PortFactor.Headroom, 8, "Pools are larger than what is published from them."),
            new(PortFactor.History, 16, "Stale clients of the last owner keep coming for a while."),
        ]);

    private static readonly FactorProfile Regulated = new(
        PolicyProfile.Regulated,
        [
            new(PortFactor.ServiceFit, 20, "An auditor recognises a customary number, but reads the register anyway."),
            new(PortFactor.RangeClass, 28, "A Dynamic Port is the first thing that an auditor asks about."),
            new(PortFactor.FirewallAgreement, 36, "Every new rule is a change with an approval; one that exists is approved."),
            new(PortFactor.LoadBalancing, 12, "Segments are small, and their balancers are configured by hand."),
            new(PortFactor.Security, 44, "A number that a scanner flags costs a written explanation every quarter."),
            new(PortFactor.ComplianceMargin, 48, "Distance to what is forbidden is evidence that the boundary was meant."),
            new(PortFactor.Topology, 16, "Rules that aggregate are shorter to review."),
            new(PortFactor.Latency, 8, "Inspection is wanted here, and its delay is accepted."),
            new(PortFactor.Throughput, 8, "The same holds for its throughput."),
            new(PortFactor.Loss, 8, "And for its losses, as long as connections last."),
            new(PortFactor.Headroom, 8, "Bounded pools are small, so large gaps are few."),
            new(PortFactor.History, 20, "A port with one owner since ever is the easiest to account for."),
        ]);

    /// <summary>The weights of a profile.</summary>
    public static FactorProfile Of(PolicyProfile profile) => profile switch
    {
        PolicyProfile.Public => Public,
        PolicyProfile.Regulated => Regulated,
        _ => Lan,
    };

    /// <summary>The weight of a factor.</summary>
    public FactorWeight this[PortFactor factor] => Weights[(int)factor - 1];
}
