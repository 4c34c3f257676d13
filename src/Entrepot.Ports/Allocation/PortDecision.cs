using System.Globalization;
using System.Text;
using Entrepot.Ports.Allocation.Factors;

namespace Entrepot.Ports.Allocation;

/// <summary>Which wish of the request a candidate answers to, in the order in which they are tried.</summary>
public enum PortStep
{
    /// <summary>The port that the service should have.</summary>
    Wanted,

    /// <summary>A port of its pool.</summary>
    Pool,

    /// <summary>The emergency port.</summary>
    Emergency,

    /// <summary>A port of the overflow pool.</summary>
    Overflow,

    /// <summary>Whichever port the kernel finds free.</summary>
    Kernel,
}

/// <summary>A port that was considered.</summary>
/// <param name="Port">The port.</param>
/// <param name="Step">The wish that it answers to.</param>
/// <param name="Objections">What the rules say of it; empty when none speaks.</param>
public sealed record PortCandidate(int Port, PortStep Step, IReadOnlyList<PortObjection> Objections)
{
    /// <summary>True when no rule vetoes the port.</summary>
    public bool Allowed => Objections.All(static objection => objection.Effect != PortEffect.Veto);
}

/// <summary>The answer to a <see cref="PortRequest"/>, and how it came about.</summary>
/// <param name="Port">The chosen port; <see cref="PortRequest.AnyPort"/> where the kernel shall choose; null when no port is left.</param>
/// <param name="Step">The wish that the chosen port answers to; null when no port is left.</param>
/// <param name="Reason">One sentence.</param>
/// <param name="ShouldBe">The port that the service should have had but could not get, or null: then it has not moved.</param>
/// <param name="Obstacle">What kept it from <paramref name="ShouldBe"/>, or null.</param>
/// <param name="Candidates">Every port that was considered, in order, the chosen one last; of a crowded pool the first
/// <see cref="PortAllocator.MaxListed"/>.</param>
/// <param name="Omitted">How many refused candidates are not listed.</param>
public sealed record PortDecision(
    int? Port,
    PortStep? Step,
    string Reason,
    int? ShouldBe,
    PortObjection? Obstacle,
    IReadOnlyList<PortCandidate> Candidates,
    int Omitted)
{
    /// <summary>How many adjacent ports were asked for; <see cref="Port"/> is the first of them.</summary>
    public int Ports { get; init; } = 1;

    /// <summary>What a random choice was drawn with: the same seed, request and situation give the same port. Null in the other
    /// modes.</summary>
    public ulong? Seed { get; init; }

    /// <summary>Every factor's word on the chosen port; empty when the order alone decided.</summary>
    public IReadOnlyList<PortScore> Scores => Scorer is null || Port is null or PortRequest.AnyPort ? [] : Scorer.Of(Port.Value);

    internal PortScores? Scorer { get; init; }

    /// <summary>True when the service gets another port than it should have.</summary>
    public bool Moved => Port is not null && ShouldBe is not null;

    /// <summary>What the owner of the chosen port should know, each the rest of a sentence that begins with the port. Who asked for any
    /// port relies on none, so nothing is said about a port that the kernel picked.</summary>
    public IReadOnlyList<PortObjection> Warnings
        => Port is null or PortRequest.AnyPort || Step == PortStep.Kernel
            ? []
            : [.. Candidates[^1].Objections.Where(static objection => objection.Effect == PortEffect.Warning)];

    /// <summary>The decision as text: the reason, then one line for each candidate.</summary>
    public string Describe()
    {
        var text = new StringBuilder(Reason);
        foreach (var candidate in Candidates)
        {
            text.Append('\n').Append(CultureInfo.InvariantCulture, $"  {candidate.Port,5} {StepName(candidate.Step),-9} ");
            text.Append(candidate.Port == Port ? "chosen" : "refused");
            if (candidate.Objections.Count > 0)
                text.Append(": ").AppendJoin("; ", candidate.Objections.Select(static objection => objection.Text));
        }

        if (Omitted > 0)
            text.Append('\n').Append(CultureInfo.InvariantCulture, $"  and {Omitted} more, all refused");
        if (Scorer is not null && Port is { } chosen and not PortRequest.AnyPort)
            Scorer.Write(text.Append("\n  "), chosen);

        if (Seed is { } seed)
            text.Append('\n').Append(CultureInfo.InvariantCulture, $"  drawn with seed {seed:x16}");
        return text.ToString();
    }

    internal static string StepName(PortStep step) => step switch
    {
        PortStep.Wanted => "wanted",
        PortStep.Pool => "pool",
        PortStep.Emergency => "emergency",
        PortStep.Overflow => "overflow",
        _ => "kernel",
    };
}
