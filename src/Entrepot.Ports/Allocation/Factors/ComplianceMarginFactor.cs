using System.Globalization;
using Entrepot.Ports.Inventory;
using Entrepot.Ports.Pools;

namespace Entrepot.Ports.Allocation.Factors;

/// <summary>Factor 6: the distance to the nearest port that is forbidden or that the kernel may hand out, up to <see cref="Enough"/>:
/// a range in a rule or a device that is off by a few must not let the wrong one through. A Dynamic Port never gets more than half.</summary>
internal sealed class ComplianceMarginFactor : PortFactorRule
{
    /// <summary>The distance that counts as far enough.</summary>
    public const int Enough = 8;

    // The last table of each transport; ranges change only when an operator changes a sysctl.
    private static readonly Entry?[] Kept = new Entry?[PortProtocols.All.Count];

    public override PortFactor Factor => PortFactor.ComplianceMargin;

    public override ReadOnlySpan<byte> Score(FactorContext context, int first, Span<byte> scratch)
    {
        var protocol = context.Request.Protocol;
        var range = context.Evidence.Ephemeral;
        var entry = Volatile.Read(ref Kept[(int)protocol]);
        if (entry is null || !entry.Covers(range))
            Volatile.Write(ref Kept[(int)protocol], entry = new Entry(range, Compute(range, protocol)));
        return Slice(entry.Scores, first, scratch);
    }

    public override string Say(FactorContext context, int port)
    {
        if (ForbiddenPorts.Constraint(context.Request.Protocol).Ports.Contains(port))
            return "on the block list";
        var range = context.Evidence.Ephemeral;
        if (port >= range.First && port <= range.Last && !range.Reserved.Contains(port))
            return "in the range for outgoing connections";
        var distance = Distance(Risky(context.Evidence.Ephemeral, context.Request.Protocol), port);
        var far = distance >= Enough
            ? string.Create(CultureInfo.InvariantCulture, $"{Enough} or more from a risk")
            : string.Create(CultureInfo.InvariantCulture, $"{distance} from a risk");
        return port >= 49152 ? $"{far}, but dynamic" : far;
    }

    private static byte[] Compute(EphemeralRange range, PortProtocol protocol)
    {
        var risky = Risky(range, protocol);
        var scores = new byte[PortSet.MaxPort + 1];
        var distance = Enough;
        for (var port = 0; port < scores.Length; port++)
        {
            distance = risky.Contains(port) ? 0 : Math.Min(distance + 1, Enough);
            scores[port] = (byte)distance;
        }

        distance = Enough;
        for (var port = scores.Length - 1; port >= 0; port--)
        {
            distance = Math.Min(risky.Contains(port) ? 0 : Math.Min(distance + 1, Enough), scores[port]);
            var level = (byte)(Best * distance / Enough);
            scores[port] = port >= 49152 ? Math.Min(level, Neutral) : level;
        }

        return scores;
    }

    private static PortSet Risky(EphemeralRange range, PortProtocol protocol)
        => ForbiddenPorts.Constraint(protocol).Ports.Union(range.Unreserved);

    private static int Distance(PortSet risky, int port)
    {
        for (var distance = 0; distance < Enough; distance++)
        {
            if (risky.Contains(port - distance) || risky.Contains(port + distance))
                return distance;
        }

        return Enough;
    }

    private sealed record Entry(EphemeralRange Range, byte[] Scores)
    {
        public bool Covers(EphemeralRange range)
            => ReferenceEquals(range, Range) || (range.First == Range.First && range.Last == Range.Last && range.Reserved.Equals(Range.Reserved));
    }
}
