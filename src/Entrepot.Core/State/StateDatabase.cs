using System.Reflection;
using System.Threading.Channels;
using Entrepot.Core.Faults;
using Microsoft.Data.Sqlite;

namespace Entrepot.Core.State;

/// <summary>One SQLite file in WAL mode: any number of readers and one writer, which commits in groups.
/// A write is durable (<c>synchronous=FULL</c>) when its task completes. Writes that wait at the same time share a transaction,
/// each inside its own savepoint, so one that fails takes no other with it.</summary>
public sealed class StateDatabase : IAsyncDisposable
{
    /// <summary>Most units of work in one transaction; bounds how long a commit can be held up.</summary>
    public const int MaxGroup = 256;

    /// <summary>Most units of work that wait; more callers wait for room.</summary>
    public const int QueueLimit = 4096;

    private const int DatabaseFull = 13;  // SQLITE_FULL
    private const int DatabaseCorrupt = 11;  // SQLITE_CORRUPT
    private const int NotADatabase = 26;  // SQLITE_NOTADB
    private const int CannotOpen = 14;  // SQLITE_CANTOPEN

    private readonly string _connectionString;
    private readonly SqliteConnection _writer;
    private readonly PreparedCommands _prepared;
    private readonly Channel<Work> _queue;
    private readonly Task _loop;

    private StateDatabase(string file, string connectionString, SqliteConnection writer)
    {
        File = file;
        _connectionString = connectionString;
        _writer = writer;
        _prepared = new PreparedCommands(writer);
        _queue = Channel.CreateBounded<Work>(new BoundedChannelOptions(QueueLimit) { SingleReader = true });
        _loop = Task.Factory.StartNew(RunAsync, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).Unwrap();
    }

    /// <summary>The database file.</summary>
    public string File { get; }

    /// <summary>Opens the file, creating it if need be, and applies the schema changes of the given features.</summary>
    /// <param name="file">Path of the database; its folder must exist.</param>
    /// <param name="features">Assemblies whose embedded <c>.sql</c> scripts belong to this database, in order of dependency.</param>
    /// <exception cref="FaultException"><see cref="StateFault"/>: newer version, damaged, unreadable.</exception>
    public static StateDatabase Open(string file, params IReadOnlyList<Assembly> features)
    {
        var connectionString = new SqliteConnectionStringBuilder
        {
            DataSource = file,
            Mode = SqliteOpenMode.ReadWriteCreate,
            DefaultTimeout = 30,
        }.ToString();
        try
        {
            var writer = new SqliteConnection(connectionString);
            writer.Open();
            Configure(writer);
            StateMigrator.Migrate(connectionString, file, [typeof(StateDatabase).Assembly, .. features]);
            return new StateDatabase(file, connectionString, writer);
        }
        catch (SqliteException error)
        {
            throw Translate(error, file);
        }
    }

    /// <summary>Runs one unit of work on the writer. The delegate runs on the writer's thread: it must not wait or do other I/O.</summary>
    /// <returns>What the delegate returned, once the change is durable.</returns>
    /// <exception cref="FaultException">The delegate's own, or <see cref="StateFault.DiskFull"/> and its like.</exception>
    public async Task<T> WriteAsync<T>(Func<StateTransaction, T> work, CancellationToken cancellation = default)
    {
        var item = new Work<T>(work);
        try
        {
            await _queue.Writer.WriteAsync(item, cancellation);
        }
        catch (ChannelClosedException)
        {
            throw Fault.Of(StateFault.Closed, FaultKind.Unavailable, "The state database is closing.", "Try again after the restart.").ToException();
        }

        return await item.Task;
    }

    /// <summary>As <see cref="WriteAsync{T}"/>, without a result.</summary>
    public Task WriteAsync(Action<StateTransaction> work, CancellationToken cancellation = default)
        => WriteAsync(
            transaction =>
            {
                work(transaction);
                return true;
            },
            cancellation);

