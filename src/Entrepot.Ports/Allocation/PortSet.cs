using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Text;

namespace Entrepot.Ports.Allocation;

/// <summary>An immutable set of port numbers, 0–65535, as a map of 65,536 bits (8 KiB): membership is one load, and
/// union, intersection and difference are 1,024 word operations whatever the sets hold.</summary>
public sealed class PortSet : IEquatable<PortSet>
{
    /// <summary>The highest port number (RFC 9293 §3.1, RFC 768: the field has 16 bits).</summary>
    public const int MaxPort = 65535;

    internal const int WordCount = (MaxPort + 1) / 64;

    private readonly ulong[] _words;

    private PortSet(ulong[] words)
    {
        _words = words;
        var count = 0;
        foreach (var word in words)
            count += BitOperations.PopCount(word);
        Count = count;
    }

    /// <summary>No port.</summary>
    public static PortSet Empty { get; } = new(new ulong[WordCount]);

    /// <summary>Every number, 0–65535.</summary>
    public static PortSet Full { get; } = Range(0, MaxPort);

    /// <summary>How many ports the set holds, 0–65536.</summary>
    public int Count { get; }

    /// <summary>True when no port is in the set.</summary>
    public bool IsEmpty => Count == 0;

    internal ReadOnlySpan<ulong> Words => _words;

    /// <summary>The set of the given ports; repeats are harmless.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A number is not 0–65535.</exception>
    public static PortSet Of(params IEnumerable<int> ports)
    {
        var words = new ulong[WordCount];
        foreach (var port in ports)
        {
            Check(port);
            words[port >> 6] |= 1UL << port;
        }

        return new PortSet(words);
    }

    /// <summary>The ports from <paramref name="first"/> to <paramref name="last"/>, both included.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A number is not 0–65535, or the range runs backwards.</exception>
    public static PortSet Range(int first, int last)
    {
        Check(first);
        Check(last);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(first, last);
        var words = new ulong[WordCount];
        for (var index = first >> 6; index <= last >> 6; index++)
            words[index] = WordOfRange(index, first, last);
        return new PortSet(words);
    }

    /// <summary>The set whose map is a copy of the given words.</summary>
    internal static PortSet OfWords(ReadOnlySpan<ulong> words) => new(words[..WordCount].ToArray());

    /// <summary>Reads the list form that the kernel uses (<c>1,2-4,10-10</c>; see ip-sysctl, <c>ip_local_reserved_ports</c>).
    /// Blank text is the empty set.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, [NotNullWhen(true)] out PortSet? ports)
    {
        ports = null;
        text = text.Trim();
        if (text.IsEmpty)
        {
            ports = Empty;
            return true;
        }

        var words = new ulong[WordCount];
        foreach (var part in text.Split(','))
        {
            var item = text[part].Trim();
            var dash = item.IndexOf('-');
            if (!TryNumber(dash < 0 ? item : item[..dash], out var first))
                return false;
            var last = first;
            if (dash >= 0 && (!TryNumber(item[(dash + 1)..], out last) || last < first))
                return false;
            for (var index = first >> 6; index <= last >> 6; index++)
                words[index] |= WordOfRange(index, first, last);
        }

        ports = new PortSet(words);
        return true;
    }

    /// <summary>True when the port is a member; false for a number that is no port.</summary>
    public bool Contains(int port) => (uint)port <= MaxPort && (_words[port >> 6] & (1UL << port)) != 0;

    /// <summary>The ports that are in either set.</summary>
    public PortSet Union(PortSet other) => Combine(other, static (left, right) => left | right);

    /// <summary>The ports that are in both sets.</summary>
    public PortSet Intersect(PortSet other) => Combine(other, static (left, right) => left & right);

    /// <summary>The ports of this set that are not in the other.</summary>
    public PortSet Except(PortSet other) => Combine(other, static (left, right) => left & ~right);

    /// <summary>True when some port is in both sets.</summary>
    public bool Overlaps(PortSet other)
    {
        for (var index = 0; index < WordCount; index++)
        {
            if ((_words[index] & other._words[index]) != 0)
                return true;
        }

        return false;
    }

