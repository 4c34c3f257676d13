using System.Diagnostics.CodeAnalysis;

namespace Entrepot.Mirror.Catalog;

/// <summary>Keeps the last older snapshots that were read from disk. They never change, so nothing here goes stale; old ones are pushed out.
/// One is read at a time: requests for the same cost one reading, and requests for many need no more memory than one besides what is
/// kept.</summary>
[SuppressMessage("Design", "CA1001", Justification = "The semaphore never makes a wait handle.")]
internal sealed class SnapshotMemory(int capacity)
{
    /// <summary>Snapshots kept at most, however small they are.</summary>
    private const int MaxKept = 32;

    private readonly Lock _lock = new();
    private readonly LinkedList<(long Mirror, TreeSnapshot Snapshot)> _kept = [];
    private readonly SemaphoreSlim _reading = new(1, 1);
    private long _readings;
    private int _files;

    /// <summary>How many snapshots were read from disk.</summary>
    public long Readings => Volatile.Read(ref _readings);

    /// <summary>Gives a snapshot from memory, or reads it.</summary>
    /// <param name="mirror">Id of the mirror.</param>
    /// <param name="number">The snapshot's number.</param>
    /// <param name="read">Reads it; null when it is gone.</param>
    /// <param name="cancellation">Ends the waiting for others' readings.</param>
    public async Task<TreeSnapshot?> GetAsync(long mirror, long number, Func<TreeSnapshot?> read, CancellationToken cancellation)
    {
        if (Find(mirror, number) is { } kept)
            return kept;
        await _reading.WaitAsync(cancellation);
        try
        {
            if (Find(mirror, number) is { } readMeanwhile)
                return readMeanwhile;
            Volatile.Write(ref _readings, _readings + 1);
            var snapshot = read();
            if (snapshot is not null)
                Keep(mirror, snapshot);
            return snapshot;
        }
        finally
        {
            _reading.Release();
        }
    }

    private TreeSnapshot? Find(long mirror, long number)
    {
        lock (_lock)
        {
            for (var node = _kept.First; node is not null; node = node.Next)
            {
                if (node.Value.Mirror != mirror || node.Value.Snapshot.Number != number)
                    continue;
                _kept.Remove(node);
                _kept.AddFirst(node);
                return node.Value.Snapshot;
            }

            return null;
        }
    }

    private void Keep(long mirror, TreeSnapshot snapshot)
    {
        lock (_lock)
        {
            _kept.AddFirst((mirror, snapshot));
            _files += snapshot.Entries.Length;
            while (_kept.Count > MaxKept || (_files > capacity && _kept.Count > 1))
            {
                _files -= _kept.Last!.Value.Snapshot.Entries.Length;
                _kept.RemoveLast();
            }
        }
    }
}
