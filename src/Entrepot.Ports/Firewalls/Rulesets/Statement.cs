using System.Collections.Immutable;
using System.Net;

namespace Entrepot.Ports.Firewalls.Rulesets;

/// <summary>A part of a rule.</summary>
public abstract record Statement;

/// <summary>The rule goes on when the fields are in the set. A field that the packet does not have ends the rule, negated or not.</summary>
/// <param name="Fields">What is read.</param>
/// <param name="Values">What it is looked up in.</param>
/// <param name="Negated">True when it must not be in the set.</param>
public sealed record MatchStatement(ImmutableArray<FieldRead> Fields, ValueSet Values, bool Negated) : Statement;

/// <summary>The rule goes on or not, depending on packets that came before: limits, quotas, connection counts.</summary>
/// <param name="Text">What it says.</param>
public sealed record HistoryStatement(string Text) : Statement;

/// <summary>Something that is not understood.</summary>
/// <param name="Text">What it says.</param>
/// <param name="MayDecide">True when it may also drop or accept; false when it can only end the rule.</param>
public sealed record UnknownStatement(string Text, bool MayDecide) : Statement;

/// <summary>Decides.</summary>
/// <param name="Verdict">How.</param>
public sealed record VerdictStatement(RuleVerdict Verdict) : Statement;

/// <summary>Decides as a map says; without an element the rule ends.</summary>
/// <param name="Fields">What is read.</param>
/// <param name="Map">Elements with verdicts.</param>
public sealed record VerdictMapStatement(ImmutableArray<FieldRead> Fields, ValueSet Map) : Statement;

/// <summary>Writes a mark: <c>(old &amp; Keep) ^ Flip</c>.</summary>
/// <param name="Field"><see cref="PacketField.PacketMark"/> or <see cref="PacketField.ConnectionMark"/>.</param>
/// <param name="Keep">Bits of the old mark that stay; null when the new mark is not known.</param>
/// <param name="Flip">Bits that are turned over.</param>
public sealed record MarkStatement(PacketField Field, uint? Keep, uint Flip) : Statement
{
    /// <summary>True when the new mark is made from the connection's: a packet without a connection ends the rule.</summary>
    public bool NeedsConnection { get; init; }
}

/// <summary>Gives the connection another destination, and ends the chain by accepting.</summary>
/// <param name="Text">What it says.</param>
public sealed record TranslateStatement(string Text) : Statement
{
    /// <summary>The new address, or null when it stays or is not known.</summary>
    public IPAddress? Address { get; init; }

    /// <summary>The new port, or null when it stays or is not known.</summary>
    public int? Port { get; init; }

    /// <summary>True when the new address is one of this host's (<c>redirect</c>).</summary>
    public bool ToSelf { get; init; }

    /// <summary>The family whose packets it changes (2 or 10), or null for both; it does nothing to others.</summary>
    public byte? OnlyFamily { get; init; }

    /// <summary>True when address or port depend on something that is not modelled.</summary>
    public bool IsVague { get; init; }
}

/// <summary>Accepts and ends the chain after changing what does not matter here: the source address.</summary>
/// <param name="Text">What it says.</param>
public sealed record SourceTranslateStatement(string Text) : Statement;

/// <summary>Takes the packet out of connection tracking.</summary>
public sealed record UntrackStatement : Statement;

/// <summary>A verdict of a rule.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Chain">Where a jump leads, or null.</param>
public sealed record RuleVerdict(VerdictKind Kind, string? Chain = null);

/// <summary>Kinds of verdicts (nft(8), VERDICT STATEMENT).</summary>
public enum VerdictKind
{
    /// <summary>Ends this base chain; the next one may still drop.</summary>
    Accept,

    /// <summary>Final.</summary>
    Drop,

    /// <summary>Final, and the sender is told.</summary>
    Reject,

    /// <summary>Goes to another chain and comes back.</summary>
    Jump,

    /// <summary>Goes to another chain and does not come back.</summary>
    Goto,

    /// <summary>Goes back to where the chain was called.</summary>
    Return,

    /// <summary>Goes on with the next rule.</summary>
    Continue,

    /// <summary>A program decides.</summary>
    Queue,
}
