using Entrepot.Core.Identities;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Findings;
using Entrepot.Ports.Inventory;
using Entrepot.Ports.Truth;
using Entrepot.Server.Hosting;
using Microsoft.Extensions.Logging;

namespace Entrepot.Server.PortWatch;

/// <summary>Watches the ports of this node: looks every few seconds whether the listeners changed, and when they did, or every half a
/// minute, joins the four truths and takes the differences to the findings.</summary>
public sealed class PortWatcher : IDisposable
{
    private readonly PortStatusReader _reader;
    private readonly IPortInventory _inventory;
    private readonly FindingBook _findings;
    private readonly NodeName _node;
    private readonly WatchOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly ListenerMarks _marks = new();
    private readonly Dictionary<(string Protocol, int Port, TruthVerdict Verdict), DateTimeOffset> _seen = [];
    private readonly SemaphoreSlim _asking = new(1, 1);
    private long? _lastFull;
    private bool _waiting;
    private volatile bool _stopped;
    private volatile Seen? _status;

    /// <summary>Makes the watch; nothing is looked at yet.</summary>
    /// <param name="node">The node.</param>
    /// <param name="reader">Looks at the four truths.</param>
    /// <param name="inventory">What the host says of its sockets.</param>
    /// <param name="findings">Where differences go.</param>
    /// <param name="options">How often.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Where it logs.</param>
    public PortWatcher(
        NodeName node, PortStatusReader reader, IPortInventory inventory, FindingBook findings, WatchOptions options, TimeProvider time, ILogger logger)
        => (_node, _reader, _inventory, _findings, _options, _time, _logger) = (node, reader, inventory, findings, options, time, logger);

    /// <summary>Watches until cancelled. A look that fails is logged and changes nothing.</summary>
    public Task RunAsync(CancellationToken cancellation)
        => Rounds.RunAsync(_options.Interval, _time, TickAsync, error => Log.LookFailed(_logger, error), cancellation);

    /// <summary>Looks once; at everything only when something changed or it is time to.</summary>
    /// <returns>The steps in the lives of findings.</returns>
    internal async Task<IReadOnlyList<FindingTransition>> TickAsync(CancellationToken cancellation)
    {
        var known = _lastFull is not null;
        var changed = _marks.Changed(PortProtocols.All.SelectMany(_inventory.Listeners).Where(static socket => socket.Peer is null), out var appeared);
        if (_stopped || (!changed && !_waiting && _lastFull is { } last && _time.GetElapsedTime(last) < _options.FullInterval))
            return [];
        var status = await _reader.ReadAsync(cancellation);
        _status = new Seen(_time.GetTimestamp(), status);
        _lastFull = _time.GetTimestamp();
        if (known)
            Tell(appeared, status);
        var (rows, passing) = Staying(status);
        // Surfaces that close on purpose are no findings.
        if (_stopped)
            return [];
        var steps = await _findings.ObserveAsync(new FindingObservation(_node, status.At, SocketsKnown: true, rows) { Unsettled = passing }, cancellation);
        foreach (var step in steps)
            Log.FindingStep(_logger, step.After.Key.Subject, step.After.State.ToString(), step.After.Key.Kind.ToString(), step.Reason);
        return steps;
    }

    /// <summary>The status, as it was within the last second.</summary>
    public async Task<StatusDocument> StatusAsync(CancellationToken cancellation)
    {
        await _asking.WaitAsync(cancellation);
        try
        {
            if (_status is { } known && _time.GetElapsedTime(known.At) < _options.StatusLifetime)
                return known.Status;
            var status = await _reader.ReadAsync(cancellation);
            _status = new Seen(_time.GetTimestamp(), status);
            return status;
        }
        finally
        {
            _asking.Release();
        }
    }

    /// <summary>Looks no more, because the node closes its ports in good order.</summary>
    public void Stop() => _stopped = true;

    /// <inheritdoc/>
    public void Dispose() => _asking.Dispose();

    /// <summary>The rows without differences that were not there at the look before: a service that moves closes one port before the
    /// lease of the other is written, and a name server's client opens and closes sockets with every question.</summary>
    private (List<PortStatus> Rows, HashSet<(string, int)> Passing) Staying(StatusDocument status)
    {
        var range = _inventory.EphemeralRange();
        var unsettled = new HashSet<(string, int)>();
        var rows = new List<PortStatus>(status.Ports.Count);
        var now = new HashSet<(string, int, TruthVerdict)>();
        _waiting = false;
        foreach (var row in status.Ports)
        {
            if (!row.IsFinding)
            {
                rows.Add(row);
                continue;
            }

            var key = (row.Protocol, row.Port, row.Verdict);
            now.Add(key);
            _seen.TryAdd(key, status.At);
            var passing = row is { Protocol: "udp", Declared: Declared.No } && row.Port >= range.First && row.Port <= range.Last;
            // Timers are not exact: half an interval means the next look.
            if (status.At - _seen[key] >= (passing ? _options.UdpPatience : _options.Interval / 2))
                rows.Add(row);
            else
            {
                unsettled.Add((row.Protocol, row.Port));
                _waiting |= !passing;
            }
        }

        foreach (var gone in _seen.Keys.Where(key => !now.Contains(key)).ToList())
            _seen.Remove(gone);
        return (rows, unsettled);
    }

    /// <summary>One object, so that whoever asks for the status while a look ends gets the one or the other whole.</summary>
    private sealed record Seen(long At, StatusDocument Status);

    private void Tell(IReadOnlyList<ListeningSocket> appeared, StatusDocument status)
    {
        foreach (var socket in appeared)
        {
            var row = status.Ports.FirstOrDefault(row => row.Port == socket.Port && row.Protocol == socket.Protocol.Name());
            if (row is not null && socket.Protocol != PortProtocol.Udp)
                Log.ListenerAppeared(_logger, row.Protocol, row.Port, row.Summary);
        }
    }
}
