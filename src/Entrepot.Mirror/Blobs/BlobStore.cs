using System.Collections.Concurrent;
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
            Directory.CreateDirectory(store.StagingFolder);
            Directory.CreateDirectory(store.UploadFolder);
            Directory.CreateDirectory(store.QuarantineFolder);
            for (var i = 0; i < 256; i++)
                Directory.CreateDirectory(Path.Combine(store._root, "sha256", i.ToString("x2", CultureInfo.InvariantCulture)));
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

    /// <summary>Begins to take in a blob.</summary>
    public StagedBlob Stage(Expectation expectation, long? sizeHint = null)
        => new(Path.Combine(StagingFolder, Guid.CreateVersion7(_time.GetUtcNow()).ToString("N")), expectation, sizeHint, _pool);

    /// <summary>Opens the file of a resumable upload; it stays on disk when the staged blob is disposed.</summary>
    internal StagedBlob StageUpload(string path, Expectation expectation, long? sizeHint) => new(path, expectation, sizeHint, _pool, keepOnDispose: true);

    /// <summary>Gives verified bytes their name, durably. A blob that is already here stays as it is and the new bytes are dropped.</summary>
    public StoredBlob Store(VerifiedBlob blob)
    {
        var target = PathOf(blob.Fingerprint.Digest);
        try
        {
            lock (_naming)
            {
                _touched[blob.Fingerprint.Digest] = _time.GetUtcNow();
                if (new FileInfo(target) is { Exists: true } present && present.Length == blob.Fingerprint.Size)
                    File.Delete(blob.Path);
                else
                    File.Move(blob.Path, target, overwrite: true);
            }

            PosixFile.SyncFolder(Path.GetDirectoryName(target)!);
        }
        catch (IOException error)
        {
            throw DiskFaults.Translate(error, target);
        }

        return new StoredBlob(blob.Fingerprint, this);
    }

    /// <summary>A blob that is already here, for publishing it again without sending it. Counts as a use, so that garbage
    /// collection leaves it alone for the grace period.</summary>
    /// <param name="fingerprint">The blob's fingerprint as the catalog knows it.</param>
    /// <returns>Null when the file is absent or of another size.</returns>
    public StoredBlob? Find(Fingerprint fingerprint)
    {
        lock (_naming)
        {
            if (new FileInfo(PathOf(fingerprint.Digest)) is not { Exists: true } present || present.Length != fingerprint.Size)
                return null;
            _touched[fingerprint.Digest] = _time.GetUtcNow();
            return new StoredBlob(fingerprint, this);
        }
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
            File.Delete(PathOf(digest));
            return true;
        }
    }

    /// <summary>Puts mended bytes in the place of rotten ones, and keeps the rotten file in quarantine.</summary>
    /// <returns>Path of the quarantined file.</returns>
    public string Mend(VerifiedBlob mended)
    {
        var target = PathOf(mended.Fingerprint.Digest);
        var quarantined = Path.Combine(
            QuarantineFolder, $"{mended.Fingerprint.Digest.Hex}.{_time.GetUtcNow().ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture)}");
        lock (_naming)
        {
            // A copy, not a rename: the name must never be absent while it is being mended.
            if (File.Exists(target))
                File.Copy(target, quarantined);
            File.Move(mended.Path, target, overwrite: true);
        }

        PosixFile.SyncFolder(Path.GetDirectoryName(target)!);
        return quarantined;
    }

    /// <summary>Forgets touches that no garbage collection asks for any more.</summary>
    internal void ForgetTouches(DateTimeOffset before)
    {
        foreach (var touch in _touched)
        {
            if (touch.Value < before)
                _touched.TryRemove(touch);  // not if it was touched again meanwhile
        }
    }

    /// <summary>Deletes files in staging and quarantine that were last written before the given moments.</summary>
    internal void SweepLeftovers(DateTimeOffset stagedBefore, DateTimeOffset quarantinedBefore)
    {
        Sweep(StagingFolder, stagedBefore);
        Sweep(QuarantineFolder, quarantinedBefore);

        static void Sweep(string folder, DateTimeOffset before)
        {
            foreach (var file in new DirectoryInfo(folder).EnumerateFiles())
            {
                if (file.Exists && file.LastWriteTimeUtc < before.UtcDateTime)
                    file.Delete();
            }
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

    private string PathOf(Sha256Digest digest)
    {
        var hex = digest.Hex;
        return Path.Combine(_root, "sha256", hex[..2], hex);
    }
}
