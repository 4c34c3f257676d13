namespace Entrepot.Mirror.Caching;

/// <summary>The data files that are open, the longest open first. Before one more is opened, those that nobody reads are closed beyond the
/// limit; who was used since it was last looked at gets another round. Files in use stay open, however many they are.</summary>
internal sealed class OpenDataFiles(int mostIdle)
{
    /// <summary>Files looked at for one that is opened: enough to find an idle one among many in use, too few to be felt.</summary>
    private const int Looks = 64;

    private readonly Lock _lock = new();
    private readonly LinkedList<Entry> _line = new();
    private int _count;

    /// <summary>Data files open.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>Closes idle files so that with one more there are no more than allowed.</summary>
    public void MakeRoom() => CloseIdle(Math.Max(0, mostIdle - 1), Looks);

    /// <summary>Closes all idle files beyond the limit.</summary>
    public void Tidy() => CloseIdle(mostIdle, 2 * Count);

    /// <summary>Closes half of the files, if they are idle, because the process has too many open.</summary>
    /// <returns>False when none could be closed.</returns>
    public bool TryRelieve() => CloseIdle(Count / 2, 2 * Count) > 0;

    /// <summary>The blob's file was opened.</summary>
    public void Opened(CachedBlob blob)
    {
        lock (_lock)
        {
            blob.OpenEntry = _line.AddLast(new Entry(blob, blob.LastUsed));
            Volatile.Write(ref _count, _line.Count);
        }
    }

    /// <summary>Closes the file of a blob that nobody uses, if it is open.</summary>
    public void Close(CachedBlob blob)
    {
        lock (_lock)
            CloseCore(blob);
    }

    private int CloseIdle(int leave, int looks)
    {
        var closed = 0;
        if (Count <= leave)
            return closed;
        lock (_lock)
        {
            for (; looks > 0 && _line.Count > leave; looks--)
            {
                var first = _line.First!;
                var blob = first.Value.Blob;
                var used = blob.LastUsed;
                if (used != first.Value.LastUsed || !blob.TrySeal())
                {
                    first.Value = first.Value with { LastUsed = used };
                    _line.RemoveFirst();
                    _line.AddLast(first);
                    continue;
                }

                CloseCore(blob);
                blob.Unseal();
                closed++;
            }
        }

        return closed;
    }

    private void CloseCore(CachedBlob blob)
    {
        if (!blob.CloseData() || blob.OpenEntry is not { } entry)
            return;
        blob.OpenEntry = null;
        _line.Remove(entry);
        Volatile.Write(ref _count, _line.Count);
    }

    /// <summary>An open file and when its blob had last been used when it was looked at.</summary>
    internal readonly record struct Entry(CachedBlob Blob, long LastUsed);
}
