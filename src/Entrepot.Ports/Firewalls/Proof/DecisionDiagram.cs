using Entrepot.Core.Faults;

namespace Entrepot.Ports.Firewalls.Proof;

/// <summary>Sets of bit strings as reduced ordered decision diagrams (R. E. Bryant, 1986): a set is the number of a node, equal sets have
/// equal numbers. 0 is the empty set, 1 is everything.</summary>
/// <param name="mostNodes">A bound for memory: 24 bytes each.</param>
internal sealed class DecisionDiagram(int mostNodes)
{
    public const int Empty = 0;
    public const int Everything = 1;

    private const int Terminal = int.MaxValue;

    /// <summary>Results of operations that are kept. More would only miss the processor's caches.</summary>
    private const int MostRemembered = 1 << 19;

    private Node[] _nodes = [new(Terminal, 0, 0, -1), new(Terminal, 1, 1, -1), .. new Node[(1 << 12) - 2]];
    private int[] _buckets = Buckets(1 << 12);
    private Operation[] _cache = new Operation[1 << 14];
    private int _count = 2;

    private enum Kind
    {
        None,
        And,
        Or,
        Minus,
    }

    /// <summary>Nodes made so far.</summary>
    public int Count => _count;

    /// <summary>The bit that a node asks; larger than any bit for the two ends.</summary>
    public int BitOf(int set) => _nodes[set].Bit;

    /// <summary>What follows when the bit is 0 or 1.</summary>
    public int Branch(int set, bool one) => one ? _nodes[set].One : _nodes[set].Zero;

    /// <summary>The node that asks a bit; both branches ask later bits only.</summary>
    public int Make(int bit, int zero, int one)
    {
        if (zero == one)
            return zero;
        var bucket = HashCode(bit, zero, one) & (_buckets.Length - 1);
        for (var node = _buckets[bucket]; node >= 0; node = _nodes[node].Next)
        {
            ref var found = ref _nodes[node];
            if (found.Bit == bit && found.Zero == zero && found.One == one)
                return node;
        }

        if (_count == _nodes.Length)
        {
            Grow();
            bucket = HashCode(bit, zero, one) & (_buckets.Length - 1);
        }

        _nodes[_count] = new Node(bit, zero, one, _buckets[bucket]);
        _buckets[bucket] = _count;
        return _count++;
    }

    public int And(int a, int b) => Apply(Kind.And, a, b);

    public int Or(int a, int b) => Apply(Kind.Or, a, b);

    public int Minus(int a, int b) => Apply(Kind.Minus, a, b);

    public int Not(int a) => Apply(Kind.Minus, Everything, a);

    /// <summary>The union of many sets, in pairs, so that each is touched a logarithmic number of times.</summary>
    public int Union(ReadOnlySpan<int> sets) => sets.Length switch
    {
        0 => Empty,
        1 => sets[0],
        _ => Or(Union(sets[..(sets.Length / 2)]), Union(sets[(sets.Length / 2)..])),
    };

    private int Apply(Kind kind, int a, int b)
    {
        switch (kind)
        {
            case Kind.And:
                if (a == b || b == Everything)
                    return a;
                if (a == Everything)
                    return b;
                if (a == Empty || b == Empty)
                    return Empty;
                break;
            case Kind.Or:
                if (a == b || b == Empty)
                    return a;
                if (a == Empty)
                    return b;
                if (a == Everything || b == Everything)
                    return Everything;
                break;
            default:
                if (b == Empty)
                    return a;
                if (a == b || a == Empty || b == Everything)
                    return Empty;
                break;
        }

        if (kind != Kind.Minus && a > b)
            (a, b) = (b, a);
        var slot = HashCode((int)kind, a, b) & (_cache.Length - 1);
        ref var known = ref _cache[slot];
        if (known.Kind == kind && known.A == a && known.B == b)
            return known.Result;

        var (first, second) = (_nodes[a], _nodes[b]);
        var bit = Math.Min(first.Bit, second.Bit);
        var zero = Apply(kind, first.Bit == bit ? first.Zero : a, second.Bit == bit ? second.Zero : b);
        var one = Apply(kind, first.Bit == bit ? first.One : a, second.Bit == bit ? second.One : b);
        var result = Make(bit, zero, one);
        _cache[HashCode((int)kind, a, b) & (_cache.Length - 1)] = new Operation(kind, a, b, result);
        return result;
    }

    private void Grow()
    {
        if (_count >= mostNodes)
            throw Fault.Of(ProofFault.TooLarge, FaultKind.TooLarge, $"The comparison of the rules needs more than {mostNodes} nodes.", "Declare fewer different ways in.").ToException();
        Array.Resize(ref _nodes, _nodes.Length * 2);
        _buckets = Buckets(_nodes.Length);
        if (_cache.Length < MostRemembered)
            _cache = new Operation[Math.Min(_nodes.Length, MostRemembered)];
        for (var node = 2; node < _count; node++)
        {
            ref var moved = ref _nodes[node];
            var bucket = HashCode(moved.Bit, moved.Zero, moved.One) & (_buckets.Length - 1);
            moved = moved with { Next = _buckets[bucket] };
            _buckets[bucket] = node;
        }
    }

    private static int[] Buckets(int count)
    {
        var buckets = new int[count];
        Array.Fill(buckets, -1);
        return buckets;
    }

    private static int HashCode(int a, int b, int c)
    {
        var hash = ((uint)a * 0x9E3779B1u) ^ ((uint)b * 0x85EBCA77u) ^ ((uint)c * 0xC2B2AE3Du);
        hash ^= hash >> 15;
        hash *= 0x2C1B3C6Du;
        return (int)(hash ^ (hash >> 13));
    }

    private readonly record struct Node(int Bit, int Zero, int One, int Next);

    private readonly record struct Operation(Kind Kind, int A, int B, int Result);
}
