using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Globalization;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Core.Kernel;
using Entrepot.Mirror.Integrity;

namespace Entrepot.Mirror.Blobs;

/// <summary>Blobs on a local disk, named by SHA-256. A name exists only when its bytes are complete, verified and durable:
/// temporary file → fsync → rename → fsync of the folder.</summary>
/// <remarks>Layout below the root: <c>sha256/ab/HEX</c> the blobs, <c>staging/</c> what is on its way in (emptied at start),
/// <c>uploads/</c> resumable uploads, <c>quarantine/</c> what was found rotten.</remarks>
public sealed class BlobStore
{
    private readonly string _root;
    private readonly TimeProvider _time;
    private readonly BlockPool _pool;
    private readonly ConcurrentDictionary<Sha256Digest, DateTimeOffset> _touched = new();
    private readonly ConcurrentDictionary<Sha256Digest, int> _held = new();
    private readonly ConcurrentDictionary<Sha256Digest, ImmutableArray<int>> _damaged = new();
    private readonly Lock _naming = new();

    private BlobStore(string root, BlockPool pool, TimeProvider time)
    {
        _root = root;
        _pool = pool;
        _time = time;
    }

    /// <summary>Folder for resumable uploads, on the same file system as the blobs.</summary>
    public string UploadFolder => Path.Combine(_root, "uploads");

    /// <summary>Folder for rotten bytes kept for inspection.</summary>
    public string QuarantineFolder => Path.Combine(_root, "quarantine");

    private string StagingFolder => Path.Combine(_root, "staging");

    /// <summary>Opens the store, making its folders and sweeping what a killed process left in staging.</summary>
    /// <exception cref="FaultException">The folder can't be made or read.</exception>
    public static BlobStore Open(string root, BlockPool pool, TimeProvider time)
    {
        var store = new BlobStore(Path.GetFullPath(root), pool, time);
        try
        {
            DurableFolder.CreateIn(store._root, ["sha256", "staging", "uploads", "quarantine"]);
            DurableFolder.CreateIn(
                Path.Combine(store._root, "sha256"), Enumerable.Range(0, 256).Select(static i => i.ToString("x2", CultureInfo.InvariantCulture)));
            foreach (var leftover in Directory.EnumerateFiles(store.StagingFolder))
                File.Delete(leftover);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Fault.Of(
                BlobFault.Disk, FaultKind.Unavailable, $"The blob folder '{root}' can't be used: {error.Message}",
                "Check that the disk is mounted and that this user may write to it.").ToException(error);
        }

        return store;
    }

    /// <summary>Finds out whether bytes could be taken in now, by writing and deleting a small file.</summary>
    /// <exception cref="FaultException">They could not.</exception>
    public void Probe()
    {
        var file = Path.Combine(StagingFolder, $"probe-{Guid.CreateVersion7(_time.GetUtcNow()):N}");
        try
        {
            File.WriteAllBytes(file, [0]);
            File.Delete(file);
        }
        catch (IOException error)
        {
            throw DiskFaults.Translate(error, _root);
        }
        catch (UnauthorizedAccessException error)
        {
            throw Fault.Of(BlobFault.Disk, FaultKind.Unavailable, $"'{_root}' can't be written to: {error.Message}", "Check its owner and mode.").ToException(error);
        }
    }

    /// <summary>Begins to take in a blob.</summary>
    public StagedBlob Stage(Expectation expectation, long? sizeHint = null)
        => new(Path.Combine(StagingFolder, Guid.CreateVersion7(_time.GetUtcNow()).ToString("N")), expectation, sizeHint, _pool);

    /// <summary>Opens the file of a resumable upload; it stays on disk when the staged blob is disposed.</summary>
    internal StagedBlob StageUpload(string path, Expectation expectation, long? sizeHint) => new(path, expectation, sizeHint, _pool, keepOnDispose: true);

    /// <summary>Gives verified bytes their name, durably. A blob that is already here stays as it is and the new bytes are dropped,
    /// unless it is known to be damaged: then the new bytes take its place.</summary>
    /// <exception cref="FaultException"><see cref="BlobFault.DiskFull"/> or <see cref="BlobFault.Disk"/>; the bytes are dropped, unless they
    /// belong to a resumable upload.</exception>
    public StoredBlob Store(VerifiedBlob blob)
    {
        var digest = blob.Fingerprint.Digest;
        var target = PathOf(digest);
        try
        {
            lock (_naming)
            {
                _touched[digest] = _time.GetUtcNow();
                if (IsDamaged(digest))
                    Replace(blob.Path, digest);
                else if (SizeOf(digest) == blob.Fingerprint.Size)
                    File.Delete(blob.Path);
                else
                    File.Move(blob.Path, target, overwrite: true);
                ClearDamage(digest);
            }

            PosixFile.SyncFolder(Path.GetDirectoryName(target)!);
        }
        catch (IOException error)
        {
            if (!blob.IsKept)
                File.Delete(blob.Path);
            throw DiskFaults.Translate(error, target);
        }

        return new StoredBlob(blob.Fingerprint, this);
    }

