using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Text.Json;
using Entrepot.Core.Faults;
using Entrepot.Core.Kernel;
using Entrepot.Mirror.Blobs;
using Entrepot.Mirror.Integrity;

namespace Entrepot.Mirror.Uploads;

/// <summary>The resumable uploads of one blob store. Each is a file with its bytes and a small one with its state; the state never
/// promises bytes that are not durable, so a killed process loses at most what came since the last checkpoint.</summary>
public sealed class UploadStore : IAsyncDisposable
{
    private const string DataSuffix = ".part";
    private const string StateSuffix = ".json";

    private readonly BlobStore _blobs;
    private readonly TimeProvider _time;
    private readonly ConcurrentDictionary<UploadId, UploadSession> _sessions = new();
    private int _open;
    private int _warm;

    private UploadStore(BlobStore blobs, UploadOptions options, TimeProvider time)
    {
        _blobs = blobs;
        Options = options;
        _time = time;
    }

    /// <summary>The limits.</summary>
    public UploadOptions Options { get; }

    /// <summary>Uploads that are not complete.</summary>
    public int OpenCount => Volatile.Read(ref _open);

    /// <summary>Names, shortened, of uploads that were found at start but could not go on: their bytes or their state were lost.</summary>
    public ImmutableArray<string> Dropped { get; private set; } = [];

    internal BlobStore Blobs => _blobs;

    internal DateTimeOffset Now => _time.GetUtcNow();

    /// <summary>Finds the uploads that an earlier process left, and clears away what belongs to none.</summary>
    /// <exception cref="FaultException">The folder can't be read.</exception>
    public static UploadStore Open(BlobStore blobs, UploadOptions options, TimeProvider time)
    {
        var store = new UploadStore(blobs, options, time);
        try
        {
            store.Recover();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Fault.Of(
                BlobFault.Disk, FaultKind.Unavailable, $"The upload folder '{blobs.UploadFolder}' can't be used: {error.Message}",
                "Check that this user may write to it.").ToException(error);
        }

        return store;
    }

    /// <summary>Opens an upload.</summary>
    /// <param name="order">What is to happen with the bytes, in the caller's words.</param>
    /// <param name="length">Bytes of the whole, or null while unknown.</param>
    /// <param name="checksums">What the sender states about the whole.</param>
    /// <exception cref="FaultException"><see cref="UploadFault.TooMany"/> or <see cref="BlobFault.TooLarge"/>.</exception>
    public UploadSession Create(string order, long? length, ImmutableArray<StatedChecksum> checksums)
    {
        CheckSize(length ?? 0);
        if (Interlocked.Increment(ref _open) > Options.MaxOpen)
        {
            Interlocked.Decrement(ref _open);
            throw Fault.Of(
                UploadFault.TooMany, FaultKind.Unavailable, $"{Options.MaxOpen} uploads are open, which is the limit.",
                "Finish or cancel one of them; those that nobody continues expire.").ToException();
        }

        try
        {
            var state = new UploadState(UploadId.Draw(), Now, Now, length, 0, checksums, order);
            var session = new UploadSession(this, state);
            session.Save(state);
            _sessions[state.Id] = session;
            return session;
        }
        catch
        {
            Interlocked.Decrement(ref _open);
            throw;
        }
    }

    /// <summary>An upload by its name.</summary>
    /// <exception cref="FaultException"><see cref="UploadFault.NotFound"/>.</exception>
    public UploadSession Find(string? name)
        => UploadId.TryParse(name, out var id) && _sessions.TryGetValue(id, out var session) && !IsExpired(session.State)
            ? session
            : throw NotFound(name is { Length: >= 8 } ? name[..8] : "");

    /// <summary>How long an upload stays when nothing more comes; never negative.</summary>
    public TimeSpan Remaining(UploadState state)
    {
        var left = state.TouchedAt + Options.MaxAge - Now;
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }

    /// <summary>Deletes what has expired and lets idle uploads' hash state go.</summary>
    /// <returns>How many uploads expired.</returns>
    public async Task<int> SweepAsync()
    {
        var expired = 0;
        foreach (var session in _sessions.Values)
        {
            var old = IsExpired(session.State);
            if (!old && (session.Warm is null || Now - session.State.TouchedAt < Options.WarmFor))
                continue;
            if (session.TryAcquire() is not { } lease)
                continue;  // somebody works on it: it is neither idle nor abandoned
            await using (lease)
            {
                if (IsExpired(session.State))
                {
                    await lease.RemoveAsync();
                    expired++;
                }
                else
                {
                    await lease.CoolAsync();
                }
            }
        }

        return expired;
    }

