using System.CommandLine;
using Entrepot.Cli.Rendering;
using Entrepot.Core.Documents;
using Entrepot.Core.Faults;
using Entrepot.Server.Api;

namespace Entrepot.Cli.Commands;

/// <summary><c>entrepot node token</c>.</summary>
internal static class NodeTokenCommand
{
    public static Command Create(CliEnvironment environment, CommonOptions common)
    {
        var role = new Option<string>("--role") { Description = "What the node will be", HelpName = "edge|scheduler|audit", Required = true };
        role.CompletionSources.Add("edge", "scheduler", "audit");
        var site = new Option<string?>("--site") { Description = "Where the node is [default: where it says itself]", HelpName = "NAME" };
        var node = new Option<string?>("--node") { Description = "The only node that may use the token [default: any]", HelpName = "NAME" };
        var ttl = new Option<string>("--ttl") { Description = "For how long it can be used, 1m–7d [default: 1h]", HelpName = "TIME", DefaultValueFactory = static _ => "1h" };
        var command = common.ForNetwork(
            "token", "Make a one-time token with which a machine joins",
            ("entrepot node token --role edge --site berlin --ttl 1h > token", "For one edge, within the hour"),
            ("entrepot node token --role edge --node hall-b", "For the edge hall-b and no other"));
        command.Add(role);
        command.Add(site);
        command.Add(node);
        command.Add(ttl);
        return command.Runs(environment, common, async (context, cancellation) =>
        {
            if (!Duration.TryParse(context.Get(ttl)!, out var life))
                throw Fault.Of(CliFault.Usage, FaultKind.Invalid, $"--ttl is '{context.Get(ttl)}'; expected a duration such as 1h.", "Write 30m, 1h or 2d.").ToException();
            var client = await context.ConnectAsync(cancellation);
            var token = await client.CreateJoinTokenAsync(
                new JoinTokenRequest(context.Get(role)!, (long)life.TotalSeconds) { Site = context.Get(site), Node = context.Get(node) }, cancellation);
            context.Write(token, ApiJson.Default.JoinTokenDocument, made =>
            {
                // The token alone on the output, so that it can go into a file.
                environment.Output.WriteLine(made.Token);
                environment.Error.WriteLine($"Until {Units.Time(made.Expires)}, once: entrepot serve --roles {context.Get(role)} --join https://ORIGIN:9080 --token-file FILE{(context.Get(node) is { } only ? $" --node {only}" : "")}");
            });
            return ExitCodes.Done;
        });
    }
}
