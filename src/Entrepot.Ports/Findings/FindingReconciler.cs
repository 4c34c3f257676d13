using Entrepot.Core.Identities;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Pools;
using Entrepot.Ports.Truth;

namespace Entrepot.Ports.Findings;

/// <summary>What was seen of a node's ports at one moment.</summary>
/// <param name="Node">The node.</param>
/// <param name="At">When the looking began: what changed later is not in it.</param>
/// <param name="SocketsKnown">False when the host could not be asked who listens.</param>
/// <param name="Rows">The rows of the truth table.</param>
public sealed record FindingObservation(NodeName Node, DateTimeOffset At, bool SocketsKnown, IReadOnlyList<PortStatus> Rows)
{
    /// <summary>Ports with a difference that may pass, and is in no row: they make no finding, and resolve none.</summary>
    public IReadOnlySet<(string Protocol, int Port)> Unsettled { get; init; } = new HashSet<(string, int)>();
}

/// <summary>Compares what was known with what is seen. Level-triggered and pure: the same observation twice changes nothing the second
/// time. A finding is resolved only by an observation that began after its last sighting and that knew the truths which the finding is
/// about; one that is older, or that failed, changes nothing.</summary>
public static class FindingReconciler
{
    /// <summary>The steps that an observation leads to.</summary>
    /// <param name="known">The findings of the node, open and resolved.</param>
    /// <param name="observation">What was seen.</param>
    public static IReadOnlyList<FindingTransition> Reconcile(IReadOnlyList<Finding> known, FindingObservation observation)
    {
        if (!observation.SocketsKnown)
            return [];
        var transitions = new List<FindingTransition>();
        var rows = observation.Rows.ToLookup(static row => (row.Port, row.Protocol));
        var findings = known.Where(finding => finding.Key.Node == observation.Node && finding.Key.Kind != TruthVerdict.RunningOut).ToDictionary(static finding => finding.Key);
        foreach (var row in observation.Rows.Where(static row => row.IsFinding)
            .DistinctBy(static row => (row.Port, row.Protocol, row.Verdict)))
        {
            if (!PortProtocols.TryParse(row.Protocol, out var protocol))
                continue;
            var key = new FindingKey(observation.Node, row.Port, protocol, row.Verdict);
            if (Sighted(findings, key, row.Service, row.Summary, observation.At) is { } sighted)
                transitions.Add(sighted);
        }

        foreach (var finding in findings.Values.Where(static finding => finding.IsOpen))
        {
            var at = rows[(finding.Key.Port, finding.Key.Protocol.Name())].ToList();
            if (observation.At > finding.LastSeen && !observation.Unsettled.Contains((finding.Key.Protocol.Name(), finding.Key.Port)) && Settles(finding.Key.Kind, at))
                transitions.Add(new FindingTransition(
                    finding.State, finding with { State = FindingState.Resolved, Resolved = observation.At },
                    at.Count == 0 ? "This difference is not seen any more." : at[0].Summary));
        }

        return transitions;
    }

    /// <summary>The steps that a look at a node's pools leads to. A pool that runs out is a finding under its first port, with its name in
    /// the place of a service; it is resolved when a later look finds enough left.</summary>
    /// <param name="known">The findings of the node, open and resolved.</param>
    /// <param name="node">The node.</param>
    /// <param name="at">When the looking began.</param>
    /// <param name="pools">Every pool of the node.</param>
    public static IReadOnlyList<FindingTransition> ReconcilePools(IReadOnlyList<Finding> known, NodeName node, DateTimeOffset at, IReadOnlyList<PoolUsage> pools)
    {
        var transitions = new List<FindingTransition>();
        var findings = known.Where(finding => finding.Key.Node == node && finding.Key.Kind == TruthVerdict.RunningOut).ToDictionary(static finding => finding.Key);
        foreach (var found in pools.Select(static pool => pool.Finding).OfType<PortFinding>().DistinctBy(static found => (found.Port, found.Protocol)))
        {
            if (Sighted(findings, new FindingKey(node, found.Port, found.Protocol, TruthVerdict.RunningOut), found.Service, found.Message, at) is { } sighted)
                transitions.Add(sighted);
        }

        foreach (var finding in findings.Values.Where(finding => finding.IsOpen && at > finding.LastSeen))
        {
            var now = pools.FirstOrDefault(pool => pool.First == finding.Key.Port && pool.Protocol == finding.Key.Protocol.Name());
            transitions.Add(new FindingTransition(
                finding.State, finding with { State = FindingState.Resolved, Resolved = at },
                now?.Summary ?? $"Pool '{finding.Service}' is gone, or no service has a {finding.Key.Protocol.Name()} port of it any more."));
        }

        return transitions;
    }

    /// <summary>The step that a person's word is: somebody knows of it, or works on it.</summary>
    /// <returns>Null when the finding is resolved, or there already.</returns>
    public static FindingTransition? Mark(Finding finding, FindingState state, string actor, string? note)
    {
        if (state is not (FindingState.Acknowledged or FindingState.Fixing) || !finding.IsOpen || (finding.State == state && note is null)
            || (state == FindingState.Acknowledged && finding.State == FindingState.Fixing))
            return null;
        return new FindingTransition(finding.State, finding with { State = state, Note = note ?? finding.Note, NotedBy = actor }, note ?? "Marked by hand.");
    }

    /// <summary>The step of a difference that is there, which is taken from the findings that are left.</summary>
    private static FindingTransition? Sighted(Dictionary<FindingKey, Finding> left, FindingKey key, string? service, string summary, DateTimeOffset at)
    {
        if (!left.Remove(key, out var finding))
            return new FindingTransition(null, new Finding(0, key, service, summary, FindingState.New, at, at, at, null, 0, null, null), summary);
        if (at <= finding.LastSeen || at <= finding.Resolved)
            return null;
        var again = finding with { LastSeen = at, Summary = summary, Service = service };
        return finding.IsOpen
            ? new FindingTransition(finding.State, again, summary)
            : new FindingTransition(
                FindingState.Resolved,
                again with { State = FindingState.Reopened, Opened = at, Resolved = null, TimesReopened = finding.TimesReopened + 1, Note = null, NotedBy = null },
                summary);
    }

    /// <summary>True when the rows of a port say that a kind of finding is no longer true of it, rather than that nobody looked.</summary>
    private static bool Settles(TruthVerdict kind, List<PortStatus> rows) => rows.Count == 0
        ? kind is not (TruthVerdict.Ghost or TruthVerdict.OpenDoor)  // these are about ports where nothing listens
        : rows.TrueForAll(row => kind switch
        {
            TruthVerdict.Ghost => row.Bound != Bound.Nobody || row.Reachable != Reachable.Unknown,
            TruthVerdict.OpenDoor => row.Permitted != Permitted.Unknown,
            _ when row.Bound == Bound.Nobody => true,
            TruthVerdict.Bypass or TruthVerdict.Unreachable => row.Reachable != Reachable.Unknown,
            TruthVerdict.Blocked => row.Permitted != Permitted.Unknown,
            TruthVerdict.TooOpen => row.Permitted != Permitted.Unknown || row.Declared == Declared.LocalService,
            TruthVerdict.Exposed => row.Permitted != Permitted.Unknown || row.Reachable != Reachable.Unknown || row.Declared != Declared.No || row.Scope == ListenScope.Loopback,
            TruthVerdict.Stranger => row.Bound != Bound.Unidentified,
            _ => true,
        });
}
