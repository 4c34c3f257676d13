using Entrepot.Core.Documents;
using System.CommandLine;
using System.Net;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Server.Enrolment;
using Entrepot.Server.Hosting;

namespace Entrepot.Cli.Commands;

/// <summary><c>entrepot serve</c>.</summary>
internal static class ServeCommand
{
    private const string TokenVariable = "ENTREPOT_JOIN_TOKEN";

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
            ("entrepot serve --roles edge --join https://mirror-1:9080 --token-file token --node hall-b --bind 0.0.0.0", "A cache at another site, for the first time"),
            ("entrepot serve --roles edge --node hall-b --bind 0.0.0.0", "The same, once it has joined"))
        {
            roles, common.Data,
        };
        var join = new Option<string?>("--join") { Description = "Admin surface of the origin whose network this node joins, as https://ORIGIN:9080", HelpName = "URL" };
        var tokenFile = new Option<string?>("--token-file") { Description = $"File of the join token [default: {TokenVariable}]; - for the standard input", HelpName = "FILE" };
        var token = new Option<string?>("--token") { Description = "The join token itself; everybody on this machine can read arguments", HelpName = "TOKEN" };
        options.AddTo(command);
        options.AddPlaceTo(command);
        command.Add(join);
        command.Add(tokenFile);
        command.Add(token);
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
            var plan = new NodePlan(wanted, settings, PublishRuntime: false) { Join = Order(context, context.Get(join), context.Get(tokenFile), context.Get(token)) };
            return NodeRunner.RunAsync(context, plan, cancellation);
        });
    }

    private static JoinOrder? Order(CommandContext context, string? join, string? tokenFile, string? token)
    {
        Uri? origin = null;
        if (join is not null && !Uri.TryCreate(join, UriKind.Absolute, out origin))
            throw Fault.Of(CliFault.Usage, FaultKind.Invalid, $"--join is '{join}'; expected a URL such as https://ORIGIN:9080.", "Name the origin's admin surface.").ToException();
        if (token is not null)
            context.Environment.Error.WriteLine("Everybody on this machine can read the token among the arguments while this runs; --token-file hides it.");
        token ??= tokenFile is null ? context.Environment.Variable(TokenVariable) : ReadToken(context, tokenFile);
        return origin is null && token is null ? null : new JoinOrder(origin, token) { MissingFile = token is null ? tokenFile : null };
    }

    /// <summary>A file that is gone is no error: once the node has joined, nobody needs it.</summary>
    private static string? ReadToken(CommandContext context, string file)
    {
        try
        {
            return file == CommonOptions.Stream ? context.Environment.Input.ReadLine() ?? "" : File.ReadAllText(file);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Fault.Of(CliFault.Usage, FaultKind.Invalid, $"--token-file '{file}' can't be read: {error.Message}", "Write what 'entrepot node token' printed into it.").ToException(error);
        }
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
