using Dapper;
using Microsoft.Data.Sqlite;

namespace Entrepot.Core.State;

/// <summary>The writer's view of the database during one unit of work. Everything done through it becomes durable together,
/// or not at all. Valid only inside the delegate that received it.</summary>
public sealed class StateTransaction
{
    private readonly SqliteConnection _connection;
    private readonly SqliteTransaction _transaction;

    internal StateTransaction(SqliteConnection connection, SqliteTransaction transaction)
        => (_connection, _transaction) = (connection, transaction);

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
}