    /// <summary>Lets go of every file; what was received stays for the next process.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var session in _sessions.Values)
        {
            if (session.TryAcquire() is not { } lease)
                continue;
            await using (lease)
                await lease.CoolAsync();
        }
    }

    internal static FaultException NotFound(string name)
        => Fault.Of(
            UploadFault.NotFound, FaultKind.NotFound, $"No upload '{name}…' is open here.",
            "It has ended or expired: start the upload again.").ToException();

    internal string DataPathOf(UploadId id) => Path.Combine(_blobs.UploadFolder, id.Value + DataSuffix);

    internal string StatePathOf(UploadId id) => Path.Combine(_blobs.UploadFolder, id.Value + StateSuffix);

    internal void CheckSize(long bytes)
    {
        if (Options.MaxBytes is { } limit && bytes > limit)
            throw Fault.Of(
                BlobFault.TooLarge, FaultKind.TooLarge, $"The upload has {bytes} bytes or more; at most {limit} are taken here.",
                "Ask the operator to raise the limit.").ToException();
    }

    internal StagedBlob Stage(UploadSession session)
    {
        var staged = _blobs.StageUpload(session.DataPath, new Expectation(session.State.Length, session.State.Checksums), null);
        Interlocked.Increment(ref _warm);
        return staged;
    }

    internal bool MayStayWarm(UploadSession session) => !session.State.IsComplete && Volatile.Read(ref _warm) <= Options.MaxWarm;

    internal void Cooled() => Interlocked.Decrement(ref _warm);

    internal async Task FinishedAsync()
    {
        Interlocked.Decrement(ref _open);
        if (_sessions.Count <= Options.MaxOpen * 2)
            return;
        // Answers that nobody asked for again must not grow without bound: the oldest goes.
        var oldest = _sessions.Values.Where(static s => s.State.IsComplete).MinBy(static s => s.State.TouchedAt);
        if (oldest?.TryAcquire() is not { } lease)
            return;
        await using (lease)
            await lease.RemoveAsync();
    }

    internal void Forget(UploadSession session)
    {
        if (_sessions.TryRemove(session.State.Id, out _) && !session.State.IsComplete)
            Interlocked.Decrement(ref _open);
    }

    /// <summary>Gives back the space of bytes that were never promised; if that fails they go when the upload goes on or ends.</summary>
    internal static void CutOff(string path, long length)
    {
        try
        {
            using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Write);
            RandomAccess.SetLength(file, length);
        }
        catch (IOException)
        {
        }
    }

    private bool IsExpired(UploadState state) => Now - state.TouchedAt >= Options.MaxAge;

    private void Recover()
    {
        var dropped = ImmutableArray.CreateBuilder<string>();
        foreach (var path in Directory.EnumerateFiles(_blobs.UploadFolder, "*" + StateSuffix))
        {
            if (Read(path) is not { } state || !HasItsBytes(state))
            {
                dropped.Add(Path.GetFileNameWithoutExtension(path) is { Length: >= 8 } name ? name[..8] + "…" : path);
                continue;
            }

            _sessions[state.Id] = new UploadSession(this, state);
            _open += state.IsComplete ? 0 : 1;
        }

        foreach (var path in Directory.EnumerateFiles(_blobs.UploadFolder))
        {
            var owned = UploadId.TryParse(Path.GetFileNameWithoutExtension(path), out var id) && _sessions.TryGetValue(id, out var session)
                && (path.EndsWith(StateSuffix, StringComparison.Ordinal)
                    || (path.EndsWith(DataSuffix, StringComparison.Ordinal) && !session.State.IsComplete));
            if (!owned)
                File.Delete(path);
        }

        PosixFile.SyncFolder(_blobs.UploadFolder);
        Dropped = dropped.ToImmutable();
    }

    private bool HasItsBytes(UploadState state)
        => state.IsComplete || state.Offset == 0 || (state.Verified is { } digest && _blobs.SizeOf(digest) == state.Offset)
            || (new FileInfo(DataPathOf(state.Id)) is { Exists: true } file && file.Length >= state.Offset);

    private static UploadState? Read(string path)
    {
        try
        {
            var state = JsonSerializer.Deserialize(File.ReadAllBytes(path), UploadStateJson.Default.UploadState);
            var named = UploadId.TryParse(Path.GetFileNameWithoutExtension(path), out var id);
            return named && state?.Id == id && state.Offset >= 0 && !state.Checksums.IsDefault ? state : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