    /// <summary>Runs a query on a pooled read connection, which sees every completed write.</summary>
    public T Read<T>(Func<SqliteConnection, T> query)
    {
        using var connection = new SqliteConnection(_connectionString);
        try
        {
            connection.Open();
            return query(connection);
        }
        catch (SqliteException error)
        {
            throw Translate(error, File);
        }
    }

    /// <summary>Finishes the writes that wait, then closes the file.</summary>
    public async ValueTask DisposeAsync()
    {
        _queue.Writer.TryComplete();
        await _loop;
        _prepared.Dispose();
        await _writer.DisposeAsync();
        using var pool = new SqliteConnection(_connectionString);
        SqliteConnection.ClearPool(pool);
    }

    private static void Configure(SqliteConnection connection)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA busy_timeout = 30000; "
            // Savepoints of large transactions keep their undo pages in memory, and the cache holds the upper levels of every index.
            + "PRAGMA temp_store = MEMORY; PRAGMA cache_size = -16384;";
        command.ExecuteNonQuery();
    }

    private static FaultException Translate(SqliteException error, string file) => error.SqliteErrorCode switch
    {
        DatabaseFull => Fault.Of(
            StateFault.DiskFull, FaultKind.Exhausted, $"The disk that holds '{file}' is full; nothing was changed.", "Free some space and try again.").ToException(error),
        DatabaseCorrupt or NotADatabase => Fault.Of(
            StateFault.Damaged, FaultKind.Internal, $"'{file}' is damaged: {error.Message}", "Restore it from a backup.").ToException(error),
        CannotOpen => Fault.Of(
            StateFault.Unreadable, FaultKind.Unavailable, $"'{file}' can't be opened: {error.Message}", "Check that the folder exists and that this user may write to it.").ToException(error),
        _ => Fault.Of(StateFault.Unreadable, FaultKind.Internal, $"'{file}': {error.Message}").ToException(error),
    };

    private async Task RunAsync()
    {
        var group = new List<Work>(MaxGroup);
        while (await _queue.Reader.WaitToReadAsync())
        {
            group.Clear();
            while (group.Count < MaxGroup && _queue.Reader.TryRead(out var work))
                group.Add(work);
            Commit(group);
        }
    }

    private void Commit(List<Work> group)
    {
        try
        {
            using var transaction = _writer.BeginTransaction();
            var state = new StateTransaction(_writer, transaction, _prepared);
            foreach (var work in group)
            {
                state.ExecutePrepared("SAVEPOINT work");
                if (!work.Run(state))
                    state.ExecutePrepared("ROLLBACK TO work");
                state.ExecutePrepared("RELEASE work");
            }

            transaction.Commit();
        }
        catch (Exception error)
        {
            // Nothing of the group is durable: every caller must hear so, and the loop must live on.
            var reported = error is SqliteException sqlite ? Translate(sqlite, File) : error;
            foreach (var work in group)
                work.Fail(reported);
            return;
        }

        foreach (var work in group)
            work.Complete();
    }

    private abstract class Work
    {
        public abstract bool Run(StateTransaction transaction);

        public abstract void Complete();

        public abstract void Fail(Exception error);
    }

    private sealed class Work<T>(Func<StateTransaction, T> run) : Work
    {
        private readonly TaskCompletionSource<T> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private T? _result;
        private Exception? _error;

        public Task<T> Task => _completion.Task;

        public override bool Run(StateTransaction transaction)
        {
            try
            {
                _result = run(transaction);
                return true;
            }
            catch (SqliteException error) when (error.SqliteErrorCode == DatabaseFull)
            {
                throw;  // SQLite has rolled the whole transaction back; the group fails as one.
            }
            catch (Exception error)
            {
                _error = error;
                return false;
            }
        }

        public override void Complete()
        {
            if (_error is null)
                _completion.TrySetResult(_result!);
            else
                _completion.TrySetException(_error);
        }

        public override void Fail(Exception error) => _completion.TrySetException(_error ?? error);
    }
}
