using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Entrepot.Ports.Firewalls;

/// <summary>Adjacent addresses of one family, as numbers, so that they can be joined and taken from each other.</summary>
/// <param name="Family">IPv4 or IPv6.</param>
/// <param name="First">Lowest address.</param>
/// <param name="Last">Highest address, included.</param>
public readonly record struct AddressRange(AddressFamily Family, UInt128 First, UInt128 Last)
{
    private int Bits => Family == AddressFamily.InterNetwork ? 32 : 128;

    /// <summary>The addresses of a network.</summary>
    public static AddressRange Of(IPNetwork network)
    {
        var family = network.BaseAddress.AddressFamily;
        var first = NumberOf(network.BaseAddress);
        var host = (family == AddressFamily.InterNetwork ? 32 : 128) - network.PrefixLength;
        return new AddressRange(family, first, first | Ones(host));
    }

    /// <summary>An address as a number.</summary>
    public static UInt128 NumberOf(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        if (!address.TryWriteBytes(bytes, out var length))
            throw new UnreachableException("Addresses have at most 16 bytes.");
        return length == 4 ? BinaryPrimitives.ReadUInt32BigEndian(bytes) : BinaryPrimitives.ReadUInt128BigEndian(bytes);
    }

    /// <summary>The networks' addresses as the fewest ranges, in order; IPv4 first.</summary>
    public static IReadOnlyList<AddressRange> Join(IEnumerable<IPNetwork> networks) => Join(networks.Select(Of));

    /// <summary>The same addresses as the fewest ranges, in order; IPv4 first.</summary>
    public static IReadOnlyList<AddressRange> Join(IEnumerable<AddressRange> ranges)
    {
        var joined = new List<AddressRange>();
        foreach (var range in ranges.OrderBy(static range => range.Bits).ThenBy(static range => range.First))
        {
            if (joined.Count > 0 && joined[^1] is var before && before.Family == range.Family
                && (range.First <= before.Last || range.First == before.Last + 1))
                joined[^1] = before with { Last = UInt128.Max(before.Last, range.Last) };
            else
                joined.Add(range);
        }

        return joined;
    }

    /// <summary>What is left of this range without others.</summary>
    public IReadOnlyList<AddressRange> Without(IEnumerable<AddressRange> others)
    {
        var family = Family;
        var left = new List<AddressRange>();
        var next = First;
        foreach (var other in Join(others.Where(other => other.Family == family)))
        {
            if (other.Last < next)
                continue;
            if (other.First > Last)
                break;
            if (other.First > next)
                left.Add(this with { First = next, Last = other.First - 1 });
            if (other.Last >= Last)
                return left;
            next = other.Last + 1;
        }

        left.Add(this with { First = next });
        return left;
    }

    /// <summary>The range as the fewest networks, in order.</summary>
    public IEnumerable<IPNetwork> Networks()
    {
        for (var next = First; ;)
        {
            // The largest network that begins here and does not end beyond the range.
            var host = next == 0 ? Bits : Math.Min(Bits, (int)UInt128.TrailingZeroCount(next));
            while (Ones(host) > Last - next)
                host--;
            yield return new IPNetwork(AddressOf(next), Bits - host);
            var end = next + Ones(host);
            if (end == Last)
                yield break;
            next = end + 1;
        }
    }

    /// <summary>The address that a number stands for in this family.</summary>
    public IPAddress AddressOf(UInt128 number)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, number);
        return new IPAddress(Family == AddressFamily.InterNetwork ? bytes[12..] : bytes);
    }

    /// <summary>One address, a network in CIDR notation, or <c>first-last</c>: what packet filters read.</summary>
    public override string ToString()
    {
        if (First == Last)
            return AddressOf(First).ToString();
        var size = Last - First;
        return (size & (size + 1)) == 0 && (First & size) == 0
            ? $"{AddressOf(First)}/{Bits - (int)UInt128.PopCount(size)}"
            : $"{AddressOf(First)}-{AddressOf(Last)}";
    }

    private static UInt128 Ones(int bits) => bits == 128 ? UInt128.MaxValue : (UInt128.One << bits) - 1;
}
