using System.Collections.Immutable;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Mirror.Routing;
using Entrepot.Server.Api;
using Microsoft.Extensions.Logging;

namespace Entrepot.Server.Nodes;

/// <summary>A node changed its state.</summary>
/// <param name="Node">The node.</param>
/// <param name="From">Its state before; null when it was not known.</param>
/// <param name="To">Its state now; null when it is forgotten.</param>
/// <param name="Reason">Why.</param>
/// <param name="At">When, UTC.</param>
public sealed record NodeStateChange(NodeName Node, string? From, string? To, string Reason, DateTimeOffset At);

/// <summary>Takes heart-beats, watches for those that do not come, and shows all nodes as one immutable view. Safe to use from any thread;
/// readers take no lock.</summary>
public sealed class NodeRegistry : INodeDirectory
{
    private static readonly TimeSpan TickEvery = TimeSpan.FromSeconds(1);

    /// <summary>Beats that a node may be late before another address can have its name.</summary>
    private const int NamesakeBeats = 2;

    private readonly NodeOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Action<NodeStateChange>? _changed;
    private readonly Lock _writing = new();
    private ImmutableArray<NodeRecord> _records = [];
    private Assignments _assignments = new([], null);
    private NodeView _view = NodeView.Empty;

    /// <summary>Makes an empty registry.</summary>
    /// <param name="options">How nodes are watched.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Where changes of state are logged.</param>
    /// <param name="changed">Told of every change of state, after it is in the view; may be called from several threads at once.</param>
    public NodeRegistry(NodeOptions options, TimeProvider time, ILogger<NodeRegistry> logger, Action<NodeStateChange>? changed = null)
        => (_options, _time, _logger, _changed) = (options, time, logger, changed);

    /// <inheritdoc/>
    public NodeView View => Volatile.Read(ref _view);

    /// <summary>Takes in a heart-beat.</summary>
    /// <exception cref="FaultException"><see cref="NodeFault.Heartbeat"/>, <see cref="NodeFault.TooMany"/> or <see cref="NodeFault.Duplicate"/>.</exception>
    public void Accept(HeartbeatRequest beat)
    {
        if (HeartbeatRules.Check(beat) is { } fault)
            throw fault.ToException();
        var name = NodeName.Parse(beat.Node);
        var changes = new List<NodeStateChange>();
        lock (_writing)
        {
            var now = _time.GetUtcNow();
            var at = PlaceOf(name);
            if (at < 0)
            {
                if (_records.Length >= _options.MaxNodes)
                    MakeRoom(name, now, changes);
                var first = NodeRecord.First(name, beat, now, _options);
                _records = _records.Insert(~PlaceOf(name), first);
                changes.Add(new NodeStateChange(name, null, NodeRecord.TextOf(first.Condition), first.Reason, now));
            }
            else
            {
                var before = _records[at];
                RefuseNamesake(before, beat, now);
                var after = before.Beat(beat, now, _options);
                _records = _records.SetItem(at, after);
                if (after.Condition != before.Condition)
                    changes.Add(Change(before, after, now));
            }

            Swap(now);
        }

        Tell(changes);
    }

    /// <inheritdoc/>
    public void ReportError(NodeName edge, EdgeError error, string detail)
    {
        lock (_writing)
        {
            var at = PlaceOf(edge);
            if (at < 0)
                return;
            var now = _time.GetUtcNow();
            _records = _records.SetItem(at, _records[at].Fail(WeightOf(error), detail, now, _options));
            Swap(now);
        }

        Log.EdgeFailed(_logger, edge, error, detail);
    }

    /// <summary>Forgets a node that belongs to the network no more: no client is sent to it from now on.</summary>
    public void Forget(NodeName node)
    {
        var changes = new List<NodeStateChange>();
        lock (_writing)
        {
            var now = _time.GetUtcNow();
            var gone = _records.Where(record => record.Name == node || IsNumbered(record.Name.Value, node.Value)).ToList();
            if (gone.Count == 0)
                return;
            _records = _records.RemoveRange(gone);
            changes.AddRange(gone.Select(record => Forgotten(record, "It belongs to the network no more.", now)));
            Swap(now);
        }

        Tell(changes);

        static bool IsNumbered(string edge, string node)
            => edge.StartsWith(node + "-", StringComparison.Ordinal) && edge.AsSpan(node.Length + 1).IndexOfAnyExceptInRange('0', '9') < 0;
    }

