using System.Collections.Immutable;
using Entrepot.Core.Faults;

namespace Entrepot.Ports.Firewalls;

/// <summary>A kind of packet filter. Targets are pure: they render rules and read answers; the commands are run elsewhere. A target
/// touches what is its own and nothing of others.</summary>
public interface IFirewallTarget
{
    /// <summary>What settings and messages call it.</summary>
    string Name { get; }

    /// <summary>The programs that it needs.</summary>
    ImmutableArray<string> Programs { get; }

    /// <summary>Where the model says what this packet filter can't do, or can do only by letting in more: all reasons at once.</summary>
    ImmutableArray<Fault> Gaps(RuleModel model);

    /// <summary>The commands that replace the own rules by those of a model. Running them twice changes nothing.</summary>
    /// <param name="model">A model without <see cref="Gaps"/>.</param>
    /// <param name="current">The answers to <see cref="Snapshot"/>; none where the target has no rules yet.</param>
    /// <param name="now">The time, in UTC, from which the openings' time left is counted.</param>
    ImmutableArray<FirewallCommand> Render(RuleModel model, ImmutableArray<FirewallAnswer> current, DateTimeOffset now);

    /// <summary>The commands that only change what differs between two models, so that a large table is not sent again.</summary>
    /// <returns>Null when the target must replace its rules as a whole.</returns>
    ImmutableArray<FirewallCommand>? RenderChange(RuleModel from, RuleModel to, DateTimeOffset now);

    /// <summary>The command that has the kernel check a rendered command without changing anything.</summary>
    FirewallCommand Dry(FirewallCommand command);

    /// <summary>The commands that print the own rules, from which <see cref="Restore"/> puts them back.</summary>
    ImmutableArray<FirewallCommand> Snapshot { get; }

    /// <summary>The commands that bring the own rules back to a snapshot bit by bit; where there were none, none remain.</summary>
    /// <param name="snapshot">The answers to <see cref="Snapshot"/>, in order.</param>
    /// <param name="current">The same as it is now.</param>
    /// <param name="age">How long ago the snapshot was taken; openings have so much less time left.</param>
    /// <exception cref="FaultException"><see cref="FirewallFault.ProgramFailed"/>: an answer is no snapshot.</exception>
    ImmutableArray<FirewallCommand> Restore(ImmutableArray<FirewallAnswer> snapshot, ImmutableArray<FirewallAnswer> current, TimeSpan age);
}
