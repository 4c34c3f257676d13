using Entrepot.Core.Identities;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Truth;

namespace Entrepot.Ports.Findings;

/// <summary>Where a finding is in its life. Only a fresh observation resolves it; nobody can.</summary>
public enum FindingState
{
    /// <summary>Seen for the first time.</summary>
    New,

    /// <summary>Somebody knows of it.</summary>
    Acknowledged,

    /// <summary>Somebody works on it.</summary>
    Fixing,

    /// <summary>An observation after the last sighting did not show it any more.</summary>
    Resolved,

    /// <summary>It was resolved and is back.</summary>
    Reopened,
}

/// <summary>What makes two sightings the same finding.</summary>
/// <param name="Node">The node.</param>
/// <param name="Port">1–65535.</param>
/// <param name="Protocol">The transport.</param>
/// <param name="Kind">What kind of difference.</param>
public sealed record FindingKey(NodeName Node, int Port, PortProtocol Protocol, TruthVerdict Kind)
{
    /// <summary>As the journal writes it: <c>origin/tcp/8333</c>.</summary>
    public string Subject => $"{Node.Value}/{Protocol.Name()}/{PortAllocator.Text(Port)}";
}

/// <summary>A difference between the truths of a port, with its life so far.</summary>
/// <param name="Id">Its number; 0 before it is stored.</param>
/// <param name="Key">Its identity.</param>
/// <param name="Service">Whose port it is, or null.</param>
/// <param name="Summary">What was last seen, as a sentence.</param>
/// <param name="State">Where it is in its life.</param>
/// <param name="FirstSeen">When it was seen for the first time ever, in UTC.</param>
/// <param name="Opened">When it was first seen since it was last resolved.</param>
/// <param name="LastSeen">When it was seen last.</param>
/// <param name="Resolved">When it was resolved, or null while it is open.</param>
/// <param name="TimesReopened">How often it came back.</param>
/// <param name="Note">What whoever acknowledged it said, or null.</param>
/// <param name="NotedBy">Who that was, or null.</param>
public sealed record Finding(
    long Id, FindingKey Key, string? Service, string Summary, FindingState State, DateTimeOffset FirstSeen, DateTimeOffset Opened, DateTimeOffset LastSeen,
    DateTimeOffset? Resolved, int TimesReopened, string? Note, string? NotedBy)
{
    /// <summary>True until it is resolved.</summary>
    public bool IsOpen => State != FindingState.Resolved;

    /// <summary>How long it has been open, or was: the time to fix.</summary>
    public TimeSpan Age(DateTimeOffset now) => (Resolved ?? now) - Opened;
}

/// <summary>A step in a finding's life.</summary>
/// <param name="From">The state before, or null for a new finding.</param>
/// <param name="After">The finding as it is now.</param>
/// <param name="Reason">Why, as a sentence.</param>
public sealed record FindingTransition(FindingState? From, Finding After, string Reason)
{
    /// <summary>True when the state changed; false when it was only seen again.</summary>
    public bool IsChange => From != After.State;
}
