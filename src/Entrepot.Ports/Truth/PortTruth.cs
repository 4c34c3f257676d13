namespace Entrepot.Ports.Truth;

/// <summary>The first truth: what was declared, by a lease or a portfile.</summary>
public enum Declared
{
    /// <summary>Nothing.</summary>
    No,

    /// <summary>A service has it, for others to reach.</summary>
    Service,

    /// <summary>A service has it, for the machine itself only.</summary>
    LocalService,

    /// <summary>A service has it and stopped in good order; the port is kept.</summary>
    StoppedService,
}

/// <summary>The second truth: who listens.</summary>
public enum Bound
{
    /// <summary>The host could not be asked.</summary>
    Unknown,

    /// <summary>Nobody.</summary>
    Nobody,

    /// <summary>Whom the declaration expects; or anybody, when it expects nobody in particular.</summary>
    Owner,

    /// <summary>Somebody else than the declaration expects.</summary>
    Stranger,

    /// <summary>Somebody whom this user may not look into.</summary>
    Unidentified,
}

/// <summary>From where a listener can be connected to at all, by its address.</summary>
public enum ListenScope
{
    /// <summary>From other machines.</summary>
    Outside,

    /// <summary>From this machine only: it listens on loopback addresses.</summary>
    Loopback,

    /// <summary>From wherever another network namespace is reached: a container's own addresses, or ports that its runtime publishes.</summary>
    Namespace,
}

/// <summary>The third truth: what the packet filter lets through, compared with the declaration.</summary>
public enum Permitted
{
    /// <summary>The packet filter could not be read: that takes the agent, or root.</summary>
    Unknown,

    /// <summary>Nobody from outside.</summary>
    Nobody,

    /// <summary>Exactly those who are declared.</summary>
    AsDeclared,

    /// <summary>Some of those who are declared, but not all.</summary>
    Narrower,

    /// <summary>Somebody who is not declared. For an undeclared port that is anybody at all.</summary>
    Wider,
}

/// <summary>The fourth truth: what probes from outside got.</summary>
public enum Reachable
{
    /// <summary>Nobody tried from outside, or nobody can tell.</summary>
    Unknown,

    /// <summary>It answers, at least somewhere.</summary>
    Open,

    /// <summary>The machine answers that nobody listens.</summary>
    Refused,

    /// <summary>Nothing answers.</summary>
    Filtered,
}

/// <summary>What the four truths of a port come to.</summary>
public enum TruthVerdict
{
    /// <summary>All four agree.</summary>
    InOrder,

    /// <summary>Nothing contradicts, but not all four are known.</summary>
    Plausible,

    /// <summary>It serves this machine only, as it should or as it may.</summary>
    Local,

    /// <summary>It listens in a container, whose addresses are not this machine's.</summary>
    Contained,

    /// <summary>The service is stopped in good order.</summary>
    Stopped,

    /// <summary>Nothing about it: not declared, not bound, not open.</summary>
    Free,

    /// <summary>The host could not be asked who listens.</summary>
    Unseen,

    /// <summary>Declared, and nobody listens.</summary>
    Silent,

    /// <summary>Declared for others, but listens on loopback only.</summary>
    LoopbackOnly,

    /// <summary>Somebody else listens than should.</summary>
    Stranger,

    /// <summary>Somebody listens whom this user may not look into.</summary>
    Unclear,

    /// <summary>The packet filter keeps out who should get in.</summary>
    Blocked,

    /// <summary>Nothing on this machine stands against it, but probes don't get through.</summary>
    Unreachable,

    /// <summary>More can get in than was declared.</summary>
    TooOpen,

    /// <summary>Listens without a declaration; nobody is known to get in.</summary>
    Undeclared,

    /// <summary>Listens without a declaration, and others can get in.</summary>
    Exposed,

    /// <summary>The packet filter lets packets in to a port where nobody listens, and which nobody declared.</summary>
    OpenDoor,

    /// <summary>It answers from outside though nobody listens here: something forwards it.</summary>
    Ghost,

    /// <summary>It answers from outside though the packet filter or its address forbids that: something walks past them.</summary>
    Bypass,

    /// <summary>A pool has less left than should stay free. Never the verdict of a row: it is found of the pool, under its first port.</summary>
    RunningOut,
}

/// <summary>The four truths of one port, reduced to what decides.</summary>
/// <param name="Declared">What was declared.</param>
/// <param name="Bound">Who listens.</param>
/// <param name="Scope">From where it can be connected to by its address; without meaning when nobody listens.</param>
/// <param name="Permitted">What the packet filter lets through.</param>
/// <param name="Reachable">What probes got.</param>
public readonly record struct PortTruth(Declared Declared, Bound Bound, ListenScope Scope, Permitted Permitted, Reachable Reachable)
{
    /// <summary>The one verdict. Total: every combination has one.</summary>
    public TruthVerdict Verdict => Bound switch
    {
        Bound.Unknown => TruthVerdict.Unseen,
        Bound.Nobody => NobodyListens,
        _ when Scope == ListenScope.Namespace => TruthVerdict.Contained,
        Bound.Stranger when Declared != Declared.No => TruthVerdict.Stranger,
        _ when Reachable == Reachable.Open && (Permitted == Permitted.Nobody || Scope == ListenScope.Loopback) => TruthVerdict.Bypass,
        _ when Declared == Declared.No => NotDeclared,
        Bound.Unidentified => TruthVerdict.Unclear,
        // One that listens everywhere is as good as local while the packet filter keeps everybody else out.
        _ when Declared == Declared.LocalService =>
            Scope == ListenScope.Loopback || Permitted is Permitted.Nobody or Permitted.AsDeclared ? TruthVerdict.Local : TruthVerdict.TooOpen,
        _ when Scope == ListenScope.Loopback => TruthVerdict.LoopbackOnly,
        _ => OwnerListens,
    };

    /// <summary>True when somebody should do something about it.</summary>
    public static bool IsFinding(TruthVerdict verdict) => verdict > TruthVerdict.Unseen;

    private TruthVerdict NobodyListens => Declared switch
    {
        _ when Reachable == Reachable.Open => TruthVerdict.Ghost,
        Declared.StoppedService => TruthVerdict.Stopped,
        Declared.No => Permitted is Permitted.Unknown or Permitted.Nobody ? TruthVerdict.Free : TruthVerdict.OpenDoor,
        _ => TruthVerdict.Silent,
    };

    private TruthVerdict NotDeclared => Scope switch
    {
        ListenScope.Loopback => TruthVerdict.Local,
        _ when Reachable == Reachable.Open => TruthVerdict.Exposed,
        // Let in by the packet filter, but probes met something else on the way.
        _ when Permitted is Permitted.Unknown or Permitted.Nobody || Reachable is Reachable.Refused or Reachable.Filtered => TruthVerdict.Undeclared,
        _ => TruthVerdict.Exposed,
    };

    private TruthVerdict OwnerListens => (Permitted, Reachable) switch
    {
        (Permitted.Wider, _) => TruthVerdict.TooOpen,
        (Permitted.Nobody or Permitted.Narrower, _) => TruthVerdict.Blocked,
        (_, Reachable.Refused or Reachable.Filtered) => TruthVerdict.Unreachable,
        (Permitted.AsDeclared, Reachable.Open) => TruthVerdict.InOrder,
        _ => TruthVerdict.Plausible,
    };
}
