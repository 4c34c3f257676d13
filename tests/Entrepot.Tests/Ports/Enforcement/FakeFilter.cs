using System.Collections.Immutable;
using Entrepot.Core.Faults;
using Entrepot.Ports.Enforcement;
using Entrepot.Ports.Firewalls;

namespace Entrepot.Tests.Ports.Enforcement;

/// <summary>A packet filter in memory: what is loaded is what it prints.</summary>
internal sealed class FakeFilter : IFirewallShell
{
    private const string Nothing = "Error: No such file or directory";

    /// <summary>What is loaded, or null.</summary>
    public string? Table { get; set; }

    /// <summary>Every command that could change something, in order.</summary>
    public List<FirewallCommand> Loaded { get; } = [];

    /// <summary>What a load is refused with, or null.</summary>
    public string? Refusal { get; set; }

    /// <summary>What a question is refused with, or null.</summary>
    public string? ListRefusal { get; set; }

    /// <summary>Runs when something is loaded, before it is.</summary>
    public Action? OnLoad { get; set; }

    public Task<ImmutableArray<FirewallAnswer>> AskAsync(IEnumerable<FirewallCommand> commands, CancellationToken cancellation)
        => Task.FromResult<ImmutableArray<FirewallAnswer>>([.. commands.Select(Answer)]);

    private FirewallAnswer Answer(FirewallCommand command)
    {
        if (command.Program != "nft" || command.Arguments is ["-c", ..])
            return new FirewallAnswer(0, "", "");
        if (command.Arguments is ["list", ..] or ["-j", ..])
            return ListRefusal is not null ? new FirewallAnswer(1, "", ListRefusal) : Table is null ? new FirewallAnswer(1, "", Nothing) : new FirewallAnswer(0, Table, "");
        OnLoad?.Invoke();
        if (Refusal is not null)
            return new FirewallAnswer(1, "", Refusal);
        Loaded.Add(command);
        const string remove = "table inet entrepot\ndelete table inet entrepot\n";
        if (command.Input.StartsWith(remove, StringComparison.Ordinal))
            Table = command.Input.Length == remove.Length ? null : command.Input[remove.Length..];
        else
            Table += command.Input;
        return new FirewallAnswer(0, "", "");
    }
}

/// <summary>A watchdog that is started and does nothing by itself.</summary>
internal sealed class IdleDeadMan : IDeadMan
{
    public int Started { get; private set; }

    public bool Fails { get; set; }

    public Task StartAsync(DeadManFolder folder, TimeSpan deadline, CancellationToken cancellation)
    {
        if (Fails)
            throw Fault.Of(FirewallFault.WatchdogFailed, FaultKind.Internal, "no").ToException();
        Started++;
        folder.ReportReady(Environment.ProcessId);
        return Task.CompletedTask;
    }
}

/// <summary>Finds what it is told to find.</summary>
internal sealed class ScriptedProof : IRulesProof
{
    public string? Wider { get; set; }

    public Func<bool> Exact { get; set; } = static () => true;

    public Task<ProofVerdict> JudgeAsync(RuleModel model, IFirewallTarget target, IFirewallShell shell, DateTimeOffset now, CancellationToken cancellation)
        => Task.FromResult(new ProofVerdict(Wider is null ? [] : [Wider], Exact(), "compared"));
}