    /// <summary>A blob that is already here, for publishing it again without sending it. Counts as a use, so that garbage
    /// collection leaves it alone for the grace period.</summary>
    /// <param name="fingerprint">The blob's fingerprint as the catalog knows it.</param>
    /// <returns>Null when the file is absent, of another size, or known to be damaged, so that sending it again mends it.</returns>
    public StoredBlob? Find(Fingerprint fingerprint)
    {
        lock (_naming)
        {
            if (SizeOf(fingerprint.Digest) != fingerprint.Size || IsDamaged(fingerprint.Digest))
                return null;
            _touched[fingerprint.Digest] = _time.GetUtcNow();
            return new StoredBlob(fingerprint, this);
        }
    }

    /// <summary>As <see cref="Find"/>, for a blob whose storing may have failed at its last step.</summary>
    /// <exception cref="FaultException"><see cref="BlobFault.Disk"/>.</exception>
    internal StoredBlob? FindDurable(Fingerprint fingerprint)
    {
        if (Find(fingerprint) is not { } stored)
            return null;
        var folder = Path.GetDirectoryName(PathOf(fingerprint.Digest))!;
        try
        {
            PosixFile.SyncFolder(folder);
        }
        catch (IOException error)
        {
            throw DiskFaults.Translate(error, folder);
        }

        return stored;
    }

