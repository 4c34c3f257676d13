namespace Entrepot.Ports.Allocation.Factors;

/// <summary>What makes one allowed port better than another. The numbers are those of the reference.</summary>
public enum PortFactor
{
    /// <summary>How well the number suits the service and its transport.</summary>
    ServiceFit = 1,

    /// <summary>Which range of RFC 6335 §6 it is in.</summary>
    RangeClass,

    /// <summary>Whether existing firewall rules let it through.</summary>
    FirewallAgreement,

    /// <summary>Whether a load balancer can treat it together with the service's other ports.</summary>
    LoadBalancing,

    /// <summary>How much scanners look for it, and for what it would be mistaken.</summary>
    Security,

    /// <summary>How far it is from ports that a rule forbids or the kernel hands out.</summary>
    ComplianceMargin,

    /// <summary>Whether a neighbour uses the number already, so that rules aggregate.</summary>
    Topology,

    /// <summary>Latency that was observed to it.</summary>
    Latency,

    /// <summary>Throughput that was observed to it.</summary>
    Throughput,

    /// <summary>Loss that was observed on the paths to it.</summary>
    Loss,

    /// <summary>Whether large gaps stay whole when it is taken.</summary>
    Headroom,

    /// <summary>Conflicts, change of owners and scans that were seen on it.</summary>
    History,
}

/// <summary>Names of factors.</summary>
public static class PortFactors
{
    /// <summary>How many there are.</summary>
    public const int Count = 12;

    /// <summary>Every factor, in order.</summary>
    public static IReadOnlyList<PortFactor> All { get; } = Enum.GetValues<PortFactor>();

    /// <summary>The name as tables and documents write it.</summary>
    public static string Name(this PortFactor factor) => factor switch
    {
        PortFactor.ServiceFit => "fit",
        PortFactor.RangeClass => "range",
        PortFactor.FirewallAgreement => "firewall",
        PortFactor.LoadBalancing => "balancing",
        PortFactor.Security => "security",
        PortFactor.ComplianceMargin => "margin",
        PortFactor.Topology => "topology",
        PortFactor.Latency => "latency",
        PortFactor.Throughput => "throughput",
        PortFactor.Loss => "loss",
        PortFactor.Headroom => "headroom",
        _ => "history",
    };
}
