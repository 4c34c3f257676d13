using System.Reflection;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Entrepot.Core.State;

/// <summary>What a state database is found to be.</summary>
/// <param name="Exists">False when there is no file.</param>
/// <param name="Problem">What is wrong with it, as one sentence; null when nothing is.</param>
/// <param name="Applied">Schema changes that it holds.</param>
/// <param name="Pending">Schema changes that this build would apply when it opens it.</param>
/// <param name="Unknown">Schema changes that only a newer build knows.</param>
public sealed record StateInspection(bool Exists, string? Problem, int Applied, IReadOnlyList<string> Pending, IReadOnlyList<string> Unknown);

/// <summary>Looks at a state database without changing it, also while a node has it open.</summary>
public static class StateInspector
{
    /// <summary>Opens the file for reading, has SQLite check it and compares its schema with this build's.</summary>
    /// <param name="file">The database.</param>
    /// <param name="features">As for <see cref="StateDatabase.Open(string, IReadOnlyList{Assembly})"/>.</param>
    public static StateInspection Look(string file, params IReadOnlyList<Assembly> features)
    {
        if (!File.Exists(file))
            return new StateInspection(false, null, 0, [], []);
        var connectionString = new SqliteConnectionStringBuilder { DataSource = file, Mode = SqliteOpenMode.ReadOnly, Pooling = false, DefaultTimeout = 10 }.ToString();
        try
        {
            using var connection = new SqliteConnection(connectionString);
            connection.Open();
            var verdict = connection.ExecuteScalar<string>("PRAGMA quick_check(1)");
            var applied = connection.ExecuteScalar<long>("SELECT count(*) FROM sqlite_master WHERE name = 'SchemaVersions'") == 0
                ? []
                : connection.Query<string>("SELECT ScriptName FROM SchemaVersions").ToHashSet(StringComparer.Ordinal);
            var known = features.Prepend(typeof(StateDatabase).Assembly).SelectMany(static assembly => assembly.GetManifestResourceNames())
                .Where(static name => name.EndsWith(".sql", StringComparison.Ordinal)).ToHashSet(StringComparer.Ordinal);
            return new StateInspection(
                true, verdict == "ok" ? null : $"SQLite finds it damaged: {verdict}", applied.Count, [.. known.Except(applied).Order(StringComparer.Ordinal)],
                [.. applied.Except(known).Order(StringComparer.Ordinal)]);
        }
        catch (SqliteException error)
        {
            return new StateInspection(true, $"it can't be read: {error.Message}", 0, [], []);
        }
    }
}
