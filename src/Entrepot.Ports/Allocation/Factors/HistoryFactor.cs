using System.Globalization;

namespace Entrepot.Ports.Allocation.Factors;

/// <summary>Factor 12: a port on which a service met a stranger before may see him again, one that changed hands often is known to
/// stale clients, and one that is scanned is known to others.</summary>
internal sealed class HistoryFactor : PortFactorRule
{
    public override PortFactor Factor => PortFactor.History;

    public override string? Missing(FactorContext context) => context.Evidence.Past is null ? "nothing was kept" : null;

    public override ReadOnlySpan<byte> Score(FactorContext context, int first, Span<byte> scratch)
    {
        scratch.Fill(Best);
        foreach (var (port, past) in context.Evidence.Past!)
        {
            if (port >= first && port < first + scratch.Length)
                scratch[port - first] = Score(past);
        }

        return scratch;
    }

    public override string Say(FactorContext context, int port)
    {
        if (context.Evidence.Past!.GetValueOrDefault(port) is not { } past || Score(past) == Best)
            return "nothing happened";
        var parts = new List<string>(3);
        if (past.Conflicts > 0)
            parts.Add(string.Create(CultureInfo.InvariantCulture, $"found taken {past.Conflicts}×"));
        if (past.Owners > 1)
            parts.Add(string.Create(CultureInfo.InvariantCulture, $"{past.Owners} owners"));
        if (past.Scans > 0)
            parts.Add(string.Create(CultureInfo.InvariantCulture, $"scanned {past.Scans}×"));
        return string.Join(", ", parts);
    }

    private static byte Score(PortPast past)
        => (byte)(Best - (Math.Min(past.Conflicts, 3) * 48) - (Math.Clamp(past.Owners - 1, 0, 5) * 8) - (Math.Min(past.Scans, 6) * 10));
}
