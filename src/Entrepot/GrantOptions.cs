using System.CommandLine;
using Entrepot.Core.Documents;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;

namespace Entrepot.Cli;

/// <summary>What a credential is to give its bearer: roles, mirrors, a life. The options are those of every command that makes one.</summary>
internal sealed class GrantOptions
{
    private readonly Option<string[]> _roles = new("--role")
    {
        Description = $"What its bearer may be: {string.Join(", ", Trust.Access.Roles.Words)}; may be given several times", HelpName = "ROLE", Required = true,
    };

    private readonly Option<string[]> _mirrors = new("--mirror") { Description = "The only mirror that it is for; may be given several times [default: all]", HelpName = "MIRROR" };
    private readonly Option<string> _ttl = new("--ttl") { Description = "For how long it is good", HelpName = "TIME", DefaultValueFactory = static _ => "30d" };

    public GrantOptions() => _roles.CompletionSources.Add([.. Trust.Access.Roles.Words]);

    public void AddTo(Command command)
    {
        command.Add(_roles);
        command.Add(_mirrors);
        command.Add(_ttl);
    }

    /// <summary>Reads what the command line asks for.</summary>
    /// <exception cref="FaultException">A role, a time or a mirror that is none.</exception>
    public Grant Read(CommandContext context)
    {
        if (!Trust.Access.Roles.TryParse(context.Get(_roles)!, out var role, out var fault))
            throw fault.ToException();
        if (!Duration.TryParse(context.Get(_ttl)!, out var lifetime))
            throw Fault.Of(CliFault.Usage, FaultKind.Invalid, $"--ttl '{context.Get(_ttl)}' is no span of time.", "Write one such as 5m, 12h or 30d.").ToException();
        return new Grant(Trust.Access.Roles.WordsOf(role), [.. (context.Get(_mirrors) ?? []).Select(static mirror => MirrorName.Parse(mirror).Value)], lifetime);
    }
}

/// <summary>What a credential is to give.</summary>
/// <param name="Roles">In words.</param>
/// <param name="Mirrors">The only ones; empty for all.</param>
/// <param name="Lifetime">For how long.</param>
internal sealed record Grant(IReadOnlyList<string> Roles, IReadOnlyList<string> Mirrors, TimeSpan Lifetime)
{
    /// <summary>For people: <c>publisher for images</c>.</summary>
    public string Text => $"{string.Join(" and ", Roles)} for {(Mirrors.Count == 0 ? "all mirrors" : string.Join(", ", Mirrors))}";
}
