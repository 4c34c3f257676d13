using Entrepot.Core.Identities;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Reachability;
using Entrepot.Server.Api;

namespace Entrepot.Server.PortWatch;

/// <summary>Takes in what nodes report of each other's ports. Only ports that they were told to try count, so that nobody can fill the
/// board with inventions.</summary>
/// <param name="board">Where reports are kept.</param>
/// <param name="targets">What nodes are told to try.</param>
/// <param name="here">This node: ports of the edges beside it are its own.</param>
/// <param name="own">The surfaces of this process.</param>
/// <param name="time">The clock.</param>
public sealed class ReachReports(ReachBoard board, Func<IReadOnlyList<ProbeTargetDocument>> targets, NodeName here, Func<IReadOnlyList<SurfaceDocument>> own, TimeProvider time)
{
    /// <summary>Most reports of one heart-beat.</summary>
    public const int MaxOfBeat = ProbeTargets.Max;

    /// <summary>The reports on this node.</summary>
    public IReadOnlyList<ReachReport> Here => [.. board.Reports.Where(report => report.Node == here)];

    /// <summary>Every report, for people.</summary>
    public IReadOnlyList<ReachDocument> Documents => [.. board.Reports.Select(static report => new ReachDocument(
        report.Node.Value, report.Protocol.Name(), report.Port, report.Vantage, report.Result.Reach, report.Result.Confidence, report.SameMachine, report.At))];

    /// <summary>Takes in the reports of a heart-beat, which was checked already.</summary>
    public void Accept(HeartbeatRequest beat)
    {
        if (beat.Probes is not { Count: > 0 } probes)
            return;
        var told = targets().Select(static target => (target.Node, target.Protocol, target.Port)).ToHashSet();
        var ours = own().Select(static surface => surface.Node).ToHashSet(StringComparer.Ordinal);
        var now = time.GetUtcNow();
        foreach (var probe in probes.Where(probe => told.Contains((probe.Node, probe.Protocol, probe.Port))))
        {
            if (!NodeName.TryParse(probe.Node, out var node, out _) || !PortProtocols.TryParse(probe.Protocol, out var protocol))
                continue;
            board.Post(new ReachReport(
                ours.Contains(probe.Node) ? here : node, protocol, probe.Port, beat.Node, probe.SameMachine,
                new ProbeResult(probe.Reach, probe.Confidence, probe.Tries, "")
                {
                    Latency = probe.LatencyMs is { } milliseconds ? TimeSpan.FromMilliseconds(milliseconds) : null,
                    Lost = probe.Lost,
                },
                now));
        }
    }
}
