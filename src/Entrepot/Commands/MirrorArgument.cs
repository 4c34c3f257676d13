using System.CommandLine;
using System.CommandLine.Completions;

namespace Entrepot.Cli.Commands;

/// <summary>Arguments that name mirrors; the shell is offered the names that the network has.</summary>
internal static class MirrorArgument
{
    /// <summary>How long a shell waits for names.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    public static Argument<string> Create(CliEnvironment environment, CommonOptions common, string name = "mirror", string description = "The mirror's name")
    {
        var argument = new Argument<string>(name) { Description = description, HelpName = name };
        argument.CompletionSources.Add(context => Names(environment, common, context));
        return argument;
    }

    /// <summary>The mirrors that can be reached at once; none when that fails, as a shell can't show why.</summary>
    public static IEnumerable<string> Names(CliEnvironment environment, CommonOptions common, CompletionContext context)
    {
        try
        {
            using var command = new CommandContext(environment, common, context.ParseResult);
            using var deadline = new CancellationTokenSource(Patience);
            var names = Task.Run(async () =>
            {
                var client = await command.ConnectAsync(deadline.Token);
                return (await client.ListMirrorsAsync(deadline.Token)).Select(static mirror => mirror.Name).ToList();
            });
            return names.GetAwaiter().GetResult();
        }
        catch (Exception)
        {
            return [];
        }
    }
}
