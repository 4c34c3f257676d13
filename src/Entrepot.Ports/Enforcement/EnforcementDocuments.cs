using System.Collections.Immutable;
using System.Net;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Declarations;
using Entrepot.Ports.Firewalls;

namespace Entrepot.Ports.Enforcement;

/// <summary>The rules that hold, without the openings, which have rows of their own.</summary>
/// <param name="Model">The rules.</param>
/// <param name="LongestOpening">The longest that an opening may last.</param>
/// <param name="At">When they were confirmed, in UTC.</param>
/// <param name="Actor">Who asked for them.</param>
public sealed record AppliedRules(RuleModel Model, TimeSpan LongestOpening, DateTimeOffset At, string Actor)
{
    /// <summary>The run of the machine in which they were loaded (<c>/proc/sys/kernel/random/boot_id</c>), or null where there is none.</summary>
    public string? BootId { get; init; }

    /// <summary>Ports that are kept from outgoing connections as long as these rules hold.</summary>
    public PortSet Reserved { get; init; } = PortSet.Empty;
}

/// <summary>A change that is taken back unless it is confirmed.</summary>
/// <param name="Id">Its number.</param>
/// <param name="Rules">What holds once it is confirmed.</param>
/// <param name="Deadline">When it is taken back, in UTC; null for one that needs no confirmation and is under way.</param>
public sealed record PendingChange(string Id, AppliedRules Rules, DateTimeOffset? Deadline);

/// <summary>A connection that a change must not cut: somebody's way to the machine.</summary>
/// <param name="Source">From where.</param>
/// <param name="Port">To which TCP port of the machine.</param>
/// <param name="Whose">Whose it is, for people: <c>your SSH session</c>.</param>
public sealed record OperatorConnection(IPAddress Source, int Port, string Whose);

/// <summary>An order to apply rules.</summary>
/// <param name="Model">The rules; openings in it are passed over.</param>
/// <param name="LongestOpening">The longest that an opening may last from now on.</param>
public sealed record ApplyOrder(RuleModel Model, TimeSpan LongestOpening)
{
    /// <summary>Time in which the change must be confirmed, 5 s–1 h; null for one that holds at once.</summary>
    public TimeSpan? ConfirmWithin { get; init; }

    /// <summary>Connections that must be possible again afterwards.</summary>
    public ImmutableArray<OperatorConnection> Operators { get; init; } = [];

    /// <summary>Ports of pools, to be kept from outgoing connections where they lie in the kernel's range for those.</summary>
    public PortSet Reserve { get; init; } = PortSet.Empty;

    /// <summary>True to go through all checks and change nothing.</summary>
    public bool CheckOnly { get; init; }
}

/// <summary>What an order did or, if only checked, would do.</summary>
/// <param name="Change">Number of the change; null when it was only checked.</param>
/// <param name="Deadline">When it is taken back unless confirmed, in UTC; null when it holds.</param>
/// <param name="Differences">What changes for whom, in plain words.</param>
/// <param name="Proof">What the comparison of rules and packet filter found, in one sentence; null when only checked.</param>
public sealed record ApplyReport(string? Change, DateTimeOffset? Deadline, ImmutableArray<string> Differences, string? Proof)
{
    /// <summary>What could not be done beside the rules, in plain words, or null.</summary>
    public string? Warning { get; init; }
}

/// <summary>Ports that are kept from outgoing connections because of the agent.</summary>
/// <param name="Wanted">Those of pools that the rules in force have.</param>
/// <param name="Problem">Why they are not kept, or null.</param>
public sealed record ReservedReport(PortSet Wanted, string? Problem);

/// <summary>An order that names a change.</summary>
/// <param name="Change">Its number, or null for the one that waits.</param>
public sealed record ChangeOrder(string? Change);

/// <summary>An order to open a port for a time.</summary>
/// <param name="Protocol">The transport.</param>
/// <param name="Port">The port, 1–65535.</param>
/// <param name="From">For whom; null when <paramref name="Mac"/> alone says it.</param>
/// <param name="Mac">For which Ethernet address, or null; where both are given, both must be true.</param>
/// <param name="For">How long, from a second to what the policy allows.</param>
/// <param name="Reason">Why, 1–200 characters.</param>
public sealed record OpenOrder(PortProtocol Protocol, int Port, IPNetwork? From, MacAddress? Mac, TimeSpan For, string Reason);

/// <summary>What a drill came to, for the agent's journal.</summary>
/// <param name="Drill">Its name, 1–32 characters.</param>
/// <param name="Passed">True when every step did.</param>
/// <param name="Seconds">How long it took.</param>
/// <param name="Detail">What was seen, up to 2,000 characters.</param>
public sealed record DrillNote(string Drill, bool Passed, double Seconds, string Detail);

/// <summary>An opening and the time it has left.</summary>
/// <param name="Opening">The opening.</param>
/// <param name="Left">Time left.</param>
public sealed record OpenDoor(Opening Opening, TimeSpan Left);

/// <summary>An order to let nobody in to a governed port, or to let them in again.</summary>
/// <param name="Protocol">The transport.</param>
/// <param name="Port">The port, 1–65535.</param>
/// <param name="Blocked">True to block.</param>
/// <param name="Reason">Why, 1–200 characters.</param>
public sealed record BlockOrder(PortProtocol Protocol, int Port, bool Blocked, string Reason);

/// <summary>An order to let a service's door follow it to other ports.</summary>
/// <param name="Service">The service, as the applied rules name it.</param>
/// <param name="Protocol">The transport.</param>
/// <param name="Ports">Where it listens now, 1–4 ports of 1–65535; two while it changes from one to the other.</param>
public sealed record FollowOrder(string Service, PortProtocol Protocol, ImmutableArray<int> Ports);

/// <summary>What became of an order to follow.</summary>
/// <param name="Governed">False when no door of the service was applied.</param>
public sealed record FollowReport(bool Governed);

/// <summary>How the agent is.</summary>
/// <param name="Version">The product's version.</param>
/// <param name="Target">The packet filter that it drives.</param>
/// <param name="Applied">The rules that hold, or null.</param>
/// <param name="Pending">The change that waits, or null.</param>
/// <param name="Openings">How many openings there are.</param>
/// <param name="Drift">How the packet filter differs from what was applied, in plain words; empty when it does not.</param>
public sealed record AgentStatus(
    string Version, string Target, AppliedRules? Applied, PendingChange? Pending, int Openings, ImmutableArray<string> Drift);

/// <summary>What the watchdog needs to take a change back.</summary>
/// <param name="Change">Number of the change.</param>
/// <param name="Target">Name of the target.</param>
/// <param name="TakenAt">When the snapshot was taken, in UTC.</param>
/// <param name="Deadline">When to take the change back, in UTC.</param>
/// <param name="BootId">Which run of the machine this is about (<c>/proc/sys/kernel/random/boot_id</c>).</param>
/// <param name="Snapshot">The target's own rules as they were.</param>
public sealed record ArmedSnapshot(
    string Change, string Target, DateTimeOffset TakenAt, DateTimeOffset Deadline, string BootId, ImmutableArray<FirewallAnswer> Snapshot);

/// <summary>How taking a change back went.</summary>
/// <param name="At">When, in UTC.</param>
/// <param name="Restored">True when the rules are as they were.</param>
/// <param name="Message">What happened, in one sentence.</param>
public sealed record RestoreOutcome(DateTimeOffset At, bool Restored, string Message);
