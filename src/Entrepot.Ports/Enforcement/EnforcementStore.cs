using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Dapper;
using Entrepot.Core.Journal;
using Entrepot.Core.State;
using Entrepot.Ports.Firewalls;

namespace Entrepot.Ports.Enforcement;

/// <summary>The enforcement's only SQL. Every change and its journal row are one transaction.</summary>
/// <param name="state">A database that was opened with this assembly among its features.</param>
internal sealed class EnforcementStore(StateDatabase state)
{
    private const string AppliedName = "applied";
    private const string PendingName = "pending";

    public AppliedRules? Applied => Read(AppliedName, EnforcementJson.Default.AppliedRules);

    public PendingChange? Pending => Read(PendingName, EnforcementJson.Default.PendingChange);

    public IReadOnlyList<Opening> Openings => state.Read(static connection => connection
        .Query<Row>("SELECT id, document FROM openings ORDER BY id")
        .Select(static row => JsonSerializer.Deserialize(row.Document, EnforcementJson.Default.Opening)! with { Id = row.Id }).ToList());

    public Task BeginAsync(PendingChange change, JournalEntry entry) => state.WriteAsync(transaction =>
    {
        Put(transaction, PendingName, change, EnforcementJson.Default.PendingChange);
        JournalTable.Append(transaction, entry);
    });

    public Task EndAsync(AppliedRules? applied, JournalEntry entry) => state.WriteAsync(transaction =>
    {
        if (applied is not null)
            Put(transaction, AppliedName, applied, EnforcementJson.Default.AppliedRules);
        transaction.Execute("DELETE FROM enforcement WHERE name = @name", new { name = PendingName });
        JournalTable.Append(transaction, entry);
    });

    public Task SetAppliedAsync(AppliedRules applied, JournalEntry entry) => state.WriteAsync(transaction =>
    {
        Put(transaction, AppliedName, applied, EnforcementJson.Default.AppliedRules);
        JournalTable.Append(transaction, entry);
    });

    public Task<Opening> AddAsync(Opening opening, Func<Opening, JournalEntry> entry) => state.WriteAsync(transaction =>
    {
        var id = transaction.Scalar<long>(
            "INSERT INTO openings (document) VALUES (@document) RETURNING id",
            new { document = JsonSerializer.Serialize(opening, EnforcementJson.Default.Opening) });
        var added = opening with { Id = id };
        JournalTable.Append(transaction, entry(added));
        return added;
    });

    public Task RemoveAsync(long id, JournalEntry entry) => state.WriteAsync(transaction =>
    {
        transaction.Execute("DELETE FROM openings WHERE id = @id", new { id });
        JournalTable.Append(transaction, entry);
    });

    public Task NoteAsync(JournalEntry entry) => state.WriteAsync(transaction => JournalTable.Append(transaction, entry));

    private static void Put<T>(StateTransaction transaction, string name, T document, JsonTypeInfo<T> type)
        => transaction.Execute(
            "INSERT INTO enforcement (name, document) VALUES (@name, @document) ON CONFLICT (name) DO UPDATE SET document = excluded.document",
            new { name, document = JsonSerializer.Serialize(document, type) });

    private T? Read<T>(string name, JsonTypeInfo<T> type)
        where T : class
        => state.Read(connection => connection.QuerySingleOrDefault<string>("SELECT document FROM enforcement WHERE name = @name", new { name }))
            is { } text ? JsonSerializer.Deserialize(text, type) : null;

    private sealed record Row(long Id, string Document);
}
