using Entrepot.Mirror.Integrity;

namespace Entrepot.Mirror.Caching;

/// <summary>What the cache uses of its disk: pieces rounded up to the file system's blocks, and of each blob the file beside its data. The cap
/// holds for that. What users are told is the payload, the pieces themselves.</summary>
internal sealed class CacheSpace(long capacity)
{
    /// <summary>Block size of ext4, XFS, Btrfs and NTFS as they are made by default.</summary>
    public const int BlockSize = 4096;

    private long _charged;
    private long _payload;

    /// <summary>The cap.</summary>
    public long Capacity => capacity;

    /// <summary>Bytes used on disk, held and arriving.</summary>
    public long Charged => Volatile.Read(ref _charged);

    /// <summary>Bytes of pieces, held and arriving.</summary>
    public long Payload => Volatile.Read(ref _payload);

    /// <summary>What a piece takes.</summary>
    public static long ChargeOf(Fingerprint blob, int piece) => Up(blob.LengthOf(piece));

    /// <summary>What a blob takes beside its pieces.</summary>
    public static long OverheadOf(Fingerprint blob) => Up(HeldFile.LengthFor(blob));

    /// <summary>Charges a piece that is about to arrive, and its blob with the first of them.</summary>
    /// <param name="blob">The blob, held by the caller.</param>
    /// <param name="piece">Which piece.</param>
    /// <param name="free">Asked to free bytes; says how many it did.</param>
    /// <returns>False when there is no room.</returns>
    public bool TryTake(CachedBlob blob, int piece, Func<long, long> free)
    {
        var charge = ChargeOf(blob.Fingerprint, piece);
        if (blob.HasFiles)
            return TryTake(blob, charge, blob.Fingerprint.LengthOf(piece), free);
        lock (blob.Charging)
        {
            if (!blob.HasFiles)
                return blob.HasFiles = TryTake(blob, charge + OverheadOf(blob.Fingerprint), blob.Fingerprint.LengthOf(piece), free);
        }

        return TryTake(blob, charge, blob.Fingerprint.LengthOf(piece), free);
    }

    /// <summary>A blob that an earlier process left.</summary>
    public void Adopt(CachedBlob blob)
    {
        var charged = OverheadOf(blob.Fingerprint);
        for (var piece = 0; piece < blob.Fingerprint.Pieces.Length; piece++)
            charged += blob.IsReady(piece) ? ChargeOf(blob.Fingerprint, piece) : 0;
        blob.HasFiles = true;
        Add(blob, charged, blob.ReadyBytes);
    }

    /// <summary>A piece has given back its place.</summary>
    public void Give(CachedBlob blob, int piece) => Add(blob, -ChargeOf(blob.Fingerprint, piece), -blob.Fingerprint.LengthOf(piece));

    /// <summary>A blob has gone, with whatever it still had. Nobody uses it.</summary>
    public void GiveAll(CachedBlob blob) => Add(blob, -blob.Charged, -blob.Payload);

    private bool TryTake(CachedBlob blob, long charge, long payload, Func<long, long> free)
    {
        for (var tries = 0; tries < 16;)
        {
            var charged = Charged;
            if (charged + charge <= capacity)
            {
                // A lost race is somebody else's progress and no try.
                if (Interlocked.CompareExchange(ref _charged, charged + charge, charged) != charged)
                    continue;
                Interlocked.Add(ref _payload, payload);
                blob.Charge(charge, payload);
                return true;
            }

            if (charge > capacity || free(charged + charge - capacity) == 0)
                return false;
            tries++;
        }

        return false;
    }

    private void Add(CachedBlob blob, long charge, long payload)
    {
        blob.Charge(charge, payload);
        Interlocked.Add(ref _charged, charge);
        Interlocked.Add(ref _payload, payload);
    }

    private static long Up(long length) => (length + BlockSize - 1) / BlockSize * BlockSize;
}
