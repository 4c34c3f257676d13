using System.Collections.Immutable;
using Entrepot.Core.Identities;

namespace Entrepot.Server.Nodes;

/// <summary>Clients sent to each edge lately. Heart-beats are seconds apart; without this every client between two of them would see the
/// same load and run to the same edge. All counts fade together, so that edges stay comparable whenever their heart-beats come.</summary>
internal sealed class Assignments
{
    private readonly int[] _counts;
    private readonly Dictionary<NodeName, int> _places;

    /// <summary>Counts for a list of nodes, taking over what was counted for those that stay.</summary>
    public Assignments(ImmutableArray<NodeRecord> records, Assignments? before)
    {
        _counts = new int[records.Length];
        _places = new Dictionary<NodeName, int>(records.Length);
        for (var i = 0; i < records.Length; i++)
        {
            _places[records[i].Name] = i;
            if (before is not null && before._places.TryGetValue(records[i].Name, out var place))
                _counts[i] = Volatile.Read(ref before._counts[place]);
        }
    }

    /// <summary>The counts in the order of the nodes.</summary>
    public ReadOnlySpan<int> Counts => _counts;

    public void Add(NodeName node)
    {
        if (_places.TryGetValue(node, out var place))
            Interlocked.Increment(ref _counts[place]);
    }

    /// <summary>Takes an eighth away, at least one: called every second, this halves a count in about five.</summary>
    public void Fade()
    {
        for (var i = 0; i < _counts.Length; i++)
        {
            var count = Volatile.Read(ref _counts[i]);
            if (count > 0)
                Interlocked.Add(ref _counts[i], -((count + 7) / 8));
        }
    }
}
