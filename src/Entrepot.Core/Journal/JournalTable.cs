using Dapper;
using Entrepot.Core.State;

namespace Entrepot.Core.Journal;

/// <summary>The journal's only SQL. Contract: rows are appended in the transaction of the change that they describe, and
/// nothing updates or deletes them (triggers refuse it). Hash chain and signatures build on this table later.</summary>
public static class JournalTable
{
    /// <summary>Largest page that <see cref="Read"/> returns.</summary>
    public const int MaxPage = 1000;

    /// <summary>Appends one entry in the caller's transaction.</summary>
    public static void Append(StateTransaction transaction, JournalEntry entry)
        => transaction.ExecutePrepared(
            "INSERT INTO journal (at, actor, action, subject, details) VALUES (@at, @actor, @action, @subject, @details)",
            ("@at", entry.At.ToUnixTimeMilliseconds()), ("@actor", entry.Actor), ("@action", entry.Action), ("@subject", entry.Subject), ("@details", entry.Details));

    /// <summary>Entries after a position, oldest first.</summary>
    /// <param name="database">Where the journal is.</param>
    /// <param name="after">The last position already seen; 0 for the start.</param>
    /// <param name="count">How many at most, 1–<see cref="MaxPage"/>.</param>
    /// <param name="action">Only entries whose action begins so; empty for all.</param>
    public static IReadOnlyList<JournalEntry> Read(StateDatabase database, long after, int count, string action = "")
        => Query(
            database, "SELECT sequence, at, actor, action, subject, details FROM journal WHERE sequence > @after AND substr(action, 1, length(@action)) = @action ORDER BY sequence LIMIT @count",
            after, count, action);

    /// <summary>The newest entries, oldest of them first.</summary>
    /// <param name="database">Where the journal is.</param>
    /// <param name="count">How many at most, 1–<see cref="MaxPage"/>.</param>
    /// <param name="action">Only entries whose action begins so; empty for all.</param>
    public static IReadOnlyList<JournalEntry> ReadNewest(StateDatabase database, int count, string action = "")
        => Query(
            database,
            """
            SELECT sequence, at, actor, action, subject, details FROM
                (SELECT * FROM journal WHERE sequence > @after AND substr(action, 1, length(@action)) = @action ORDER BY sequence DESC LIMIT @count)
            ORDER BY sequence
            """,
            0, count, action);

    private static List<JournalEntry> Query(StateDatabase database, string sql, long after, int count, string action)
        => database.Read(connection => connection.Query<Row>(sql, new { after, action, count = Math.Clamp(count, 1, MaxPage) })
            .Select(static row => new JournalEntry(
                row.Sequence, DateTimeOffset.FromUnixTimeMilliseconds(row.At), row.Actor, row.Action, row.Subject, row.Details))
            .ToList());

    private sealed record Row(long Sequence, long At, string Actor, string Action, string Subject, string Details);
}
