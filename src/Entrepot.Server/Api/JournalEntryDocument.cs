using System.Text.Json;
using Entrepot.Core.Journal;

namespace Entrepot.Server.Api;

/// <summary>One entry of the journal: something that changed, or was read under audit.</summary>
/// <param name="Sequence">Position, counted from 1 without gaps.</param>
/// <param name="At">When, UTC.</param>
/// <param name="Who"><c>user:NAME</c>, <c>token:NAME</c>, <c>node:NAME</c>, <c>system:LOOP</c> or <c>operator</c>; a pseudonym after its time.</param>
/// <param name="From">From where: an address, or <c>uid:NUMBER</c>; empty for what the node does itself.</param>
/// <param name="Action">What, as <c>noun.verb</c>.</param>
/// <param name="Result">How it ended.</param>
/// <param name="Subject">To what.</param>
/// <param name="Details">The rest.</param>
/// <param name="Before">What was there before, where that says something.</param>
/// <param name="After">What is there since, where that says something.</param>
public sealed record JournalEntryDocument(
    long Sequence, DateTimeOffset At, string Who, string From, string Action, JournalResult Result, string Subject, JsonElement Details, JsonElement? Before, JsonElement? After)
{
    /// <summary>Shows an entry.</summary>
    public static JournalEntryDocument Of(JournalEntry entry) => new(
        entry.Sequence, entry.At, entry.By.Who, entry.By.From, entry.Action, entry.Result, entry.Subject, Parse(entry.Details),
        entry.Before is { } before ? Parse(before) : null, entry.After is { } after ? Parse(after) : null);

    private static JsonElement Parse(string json)
    {
        using var document = JsonDocument.Parse(json);
        return document.RootElement.Clone();
    }
}
