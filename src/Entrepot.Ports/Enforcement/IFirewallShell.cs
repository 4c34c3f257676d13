using System.Collections.Immutable;
using Entrepot.Ports.Firewalls;

namespace Entrepot.Ports.Enforcement;

/// <summary>Whoever runs a target's commands.</summary>
public interface IFirewallShell
{
    /// <summary>Runs commands in order and returns their answers, also those that failed.</summary>
    Task<ImmutableArray<FirewallAnswer>> AskAsync(IEnumerable<FirewallCommand> commands, CancellationToken cancellation);
}

/// <summary>This machine's programs.</summary>
public sealed class KernelShell : IFirewallShell
{
    /// <inheritdoc/>
    public Task<ImmutableArray<FirewallAnswer>> AskAsync(IEnumerable<FirewallCommand> commands, CancellationToken cancellation)
        => FirewallRunner.AskAsync(commands, cancellation);
}
