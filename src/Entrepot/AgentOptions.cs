using System.CommandLine;
using Entrepot.Server.Agent;

namespace Entrepot.Cli;

/// <summary>Where the agent is.</summary>
internal static class AgentOptions
{
    public const string Variable = "ENTREPOT_AGENT";

    public static Option<string?> Socket() => new("--socket")
    {
        Description = $"Unix socket of the agent [default: {Variable}, else {AgentClient.DefaultSocket}]", HelpName = "PATH",
    };

    /// <summary>The socket that was named, or the default one.</summary>
    public static string SocketPath(this CommandContext context, Option<string?> option)
        => context.Get(option) ?? (context.Environment.Variable(Variable) is { Length: > 0 } named ? named : AgentClient.DefaultSocket);
}
