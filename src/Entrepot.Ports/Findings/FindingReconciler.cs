using Entrepot.Core.Identities;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Truth;

namespace Entrepot.Ports.Findings;

/// <summary>What was seen of a node's ports at one moment.</summary>
/// <param name="Node">The node.</param>
/// <param name="At">When the looking began: what changed later is not in it.</param>
/// <param name="SocketsKnown">False when the host could not be asked who listens.</param>
/// <param name="Rows">The rows of the truth table.</param>
public sealed record FindingObservation(NodeName Node, DateTimeOffset At, bool SocketsKnown, IReadOnlyList<PortStatus> Rows);

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
        var findings = known.Where(finding => finding.Key.Node == observation.Node).ToDictionary(static finding => finding.Key);
        foreach (var row in observation.Rows.Where(static row => row.IsFinding)
            .DistinctBy(static row => (row.Port, row.Protocol, row.Verdict)))
        {
            if (!PortProtocols.TryParse(row.Protocol, out var protocol))
                continue;
            var key = new FindingKey(observation.Node, row.Port, protocol, row.Verdict);
            if (!findings.Remove(key, out var finding))
                transitions.Add(new FindingTransition(null, First(key, row, observation.At), row.Summary));
            else if (Seen(finding, row, observation.At) is { } seen)
                transitions.Add(seen);
        }

        foreach (var finding in findings.Values.Where(static finding => finding.IsOpen))
        {
            var at = rows[(finding.Key.Port, finding.Key.Protocol.Name())].ToList();
            if (observation.At > finding.LastSeen && Settles(finding.Key.Kind, at))
                transitions.Add(new FindingTransition(
                    finding.State, finding with { State = FindingState.Resolved, Resolved = observation.At },
                    at.Count == 0 ? "Nothing listens there any more." : at[0].Summary));
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

    private static Finding First(FindingKey key, PortStatus row, DateTimeOffset at)
        => new(0, key, row.Service, row.Summary, FindingState.New, at, at, at, null, 0, null, null);

    private static FindingTransition? Seen(Finding finding, PortStatus row, DateTimeOffset at)
    {
        if (at <= finding.LastSeen || at <= finding.Resolved)
            return null;
        var again = finding with { LastSeen = at, Summary = row.Summary, Service = row.Service };
        return finding.IsOpen
            ? new FindingTransition(finding.State, again, row.Summary)
            : new FindingTransition(
                FindingState.Resolved,
                again with { State = FindingState.Reopened, Opened = at, Resolved = null, TimesReopened = finding.TimesReopened + 1, Note = null, NotedBy = null },
                row.Summary);
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
