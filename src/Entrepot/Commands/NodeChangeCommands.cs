using System.CommandLine;
using Entrepot.Core.Identities;
using Entrepot.Server.Api;
using Entrepot.Server.Client;

namespace Entrepot.Cli.Commands;

/// <summary><c>entrepot node drain</c>, <c>revoke</c> and <c>remove</c>.</summary>
internal static class NodeChangeCommands
{
    public static Command CreateDrain(CliEnvironment environment, CommonOptions common)
    {
        var undo = new Option<bool>("--undo") { Description = "Give it clients again" };
        return Create(
            environment, common, "drain", "Give a node no new clients", undo, question: null,
            static (node, context, option) => context.Get(option) ? $"Node '{node.Name}' gets clients again." : $"Node '{node.Name}' gets no new clients after its next heart-beat.",
            static async (client, node, context, option, cancellation) => await client.DrainNodeAsync(node, !context.Get(option), cancellation),
            ("entrepot node drain hall-b", "Before its machine is serviced"), ("entrepot node drain hall-b --undo", "Afterwards"));
    }

    public static Command CreateRevoke(CliEnvironment environment, CommonOptions common)
    {
        var reason = new Option<string>("--reason") { Description = "Why, for the journal", HelpName = "TEXT", Required = true };
        return Create(
            environment, common, "revoke", "Believe a node no more: its machine was stolen, or is not itself", reason, static node => $"Shut node '{node.Name}' out at once?",
            static (node, _, _) => $"Node '{node.Name}' is believed no more: by the origin now, by other nodes after their next heart-beat.",
            static async (client, node, context, option, cancellation) => await client.RevokeNodeAsync(node, context.Get(option)!, cancellation),
            ("entrepot node revoke hall-b --reason \"stolen\" --yes", "At once"));
    }

    public static Command CreateRemove(CliEnvironment environment, CommonOptions common)
        => Create<bool>(
            environment, common, "remove", "Forget a node; it can join again with a new token", null, static node => $"Forget node '{node.Name}'?",
            static (node, _, _) => $"Node '{node.Name}' belongs to the network no more.",
            static async (client, node, _, _, cancellation) =>
            {
                var before = await client.GetEnrolmentAsync(node, cancellation);
                await client.RemoveNodeAsync(node, cancellation);
                return before;
            },
            ("entrepot node remove hall-b --yes", "It was taken down"), ("entrepot node remove hall-b --dry-run", "See what would go"));

    private static ExampleCommand Create<T>(
        CliEnvironment environment, CommonOptions common, string name, string description, Option<T>? option, Func<EnrolledNodeDocument, string>? question,
        Func<EnrolledNodeDocument, CommandContext, Option<T>, string> done,
        Func<EntrepotClient, NodeName, CommandContext, Option<T>, CancellationToken, Task<EnrolledNodeDocument>> change, params IReadOnlyList<(string, string)> examples)
    {
        var node = NodeListCommand.Name();
        var command = common.ForNetwork(name, description, examples);
        command.Add(node);
        if (option is not null)
            command.Add(option);
        command.Add(common.Yes);
        command.Add(common.DryRun);
        return command.Runs(environment, common, async (context, cancellation) =>
        {
            var wanted = NodeName.Parse(context.Get(node));
            var client = await context.ConnectAsync(cancellation);
            var found = await client.GetEnrolmentAsync(wanted, cancellation);
            if (context.Get(common.DryRun))
            {
                context.Write(found, ApiJson.Default.EnrolledNodeDocument, known => context.Say($"Would {name} the {known.Role} '{known.Name}', which is {known.State}."));
                return ExitCodes.Done;
            }

            if (question is not null && !context.Confirm(question(found), required: true))
                return ExitCodes.Negative;
            context.Write(await change(client, wanted, context, option!, cancellation), ApiJson.Default.EnrolledNodeDocument, after => context.Say(done(after, context, option!)));
            return ExitCodes.Done;
        });
    }
}
