using System.Globalization;
using System.Runtime.Intrinsics;
using System.Text;

namespace Entrepot.Ports.Allocation.Factors;

/// <summary>One factor's word on one port.</summary>
/// <param name="Factor">The factor.</param>
/// <param name="Score">0 (worst) to 1 (best).</param>
/// <param name="Weight">Its share of the total, 0–1.</param>
/// <param name="Known">False when there was no evidence, and the score is the neutral one.</param>
/// <param name="Text">Why: a clause of a few words.</param>
public sealed record PortScore(PortFactor Factor, double Score, double Weight, bool Known, string Text);

/// <summary>The weighted scores of ports. A total is a whole number, and two that fall into the same <see cref="Tier"/> are equal:
/// evidence is rarely worth more than a 64th.</summary>
internal sealed class PortScores
{
    /// <summary>The highest total.</summary>
    public const int MaxTotal = PortFactorRule.Best * FactorProfile.Whole;

    private const int TierShift = 10;  // 64 tiers of a 16-bit total
    private const int Part = 4096;  // totals and scores of so many ports stay in the first-level cache over all factors

    private static readonly PortFactorRule[] Rules =
    [
        new ServiceFitFactor(), new RangeClassFactor(), new FirewallAgreementFactor(), new LoadBalancingFactor(), new SecurityFactor(),
        new ComplianceMarginFactor(), new TopologyFactor(), new LatencyFactor(), new ThroughputFactor(), new LossFactor(),
        new HeadroomFactor(), new HistoryFactor(),
    ];

    [ThreadStatic]
    private static byte[]? _scratch;

    private readonly FactorContext _context;
    private readonly FactorProfile _profile;
    private readonly string?[] _missing = new string?[PortFactors.Count];
    private readonly ushort _neutral;

    /// <summary>Prepares the factors for one request.</summary>
    public PortScores(PortRequest request, PortEvidence evidence)
    {
        (_context, _profile) = (new FactorContext(request, evidence), FactorProfile.Of(evidence.Profile));
        foreach (var rule in Rules)
        {
            if (rule.Missing(_context) is not { } missing)
                continue;
            _missing[(int)rule.Factor - 1] = evidence.Unknown.GetValueOrDefault(rule.Factor, missing);
            _neutral += (ushort)(PortFactorRule.Neutral * _profile[rule.Factor].Weight);
        }
    }

    /// <summary>Which class of equals a total belongs to.</summary>
    public static int Tier(int total) => total >> TierShift;

    /// <summary>The lowest total of a tier.</summary>
    public static ushort Lowest(int tier) => (ushort)(tier << TierShift);

    /// <summary>A total as people read it, 0–1.</summary>
    public static double Share(int total) => (double)total / MaxTotal;

    /// <summary>The totals of consecutive ports.</summary>
    /// <param name="first">The port of the first total.</param>
    /// <param name="totals">Where they go.</param>
    public void Fill(int first, Span<ushort> totals)
    {
        totals.Fill(_neutral);
        var scratch = _scratch ??= new byte[Part];
        for (var begin = 0; begin < totals.Length; begin += Part)
        {
            var part = totals.Slice(begin, Math.Min(Part, totals.Length - begin));
            foreach (var rule in Rules)
            {
                if (_missing[(int)rule.Factor - 1] is null)
                    Add(part, rule.Score(_context, first + begin, scratch.AsSpan(0, part.Length)), (ushort)_profile[rule.Factor].Weight);
            }
        }
    }

    /// <summary>The total of one port.</summary>
    public int Total(int port)
    {
        Span<ushort> total = stackalloc ushort[1];
        Fill(port, total);
        return total[0];
    }

    /// <summary>Every factor's word on one port.</summary>
    public IReadOnlyList<PortScore> Of(int port)
        => [.. Rules.Select(rule => new PortScore(
            rule.Factor, (double)(Level(rule, port) ?? PortFactorRule.Neutral) / PortFactorRule.Best, (double)_profile[rule.Factor].Weight / FactorProfile.Whole,
            Level(rule, port) is not null, _missing[(int)rule.Factor - 1] ?? rule.Say(_context, port)))];

    /// <summary>The scores of one port in a line, in hundredths; a dash where there was no evidence.</summary>
    public void Write(StringBuilder text, int port)
    {
        text.Append(CultureInfo.InvariantCulture, $"score {Share(Total(port)):0.000}:");
        foreach (var rule in Rules)
        {
            text.Append(' ').Append(rule.Factor.Name()).Append(' ');
            if (Level(rule, port) is { } level)
                text.Append(((level * 100) + (PortFactorRule.Best / 2)) / PortFactorRule.Best);
            else
                text.Append('–');
        }
    }

    private byte? Level(PortFactorRule rule, int port)
    {
        Span<byte> score = stackalloc byte[1];
        return _missing[(int)rule.Factor - 1] is null ? rule.Score(_context, port, score)[0] : null;
    }

    private static void Add(Span<ushort> totals, ReadOnlySpan<byte> scores, ushort weight)
    {
        var index = 0;
        for (; index + Vector256<byte>.Count <= scores.Length; index += Vector256<byte>.Count)
        {
            var (low, high) = Vector256.Widen(Vector256.Create(scores[index..]));
            Add(totals[index..], low, weight);
            Add(totals[(index + Vector256<ushort>.Count)..], high, weight);
        }

        for (; index < scores.Length; index++)
            totals[index] += (ushort)(scores[index] * weight);
    }

    private static void Add(Span<ushort> totals, Vector256<ushort> scores, ushort weight)
        => (Vector256.Create((ReadOnlySpan<ushort>)totals) + (scores * weight)).CopyTo(totals);
}
