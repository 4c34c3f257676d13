using System.Collections.Immutable;
using Entrepot.Core.Faults;
using Entrepot.Ports.Firewalls.Evaluation;
using Entrepot.Ports.Firewalls.Nftables;

namespace Entrepot.Ports.Firewalls.Proof;

/// <summary>What the comparison of a rule model with a ruleset found, over all packets to the host.</summary>
/// <param name="Findings">Every difference, widest first; at most <see cref="MostFindings"/>.</param>
/// <param name="Omitted">How many more there are.</param>
/// <param name="Fault">Why the comparison was not carried through, or null. Nothing is proven then.</param>
public sealed record RulesetProof(ImmutableArray<ProofFinding> Findings, int Omitted, Fault? Fault)
{
    /// <summary>How many findings are told.</summary>
    public const int MostFindings = 100;

    /// <summary>What the ruleset lets in, or may let in, although the model does not: these block a change.</summary>
    public IEnumerable<ProofFinding> Wider => Findings.Where(static finding => finding.IsWider);

    /// <summary>What the ruleset keeps out, or may keep out, although the model lets it in.</summary>
    public IEnumerable<ProofFinding> Narrower => Findings.Where(static finding => !finding.IsWider);

    /// <summary>What depends on something that is not understood.</summary>
    public IEnumerable<ProofFinding> Uncertain => Findings.Where(static finding => finding.Kind is ProofKind.PerhapsWider or ProofKind.PerhapsNarrower);

    /// <summary>True when no packet gets in that the model keeps out.</summary>
    public bool IsSafe => Fault is null && !Wider.Any();

    /// <summary>True when the ruleset does what the model wants with every packet.</summary>
    public bool IsExact => Fault is null && Findings.IsEmpty;
}

/// <summary>A difference between a rule model and a ruleset.</summary>
/// <param name="Kind">In which direction.</param>
/// <param name="Ports">On which destination ports, in order; none for packets without ports.</param>
/// <param name="Example">A packet for which it is so.</param>
/// <param name="Intent">What the model wants done with it, and why.</param>
/// <param name="Verdict">What the ruleset does with it, and which rules do.</param>
public sealed record ProofFinding(ProofKind Kind, ImmutableArray<PortSpan> Ports, Packet Example, IntentVerdict Intent, PacketVerdict Verdict)
{
    /// <summary>True when it lets in more than the model.</summary>
    public bool IsWider => Kind is ProofKind.Wider or ProofKind.Unlimited or ProofKind.PerhapsWider;
}

/// <summary>Adjacent ports.</summary>
/// <param name="First">Lowest.</param>
/// <param name="Last">Highest, included.</param>
public readonly record struct PortSpan(int First, int Last)
{
    /// <inheritdoc/>
    public override string ToString() => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{First}{(First == Last ? "" : $"-{Last}")}");
}

/// <summary>Directions of a difference.</summary>
public enum ProofKind
{
    /// <summary>The ruleset lets in what the model keeps out.</summary>
    Wider,

    /// <summary>The ruleset lets in without a limit what the model limits.</summary>
    Unlimited,

    /// <summary>The ruleset may let in what the model keeps out.</summary>
    PerhapsWider,

    /// <summary>The ruleset keeps out what the model lets in.</summary>
    Narrower,

    /// <summary>The ruleset may keep out what the model lets in.</summary>
    PerhapsNarrower,

    /// <summary>The own table keeps out what is not the model's to decide.</summary>
    Overreach,
}

/// <summary>What a proof needs to know besides model and ruleset.</summary>
/// <param name="Host">The host's addresses and routes.</param>
/// <param name="Now">The time, in UTC.</param>
public sealed record ProofContext(HostView Host, DateTimeOffset Now)
{
    /// <summary>For rules that <see cref="NftablesTarget"/> rendered.</summary>
    public static ProofContext ForNftables(HostView host, DateTimeOffset now)
        => new(host, now) { OpeningMarks = NftWriter.AddressOpening | NftWriter.MacOpening, OwnTable = "entrepot" };

    /// <summary>For rules that another target rendered: it has no openings, and no table of its own.</summary>
    public static ProofContext ForOthers(HostView host, DateTimeOffset now) => new(host, now);

    /// <summary>Marks of connections that an opening let in; 0 where the target has no openings.</summary>
    public uint OpeningMarks { get; init; }

    /// <summary>Name of the own table, or null when it is not known which rules are own.</summary>
    public string? OwnTable { get; init; }
}
