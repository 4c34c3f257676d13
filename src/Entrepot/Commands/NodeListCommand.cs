using System.CommandLine;
using Entrepot.Cli.Rendering;
using Entrepot.Core.Identities;
using Entrepot.Server.Api;

namespace Entrepot.Cli.Commands;

/// <summary><c>entrepot node list</c> and <c>entrepot node show</c>.</summary>
internal static class NodeListCommand
{
    public static Command Create(CliEnvironment environment, CommonOptions common)
        => common.ForNetwork("list", "List the machines that belong to the network", ("entrepot node list", "Who has joined, who was revoked"))
            .Runs(environment, common, async (context, cancellation) =>
            {
                var client = await context.ConnectAsync(cancellation);
                context.Write(await client.ListEnrolmentsAsync(cancellation), ApiJson.Default.IReadOnlyListEnrolledNodeDocument, nodes => Show(context, nodes));
                return ExitCodes.Done;
            });

    public static Command CreateShow(CliEnvironment environment, CommonOptions common)
    {
        var name = Name();
        var command = common.ForNetwork("show", "Show a machine that belongs to the network", ("entrepot node show hall-b", "Since when, with which names, and why it was revoked"));
        command.Add(name);
        return command.Runs(environment, common, async (context, cancellation) =>
        {
            var client = await context.ConnectAsync(cancellation);
            context.Write(await client.GetEnrolmentAsync(NodeName.Parse(context.Get(name)), cancellation), ApiJson.Default.EnrolledNodeDocument, node =>
            {
                Show(context, [node]);
                context.Say($"Names in its certificate: {string.Join(", ", node.Hosts)}");
            });
            return ExitCodes.Done;
        });
    }

    /// <summary>The node that a command is about.</summary>
    public static Argument<string> Name() => new("node") { Description = "Name of the node" };

    private static void Show(CommandContext context, IReadOnlyList<EnrolledNodeDocument> nodes) => Tables.Write(
        context, ["node", "role", "site", "state", "joined", "certificate of", "reason"],
        [.. nodes.Select(static node => (string[])[node.Name, node.Role, node.Site ?? "", node.State, Units.Time(node.EnrolledAt), Units.Time(node.RenewedAt), node.Reason ?? ""])],
        "No machine has joined yet; 'entrepot node token' makes a token for one.");
}
