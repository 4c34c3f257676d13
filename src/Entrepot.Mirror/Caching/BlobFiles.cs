using Entrepot.Mirror.Integrity;
using Microsoft.Win32.SafeHandles;

namespace Entrepot.Mirror.Caching;

/// <summary>The two files of a cached blob and what is durable of them: <c>HEX-GENERATION.data</c>, sparse, and <c>HEX-GENERATION.held</c>
/// (see <see cref="HeldFile"/>). The generation joins them: a bitmap never speaks for a data file that was made after it.</summary>
/// <remarks>Order, whatever is interrupted: data, fsync, bitmap, fsync when pieces are added; bitmap, fsync, hole when they are dropped.</remarks>
internal sealed class BlobFiles
{
    public const string DataSuffix = ".data";
    public const string HeldSuffix = ".held";
    public const string TemporarySuffix = ".tmp";

    private readonly ICacheDisk _disk;
    private readonly Fingerprint _blob;
    private readonly Lock _lock = new();
    private PieceBits _durable;  // what the bitmap on disk says for certain
    private PieceBits _possible;  // what it may say after a write that failed
    private bool _hasHeld;

    public BlobFiles(ICacheDisk disk, Fingerprint blob, string stem, PieceBits? durable)
    {
        _disk = disk;
        _blob = blob;
        Stem = stem;
        _durable = durable ?? new PieceBits(blob.Pieces.Length);
        _possible = _durable;
        _hasHeld = durable is not null;
    }

    public string Stem { get; }

    public string DataPath => Stem + DataSuffix;

    public string HeldPath => Stem + HeldSuffix;

    /// <summary>Makes the ready pieces of the blob durable.</summary>
    /// <param name="blob">The blob, held by the caller.</param>
    /// <param name="data">Its open data file.</param>
    public CommitOutcome Commit(CachedBlob blob, SafeFileHandle data)
    {
        lock (_lock)
        {
            var target = blob.Ready();
            if (target.SameAs(_durable))
                return default;
            try
            {
                _disk.Sync(data, DataPath);
            }
            catch (IOException error)
            {
                // After a failed fsync the kernel may drop the pages and report success the next time, so these are lost.
                var lost = blob.Withdraw(Enumerable.Range(0, target.Count).Where(piece => target[piece] && !_durable[piece]), force: true);
                return new CommitOutcome(null, lost, error);
            }

            // What was withdrawn while the data was being synced must not come back.
            target.IntersectWith(blob.Ready());
            try
            {
                var named = !_hasHeld;
                WriteHeld(target);
                return new CommitOutcome(named ? Path.GetDirectoryName(Stem) : null, null, null);
            }
            catch (IOException error)
            {
                return new CommitOutcome(null, null, error);
            }
        }
    }

    /// <summary>Takes withdrawn pieces out of the bitmap, durably, and then gives their space back.</summary>
    /// <returns>False when the file system can't make holes.</returns>
    public bool Drop(List<int> pieces, CachedBlob blob, SafeFileHandle data)
    {
        lock (_lock)
        {
            var target = _durable.Copy();
            foreach (var piece in pieces)
                target.Clear(piece);
            if (pieces.Exists(piece => _possible[piece]))
                WriteHeld(target);
            var punched = true;
            foreach (var piece in pieces)
            {
                // A reader of bad bytes may still be at it; what it gets must not change under it.
                if (!blob.IsPinned(piece))
                    punched &= _disk.TryPunchHole(data, DataPath, _blob.OffsetOf(piece), _blob.LengthOf(piece));
            }

            return punched;
        }
    }

    /// <summary>Deletes both files, the bitmap first.</summary>
    public void Delete()
    {
        lock (_lock)
        {
            _disk.Delete(HeldPath);
            _disk.Delete(DataPath);
            _hasHeld = false;
        }
    }

    private void WriteHeld(PieceBits target)
    {
        _possible = _possible.UnionWith(target);
        if (_hasHeld)
        {
            using var held = _disk.Open(HeldPath, FileMode.Open);
            _disk.Write(held, HeldPath, HeldFile.ComposeSlot(target), HeldFile.SlotOffset(_blob));
            _disk.Sync(held, HeldPath);
        }
        else
        {
            var temporary = HeldPath + TemporarySuffix;
            using (var file = _disk.Open(temporary, FileMode.Create))
            {
                _disk.Write(file, temporary, HeldFile.Compose(_blob, target), 0);
                _disk.Sync(file, temporary);
            }

            _disk.Rename(temporary, HeldPath);
            _hasHeld = true;
        }

        _durable = _possible = target;
    }
}

/// <summary>How a commit ended.</summary>
/// <param name="Folder">The folder whose names need syncing, or null.</param>
/// <param name="Lost">Pieces whose bytes may not have reached the disk; they were withdrawn.</param>
/// <param name="Error">What failed, or null.</param>
internal readonly record struct CommitOutcome(string? Folder, List<int>? Lost, IOException? Error);
