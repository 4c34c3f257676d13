using System.Numerics;

namespace Entrepot.Mirror.Integrity;

/// <summary>One bit per piece. Bits are set, cleared and read atomically, without a lock.</summary>
internal sealed class PieceBits(int count)
{
    private readonly ulong[] _words = new ulong[(count + 63) / 64];

    /// <summary>How many pieces there are.</summary>
    public int Count => count;

    /// <summary>Bytes of the stored form.</summary>
    public int StoredLength => (count + 7) / 8;

    public bool this[int piece] => (Volatile.Read(ref _words[piece >> 6]) >> (piece & 63) & 1) != 0;

    /// <summary>Sets the bit; false when it was set.</summary>
    public bool Set(int piece) => (Interlocked.Or(ref _words[piece >> 6], 1UL << (piece & 63)) >> (piece & 63) & 1) == 0;

    /// <summary>Clears the bit; false when it was clear.</summary>
    public bool Clear(int piece) => (Interlocked.And(ref _words[piece >> 6], ~(1UL << (piece & 63))) >> (piece & 63) & 1) != 0;

    public bool IsEmpty => !_words.AsSpan().ContainsAnyExcept(0UL);

    /// <summary>How many bits are set.</summary>
    public int SetCount
    {
        get
        {
            var total = 0;
            foreach (var word in _words)
                total += BitOperations.PopCount(word);
            return total;
        }
    }

    public PieceBits Copy()
    {
        var copy = new PieceBits(count);
        for (var i = 0; i < _words.Length; i++)
            copy._words[i] = Volatile.Read(ref _words[i]);
        return copy;
    }

    /// <summary>Clears what the other does not have. Not atomic as a whole.</summary>
    public void IntersectWith(PieceBits other)
    {
        for (var i = 0; i < _words.Length; i++)
            _words[i] &= other._words[i];
    }

    /// <summary>A new set with the bits of both.</summary>
    public PieceBits UnionWith(PieceBits other)
    {
        var union = Copy();
        for (var i = 0; i < _words.Length; i++)
            union._words[i] |= other._words[i];
        return union;
    }

    public bool SameAs(PieceBits other) => _words.AsSpan().SequenceEqual(other._words);

    /// <summary>The stored form: bit k of byte n is piece 8n + k.</summary>
    public void Store(Span<byte> destination)
    {
        for (var i = 0; i < StoredLength; i++)
            destination[i] = (byte)(_words[i >> 3] >> ((i & 7) * 8));
    }

    /// <summary>Reads the stored form; null when a bit beyond the last piece is set.</summary>
    public static PieceBits? Load(int count, ReadOnlySpan<byte> stored)
    {
        var bits = new PieceBits(count);
        for (var i = 0; i < bits.StoredLength; i++)
            bits._words[i >> 3] |= (ulong)stored[i] << ((i & 7) * 8);
        return count % 64 != 0 && bits._words[^1] >> (count % 64) != 0 ? null : bits;
    }
}
