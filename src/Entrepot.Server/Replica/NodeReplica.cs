using System.Collections.Immutable;
using System.Threading.Channels;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Server.Api;
using Entrepot.Server.Edge;
using Entrepot.Server.Hosting;
using Entrepot.Server.Nodes;
using Microsoft.Extensions.Logging;

namespace Entrepot.Server.Replica;

/// <summary>Follows the origin's registry of edges, and tells it what is met with them. While the origin can't be asked the edges stay as they
/// were last seen, with the errors that are met here.</summary>
/// <param name="origin">The origin.</param>
/// <param name="options">How errors fade.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Where failures are logged.</param>
internal sealed class NodeReplica(OriginClient origin, NodeOptions options, TimeProvider time, ILogger logger) : INodeDirectory
{
    /// <summary>Time between two questions.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly Channel<(NodeName Edge, EdgeErrorReport Report)> _reports = Channel.CreateBounded<(NodeName, EdgeErrorReport)>(
        new BoundedChannelOptions(256) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });

    private readonly Lock _writing = new();
    private ImmutableArray<NodeRecord> _records = [];
    private Assignments _assignments = new([], null);
    private NodeView _view = NodeView.Empty;

    /// <inheritdoc/>
    public NodeView View => Volatile.Read(ref _view);

    /// <inheritdoc/>
    public void ReportError(NodeName edge, EdgeError error, string detail)
    {
        lock (_writing)
        {
            var now = time.GetUtcNow();
            _records = [.. _records.Select(record => record.Name == edge ? record.Fail(NodeRegistry.WeightOf(error), detail, now, options) : record)];
            Swap(now);
        }

        var told = detail.Length > EdgeErrorReport.MaxDetail ? detail[..EdgeErrorReport.MaxDetail] : detail;
        _reports.Writer.TryWrite((edge, new EdgeErrorReport(error, told)));
    }

    /// <summary>Follows until cancelled.</summary>
    public Task RunAsync(CancellationToken cancellation)
        => Rounds.RunAsync(Interval, time, RefreshAsync, error => Log.NodesStale(logger, error.Message), cancellation);

    /// <summary>Asks once.</summary>
    /// <exception cref="FaultException">The origin can't be asked.</exception>
    public async Task RefreshAsync(CancellationToken cancellation)
    {
        IReadOnlyList<NodeDocument>? told = null;
        try
        {
            told = await origin.GetNodesAsync(cancellation);
        }
        finally
        {
            lock (_writing)
            {
                var now = time.GetUtcNow();
                _assignments.Fade();
                if (told is not null)
                    _records = [.. told.Where(static node => node.IsEdge).Select(node => NodeRecord.Of(node, now)).OfType<NodeRecord>().OrderBy(static record => record.Name.Value, StringComparer.Ordinal)];
                Swap(now);
            }
        }
    }

    /// <summary>Tells the origin what was met, until cancelled.</summary>
    /// <param name="admin">Base address of the origin's admin surface; null while it is not known.</param>
    /// <param name="cancellation">Stops.</param>
    public async Task TellAsync(Func<string?> admin, CancellationToken cancellation)
    {
        await foreach (var (edge, report) in _reports.Reader.ReadAllAsync(cancellation))
        {
            try
            {
                if (admin() is { } address)
                    await origin.ReportErrorAsync(address, edge, report, cancellation);
            }
            catch (FaultException error)
            {
                // Errors fade within minutes; an old one is not worth keeping.
                Log.ReportLost(logger, edge.Value, error.Message);
            }
        }
    }

    private void Swap(DateTimeOffset now)
    {
        if (!_records.Select(static record => record.Name).SequenceEqual(_view.Records.Select(static record => record.Name)))
            _assignments = new Assignments(_records, _assignments);
        Volatile.Write(ref _view, new NodeView(_records, [.. _records.Select(record => record.ToEdge(now, options))], _assignments));
    }
}
