namespace Entrepot.Ports.Allocation.Factors;

/// <summary>Factor 3: a port that the rules let through already needs no change; one that they close on purpose needs an argument.</summary>
internal sealed class FirewallAgreementFactor : PortFactorRule
{
    public override PortFactor Factor => PortFactor.FirewallAgreement;

    public override string? Missing(FactorContext context)
        => context.Evidence is { Permitted: null, Blocked: null } ? "the firewall's rules are not known" : null;

    public override ReadOnlySpan<byte> Score(FactorContext context, int first, Span<byte> scratch)
    {
        scratch.Fill(Neutral);
        if (context.Evidence.Blocked is { } blocked)
            Mark(blocked, first, scratch, 0);
        if (context.Evidence.Permitted is { } permitted)
            Mark(permitted, first, scratch, Best);
        return scratch;
    }

    public override string Say(FactorContext context, int port)
        => context.Evidence.Permitted?.Contains(port) == true ? "let through already"
            : context.Evidence.Blocked?.Contains(port) == true ? "closed by a rule"
            : "no rule speaks of it";
}
