using Dapper;
using Entrepot.Core.Journal;
using Entrepot.Core.Secrets;
using Entrepot.Core.State;
using Microsoft.Data.Sqlite;

namespace Entrepot.Tests.Core.Journal;

/// <summary>A journal in a folder of its own, and somebody who may write to its file.</summary>
internal sealed class JournalSample : IAsyncDisposable
{
    public static readonly DateTimeOffset Start = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private readonly string _folder = Directory.CreateTempSubdirectory("entrepot-journal-").FullName;
    private readonly SealingKey _key;

    public JournalSample()
    {
        _key = SealingKey.OpenOrCreate(StateDatabase.UsualKeyFile(File));
        State = StateDatabase.Open(File, _key);
    }

    public string File => Path.Combine(_folder, "state.db");

    public StateDatabase State { get; private set; }

    public DateTimeOffset Now { get; set; } = Start;

    /// <summary>Appends entries, a minute apart.</summary>
    public async Task AppendAsync(int count, string actor = "user:ann@10.0.0.7")
    {
        for (var i = 0; i < count; i++)
        {
            Now += TimeSpan.FromMinutes(1);
            var at = Now;
            await State.WriteAsync(transaction => JournalTable.Append(transaction, new JournalEntry(
                at, actor, "thing.change", $"thing-{i}", """{"reason":"a test"}""") { Before = "1", After = "2", Result = (JournalResult)(i % 3) }));
        }
    }

    public Task<JournalCheckpoint?> CheckpointAsync() => JournalKeeping.CheckpointAsync(State, Now, TestContext.Current.CancellationToken);

    public JournalVerification Verify(JournalWitness? witness = null, bool withKey = true)
        => JournalVerifier.Verify(File, withKey ? _key : null, witness ?? new JournalWitness(), null, TestContext.Current.CancellationToken);

    /// <summary>Does what a person with the file and a SQLite shell can do.</summary>
    public T Tamper<T>(Func<SqliteConnection, T> work)
    {
        using var connection = new SqliteConnection($"Data Source={File};Pooling=False");
        connection.Open();
        foreach (var trigger in connection.Query<string>("SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'journal%'").ToList())
            connection.Execute($"DROP TRIGGER {trigger}");
        return work(connection);
    }

    public void Tamper(string sql, object? parameters = null) => Tamper(connection => connection.Execute(sql, parameters));

    public async Task ReopenAsync()
    {
        await State.DisposeAsync();
        State = StateDatabase.Open(File, _key);
    }

    public async ValueTask DisposeAsync()
    {
        await State.DisposeAsync();
        _key.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}
