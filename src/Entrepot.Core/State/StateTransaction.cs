using Dapper;
using Entrepot.Core.Journal;
using Microsoft.Data.Sqlite;

namespace Entrepot.Core.State;

/// <summary>The writer's view of the database during one unit of work. Everything done through it becomes durable together,
/// or not at all. Valid only inside the delegate that received it.</summary>
public sealed class StateTransaction
{
    private readonly SqliteConnection _connection;
    private readonly SqliteTransaction _transaction;
    private readonly PreparedCommands _prepared;

    private readonly JournalWriter? _journal;

    internal StateTransaction(SqliteConnection connection, SqliteTransaction transaction, PreparedCommands prepared, JournalWriter? journal)
        => (_connection, _transaction, _prepared, _journal) = (connection, transaction, prepared, journal);

    /// <summary>Appends to the journal; not there while the journal itself is being opened.</summary>
    internal JournalWriter Journal => _journal!;

    /// <summary>Runs a statement; parameters are the public properties of <paramref name="parameters"/>.</summary>
    /// <returns>The number of rows changed.</returns>
    public int Execute(string sql, object? parameters = null) => _connection.Execute(sql, parameters, _transaction);

    /// <summary>Reads rows as the transaction sees them.</summary>
    public IEnumerable<T> Query<T>(string sql, object? parameters = null) => _connection.Query<T>(sql, parameters, _transaction);

    /// <summary>Reads one value as the transaction sees it.</summary>
    public T? Scalar<T>(string sql, object? parameters = null) => _connection.ExecuteScalar<T>(sql, parameters, _transaction);

    /// <summary>A prepared command in this transaction, for inserting many rows.</summary>
    public SqliteCommand Command(string sql)
    {
        var command = _connection.CreateCommand();
        command.Transaction = _transaction;
        command.CommandText = sql;
        return command;
    }

    /// <summary>As <see cref="Execute"/>, by a command that stays prepared: for statements of hot paths, whose text never varies.</summary>
    /// <param name="sql">The statement.</param>
    /// <param name="values">Its parameters, with <c>@</c>; null and enumerations are the caller's to map.</param>
    public int ExecutePrepared(string sql, params ReadOnlySpan<(string Name, object? Value)> values)
        => _prepared.Get(sql, _transaction, values).ExecuteNonQuery();

    /// <summary>Reads the first row of a prepared query: its columns as SQLite gives them (long, double, string, byte[], or null);
    /// null when there is none.</summary>
    public object?[]? FirstPrepared(string sql, params ReadOnlySpan<(string Name, object? Value)> values)
    {
        using var reader = _prepared.Get(sql, _transaction, values).ExecuteReader();
        if (!reader.Read())
            return null;
        var row = new object?[reader.FieldCount];
        for (var column = 0; column < row.Length; column++)
            row[column] = reader.IsDBNull(column) ? null : reader.GetValue(column);
        return row;
    }
}
