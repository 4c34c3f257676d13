using Microsoft.Data.Sqlite;

namespace Entrepot.Core.State;

/// <summary>The commands of the writer that stay prepared, by their text. Used on the writer's thread only.</summary>
internal sealed class PreparedCommands(SqliteConnection connection) : IDisposable
{
    /// <summary>Most commands that are kept; beyond it the texts vary, and all are dropped.</summary>
    private const int Most = 128;

    private readonly Dictionary<string, SqliteCommand> _commands = new(StringComparer.Ordinal);

    public SqliteCommand Get(string sql, SqliteTransaction transaction, ReadOnlySpan<(string Name, object? Value)> values)
    {
        if (!_commands.TryGetValue(sql, out var command))
        {
            if (_commands.Count == Most)
                Dispose();
            command = connection.CreateCommand();
            command.CommandText = sql;
            _commands.Add(sql, command);
        }

        command.Transaction = transaction;
        if (command.Parameters.Count != values.Length)
        {
            command.Parameters.Clear();
            foreach (var (name, _) in values)
                command.Parameters.Add(new SqliteParameter { ParameterName = name });
        }

        for (var index = 0; index < values.Length; index++)
        {
            var parameter = command.Parameters[index];
            parameter.ResetSqliteType();
            parameter.ParameterName = values[index].Name;
            parameter.Value = values[index].Value ?? DBNull.Value;
        }

        return command;
    }

    public void Dispose()
    {
        foreach (var command in _commands.Values)
            command.Dispose();
        _commands.Clear();
    }
}
