using Entrepot.Core.Documents;
using System.CommandLine;
using System.Net;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Server.Hosting;

namespace Entrepot.Cli.Commands;

/// <summary><c>entrepot serve</c>.</summary>
internal static class ServeCommand
{
    private static readonly string[] Names = [.. Enum.GetNames<NodeRoles>().Where(static name => name != nameof(NodeRoles.None)).Select(static name => name.ToLowerInvariant())];

    public static Command Create(CliEnvironment environment, CommonOptions common)
    {
        var options = new SettingsOptions();
        var roles = new Option<string[]>("--roles")
        {
            Description = $"What this node does: {string.Join(", ", Names)}, separated by commas", HelpName = "ROLES", Required = true,
            AllowMultipleArgumentsPerToken = true,
        };
        roles.CompletionSources.Add(Names);
        var command = new ExampleCommand(
            "serve", "Run some roles of a network on this machine, for production",
            ("entrepot serve --roles origin,scheduler --config entrepot.yaml", "The origin and the front door"),
            ("entrepot serve --roles edge --origin http://mirror-1:3000 --node hall-b --bind 0.0.0.0", "A cache at another site"))
        {
            roles, common.Data,
        };
        options.AddTo(command);
        options.AddPlaceTo(command);
        return command.Runs(environment, common, (context, cancellation) =>
        {
            var (settings, given) = options.Read(context);
            // The two edges of the default are there to show a network on one machine; a production node is one.
            if (!given.Contains("edges.count"))
                settings = settings with { Edges = settings.Edges with { Count = 1 } };
            var wanted = Parse(context.Get(roles)!);
            // Nodes of one name shut each other out; machines have names of their own already.
            if (!given.Contains("node") && !wanted.HasFlag(NodeRoles.Origin) && NodeName.TryParse(Dns.GetHostName().Split('.')[0].ToLowerInvariant(), out var machine, out _))
                settings = settings with { Node = machine };
            return NodeRunner.RunAsync(context, new NodePlan(wanted, settings, PublishRuntime: false), cancellation);
        });
    }

    /// <summary>Reads role names.</summary>
    /// <exception cref="FaultException">Every unknown one at once.</exception>
    public static NodeRoles Parse(IEnumerable<string> words)
    {
        var roles = NodeRoles.None;
        var unknown = new List<string>();
        foreach (var word in words.SelectMany(static word => word.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)))
        {
            if (Names.Contains(word, StringComparer.Ordinal))
                roles |= Enum.Parse<NodeRoles>(word, ignoreCase: true);
            else
                unknown.Add(Suggestion.For(word, Names) is { } near ? $"'{word}' (did you mean '{near}'?)" : $"'{word}'");
        }

        return unknown.Count == 0
            ? roles
            : throw Fault.Of(CliFault.Usage, FaultKind.Invalid, $"{string.Join(", ", unknown)}: no such role.", $"Roles are {string.Join(", ", Names)}.").ToException();
    }
}
