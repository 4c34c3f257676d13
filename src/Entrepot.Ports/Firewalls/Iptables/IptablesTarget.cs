using System.Collections.Immutable;
using System.Globalization;
using System.Net.Sockets;
using Entrepot.Core.Faults;
using Entrepot.Ports.Allocation;

namespace Entrepot.Ports.Firewalls.Iptables;

/// <summary>iptables and ip6tables without ipset: own chains in the filter table, and one jump to them from INPUT. Each family is one
/// transaction; the two follow each other.</summary>
public sealed class IptablesTarget : IFirewallTarget
{
    private static readonly (AddressFamily Family, string Save, string Restore)[] Families =
    [
        (AddressFamily.InterNetwork, "iptables-save", "iptables-restore"),
        (AddressFamily.InterNetworkV6, "ip6tables-save", "ip6tables-restore"),
    ];

    // Others' rules stay; wait for whoever holds the lock.
    private static readonly ImmutableArray<string> Own = ["--noflush", "--wait", "10"];

    /// <inheritdoc/>
    public string Name => "iptables";

    /// <inheritdoc/>
    public ImmutableArray<string> Programs => [.. Families.SelectMany(static family => new[] { family.Save, family.Restore })];

    /// <inheritdoc/>
    public ImmutableArray<FirewallCommand> Snapshot => [.. Families.Select(static family => new FirewallCommand(family.Save, ["-t", "filter"]))];

    /// <inheritdoc/>
    public ImmutableArray<Fault> Gaps(RuleModel model) =>
    [
        .. model.Openings.Select(static opening => Fault.Of(
            FirewallFault.Inexpressible, FaultKind.Unsupported,
            string.Create(
                CultureInfo.InvariantCulture,
                $"iptables can't close opening {opening.Id} ({opening.Protocol.Name()}/{opening.Port}) by itself, nor cut its connections, once its time is up."),
            "Use the nftables target, or close the opening.")),
        .. model.Doors.Where(static door => door.Rate is { } rate && Nftables.NftLimit.UnitOf(rate.Per) is null).Select(static door => Fault.Of(
            FirewallFault.Inexpressible, FaultKind.Unsupported,
            $"iptables counts connections per second, minute, hour or day; '{door.Service}' wants them per {door.Rate!.Per}.",
            "Give the rate per second, minute, hour or day.")),
    ];

    /// <inheritdoc/>
    public ImmutableArray<FirewallCommand> Render(RuleModel model, ImmutableArray<FirewallAnswer> current, DateTimeOffset now)
        => [.. Families.Zip(States(current), (family, state) => new FirewallCommand(family.Restore, Own, IptablesWriter.Whole(model, family.Family, state)))];

    /// <inheritdoc/>
    public ImmutableArray<FirewallCommand>? RenderChange(RuleModel from, RuleModel to, DateTimeOffset now) => null;

    /// <inheritdoc/>
    public FirewallCommand Dry(FirewallCommand command) => command with { Arguments = ["--test", .. command.Arguments] };

    /// <inheritdoc/>
    public ImmutableArray<FirewallCommand> Restore(
        ImmutableArray<FirewallAnswer> snapshot, ImmutableArray<FirewallAnswer> current, TimeSpan age)
        => [.. Families.Zip(States(snapshot), States(current))
            .Select(static row => new FirewallCommand(row.First.Restore, Own, IptablesWriter.Back(row.Second, row.Third)))];

    private static IEnumerable<IptablesState> States(ImmutableArray<FirewallAnswer> answers)
        => answers.IsDefaultOrEmpty ? Families.Select(static _ => IptablesState.None) : answers.Select(IptablesState.Read);
}
