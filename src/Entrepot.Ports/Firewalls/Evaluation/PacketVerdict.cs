using System.Collections.Immutable;

namespace Entrepot.Ports.Firewalls.Evaluation;

/// <summary>What a ruleset does with a packet. Both may be possible: when limits decide, or something that is not understood.</summary>
/// <param name="Accepted">The decisions on the way through when it may be accepted, or null when that is impossible.</param>
/// <param name="Dropped">The decisions up to the one that drops it, or null when that is impossible.</param>
/// <param name="Doubts">What the outcome depends on, when both are possible.</param>
public sealed record PacketVerdict(
    ImmutableArray<Decision>? Accepted, ImmutableArray<Decision>? Dropped, ImmutableArray<string> Doubts)
{
    /// <summary>True when it may get through.</summary>
    public bool MayAccept => Accepted is not null;

    /// <summary>True when it may be dropped.</summary>
    public bool MayDrop => Dropped is not null;

    /// <summary>True when it gets through for sure.</summary>
    public bool IsAccepted => MayAccept && !MayDrop;

    /// <summary>True when it is dropped for sure.</summary>
    public bool IsDropped => MayDrop && !MayAccept;

    /// <summary>Which rule dropped it, or let it through at last; null when there was none.</summary>
    public Decision? Decider => MayDrop ? Dropped!.Value.LastOrDefault() : Accepted!.Value.LastOrDefault();
}

/// <summary>What ended a packet's way through a base chain, or sent it elsewhere.</summary>
/// <param name="Place">The rule, or the chain whose policy it was.</param>
/// <param name="Kind">What it did.</param>
/// <param name="Detail">More about it, or null.</param>
public sealed record Decision(string Place, DecisionKind Kind, string? Detail = null);

/// <summary>Kinds of decisions.</summary>
public enum DecisionKind
{
    /// <summary>A rule accepted.</summary>
    Accepted,

    /// <summary>A rule dropped or rejected.</summary>
    Dropped,

    /// <summary>No rule decided, and the policy accepts.</summary>
    PolicyAccepted,

    /// <summary>No rule decided, and the policy drops.</summary>
    PolicyDropped,

    /// <summary>A rule gave it another destination.</summary>
    Translated,
}
