using Dapper;
using Entrepot.Core.State;

namespace Entrepot.Core.Journal;

/// <summary>Which entries are wanted.</summary>
/// <param name="After">Those after this position, oldest first; null for the newest.</param>
/// <param name="Count">How many at most, 1–<see cref="JournalTable.MaxPage"/>.</param>
public sealed record JournalQuery(long? After, int Count)
{
    /// <summary>Only entries whose action begins so; empty for all.</summary>
    public string Action { get; init; } = "";

    /// <summary>Only entries of this time or later.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>Only entries of this time or before.</summary>
    public DateTimeOffset? Until { get; init; }

    /// <summary>Only entries by this actor: <c>user:ann</c>, <c>ann</c>, an address, or <c>user:ann@ADDRESS</c>; null for all.</summary>
    public string? Who { get; init; }

    /// <summary>True for an entry that is asked for.</summary>
    public bool Wants(JournalEntry entry)
        => !(entry.Sequence <= After) && !(entry.At < Since) && !(entry.At > Until) && entry.Action.StartsWith(Action, StringComparison.Ordinal) && IsBy(entry.By);

    /// <summary>True for an actor that is asked for.</summary>
    internal bool IsBy(JournalActor actor)
        => Who is not { } who || actor.Who == who || actor.From == who || actor.ToString() == who || (actor.Who.Length > who.Length
            && actor.Who.EndsWith(who, StringComparison.Ordinal) && actor.Who[^(who.Length + 1)] == ':');
}

/// <summary>Writes and reads the journal. Contract: entries are appended in the transaction of the change that they describe; nothing changes or
/// deletes them but retention, which keeps the chain provable.</summary>
public static class JournalTable
{
    /// <summary>Largest page that <see cref="Read(StateDatabase, JournalQuery, CancellationToken)"/> returns.</summary>
    public const int MaxPage = 1000;

    private const string Wanted =
        """
        SELECT sequence, at, action, result, hash, payload FROM journal
        WHERE sequence > @after AND at BETWEEN @since AND @until AND substr(action, 1, length(@action)) = @action
        """;

    private const string OldestFirst = Wanted + " ORDER BY sequence";
    private const string NewestFirst = OldestFirst + " DESC";

    /// <summary>Appends one entry in the caller's transaction.</summary>
    public static void Append(StateTransaction transaction, JournalEntry entry) => transaction.Journal.Append(transaction, entry);

    /// <summary>Entries after a position, oldest first.</summary>
    /// <param name="database">Where the journal is.</param>
    /// <param name="after">The last position already seen; 0 for the start.</param>
    /// <param name="count">How many at most, 1–<see cref="MaxPage"/>.</param>
    /// <param name="action">Only entries whose action begins so; empty for all.</param>
    public static IReadOnlyList<JournalEntry> Read(StateDatabase database, long after, int count, string action = "")
        => Read(database, new JournalQuery(after, count) { Action = action }, CancellationToken.None);

    /// <summary>The newest entries, oldest of them first.</summary>
    /// <param name="database">Where the journal is.</param>
    /// <param name="count">How many at most, 1–<see cref="MaxPage"/>.</param>
    public static IReadOnlyList<JournalEntry> ReadNewest(StateDatabase database, int count) => Read(database, new JournalQuery(null, count), CancellationToken.None);

    /// <summary>The entries that are asked for, oldest first. Who and what are sealed, so a query by actor opens every entry of its time.</summary>
    public static IReadOnlyList<JournalEntry> Read(StateDatabase database, JournalQuery query, CancellationToken cancellation)
        => database.Read(connection =>
        {
            var rows = connection.Query<Row>(
                query.After is null ? NewestFirst : OldestFirst,
                new
                {
                    after = query.After ?? 0,
                    since = query.Since?.ToUnixTimeMilliseconds() ?? long.MinValue,
                    until = query.Until?.ToUnixTimeMilliseconds() ?? long.MaxValue,
                    action = query.Action,
                },
                buffered: false);
            var found = new List<JournalEntry>();
            var buffer = new byte[1024];
            foreach (var row in rows)
            {
                cancellation.ThrowIfCancellationRequested();
                var entry = Open(database.JournalSeal, row, ref buffer);
                if (!query.IsBy(entry.By))
                    continue;
                found.Add(entry);
                if (found.Count >= Math.Clamp(query.Count, 1, MaxPage))
                    break;
            }

            if (query.After is null)
                found.Reverse();
            return found;
        });

    /// <summary>An entry that does not open is shown as such: one that was tampered with must not hide the others.</summary>
    private static JournalEntry Open(JournalSeal seal, Row row, ref byte[] buffer)
        => seal.TryOpen(row.Payload, row.Hash, ref buffer, out var payload)
            ? payload.Complete(row.Sequence, row.At, row.Action, row.Result)
            : new JournalEntry(
                DateTimeOffset.FromUnixTimeMilliseconds(row.At), new JournalActor("unreadable", ""), row.Action, "unreadable",
                """{"unreadable":"it was changed, or sealed by another key; 'entrepot audit verify' tells more"}""")
            {
                Sequence = row.Sequence,
                Result = JournalResults.Parse(row.Result),
            };

    private sealed record Row(long Sequence, long At, string Action, string Result, byte[] Hash, byte[] Payload);
}
