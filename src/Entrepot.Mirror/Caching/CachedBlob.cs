using Entrepot.Mirror.Integrity;
using Microsoft.Win32.SafeHandles;

namespace Entrepot.Mirror.Caching;

/// <summary>What a comparison of a piece with its proof showed.</summary>
internal enum CheckResult
{
    /// <summary>The bytes are the piece.</summary>
    Right,

    /// <summary>They are not, or can't be read; they were put into quarantine.</summary>
    Rotten,

    /// <summary>Nothing: the file can't be opened now.</summary>
    NotOpened,
}

/// <summary>One blob of the cache: which pieces are in its file, who uses them, and what is being fetched.</summary>
/// <remarks>
/// A piece is in one of four states. <em>Absent</em>: its bytes in the file mean nothing. <em>Busy</em>: a fetch or a drop owns its place in the
/// file. <em>Ready</em>: proven, readers may pin and read it. Ready and <em>durable</em>: the bitmap on disk says so too.
/// The rule that holds at every instruction: a place in the file is written or punched only while the piece is busy, not pinned, and its bit is
/// clear in the bitmap on disk.
/// Readers of ready pieces take no lock: they count themselves in, then look at the bit; whoever drops a piece clears the bit, then looks at the count.
/// </remarks>
internal sealed partial class CachedBlob
{
    private const int Sealed = int.MinValue / 2;

    private readonly Lock _lock = new();
    private readonly Lock _writing = new();
    private readonly PieceBits _ready;
    private readonly PieceBits _busy;
    private readonly int[] _pins;
    private readonly int[] _stamps;
    private Dictionary<int, Task<CheckResult>>? _checks;
    private Dictionary<int, PieceFill>? _fills;
    private long _charged;
    private long _payload;
    private volatile bool _hasFiles;
    private SafeFileHandle? _data;
    private int _users;
    private long _lastUsed;

    public CachedBlob(Fingerprint fingerprint, BlobFiles files, PieceBits? held)
    {
        Fingerprint = fingerprint;
        Files = files;
        var count = fingerprint.Pieces.Length;
        _ready = held?.Copy() ?? new PieceBits(count);
        _busy = new PieceBits(count);
        _pins = new int[count];
        _stamps = new int[count];
        Trust = new PieceTrust(count);
    }

    public Fingerprint Fingerprint { get; }

    public BlobFiles Files { get; }

    /// <summary>When each piece was last compared with its proof.</summary>
    public PieceTrust Trust { get; }

    /// <summary>Held while the blob's first piece is charged.</summary>
    public Lock Charging { get; } = new();

    /// <summary>Bytes that it has of the cap.</summary>
    public long Charged => Volatile.Read(ref _charged);

    /// <summary>Bytes of pieces, held and arriving.</summary>
    public long Payload => Volatile.Read(ref _payload);

    /// <summary>True when what it takes on disk beside its pieces is charged.</summary>
    public bool HasFiles
    {
        get => _hasFiles;
        set => _hasFiles = value;
    }

    /// <summary>Its place among the open files.</summary>
    public LinkedListNode<OpenDataFiles.Entry>? OpenEntry { get; set; }

    public bool IsInUse => Volatile.Read(ref _users) != 0;

    public bool IsEmpty => _ready.IsEmpty;

    public int ReadyPieces => _ready.SetCount;

    /// <summary>Timestamp of the last use.</summary>
    public long LastUsed
    {
        get => Volatile.Read(ref _lastUsed);
        set => Volatile.Write(ref _lastUsed, value);
    }

    /// <summary>Bytes of ready pieces.</summary>
    public long ReadyBytes
    {
        get
        {
            var last = Fingerprint.Pieces.Length - 1;
            return last < 0
                ? 0
                : ((long)_ready.SetCount * Fingerprint.PieceSize) - (_ready[last] ? Fingerprint.PieceSize - Fingerprint.LengthOf(last) : 0);
        }
    }

    /// <summary>Counts a user in, so that neither blob nor file goes away.</summary>
    /// <returns>False when the blob is being retired or its file closed: look it up again.</returns>
    public bool TryAcquire()
    {
        if (Interlocked.Increment(ref _users) > 0)
            return true;
        Interlocked.Decrement(ref _users);
        return false;
    }

    public void Release() => Interlocked.Decrement(ref _users);

    /// <summary>Keeps users out, if there are none.</summary>
    public bool TrySeal() => Interlocked.CompareExchange(ref _users, Sealed, 0) == 0;

    public void Unseal() => Interlocked.Add(ref _users, -Sealed);

    public bool IsReady(int piece) => _ready[piece];

    /// <summary>Pins a ready piece: its bytes stay as they are until <see cref="Unpin"/>.</summary>
    /// <param name="piece">Which piece.</param>
    /// <param name="stamp">The time of this use, or null when it is none.</param>
    public bool TryPin(int piece, int? stamp)
    {
        Interlocked.Increment(ref _pins[piece]);
        if (_ready[piece])
        {
            if (stamp is { } at)
                Volatile.Write(ref _stamps[piece], at);
            return true;
        }

        Interlocked.Decrement(ref _pins[piece]);
        return false;
    }

    /// <summary>Compares a piece with its proof, for a user who has it pinned; who asks at the same time shares the work. It goes on when
    /// they have all gone away, and holds the piece itself.</summary>
    public Task<CheckResult> CheckAsync(int piece, PieceCache cache)
    {
        lock (_lock)
        {
            _checks ??= [];
            if (_checks.TryGetValue(piece, out var check))
                return check;
            if (!TryAcquire())
                throw new InvalidOperationException("A check was asked for by somebody who does not hold the blob.");
            if (TryPin(piece, null))
                return _checks[piece] = Task.Run(() => Check(piece, cache));
            Release();
            return Task.FromResult(CheckResult.Rotten);  // found and dropped since the caller pinned it
        }
    }