    /// <summary>Opens a blob for reading. The caller disposes the handle; deletion meanwhile does not disturb it.</summary>
    /// <exception cref="FaultException"><see cref="BlobFault.NotFound"/>.</exception>
    public Microsoft.Win32.SafeHandles.SafeFileHandle OpenRead(Sha256Digest digest)
    {
        try
        {
            return File.OpenHandle(PathOf(digest), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw Fault.Of(BlobFault.NotFound, FaultKind.NotFound, $"{digest} is not stored here.").ToException(error);
        }
    }

    /// <summary>Every blob file, in no order. Files appear and vanish meanwhile.</summary>
    public IEnumerable<BlobFile> Enumerate()
    {
        foreach (var file in new DirectoryInfo(Path.Combine(_root, "sha256")).EnumerateFiles("*", SearchOption.AllDirectories))
        {
            // The size is asked for only now, so the file may have vanished since its name was read.
            if (Sha256Digest.TryParse(file.Name, out var digest) && file.Exists)
                yield return new BlobFile(digest, file.Length, file.LastWriteTimeUtc);
        }
    }

    /// <summary>Length of a blob's file in bytes; null when there is none.</summary>
    public long? SizeOf(Sha256Digest digest) => new FileInfo(PathOf(digest)) is { Exists: true } file ? file.Length : null;

    /// <summary>When the blob was last stored or found by this process; null when it was not.</summary>
    public DateTimeOffset? LastTouched(Sha256Digest digest) => _touched.TryGetValue(digest, out var at) ? at : null;

    /// <summary>True while the blob is on its way into the catalog.</summary>
    public bool IsHeld(Sha256Digest digest) => _held.ContainsKey(digest);

    /// <summary>Deletes a blob file unless it was touched at or after the given moment, or is held.</summary>
    /// <returns>False when it was touched or is held, and stays.</returns>
    public bool Delete(Sha256Digest digest, DateTimeOffset unlessTouchedSince)
    {
        lock (_naming)
        {
            if (IsHeld(digest))
                return false;
            if (_touched.TryGetValue(digest, out var at) && at >= unlessTouchedSince)
                return false;
            _touched.TryRemove(digest, out _);
            ClearDamage(digest);
            File.Delete(PathOf(digest));
            return true;
        }
    }

    /// <summary>True when bytes of the blob are known to be rotten and could not be mended yet.</summary>
    public bool IsDamaged(Sha256Digest digest) => !_damaged.IsEmpty && _damaged.ContainsKey(digest);

    /// <summary>The pieces that are known to be rotten. They must not be sent.</summary>
    public ImmutableArray<int> DamagedPieces(Sha256Digest digest)
        => !_damaged.IsEmpty && _damaged.TryGetValue(digest, out var pieces) ? pieces : [];

    /// <summary>Refuses a read that touches a piece known to be rotten. Costs one look at a field while nothing is damaged.</summary>
    /// <param name="digest">The blob.</param>
    /// <param name="size">Its length in bytes.</param>
    /// <param name="offset">Where the read begins.</param>
    /// <param name="length">How many bytes it wants.</param>
    /// <exception cref="FaultException"><see cref="BlobFault.Damaged"/>.</exception>
    public void RequireSound(Sha256Digest digest, long size, long offset, long length)
    {
        var pieceSize = PieceSize.For(size);
        foreach (var piece in DamagedPieces(digest))
        {
            var start = (long)piece * pieceSize;
            if (offset < start + pieceSize && start < offset + length)
                throw Fault.Of(
                    BlobFault.Damaged, FaultKind.Unavailable, $"Piece {piece} of {digest} is damaged at rest and could not be mended yet.",
                    "Push the file again, or try again when a node that holds it is back.").ToException();
        }
    }

    /// <summary>Puts mended bytes in the place of rotten ones, and keeps the rotten file in quarantine.</summary>
    /// <returns>Path of the quarantined file; null when there was no file.</returns>
    /// <exception cref="FaultException"><see cref="BlobFault.DiskFull"/> or <see cref="BlobFault.Disk"/>.</exception>
    public string? Mend(VerifiedBlob mended)
    {
        var digest = mended.Fingerprint.Digest;
        try
        {
            string? quarantined;
            lock (_naming)
            {
                quarantined = Replace(mended.Path, digest);
                ClearDamage(digest);
            }

            PosixFile.SyncFolder(Path.GetDirectoryName(PathOf(digest))!);
            return quarantined;
        }
        catch (IOException error)
        {
            File.Delete(mended.Path);
            throw DiskFaults.Translate(error, PathOf(digest));
        }
    }

    /// <summary>Notes that a blob's bytes are rotten.</summary>
    internal void MarkDamaged(Sha256Digest digest, ImmutableArray<int> pieces) => _damaged[digest] = pieces;

    /// <summary>Notes that a blob's bytes are good again, or gone.</summary>
    internal void ClearDamage(Sha256Digest digest) => _damaged.TryRemove(digest, out _);

    /// <summary>A file of no name for bytes on their way, gone when it is closed.</summary>
    internal Microsoft.Win32.SafeHandles.SafeFileHandle OpenScratch()
        => File.OpenHandle(
            Path.Combine(StagingFolder, Guid.CreateVersion7(_time.GetUtcNow()).ToString("N")), FileMode.CreateNew, FileAccess.ReadWrite,
            FileShare.None, FileOptions.DeleteOnClose);

    /// <summary>Forgets touches that no garbage collection asks for any more.</summary>
    internal void ForgetTouches(DateTimeOffset before)
    {
        foreach (var touch in _touched)
        {
            if (touch.Value < before)
                _touched.TryRemove(touch);  // not if it was touched again meanwhile
        }
    }

    /// <summary>Deletes files that were last written to in staging, or put into quarantine, before the given moments.</summary>
    internal void SweepLeftovers(DateTimeOffset stagedBefore, DateTimeOffset quarantinedBefore)
    {
        foreach (var file in new DirectoryInfo(StagingFolder).EnumerateFiles())
        {
            if (file.Exists && file.LastWriteTimeUtc < stagedBefore.UtcDateTime)
                file.Delete();
        }

        foreach (var file in new DirectoryInfo(QuarantineFolder).EnumerateFiles())
        {
            // The file's own time is that of the blob; the name says when it was put here.
            if (long.TryParse(file.Extension.AsSpan().TrimStart('.'), NumberStyles.None, CultureInfo.InvariantCulture, out var at)
                && at < quarantinedBefore.ToUnixTimeMilliseconds())
                file.Delete();
        }
    }

    /// <summary>Keeps a blob from being deleted until <see cref="Release"/> was called as often.</summary>
    /// <returns>False when it is not stored.</returns>
    internal bool TryHold(Fingerprint fingerprint)
    {
        lock (_naming)
        {
            if (Find(fingerprint) is null)
                return false;
            _held.AddOrUpdate(fingerprint.Digest, 1, static (_, count) => count + 1);
            return true;
        }
    }

    internal void Release(Sha256Digest digest)
    {
        lock (_naming)
        {
            var left = _held[digest] - 1;
            if (left > 0)
                _held[digest] = left;
            else
                _held.TryRemove(digest, out _);
        }
    }

    /// <summary>Renames a file to a blob's name. What had the name goes to quarantine; the name is absent at no moment.</summary>
    private string? Replace(string path, Sha256Digest digest)
    {
        var target = PathOf(digest);
        if (!File.Exists(target))
        {
            File.Move(path, target);
            return null;
        }

        var quarantined = Path.Combine(
            QuarantineFolder, $"{digest.Hex}.{_time.GetUtcNow().ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture)}");
        File.Replace(path, target, quarantined);  // a hard link and a rename: no byte is copied
        return quarantined;
    }

    private string PathOf(Sha256Digest digest)
    {
        var hex = digest.Hex;
        return Path.Combine(_root, "sha256", hex[..2], hex);
    }
}
