using Dapper;
using Entrepot.Core.Faults;
using Entrepot.Core.Journal;
using Microsoft.Data.Sqlite;

namespace Entrepot.Core.State;

/// <summary>A database that is looked at for its journal and not changed.</summary>
internal static class JournalFile
{
    /// <summary>Runs a query on a connection that can't write.</summary>
    /// <exception cref="FaultException"><see cref="JournalFault.Missing"/>, <see cref="StateFault.Unreadable"/>.</exception>
    public static T Read<T>(string file, Func<SqliteConnection, T> query)
    {
        if (!File.Exists(file))
            throw Missing(file, "there is no such file");
        try
        {
            var connectionString = new SqliteConnectionStringBuilder { DataSource = file, Mode = SqliteOpenMode.ReadOnly, Pooling = false, DefaultTimeout = 30 }.ToString();
            using var connection = new SqliteConnection(connectionString);
            connection.Open();
            if (connection.ExecuteScalar<long>("SELECT count(*) FROM sqlite_master WHERE name IN ('journal', 'journal_chain')") != 2
                || connection.ExecuteScalar<long>("SELECT count(*) FROM journal_chain") != 1)
                throw Missing(file, "it was written by a version before the journal was chained; the newer version does that at its first start");
            return query(connection);
        }
        catch (SqliteException error)
        {
            throw Fault.Of(StateFault.Unreadable, FaultKind.Internal, $"'{file}' can't be read: {error.Message}").ToException(error);
        }
    }

    /// <summary>Checks that there is a journal.</summary>
    /// <exception cref="FaultException">As <see cref="Read"/>.</exception>
    public static void Require(string file) => Read(file, static _ => true);

    private static FaultException Missing(string file, string why) => Fault.Of(
        JournalFault.Missing, FaultKind.NotFound, $"'{file}' holds no journal: {why}.",
        "Name the data folder of a node, or its folder 'agent'.").ToException();
}
