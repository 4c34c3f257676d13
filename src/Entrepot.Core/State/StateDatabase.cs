using System.Reflection;
using System.Threading.Channels;
using Entrepot.Core.Faults;
using Entrepot.Core.Journal;
using Entrepot.Core.Secrets;
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

    private const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly string _connectionString;
    private readonly SqliteConnection _writer;
    private readonly PreparedCommands _prepared;
    private readonly JournalWriter _journal;
    private readonly SealingKey? _ownKey;
    private readonly Channel<Work> _queue;
    private readonly Task _loop;

    private StateDatabase(string file, string connectionString, SqliteConnection writer, PreparedCommands prepared, JournalWriter journal, SealingKey? ownKey)
    {
        File = file;
        _connectionString = connectionString;
        (_writer, _prepared, _journal, _ownKey) = (writer, prepared, journal, ownKey);
        _queue = Channel.CreateBounded<Work>(new BoundedChannelOptions(QueueLimit) { SingleReader = true });
        _loop = Task.Factory.StartNew(RunAsync, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).Unwrap();
    }

    /// <summary>The database file.</summary>
    public string File { get; }

    /// <summary>What the journal is sealed by.</summary>
    internal JournalSeal JournalSeal => _journal.Seal;

    /// <summary>Where the sealing key of a database is unless somebody says otherwise: <c>trust/sealing.key</c> beside it.</summary>
    public static string UsualKeyFile(string file) => Path.Combine(Path.GetDirectoryName(Path.GetFullPath(file))!, "trust", "sealing.key");

    /// <summary>Opens the file, creating it if need be, and applies the schema changes of the given features. Its journal is sealed by the key
    /// at the usual place, which is made if need be.</summary>
    /// <param name="file">Path of the database; its folder must exist.</param>
    /// <param name="features">Assemblies whose embedded <c>.sql</c> scripts belong to this database, in order of dependency.</param>
    /// <exception cref="FaultException"><see cref="StateFault"/>: newer version, damaged, unreadable; <see cref="SecretFault"/>.</exception>
    public static StateDatabase Open(string file, params IReadOnlyList<Assembly> features)
    {
        var key = SealingKey.OpenOrCreate(UsualKeyFile(file));
        try
        {
            return OpenWith(file, key, key, features);
        }
        catch
        {
            key.Dispose();
            throw;
        }
    }

    /// <summary>As <see cref="Open(string, IReadOnlyList{Assembly})"/>, with another key, which the caller keeps until the database is closed.</summary>
    /// <exception cref="FaultException">As there.</exception>
    public static StateDatabase Open(string file, SealingKey key, params IReadOnlyList<Assembly> features) => OpenWith(file, key, null, features);

    /// <summary>Opens a database of a node that does not run, by the schema that it has.</summary>
    /// <param name="file">Path of the database.</param>
    /// <param name="key">The key that its journal is sealed by; the caller keeps it.</param>
    /// <exception cref="FaultException"><see cref="JournalFault.Missing"/>: there is none, or it is of before the chain.</exception>
    public static StateDatabase OpenExisting(string file, SealingKey key)
    {
        JournalFile.Require(file);
        return OpenWith(file, key, null, null);
    }

    private static StateDatabase OpenWith(string file, SealingKey key, SealingKey? ownKey, IReadOnlyList<Assembly>? features)
    {
        var connectionString = new SqliteConnectionStringBuilder
        {
            DataSource = file,
            Mode = SqliteOpenMode.ReadWriteCreate,
            DefaultTimeout = 30,
        }.ToString();
        SqliteConnection? writer = null;
        PreparedCommands? prepared = null;
        try
        {
            OwnerOnly(file);
            writer = new SqliteConnection(connectionString);
            writer.Open();
            Configure(writer);
            if (features is not null)
                StateMigrator.Migrate(connectionString, file, [typeof(StateDatabase).Assembly, .. features]);
            prepared = new PreparedCommands(writer);
            using var transaction = writer.BeginTransaction();
            var journal = JournalWriter.Open(new StateTransaction(writer, transaction, prepared, null), key);
            transaction.Commit();
            return new StateDatabase(file, connectionString, writer, prepared, journal, ownKey);
        }
        catch (Exception error)
        {
            prepared?.Dispose();
            writer?.Dispose();
            if (error is SqliteException sqlite)
                throw Translate(sqlite, file);
            throw;
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
        _ownKey?.Dispose();
        using var pool = new SqliteConnection(_connectionString);
        SqliteConnection.ClearPool(pool);
    }

    /// <summary>Lets nobody else read what is kept: names, hashes of passwords, when things were done. SQLite gives its other files the same mode.</summary>
    private static void OwnerOnly(string file)
    {
        if (OperatingSystem.IsWindows())
            return;
        try
        {
            if (!System.IO.File.Exists(file))
                using (new FileStream(file, new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.Write, UnixCreateMode = Owner }))
                    return;
            if ((System.IO.File.GetUnixFileMode(file) & ~Owner) == 0)
                return;
            foreach (var one in new[] { file, file + "-wal", file + "-shm" }.Where(System.IO.File.Exists))
                System.IO.File.SetUnixFileMode(one, Owner);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // SQLite says better why a file can't be opened; and whoever may not change it is not its owner.
        }
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
            var state = new StateTransaction(_writer, transaction, _prepared, _journal);
            _journal.Head = null;
            foreach (var work in group)
            {
                state.ExecutePrepared("SAVEPOINT work");
                var head = _journal.Head;
                if (!work.Run(state))
                {
                    state.ExecutePrepared("ROLLBACK TO work");
                    _journal.Head = head;
                }

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
