using System.Collections.Concurrent;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Core.Kernel;
using Entrepot.Mirror.Blobs;
using Entrepot.Mirror.Integrity;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;

namespace Entrepot.Mirror.Caching;

/// <summary>An edge's store: pieces of blobs on a local disk, at most so many bytes. It keeps only what comes with a
/// <see cref="VerifiedPiece"/>, and after a crash at any instruction it holds nothing but pieces that are what their bitmap says.</summary>
/// <remarks>Layout below the folder: <c>pieces/ab/HEX-GENERATION.data</c> and <c>.held</c> (see <see cref="BlobFiles"/>),
/// <c>quarantine/</c> rotten pieces for inspection.</remarks>
public sealed class PieceCache : IAsyncDisposable
{
    private readonly CachingOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CachingMetrics _metrics;
    private readonly ConcurrentDictionary<Sha256Digest, CachedBlob> _blobs = new();
    private readonly CacheKeeper _keeper;
    private readonly CacheEviction _eviction;
    private readonly FileStream _owner;
    private int _blobCount;
    private int _stamp;
    private long _pausedUntil;
    private long _openFailureTold;

    private PieceCache(CachingOptions options, ICacheDisk disk, FileStream owner, CachingMetrics metrics, TimeProvider time, ILogger logger)
    {
        (_options, Disk, _owner, _metrics, _time, _logger) = (options, disk, owner, metrics, time, logger);
        Space = new CacheSpace(options.CapacityBytes);
        OpenFiles = new OpenDataFiles(options.IdleFiles);
        _eviction = new CacheEviction(this, metrics, logger);
        Inspector = new PieceInspector(this, time, logger);
        _keeper = new CacheKeeper(this, options, time, logger);
    }

    /// <summary>Where rotten pieces are put.</summary>
    public string QuarantineFolder => Path.Combine(_options.Folder, "quarantine");

    internal ICacheDisk Disk { get; }

    internal CacheKeeper Keeper => _keeper;

    internal CacheEviction Eviction => _eviction;

    internal PieceInspector Inspector { get; }

    internal CacheSpace Space { get; }

    internal OpenDataFiles OpenFiles { get; }

    /// <summary>The clock's ticks, UTC.</summary>
    internal long Now => _time.GetUtcNow().UtcTicks;

    internal int Stamp => Volatile.Read(ref _stamp);

    internal int BlobCount => Volatile.Read(ref _blobCount);

    internal ICollection<CachedBlob> Blobs => _blobs.Values;

    internal ICollection<Sha256Digest> Digests => _blobs.Keys;

    internal string ScrubNote => Path.Combine(_options.Folder, "scrub");

    private string PiecesFolder => Path.Combine(_options.Folder, "pieces");

    /// <summary>Opens the folder, making it, and recovers what an earlier process left.</summary>
    /// <exception cref="FaultException"><see cref="CachingFault.Folder"/>: not writable, or another process has it open.</exception>
    public static PieceCache Open(CachingOptions options, CachingMetrics metrics, TimeProvider time, ILogger logger)
        => Open(options, new CacheDisk(), metrics, time, logger);

    internal static PieceCache Open(CachingOptions options, ICacheDisk disk, CachingMetrics metrics, TimeProvider time, ILogger logger)
    {
        options.Validate();
        options = options with { Folder = Path.GetFullPath(options.Folder) };
        FileStream? owner = null;
        try
        {
            DurableFolder.Create(options.Folder);
            owner = new FileStream(Path.Combine(options.Folder, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            var cache = new PieceCache(options, disk, owner, metrics, time, logger);
            cache.Recover();
            return cache;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            owner?.Dispose();
            throw Fault.Of(
                CachingFault.Folder, FaultKind.Unavailable, $"The cache folder '{options.Folder}' can't be used: {error.Message}",
                "Check that the disk is mounted, that this user may write to it, and that no other edge uses the folder.").ToException(error);
        }
    }

    /// <summary>How the cache stands.</summary>
    /// <param name="bufferedBytes">Memory in use for pieces in flight.</param>
    internal CacheStats Look(long bufferedBytes)
    {
        var free = 0L;
        try
        {
            free = new DriveInfo(_options.Folder).AvailableFreeSpace;
        }
        catch (IOException)
        {
            // A disk that can't even say this has no room.
        }

        return new CacheStats(BlobCount, Space.Payload, Space.Charged, Space.Capacity, free, bufferedBytes, OpenFiles.Count, IsPaused);
    }

    /// <summary>Makes everything that is held durable and closes the files. Nobody may read any more.</summary>
    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_blobs.Values.Select(static blob => blob.ChecksAsync()));
        await _keeper.DisposeAsync();
        foreach (var blob in _blobs.Values)
            OpenFiles.Close(blob);
        await _owner.DisposeAsync();
    }

