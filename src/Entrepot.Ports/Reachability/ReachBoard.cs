using System.Collections.Immutable;
using Entrepot.Core.Identities;
using Entrepot.Ports.Allocation;

namespace Entrepot.Ports.Reachability;

/// <summary>What somebody found out about a port from where it is.</summary>
/// <param name="Node">The node whose port it is.</param>
/// <param name="Protocol">The transport.</param>
/// <param name="Port">1–65535.</param>
/// <param name="Vantage">Who tried: a node, or <c>here</c>.</param>
/// <param name="SameMachine">True when it tried from the machine that has the port: packet filters mostly let that pass.</param>
/// <param name="Result">What it found.</param>
/// <param name="At">When, in UTC.</param>
public sealed record ReachReport(NodeName Node, PortProtocol Protocol, int Port, string Vantage, bool SameMachine, ProbeResult Result, DateTimeOffset At)
{
    /// <summary>What this and the reports before it from the same place measured.</summary>
    public PathTally Path { get; init; } = PathTally.None.With(Result);
}

/// <summary>The latest reports on every port, one for each place. Bounded; what is old is not told.</summary>
/// <param name="time">The clock.</param>
/// <param name="lifetime">How long a report counts.</param>
public sealed class ReachBoard(TimeProvider time, TimeSpan lifetime)
{
    /// <summary>Most reports kept; beyond it the oldest goes.</summary>
    public const int MaxReports = 10_000;

    private ImmutableDictionary<(NodeName, PortProtocol, int, string), ReachReport> _reports
        = ImmutableDictionary<(NodeName, PortProtocol, int, string), ReachReport>.Empty;

    /// <summary>Every report that still counts, by node, port and place.</summary>
    public IReadOnlyList<ReachReport> Reports
        => [.. _reports.Values.Where(report => time.GetUtcNow() - report.At <= lifetime)
            .OrderBy(static report => report.Node.Value, StringComparer.Ordinal).ThenBy(static report => report.Protocol).ThenBy(static report => report.Port)
            .ThenBy(static report => report.Vantage, StringComparer.Ordinal)];

    /// <summary>Takes in a report; an older one from the same place is forgotten.</summary>
    public void Post(ReachReport report)
    {
        var key = (report.Node, report.Protocol, report.Port, report.Vantage);
        ImmutableInterlocked.AddOrUpdate(ref _reports, key, report, (_, known) => report.At < known.At ? known
            // After a gap the network may be another one.
            : report.At - known.At > lifetime ? report
            : report with { Path = known.Path.With(report.Result) });
        if (_reports.Count > MaxReports)
            ImmutableInterlocked.Update(ref _reports, static all => all.Remove(all.MinBy(static pair => pair.Value.At).Key));
    }
}
