namespace Entrepot.Core.Journal;

/// <summary>Follows a chain entry by entry, whatever it is read from. The first thing that is wrong is what it tells; after that it is of no use.</summary>
internal sealed class JournalChainCheck
{
    private readonly string _journal;
    private readonly byte[] _publicKey;
    private readonly long _first;
    private readonly bool _isWhole;
    private byte[] _hash;
    private byte[] _next = new byte[JournalEncoding.HashBytes];
    private bool _anchored;
    private long _signedFirst;

    /// <summary>Begins.</summary>
    /// <param name="journal">The journal's name: the hash before its first entry.</param>
    /// <param name="publicKey">Signs its checkpoints.</param>
    /// <param name="first">The oldest entry.</param>
    /// <param name="previous">What the hash before it is said to be.</param>
    /// <param name="isWhole">True when nothing but what retention took may be missing before it; an export may begin later.</param>
    public JournalChainCheck(byte[] journal, byte[] publicKey, long first, byte[] previous, bool isWhole)
    {
        (_journal, _publicKey, _first, _isWhole) = (Convert.ToHexStringLower(journal), publicKey, first, isWhole);
        (_hash, _signedFirst, Last) = ([.. previous], first, first - 1);
        _anchored = first == 1 && previous.AsSpan().SequenceEqual(journal);
    }

    /// <summary>The newest entry that was proven.</summary>
    public long Last { get; private set; }

    /// <summary>Hash of that entry.</summary>
    public ReadOnlySpan<byte> Hash => _hash;

    public long SignedUpTo { get; private set; }

    public DateTimeOffset? SignedAt { get; private set; }

    public int Checkpoints { get; private set; }

    /// <summary>Takes the next entry.</summary>
    public JournalBreak? Entry(
        long sequence, long at, string action, string result, ReadOnlySpan<byte> identity, ReadOnlySpan<byte> content, ReadOnlySpan<byte> hash)
    {
        if (!_anchored)
            return new JournalBreak(
                _first, JournalFlaw.Beginning,
                _first == 1 ? "The first entry does not follow from the journal's name." : $"The journal begins at entry {_first}, and no checkpoint proves what was before it.");
        if (sequence != Last + 1)
            return sequence > Last
                ? new JournalBreak(Last + 1, JournalFlaw.Missing, $"Entry {Last + 1} is missing: {(sequence == Last + 2 ? "it" : $"all up to {sequence - 1}")} should stand before entry {sequence}.")
                : new JournalBreak(Last + 1, JournalFlaw.Order, $"Entry {sequence} stands where entry {Last + 1} belongs.");
        JournalEncoding.Chain(_hash, sequence, at, action, result, identity, content, _next);
        if (!hash.SequenceEqual(_next))
            return new JournalBreak(sequence, JournalFlaw.Changed, $"Entry {sequence} does not match its hash: it was changed, or stands in another's place.");
        (_hash, _next) = (_next, _hash);
        Last = sequence;
        return null;
    }

    /// <summary>Takes a checkpoint, which must stand right after the entry that it is about.</summary>
    /// <param name="checkpoint">The checkpoint; null when it could not be read.</param>
    public JournalBreak? Checkpoint(JournalCheckpoint? checkpoint)
    {
        if (checkpoint is null)
            return new JournalBreak(Last + 1, JournalFlaw.Signature, $"A checkpoint near entry {Last} can't be read.");
        if (checkpoint.Journal != _journal || !checkpoint.IsSignedBy(_publicKey))
            return new JournalBreak(
                Math.Max(SignedUpTo + 1, _first), JournalFlaw.Signature, $"The checkpoint at entry {checkpoint.Last} is not signed by this journal's key.");
        Checkpoints++;
        if (checkpoint.Last > Last)
            return new JournalBreak(Last + 1, JournalFlaw.Truncated, $"The journal ends at entry {Last}; a checkpoint proves that it went on to entry {checkpoint.Last}.");
        if (checkpoint.Last < Last)
            return new JournalBreak(Last + 1, JournalFlaw.Order, $"The checkpoint at entry {checkpoint.Last} stands after entry {Last}.");
        if (checkpoint.Hash != Convert.ToHexStringLower(_hash))
            return new JournalBreak(
                Math.Max(SignedUpTo + 1, _first), JournalFlaw.Replaced,
                $"Entries {Math.Max(SignedUpTo + 1, _first)}–{checkpoint.Last} are not those that the checkpoint at entry {checkpoint.Last} signed: the chain was made anew.");
        (SignedUpTo, SignedAt, _anchored) = (checkpoint.Last, checkpoint.At, true);
        if (checkpoint.Last >= _first)
            _signedFirst = checkpoint.First;
        return null;
    }

    /// <summary>Nothing follows.</summary>
    public JournalBreak? End()
        => !_anchored || _signedFirst > _first || (_isWhole && _signedFirst < _first)
            ? new JournalBreak(
                Math.Min(_signedFirst, _first), JournalFlaw.Beginning,
                _anchored
                    ? $"The journal begins at entry {_first}; its last checkpoint proves that it began at entry {_signedFirst}."
                    : $"The journal begins at entry {_first}, and no checkpoint proves what was before it.")
            : null;
}