    /// <summary>The blob, held for the caller until <see cref="CachedBlob.Release"/>; null when nothing is known of it.</summary>
    /// <param name="digest">Which.</param>
    /// <param name="isUse">False to not count as a use.</param>
    internal CachedBlob? TryAcquire(Sha256Digest digest, bool isUse = true)
    {
        var spin = default(SpinWait);
        while (_blobs.TryGetValue(digest, out var blob))
        {
            if (blob.TryAcquire())
            {
                if (isUse)
                    blob.LastUsed = _time.GetTimestamp();
                return blob;
            }

            spin.SpinOnce();
        }

        return null;
    }

    /// <summary>The blob, made known if it is not, and held for the caller.</summary>
    /// <exception cref="FaultException"><see cref="CachingFault.InconsistentFingerprint"/>.</exception>
    internal CachedBlob Acquire(Fingerprint fingerprint)
    {
        while (true)
        {
            if (TryAcquire(fingerprint.Digest) is { } known)
            {
                if (ReferenceEquals(known.Fingerprint, fingerprint) || known.Fingerprint with { Md5 = fingerprint.Md5 } == fingerprint)
                    return known;
                known.Release();
                throw Inconsistent(fingerprint, "differs from the one known here");
            }

            if (!fingerprint.IsConsistent())
                throw Inconsistent(fingerprint, "contradicts itself");
            if (BlobCount >= _options.MaxBlobs)
                _eviction.RunForBlobs(_options.MaxBlobs);
            var hex = fingerprint.Digest.Hex;
            var generation = Guid.CreateVersion7(_time.GetUtcNow()).ToString("N");
            var stem = Path.Combine(PiecesFolder, hex[..2], $"{hex}-{generation}");
            var blob = new CachedBlob(fingerprint, new BlobFiles(Disk, fingerprint, stem, null), null) { LastUsed = _time.GetTimestamp() };
            if (_blobs.TryAdd(fingerprint.Digest, blob))
                Interlocked.Increment(ref _blobCount);
        }
    }

    /// <summary>Makes room for a piece and owns its place in the file.</summary>
    /// <returns>False when the disk has no room or the place is not free: then the piece goes through memory.</returns>
    internal bool TryAdmit(CachedBlob blob, int piece)
    {
        if (IsPaused)
            return false;
        Interlocked.Increment(ref _stamp);
        if (!Space.TryTake(blob, piece, _eviction.Run))
            return false;
        if (!blob.TryOwn(piece))
        {
            Space.Give(blob, piece);
            return false;
        }

        try
        {
            blob.Data(this);
            return true;
        }
        catch (IOException error)
        {
            Expel(blob, piece);
            DiskFailed(error);
            return false;
        }
    }

    /// <summary>Undoes <see cref="TryAdmit"/>.</summary>
    internal void Expel(CachedBlob blob, int piece)
    {
        Space.Give(blob, piece);
        blob.Disown(piece);
    }

    /// <summary>As <see cref="Expel"/>, giving back the space of what was written already.</summary>
    internal void Discard(CachedBlob blob, int piece)
    {
        try
        {
            blob.Change(
                this, () => Disk.TryPunchHole(blob.Data(this), blob.Files.DataPath, blob.Fingerprint.OffsetOf(piece), blob.Fingerprint.LengthOf(piece)));
        }
        finally
        {
            Expel(blob, piece);
        }
    }

    /// <summary>A proven piece waits to be made durable.</summary>
    internal void MarkDirty(CachedBlob blob) => _keeper.MarkDirty(blob);

    /// <summary>Our own disk failed: leave it alone for a while.</summary>
    internal void DiskFailed(Exception error)
    {
        Volatile.Write(ref _pausedUntil, (_time.GetUtcNow() + _options.DiskFullPause).UtcTicks);
        if (error is IOException io && DiskFaults.IsDiskFull(io))
        {
            Log.DiskFull(_logger, error.Message, _options.DiskFullPause);
            // What is worth least makes room for the next.
            _eviction.Run(Math.Max(PieceSize.Maximum, Space.Capacity / CacheEviction.Share));
        }
        else
        {
            Log.DiskFailed(_logger, error.Message, _options.DiskFullPause);
        }
    }

