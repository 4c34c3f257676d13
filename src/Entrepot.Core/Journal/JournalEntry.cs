using System.Text.Json.Serialization;

namespace Entrepot.Core.Journal;

/// <summary>One line of the journal: something that changed, or was read under audit.</summary>
/// <param name="Sequence">Position, counted from 1 without gaps; 0 before it is appended.</param>
/// <param name="At">When, in UTC.</param>
/// <param name="Actor">Who: <c>operator@ADDRESS</c>, <c>node:NAME</c> or <c>system:LOOP</c>.</param>
/// <param name="Action">What, as <c>noun.verb</c>: <c>snapshot.publish</c>, <c>lease.grant</c>.</param>
/// <param name="Subject">To what: a mirror, a digest, a port.</param>
/// <param name="Details">The rest, as a JSON object; never a secret.</param>
[method: JsonConstructor]
public sealed record JournalEntry(long Sequence, DateTimeOffset At, string Actor, string Action, string Subject, string Details)
{
    /// <summary>An entry not yet appended.</summary>
    public JournalEntry(DateTimeOffset at, string actor, string action, string subject, string details = "{}")
        : this(0, at, actor, action, subject, details)
    {
    }
}
