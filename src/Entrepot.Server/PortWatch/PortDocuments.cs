using Entrepot.Ports.Allocation;
using Entrepot.Ports.Findings;
using Entrepot.Ports.Reachability;

namespace Entrepot.Server.PortWatch;

/// <summary>A finding as <c>/v1/ports/findings</c> shows it.</summary>
/// <param name="Id">Its number.</param>
/// <param name="Node">The node.</param>
/// <param name="Protocol"><c>tcp</c>, <c>udp</c> or <c>sctp</c>.</param>
/// <param name="Port">1–65535.</param>
/// <param name="Kind">What kind of difference.</param>
/// <param name="Service">Whose port it is, or null.</param>
/// <param name="Summary">What was last seen.</param>
/// <param name="State">Where it is in its life.</param>
/// <param name="FirstSeen">When it was seen for the first time ever, in UTC.</param>
/// <param name="Opened">When it was first seen since it was last resolved.</param>
/// <param name="LastSeen">When it was seen last.</param>
/// <param name="Resolved">When it was resolved, or null while it is open.</param>
/// <param name="AgeSeconds">How long it has been open, or how long it took to fix.</param>
/// <param name="TimesReopened">How often it came back.</param>
/// <param name="Note">What was said of it, or null.</param>
/// <param name="NotedBy">By whom, or null.</param>
public sealed record FindingDocument(
    long Id, string Node, string Protocol, int Port, string Kind, string? Service, string Summary, FindingState State, DateTimeOffset FirstSeen,
    DateTimeOffset Opened, DateTimeOffset LastSeen, DateTimeOffset? Resolved, long AgeSeconds, int TimesReopened, string? Note, string? NotedBy)
{
    /// <summary>The document of a finding.</summary>
    public static FindingDocument Of(Finding finding, DateTimeOffset now) => new(
        finding.Id, finding.Key.Node.Value, finding.Key.Protocol.Name(), finding.Key.Port, finding.Key.Kind.ToString(), finding.Service,
        finding.Summary, finding.State, finding.FirstSeen, finding.Opened, finding.LastSeen, finding.Resolved, (long)finding.Age(now).TotalSeconds,
        finding.TimesReopened, finding.Note, finding.NotedBy);
}

/// <summary>What is said when a finding is marked.</summary>
/// <param name="Note">Why, or null.</param>
public sealed record MarkFindingRequest(string? Note);

/// <summary>What a node found out about a port of another: part of its heart-beat.</summary>
/// <param name="Node">The node whose port it is.</param>
/// <param name="Protocol"><c>tcp</c> or <c>udp</c>.</param>
/// <param name="Port">1–65535.</param>
/// <param name="Reach">What it found.</param>
/// <param name="Confidence">0–1.</param>
/// <param name="Tries">How many tries it took.</param>
/// <param name="SameMachine">True when the port is on its own machine.</param>
public sealed record ProbeReport(string Node, string Protocol, int Port, Reach Reach, double Confidence, int Tries, bool SameMachine)
{
    /// <summary>Milliseconds to the quickest answer, or null when none came.</summary>
    public double? LatencyMs { get; init; }

    /// <summary>Tries without an answer where others got one, or null when none did.</summary>
    public int? Lost { get; init; }
}

/// <summary>What is known of reaching a port from somewhere, as <c>/v1/ports/reach</c> shows it.</summary>
/// <param name="Node">The node whose port it is.</param>
/// <param name="Protocol">The transport.</param>
/// <param name="Port">1–65535.</param>
/// <param name="From">Who tried.</param>
/// <param name="Reach">What it found.</param>
/// <param name="Confidence">0–1.</param>
/// <param name="SameMachine">True when it tried from the machine itself.</param>
/// <param name="At">When it was told, in UTC.</param>
public sealed record ReachDocument(
    string Node, string Protocol, int Port, string From, Reach Reach, double Confidence, bool SameMachine, DateTimeOffset At);
