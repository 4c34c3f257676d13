using System.Globalization;

namespace Entrepot.Ports.Allocation.Factors;

/// <summary>Factor 12: a port on which a service met a stranger before may see him again, one that changed hands often is known to
/// stale clients, and one that is scanned is known to others.</summary>
internal sealed class HistoryFactor : PortFactorRule
{
    public override PortFactor Factor => PortFactor.History;

    public override string? Missing(FactorContext context) => context.Evidence.Past is null ? "nothing was kept" : null;

    public override ReadOnlySpan<byte> Score(FactorContext context, int first, Span<byte> scratch)
        => Slice(context.Evidence.Past!.Scores, first, scratch);

    public override string Say(FactorContext context, int port)
    {
        if (context.Evidence.Past![port] is not { Score: not Best } past)
            return "nothing happened";
        var parts = new List<string>(3);
        if (past.Conflicts > 0)
            parts.Add(string.Create(CultureInfo.InvariantCulture, $"found taken {past.Conflicts}×"));
        if (past.Owners > 0)
            parts.Add(string.Create(CultureInfo.InvariantCulture, $"{past.Owners} owner{(past.Owners == 1 ? "" : "s")} before"));
        if (past.Scans > 0)
            parts.Add(string.Create(CultureInfo.InvariantCulture, $"scanned {past.Scans}×"));
        return string.Join(", ", parts);
    }
}
