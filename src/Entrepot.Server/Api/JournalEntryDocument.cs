using System.Text.Json;
using Entrepot.Core.Journal;

namespace Entrepot.Server.Api;

/// <summary>One line of the journal: something that changed.</summary>
/// <param name="Sequence">Position, counted from 1 without gaps.</param>
/// <param name="At">When, UTC.</param>
/// <param name="Actor">Who: <c>operator@ADDRESS</c>, <c>node:NAME</c> or <c>system:LOOP</c>.</param>
/// <param name="Action">What, as <c>noun.verb</c>.</param>
/// <param name="Subject">To what.</param>
/// <param name="Details">The rest.</param>
public sealed record JournalEntryDocument(long Sequence, DateTimeOffset At, string Actor, string Action, string Subject, JsonElement Details)
{
    /// <summary>Shows an entry.</summary>
    public static JournalEntryDocument Of(JournalEntry entry)
    {
        using var details = JsonDocument.Parse(entry.Details);
        return new JournalEntryDocument(entry.Sequence, entry.At, entry.Actor, entry.Action, entry.Subject, details.RootElement.Clone());
    }
}
