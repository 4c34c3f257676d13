namespace Entrepot.Ports.Truth;

/// <summary>A socket that listens, for people and programs.</summary>
/// <param name="Address">Where, with the interface where it is bound to one.</param>
/// <param name="Holder">Who, as a few words.</param>
/// <param name="ProcessId">The process, or null where it can't be seen.</param>
/// <param name="Executable">Its program, or null.</param>
/// <param name="Unit">Its systemd unit, or null.</param>
/// <param name="User">Its user, or null.</param>
/// <param name="Place">The container or network namespace, or null for the host's own.</param>
/// <param name="Processes">How many processes have the socket open; 0 where none can be seen.</param>
public sealed record StatusListener(
    string Address, string Holder, int? ProcessId, string? Executable, string? Unit, string? User, string? Place, int Processes);

/// <summary>What one place found out about reaching the port.</summary>
/// <param name="From">The place.</param>
/// <param name="Reach">What it found.</param>
/// <param name="Confidence">0–1.</param>
/// <param name="SameMachine">True when it tried from the machine itself.</param>
/// <param name="At">When, in UTC.</param>
public sealed record StatusReach(string From, Reachability.Reach Reach, double Confidence, bool SameMachine, DateTimeOffset At);

/// <summary>The four truths of a port and their verdict: a row of <c>entrepot ports status</c>.</summary>
/// <param name="Protocol"><c>tcp</c>, <c>udp</c> or <c>sctp</c>.</param>
/// <param name="Port">1–65535.</param>
/// <param name="Service">Who declared it, or null.</param>
/// <param name="Declared">The first truth.</param>
/// <param name="Bound">The second.</param>
/// <param name="Scope">From where the listener can be connected to by its address; null when nobody listens.</param>
/// <param name="Permitted">The third.</param>
/// <param name="Reachable">The fourth.</param>
/// <param name="Verdict">What they come to.</param>
/// <param name="Summary">The verdict as a sentence.</param>
/// <param name="Origin">What declared it, or null.</param>
/// <param name="Listeners">Who listens.</param>
/// <param name="Filter">Who gets in, in a few words, or null while the packet filter is unknown.</param>
/// <param name="Probes">What probes found.</param>
public sealed record PortStatus(
    string Protocol,
    int Port,
    string? Service,
    Declared Declared,
    Bound Bound,
    ListenScope? Scope,
    Permitted Permitted,
    Reachable Reachable,
    TruthVerdict Verdict,
    string Summary,
    string? Origin,
    IReadOnlyList<StatusListener> Listeners,
    string? Filter,
    IReadOnlyList<StatusReach> Probes)
{
    /// <summary>True when somebody should do something about it.</summary>
    public bool IsFinding => PortTruth.IsFinding(Verdict);
}

/// <summary>All ports of a node: what <c>/v1/ports/status</c> answers.</summary>
/// <param name="Node">The node, or the host that was asked.</param>
/// <param name="At">When it was looked, in UTC.</param>
/// <param name="Ports">The rows, by port and protocol.</param>
/// <param name="Notes">What could not be seen, and what would show it.</param>
/// <param name="Ranges">Ranges of ports that mean something on this node.</param>
public sealed record StatusDocument(
    string Node, DateTimeOffset At, IReadOnlyList<PortStatus> Ports, IReadOnlyList<string> Notes, IReadOnlyList<PortRangeNote> Ranges);
