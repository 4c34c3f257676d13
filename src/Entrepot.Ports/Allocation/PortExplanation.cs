namespace Entrepot.Ports.Allocation;

/// <summary>How lease and listener of a port agree.</summary>
public enum PortVerdict
{
    /// <summary>Nobody has it, and no rule stands against it.</summary>
    Free,

    /// <summary>Nobody has it, but a rule keeps services from it, or some of them.</summary>
    Refused,

    /// <summary>Leased, and its owner listens.</summary>
    InUse,

    /// <summary>Leased, and nobody listens.</summary>
    Silent,

    /// <summary>Leased, and somebody else listens.</summary>
    Usurped,

    /// <summary>Leased, and somebody listens whom this user may not look into.</summary>
    Unclear,

    /// <summary>Not leased, but somebody listens.</summary>
    Unleased,
}

/// <summary>One rule's word on a port, for people.</summary>
/// <param name="Rule">The rule.</param>
/// <param name="Effect">Veto or warning.</param>
/// <param name="Text">A sentence.</param>
/// <param name="Unless">What lifts the rule, or null where nothing does.</param>
public sealed record PortRuleLine(PortRule Rule, PortEffect Effect, string Text, string? Unless);

/// <summary>A socket that listens on a port, for people.</summary>
/// <param name="Address">Where it listens.</param>
/// <param name="Holder">Who it is: <c>nginx (pid 12)</c>, or what is known instead.</param>
/// <param name="ProcessId">The process, or null where it can't be seen.</param>
/// <param name="Ours">True when it is this process.</param>
public sealed record PortListener(string Address, string Holder, int? ProcessId, bool Ours);

/// <summary>A lease and what is true of it, as a row of <c>entrepot ports list</c>.</summary>
/// <param name="Node">The node.</param>
/// <param name="Service">The owner.</param>
/// <param name="Protocol"><c>tcp</c>, <c>udp</c> or <c>sctp</c>.</param>
/// <param name="Address">The address of the lease.</param>
/// <param name="Port">The port.</param>
/// <param name="WantedPort">What the service wanted; 0 any, null one of a pool.</param>
/// <param name="Generation">Number of the grant.</param>
/// <param name="GrantedAt">When, in UTC.</param>
/// <param name="State">What the owner last said.</param>
/// <param name="Reason">Why this port: one sentence.</param>
/// <param name="Verdict">How lease and listener agree; null for another node's lease, whose listeners this host can't see.</param>
/// <param name="Listeners">Who listens there; empty for another node's lease.</param>
public sealed record PortListEntry(
    string Node,
    string Service,
    string Protocol,
    string Address,
    int Port,
    int? WantedPort,
    long Generation,
    DateTimeOffset GrantedAt,
    PortLeaseState State,
    string Reason,
    PortVerdict? Verdict,
    IReadOnlyList<PortListener> Listeners);

/// <summary>Everything that is known of one port: what <c>entrepot ports explain PORT</c> and <c>/v1/ports/{port}</c> show.</summary>
/// <param name="Port">The port, 1–65535.</param>
/// <param name="Protocol"><c>tcp</c>, <c>udp</c> or <c>sctp</c>.</param>
/// <param name="Verdict">How lease and listener agree.</param>
/// <param name="Summary">The verdict as a sentence.</param>
/// <param name="Lease">The lease, or null.</param>
/// <param name="Decision">How the lease came about, as lines of text; empty without one.</param>
/// <param name="Listeners">Who listens there.</param>
/// <param name="Rules">Every rule that speaks about the port.</param>
/// <param name="Notes">What else is known: the range of RFC 6335, the pool, the surface whose default it is.</param>
public sealed record PortExplanation(
    int Port,
    string Protocol,
    PortVerdict Verdict,
    string Summary,
    PortListEntry? Lease,
    IReadOnlyList<string> Decision,
    IReadOnlyList<PortListener> Listeners,
    IReadOnlyList<PortRuleLine> Rules,
    IReadOnlyList<string> Notes)
{
    /// <summary>Services that might have it and have another one, each with the reason.</summary>
    public IReadOnlyList<string> Passed { get; init; } = [];
}
