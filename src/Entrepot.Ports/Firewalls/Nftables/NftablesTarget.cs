using System.Collections.Immutable;
using Entrepot.Core.Faults;

namespace Entrepot.Ports.Firewalls.Nftables;

/// <summary>nftables: one own table, <c>inet entrepot</c>.</summary>
public sealed class NftablesTarget : IFirewallTarget
{
    /// <summary>What settings and messages call it.</summary>
    public const string TargetName = "nftables";

    /// <summary>Marks of connections that are judged anew with every packet, because what let them in ends.</summary>
    public const uint OpeningMarks = NftWriter.AddressOpening | NftWriter.MacOpening;

    private const string Program = "nft";

    private static readonly ImmutableArray<string> FromInput = ["-f", "-"];

    /// <inheritdoc/>
    public string Name => TargetName;

    /// <inheritdoc/>
    public ImmutableArray<string> Programs => [Program];

    /// <inheritdoc/>
    public ImmutableArray<FirewallCommand> Snapshot => [new(Program, ["list", "table", "inet", "entrepot"])];

    /// <inheritdoc/>
    public ImmutableArray<Fault> Gaps(RuleModel model)
        =>
        [
            .. model.Doors.Where(static door => door.Rate is { } rate && NftLimit.UnitOf(rate.Per) is null)
            .Select(static door => Fault.Of(
                FirewallFault.Inexpressible, FaultKind.Unsupported,
                $"nftables counts connections per second, minute, hour or day; '{door.Service}' wants them per {door.Rate!.Per}.",
                "Give the rate per second, minute, hour or day.")),
        ];

    /// <inheritdoc/>
    public ImmutableArray<FirewallCommand> Render(RuleModel model, ImmutableArray<FirewallAnswer> current, DateTimeOffset now)
        => [new(Program, FromInput, NftWriter.Whole(NftPlan.Of(model), now))];

    /// <inheritdoc/>
    public ImmutableArray<FirewallCommand>? RenderChange(RuleModel from, RuleModel to, DateTimeOffset now)
    {
        var before = NftPlan.Of(from);
        var after = NftPlan.Of(to);
        if (!after.HasRulesOf(before) || !NftDelta.IsWorthwhile(before, after))
            return null;
        var script = NftDelta.Write(before, after, now);
        return script.Length == 0 ? [] : [new(Program, FromInput, script)];
    }

    /// <inheritdoc/>
    public FirewallCommand Dry(FirewallCommand command) => command with { Arguments = ["-c", .. command.Arguments] };

    /// <inheritdoc/>
    public ImmutableArray<FirewallCommand> Restore(
        ImmutableArray<FirewallAnswer> snapshot, ImmutableArray<FirewallAnswer> current, TimeSpan age)
    {
        const string remove = $"table {NftWriter.Table}\ndelete table {NftWriter.Table}\n";
        if (snapshot is [{ ExitCode: 0 } table])
            return [new(Program, FromInput, remove + NftSnapshot.Age(table.Output, age))];
        // There was no such table: ENOENT in the program's words.
        return snapshot is [{ Error: var error }] && error.Contains("No such file or directory", StringComparison.Ordinal)
            ? [new(Program, FromInput, remove)]
            : throw Fault.Of(
                FirewallFault.ProgramFailed, FaultKind.Internal, $"nft did not print the table {NftWriter.Table}: {snapshot.FirstOrDefault()?.Error.Trim()}",
                "Run 'nft list table inet entrepot' to see why.").ToException();
    }
}
