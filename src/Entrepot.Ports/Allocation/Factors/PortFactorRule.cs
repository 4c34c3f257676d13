using System.Numerics;

namespace Entrepot.Ports.Allocation.Factors;

/// <summary>One factor: scores ports, 0 (worst) to 255 (best). Scores depend on the port, the request and the evidence only, never on
/// the other candidates, so a pool that grows changes nobody's score.</summary>
internal abstract class PortFactorRule
{
    /// <summary>The score where nothing is known.</summary>
    public const byte Neutral = 128;

    /// <summary>The best score.</summary>
    public const byte Best = 255;

    /// <summary>Which factor it is.</summary>
    public abstract PortFactor Factor { get; }

    /// <summary>What is missing, so that every port scores <see cref="Neutral"/>: a clause such as <c>no latency was measured</c>; null
    /// when the factor can tell ports apart.</summary>
    public virtual string? Missing(FactorContext context) => null;

    /// <summary>The scores of consecutive ports: a slice of a table that is ready, or <paramref name="scratch"/> after filling it.</summary>
    /// <param name="context">Request and evidence.</param>
    /// <param name="first">The port of the first score.</param>
    /// <param name="scratch">As long as the scores that are asked for.</param>
    public abstract ReadOnlySpan<byte> Score(FactorContext context, int first, Span<byte> scratch);

    /// <summary>Why a port has its score: a clause of a few words.</summary>
    public abstract string Say(FactorContext context, int port);

    /// <summary>A slice of a table over all ports.</summary>
    protected static ReadOnlySpan<byte> Slice(byte[] table, int first, Span<byte> scratch) => table.AsSpan(first, scratch.Length);

    /// <summary>A table over all ports.</summary>
    protected static byte[] Table(Func<int, byte> score)
    {
        var table = new byte[PortSet.MaxPort + 1];
        for (var port = 0; port < table.Length; port++)
            table[port] = score(port);
        return table;
    }

    /// <summary>Writes a score for every member of a set that lies in the span.</summary>
    protected static void Mark(PortSet ports, int first, Span<byte> scores, byte score)
    {
        var words = ports.Words;
        var last = first + scores.Length - 1;
        for (var index = first >> 6; index <= last >> 6; index++)
        {
            var members = words[index] & PortSet.WordOfRange(index, first, last);
            if (members == ulong.MaxValue)
            {
                scores.Slice((index << 6) - first, 64).Fill(score);
                continue;
            }

            for (; members != 0; members &= members - 1)
                scores[(index << 6) + BitOperations.TrailingZeroCount(members) - first] = score;
        }
    }

    /// <summary>A share of 1 as a score.</summary>
    protected static byte Level(double share) => (byte)Math.Round(Math.Clamp(share, 0, 1) * Best);
}

/// <summary>What the factors look at: one request, one body of evidence.</summary>
/// <param name="Request">What the service asks.</param>
/// <param name="Evidence">What is known.</param>
internal sealed record FactorContext(PortRequest Request, PortEvidence Evidence);