    /// <summary>Waits for the comparisons that are under way.</summary>
    public Task ChecksAsync()
    {
        lock (_lock)
            return Task.WhenAll(_checks?.Values.ToArray() ?? []);
    }

    public void Unpin(int piece) => Interlocked.Decrement(ref _pins[piece]);

    /// <summary>The data file. Only for users; stays open while there is one.</summary>
    public SafeFileHandle Data(PieceCache cache)
    {
        if (Volatile.Read(ref _data) is { } open)
            return open;
        lock (_lock)
            return _data ??= cache.OpenData(this);
    }

    /// <summary>The data file's modification time in ticks; -1, which is no file's, when it can't be had.</summary>
    public long FileTime(PieceCache cache)
    {
        try
        {
            return File.GetLastWriteTimeUtc(Data(cache)).Ticks;
        }
        catch (IOException)
        {
            return -1;
        }
    }

    /// <summary>Changes the data file, so that the change is known for the cache's own. The kernel lets one at a time write to a file anyway.</summary>
    public void Change(PieceCache cache, Action change)
    {
        lock (_writing)
        {
            Trust.Writing(FileTime(cache));
            change();
            Trust.Wrote(FileTime(cache));
        }
    }

    /// <summary>Writes to the data file, as <see cref="Change"/>.</summary>
    public void Write(PieceCache cache, ReadOnlySpan<byte> bytes, long offset)
    {
        lock (_writing)
        {
            Trust.Writing(FileTime(cache));
            cache.Disk.Write(Data(cache), Files.DataPath, bytes, offset);
            Trust.Wrote(FileTime(cache));
        }
    }

    /// <summary>Closes the data file; only while sealed.</summary>
    public bool CloseData()
    {
        if (Interlocked.Exchange(ref _data, null) is not { } open)
            return false;
        open.Dispose();
        return true;
    }

    /// <summary>Takes ownership of a piece's place in the file, to fetch into it.</summary>
    /// <returns>False when it is ready or busy, or a reader has it pinned still.</returns>
    public bool TryOwn(int piece)
    {
        lock (_lock)
        {
            if (_ready[piece] || _busy[piece])
                return false;
            // Readers count themselves in before they see that the bit is clear, and out right after.
            var spin = default(SpinWait);
            while (Volatile.Read(ref _pins[piece]) != 0)
            {
                if (spin.Count > 20)
                    return false;
                spin.SpinOnce();
            }

            return _busy.Set(piece);
        }
    }

    public void Disown(int piece) => _busy.Clear(piece);

    /// <summary>Makes pieces not ready and owns their places, to drop them.</summary>
    /// <param name="pieces">Which.</param>
    /// <param name="force">True to take pieces that readers have pinned too, because their bytes are bad.</param>
    public List<int> Withdraw(IEnumerable<int> pieces, bool force)
    {
        var withdrawn = new List<int>();
        lock (_lock)
        {
            foreach (var piece in pieces)
            {
                if (!_ready.Clear(piece))
                    continue;
                if (!force && Volatile.Read(ref _pins[piece]) != 0)
                {
                    _ready.Set(piece);
                    continue;
                }

                _busy.Set(piece);
                withdrawn.Add(piece);
            }
        }

        return withdrawn;
    }

    /// <summary>Undoes <see cref="Withdraw"/>.</summary>
    public void Restore(List<int> pieces)
    {
        lock (_lock)
        {
            foreach (var piece in pieces)
            {
                _busy.Clear(piece);
                _ready.Set(piece);
            }
        }
    }

    /// <summary>The ready pieces as they are now.</summary>
    public PieceBits Ready() => _ready.Copy();

    public bool IsPinned(int piece) => Volatile.Read(ref _pins[piece]) != 0;

    /// <summary>Ready pieces that nobody has pinned, with the stamp of their last use.</summary>
    public IEnumerable<(int Stamp, int Piece)> Droppable()
    {
        for (var piece = 0; piece < _pins.Length; piece++)
        {
            if (_ready[piece] && Volatile.Read(ref _pins[piece]) == 0)
                yield return (Volatile.Read(ref _stamps[piece]), piece);
        }
    }

    /// <summary>Counts what it takes and gives back of the cap.</summary>
    public void Charge(long bytes, long payload)
    {
        Interlocked.Add(ref _charged, bytes);
        Interlocked.Add(ref _payload, payload);
    }

    private CheckResult Check(int piece, PieceCache cache)
    {
        try
        {
            var fileTime = FileTime(cache);
            if (cache.Inspector.Look(this, piece, deep: false) is { } wrong)
            {
                Trust.Forget(piece);
                cache.Inspector.Quarantine(this, piece, wrong);
                // Here and not by those who wait: the last of them would drop what the first has mended.
                cache.Condemn(this, piece);
                return CheckResult.Rotten;
            }

            Trust.Remember(piece, fileTime, cache.Now);
            return CheckResult.Right;
        }
        catch (DataFileException error)
        {
            cache.OpenFailed(error);
            return CheckResult.NotOpened;
        }
        finally
        {
            lock (_lock)
                _checks!.Remove(piece);
            Unpin(piece);
            Release();
        }
    }
}