    /// <summary>A held piece's file can't be opened. With too many files open the disk is left alone for a while, which opens no more.</summary>
    internal void OpenFailed(DataFileException error)
    {
        var (now, told) = (_time.GetUtcNow(), Volatile.Read(ref _openFailureTold));
        if (IsPaused || told > now.UtcTicks)
            return;
        if (DiskFaults.IsOutOfFiles(error))
            DiskFailed(error);
        else if (Interlocked.CompareExchange(ref _openFailureTold, (now + _options.DiskFullPause).UtcTicks, told) == told)
            Log.NotOpened(_logger, error.Message);
    }

    /// <summary>Drops a piece whose bytes were seen to be bad, whoever reads it; unless it has been fetched anew since.</summary>
    internal void Condemn(CachedBlob blob, int piece)
    {
        if (!Trusts(blob, piece))
            _eviction.Condemn(blob, piece);
    }

    /// <summary>True when a pinned piece was compared with its proof lately and nobody else has touched its file since.</summary>
    internal bool Trusts(CachedBlob blob, int piece) => blob.Trust.IsFresh(piece, blob.FileTime(this), Now);

    /// <summary>Takes a sealed blob out of the cache and deletes its files.</summary>
    internal void Retire(CachedBlob blob)
    {
        OpenFiles.Close(blob);
        try
        {
            blob.Files.Delete();
        }
        finally
        {
            // Should deleting fail, the next start finds the files again.
            if (_blobs.TryRemove(new(blob.Fingerprint.Digest, blob)))
                Interlocked.Decrement(ref _blobCount);
            Space.GiveAll(blob);
        }
    }

    /// <exception cref="DataFileException">It can't be opened.</exception>
    internal SafeFileHandle OpenData(CachedBlob blob)
    {
        OpenFiles.MakeRoom();
        SafeFileHandle file;
        try
        {
            file = OpenDataFile(blob);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DataFileException(blob.Fingerprint.Digest, error);
        }

        OpenFiles.Opened(blob);
        return file;
    }

    private bool IsPaused => Volatile.Read(ref _pausedUntil) > _time.GetUtcNow().UtcTicks;

    private static FaultException Inconsistent(Fingerprint fingerprint, string how)
        => Fault.Of(
            CachingFault.InconsistentFingerprint, FaultKind.Unavailable, $"The fingerprint of {fingerprint.Digest} {how}.",
            "Check the origin: run 'entrepot verify --deep' there.").ToException();

    private SafeFileHandle OpenDataFile(CachedBlob blob)
    {
        SafeFileHandle file;
        try
        {
            file = OpenOrMake(blob.Files.DataPath);
        }
        catch (IOException error) when (DiskFaults.IsOutOfFiles(error) && OpenFiles.TryRelieve())
        {
            file = OpenOrMake(blob.Files.DataPath);
        }

        try
        {
            if (RandomAccess.GetLength(file) != blob.Fingerprint.Size)
            {
                Disk.SetLength(file, blob.Files.DataPath, blob.Fingerprint.Size);
                blob.Trust.Wrote(File.GetLastWriteTimeUtc(file).Ticks);
            }
        }
        catch
        {
            file.Dispose();
            throw;
        }

        return file;
    }

    private SafeFileHandle OpenOrMake(string path)
    {
        try
        {
            return Disk.Open(path, FileMode.OpenOrCreate);
        }
        catch (DirectoryNotFoundException)
        {
            DurableFolder.Create(Path.GetDirectoryName(path)!);
            Disk.SyncFolder(PiecesFolder);
            return Disk.Open(path, FileMode.OpenOrCreate);
        }
    }

    private void Recover()
    {
        DurableFolder.Create(QuarantineFolder);
        DurableFolder.Create(PiecesFolder);
        var found = CacheRecovery.Run(Disk, Directory.EnumerateDirectories(PiecesFolder), out var removed);
        var now = (Wall: _time.GetUtcNow().UtcDateTime, Stamp: _time.GetTimestamp());
        foreach (var (fingerprint, stem, held, lastUsed) in found)
        {
            var age = now.Wall - lastUsed;
            var blob = new CachedBlob(fingerprint, new BlobFiles(Disk, fingerprint, stem, held), held)
            {
                LastUsed = now.Stamp - (long)(Math.Max(0, age.TotalSeconds) * _time.TimestampFrequency),
            };
            _blobs[fingerprint.Digest] = blob;
            Space.Adopt(blob);
        }

        _blobCount = _blobs.Count;
        _eviction.RunForBlobs(_options.MaxBlobs + 1);
        if (Space.Charged > Space.Capacity)
            _eviction.Run(Space.Charged - Space.Capacity);
        Log.Opened(_logger, _options.Folder, BlobCount, Space.Payload, removed);
    }
}