    /// <summary>Looks at the clock until cancelled: takes silent nodes out, forgets those long out, lets errors and counts fade.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(TickEvery, _time);
        try
        {
            while (await timer.WaitForNextTickAsync(cancellation))
                Tick();
        }
        catch (OperationCanceledException)
        {
            // Stopping.
        }
    }

    /// <summary>One look at the clock.</summary>
    internal void Tick()
    {
        var changes = new List<NodeStateChange>();
        lock (_writing)
        {
            var now = _time.GetUtcNow();
            _assignments.Fade();
            var kept = ImmutableArray.CreateBuilder<NodeRecord>(_records.Length);
            foreach (var record in _records)
            {
                var next = record.Tick(now, _options);
                if (next.Condition == EdgeCondition.Out && now - next.LastSeen > _options.ForgetAfter)
                {
                    changes.Add(Forgotten(next, "It has been out for too long.", now));
                    continue;
                }

                kept.Add(next);
                if (next.Condition != record.Condition)
                    changes.Add(Change(record, next, now));
            }

            _records = kept.DrainToImmutable();
            Swap(now);
        }

        Tell(changes);
    }

    /// <summary>Two nodes of one name would take turns in being believed, and neither would ever serve. The one that is there keeps the name until
    /// it stops or has been silent for <see cref="NamesakeBeats"/> beats, so one that moved waits that long.</summary>
    private void RefuseNamesake(NodeRecord before, HeartbeatRequest beat, DateTimeOffset now)
    {
        if (before.Last.Url == beat.Url || before.IsSame(beat) || before.Last.Draining || before.Condition == EdgeCondition.Out || now - before.LastSeen >= NamesakeBeats * _options.Interval)
            return;
        throw Fault.Of(
            NodeFault.Duplicate, FaultKind.Conflict, $"A node '{before.Name}' is alive at {before.Last.Url}; the one at {beat.Url} can't have the same name.",
            "Give each node a name of its own with --node or the setting 'node'. If it is the same one that has moved, it is taken in shortly.").ToException();
    }

    /// <summary>How much an error counts.</summary>
    internal static double WeightOf(EdgeError error) => error switch
    {
        EdgeError.Corrupt => 10,  // a lie takes it out of the choice at once, while another edge exists
        EdgeError.Unreachable => 3,
        _ => 1,
    };

    private static NodeStateChange Change(NodeRecord before, NodeRecord after, DateTimeOffset now)
        => new(after.Name, NodeRecord.TextOf(before.Condition), NodeRecord.TextOf(after.Condition), after.Reason, now);

    private static NodeStateChange Forgotten(NodeRecord record, string reason, DateTimeOffset now)
        => new(record.Name, NodeRecord.TextOf(record.Condition), null, reason, now);

    /// <summary>Forgets the node that has been out for longest.</summary>
    /// <exception cref="FaultException"><see cref="NodeFault.TooMany"/>: none is out.</exception>
    private void MakeRoom(NodeName newcomer, DateTimeOffset now, List<NodeStateChange> changes)
    {
        var oldest = _records.Where(static record => record.Condition == EdgeCondition.Out).MinBy(static record => record.LastSeen)
            ?? throw Fault.Of(
                NodeFault.TooMany, FaultKind.Exhausted, $"'{newcomer}' can't join: {_records.Length} nodes are known and none of them is out.",
                "Stop nodes that are not needed, or raise the limit.").ToException();
        _records = _records.Remove(oldest);
        changes.Add(Forgotten(oldest, $"It was out for longest when '{newcomer}' joined a full network.", now));
    }

    /// <summary>Makes the view that readers see from now on. What did not change is taken from the view before.</summary>
    private void Swap(DateTimeOffset now)
    {
        var before = _view;
        var sameNodes = before.Records.Length == _records.Length;
        for (var i = 0; sameNodes && i < _records.Length; i++)
            sameNodes = before.Records[i].Name == _records[i].Name;
        if (!sameNodes)
            _assignments = new Assignments(_records, _assignments);

        var edges = new EdgeState[_records.Length];
        for (var i = 0; i < edges.Length; i++)
        {
            edges[i] = sameNodes && ReferenceEquals(before.Records[i], _records[i]) && before.Edges[i].RecentErrors == 0
                ? before.Edges[i]
                : _records[i].ToEdge(now, _options);
        }

        Volatile.Write(ref _view, new NodeView(_records, edges, _assignments));
    }

    private void Tell(List<NodeStateChange> changes)
    {
        foreach (var change in changes)
        {
            if (change.To is "out")
                Log.NodeOut(_logger, change.Node, change.Reason);
            else
                Log.NodeChanged(_logger, change.Node, change.From ?? "unknown", change.To ?? "forgotten", change.Reason);
            _changed?.Invoke(change);
        }
    }

    /// <summary>Index of a node, or the complement of where it belongs.</summary>
    private int PlaceOf(NodeName name)
    {
        int low = 0, high = _records.Length - 1;
        while (low <= high)
        {
            var middle = (low + high) / 2;
            var order = string.CompareOrdinal(_records[middle].Name.Value, name.Value);
            if (order == 0)
                return middle;
            if (order < 0)
                low = middle + 1;
            else
                high = middle - 1;
        }

        return ~low;
    }
}
