using Entrepot.Core.Documents;
using System.CommandLine;
using Entrepot.Core.Faults;

namespace Entrepot.Cli.Commands;

/// <summary><c>entrepot help</c>: the same as <c>--help</c> behind the command's words.</summary>
internal static class HelpCommand
{
    public static Command Create(CliEnvironment environment, CommonOptions common)
    {
        var words = new Argument<string[]>("command") { Description = "The command's words [default: what there is]", Arity = ArgumentArity.ZeroOrMore, HelpName = "command" };
        words.CompletionSources.Add(static context =>
            Root(context.ParseResult).Subcommands.Select(static command => new System.CommandLine.Completions.CompletionItem(command.Name)));
        var command = new ExampleCommand(
            "help", "Show the help of a command",
            ("entrepot help", "What there is"),
            ("entrepot help mirror create", "One command"))
        {
            words,
        };
        command.SetAction(async (parse, cancellation) =>
        {
            Command at = Root(parse);
            foreach (var word in parse.GetValue(words)!)
            {
                var names = at.Subcommands.Select(static known => known.Name).ToList();
                at = at.Subcommands.FirstOrDefault(known => known.Name == word) ?? throw Fault.Of(
                    CliFault.Usage, FaultKind.Invalid,
                    $"there is no command '{word}'{(Suggestion.For(word, names) is { } near ? $"; did you mean '{near}'?" : "")}", "See 'entrepot --help'.").ToException();
            }

            return await Root(parse).Parse([.. parse.GetValue(words)!, "--help"], new ParserConfiguration { ResponseFileTokenReplacer = null })
                .InvokeAsync(parse.InvocationConfiguration, cancellation);
        });
        return command;
    }

    private static Command Root(ParseResult parse) => parse.RootCommandResult.Command;
}
