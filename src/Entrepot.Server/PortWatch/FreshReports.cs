using Entrepot.Ports.Allocation;
using Entrepot.Ports.Reachability;
using Entrepot.Ports.Truth;

namespace Entrepot.Server.PortWatch;

/// <summary>Tells which reports of probes still speak of a port as it is. One from before its listener or the packet filter changed would
/// contradict what is seen now, and be taken for something that walks past it.</summary>
internal sealed class FreshReports
{
    /// <summary>How long a probe's result is under way: a round of probes, and the heart-beat that carries it.</summary>
    public static readonly TimeSpan Delay = TimeSpan.FromSeconds(20);

    private readonly Lock _gate = new();
    private Dictionary<(string Protocol, int Port), Seen> _seen = [];

    /// <summary>The reports that were made after the last change of their port.</summary>
    /// <param name="reports">Every report.</param>
    /// <param name="rows">The ports as they are now.</param>
    /// <param name="at">When they were looked at.</param>
    public IReadOnlyList<ReachReport> Of(IReadOnlyList<ReachReport> reports, IReadOnlyList<PortStatus> rows, DateTimeOffset at)
    {
        lock (_gate)
        {
            var now = new Dictionary<(string, int), Seen>();
            foreach (var row in rows.Where(static row => row.Scope != ListenScope.Namespace).GroupBy(static row => (row.Protocol, row.Port)))
            {
                var state = new State(row.Any(static one => one.Listeners.Count > 0), row.Any(static one => one.Scope == ListenScope.Outside), row.First().Permitted);
                // What was seen for the first time may have been so for long.
                now[row.Key] = !_seen.TryGetValue(row.Key, out var before) ? new Seen(state, DateTimeOffset.MinValue)
                    : before.State == state ? before
                    : new Seen(state, at);
            }

            _seen = now;
            return [.. reports.Where(report => !now.TryGetValue((report.Protocol.Name(), report.Port), out var seen)
                || seen.Since == DateTimeOffset.MinValue || report.At - seen.Since >= Delay)];
        }
    }

    private readonly record struct State(bool Bound, bool Outside, Permitted Permitted);

    private sealed record Seen(State State, DateTimeOffset Since);
}
