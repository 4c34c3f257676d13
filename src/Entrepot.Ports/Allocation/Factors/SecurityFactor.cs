using Entrepot.Ports.Pools;

namespace Entrepot.Ports.Allocation.Factors;

/// <summary>Factor 5: a number that scanners try first draws noise, one that looks like a guarded service's is mistaken for it by people,
/// and one that another service has by custom is mistaken for that by programs.</summary>
internal sealed class SecurityFactor : PortFactorRule
{
    private static readonly byte[][] Tables = [.. PortProtocols.All.Select(static protocol => Table(port => Score(port, protocol).Score))];

    public override PortFactor Factor => PortFactor.Security;

    public override ReadOnlySpan<byte> Score(FactorContext context, int first, Span<byte> scratch)
        => Slice(Tables[(int)context.Request.Protocol], first, scratch);

    public override string Say(FactorContext context, int port) => Score(port, context.Request.Protocol).Why;

    private static (byte Score, string Why) Score(int port, PortProtocol protocol)
    {
        if (ForbiddenPorts.Constraint(protocol).Ports.Contains(port))
            return (0, "on the block list");
        if (ScannedPorts.Notorious.Contains(port))
            return (51, "known from malware or pranks");
        if (ScannedPorts.Hot.Contains(port))
            return (89, "scanners try it first");
        if (ScannedPorts.LooksLike(port) is { } guarded)
            return (128, $"looks like {guarded}");
        if (WellKnownServices.On(port, protocol) is { } known)
            return (153, $"taken for {known.Name}");
        return (Best, "inconspicuous");
    }
}