    /// <summary>How many ports from <paramref name="first"/> to <paramref name="last"/>, both included, are members.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A number is not 0–65535.</exception>
    public int CountBetween(int first, int last)
    {
        Check(first);
        Check(last);
        var count = 0;
        for (var index = first >> 6; index <= last >> 6; index++)
            count += BitOperations.PopCount(_words[index] & WordOfRange(index, first, last));
        return count;
    }

    /// <summary>The lowest member that is not below <paramref name="from"/>, or null.</summary>
    public int? FirstAtOrAfter(int from) => First(from, inverted: 0);

    /// <summary>The highest member that is not above <paramref name="from"/>, or null.</summary>
    public int? LastAtOrBefore(int from)
    {
        if (from < 0)
            return null;
        from = Math.Min(from, MaxPort);
        var index = from >> 6;
        var word = _words[index] & (ulong.MaxValue >> (63 - (from & 63)));
        if (word == 0)
        {
            index = _words.AsSpan(0, index).LastIndexOfAnyExcept(0UL);
            if (index < 0)
                return null;
            word = _words[index];
        }

        return (index << 6) + 63 - BitOperations.LeadingZeroCount(word);
    }

    /// <summary>The lowest number that is not below <paramref name="from"/> and is <em>not</em> in the set (the first free port,
    /// when the set holds what is taken), or null.</summary>
    public int? FirstFreeAtOrAfter(int from) => First(from, inverted: ulong.MaxValue);

    /// <summary>The members in rising order.</summary>
    public IEnumerable<int> Enumerate()
    {
        for (var index = 0; index < WordCount; index++)
        {
            for (var word = _words[index]; word != 0; word &= word - 1)
                yield return (index << 6) + BitOperations.TrailingZeroCount(word);
        }
    }

    /// <summary>The members as the fewest ranges, in rising order, both ends included.</summary>
    public IEnumerable<(int First, int Last)> Ranges()
    {
        for (var first = FirstAtOrAfter(0); first is not null;)
        {
            var end = FirstFreeAtOrAfter(first.Value) ?? MaxPort + 1;
            yield return (first.Value, end - 1);
            first = FirstAtOrAfter(end);
        }
    }

    /// <summary>The kernel's list form: <c>1,2-4,10</c>; empty text for the empty set.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        foreach (var (first, last) in Ranges())
        {
            if (text.Length > 0)
                text.Append(',');
            text.Append(CultureInfo.InvariantCulture, $"{first}");
            if (last > first)
                text.Append(CultureInfo.InvariantCulture, $"-{last}");
        }

        return text.ToString();
    }

    /// <summary>True when both sets hold the same ports.</summary>
    public bool Equals(PortSet? other) => other is not null && Count == other.Count && _words.AsSpan().SequenceEqual(other._words);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as PortSet);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = default(HashCode);
        hash.AddBytes(MemoryMarshal.AsBytes<ulong>(_words));
        return hash.ToHashCode();
    }

    /// <summary>The bits of word <paramref name="index"/> that lie between two ports, both included.</summary>
    internal static ulong WordOfRange(int index, int first, int last)
    {
        var low = Math.Max(first - (index << 6), 0);
        var high = Math.Min(last - (index << 6), 63);
        return low > high ? 0 : (ulong.MaxValue << low) & (ulong.MaxValue >> (63 - high));
    }

    private static void Check(int port)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(port);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(port, MaxPort);
    }

    private static bool TryNumber(ReadOnlySpan<char> text, out int port)
        => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port) && port <= MaxPort;

    private PortSet Combine(PortSet other, Func<ulong, ulong, ulong> operation)
    {
        var words = new ulong[WordCount];
        for (var index = 0; index < WordCount; index++)
            words[index] = operation(_words[index], other._words[index]);
        return new PortSet(words);
    }

    private int? First(int from, ulong inverted)
    {
        from = Math.Max(from, 0);
        if (from > MaxPort)
            return null;
        var index = from >> 6;
        var word = (_words[index] ^ inverted) & (ulong.MaxValue << from);
        if (word == 0)
        {
            var skipped = _words.AsSpan(index + 1).IndexOfAnyExcept(inverted);
            if (skipped < 0)
                return null;
            index += skipped + 1;
            word = _words[index] ^ inverted;
        }

        return (index << 6) + BitOperations.TrailingZeroCount(word);
    }
}
