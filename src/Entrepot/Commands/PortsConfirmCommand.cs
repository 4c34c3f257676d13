using System.CommandLine;
using Entrepot.Ports.Enforcement;
using Entrepot.Server.Agent;

namespace Entrepot.Cli.Commands;

/// <summary><c>entrepot ports confirm</c> and <c>revert</c>.</summary>
internal static class PortsConfirmCommand
{
    public static Command Create(CliEnvironment environment, CommonOptions common) => Decide(
        environment, common, "confirm", "Keep the change of ports that waits; best from a session that was opened after it",
        ("entrepot ports confirm", "The new rules let you in: keep them"),
        static (agent, change, cancellation) => agent.ConfirmAsync(change, cancellation), "Change {0} is kept.");

    public static Command CreateRevert(CliEnvironment environment, CommonOptions common) => Decide(
        environment, common, "revert", "Take the change of ports that waits back at once",
        ("entrepot ports revert", "The rules are as they were before"),
        static (agent, change, cancellation) => agent.RevertAsync(change, cancellation), "Change {0} is taken back; the rules are as they were before it.");

    private static ExampleCommand Decide(
        CliEnvironment environment, CommonOptions common, string name, string description, (string, string) example,
        Func<AgentClient, string?, CancellationToken, Task<ChangeOrder>> decide, string done)
    {
        var change = new Argument<string?>("change") { Description = "Number of the change [default: the one that waits]", Arity = ArgumentArity.ZeroOrOne };
        var socket = AgentOptions.Socket();
        return new ExampleCommand(name, description, example) { change, socket }.Runs(environment, common, async (context, cancellation) =>
        {
            using var agent = new AgentClient(context.SocketPath(socket));
            var decided = await decide(agent, context.Get(change), cancellation);
            context.Write(decided, EnforcementJson.Default.ChangeOrder, found => context.Say(string.Format(null, done, found.Change)));
            return ExitCodes.Done;
        });
    }
}
