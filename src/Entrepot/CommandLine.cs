using Entrepot.Core.Documents;
using System.CommandLine;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using Entrepot.Cli.Rendering;
using Entrepot.Core.Faults;

namespace Entrepot.Cli;

/// <summary>Runs one command line.</summary>
public static class CommandLine
{
    /// <summary>Parses and runs; every error is written here, and nowhere else.</summary>
    /// <param name="args">The words after the program's name.</param>
    /// <param name="environment">The process around it.</param>
    /// <param name="cancellation">Asks the command to end.</param>
    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(IReadOnlyList<string> args, CliEnvironment environment, CancellationToken cancellation)
    {
        var root = EntrepotCommand.Create(environment);
        // A path may begin with '@'; there are no response files.
        var parse = root.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
        var format = CommandContext.FormatOf(parse);
        if (parse.Action is ParseErrorAction)
            return FaultPrinter.Print(environment, format, UsageFault(parse));
        if (EmptyValue(parse) is { } empty)
            return FaultPrinter.Print(environment, format, empty);
        try
        {
            var configuration = new InvocationConfiguration
            {
                Output = environment.Output, Error = environment.Error, EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null,
            };
            return await parse.InvokeAsync(configuration, cancellation);
        }
        catch (FaultException error)
        {
            return FaultPrinter.Print(environment, format, error.Fault);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return ExitCodes.Interrupted;
        }
        catch (Exception error)
        {
            var detail = environment.Variable("ENTREPOT_TRACE") is { Length: > 0 } ? error.ToString() : $"{error.GetType().Name}: {error.Message}";
            return FaultPrinter.Print(environment, format, Fault.Of(
                CliFault.Unexpected, FaultKind.Internal, $"something failed inside: {detail}", "Set ENTREPOT_TRACE=1 for the whole story, and report it."));
        }
    }

    /// <summary>A value that is empty, as a variable of the shell that is not set makes it; only what is free text may be.</summary>
    private static Fault? EmptyValue(ParseResult parse)
    {
        var name = parse.CommandResult.Children
            .Select(static child => child switch
            {
                OptionResult { Implicit: false } option when option.Option.HelpName != "TEXT" && option.Tokens.Any(static token => token.Value.Length == 0) => option.Option.Name,
                ArgumentResult argument when argument.Tokens.Any(static token => token.Value.Length == 0) => argument.Argument.Name.ToUpperInvariant(),
                _ => null,
            })
            .FirstOrDefault(static found => found is not null);
        return name is null ? null : Fault.Of(
            CliFault.Usage, FaultKind.Invalid, $"{name} is ''; expected a value", $"A variable that is not set may stand there. See '{string.Join(' ', Lineage(parse.CommandResult.Command))} --help'.");
    }

    private static Fault UsageFault(ParseResult parse)
    {
        var command = parse.CommandResult.Command;
        var name = string.Join(' ', Lineage(command));
        var messages = parse.Errors.Select(ParseErrorWords.Of).Distinct(StringComparer.Ordinal).ToList();
        var unknown = parse.UnmatchedTokens.Count > 0 ? parse.UnmatchedTokens[0] : null;
        string? near = null;
        if (unknown is not null)
        {
            var candidates = unknown.StartsWith('-')
                ? Ancestry(command).SelectMany(c => c.Options.Where(o => c == command || o.Recursive)).SelectMany(static o => o.Aliases.Append(o.Name))
                : command.Subcommands.Select(static c => c.Name);
            near = Suggestion.For(unknown, candidates);
            // Once the word is understood, a missing subcommand is no second error.
            messages = [unknown.StartsWith('-') || command.Subcommands.Count == 0 ? $"'{name}' does not know '{unknown}'" : $"there is no command '{name} {unknown}'"];
        }
        else if (command.Subcommands.Count > 0 && command.Action is null)
        {
            messages = [$"'{name}' needs one of: {string.Join(", ", command.Subcommands.Where(static c => !c.Hidden).Select(static c => c.Name))}"];
        }

        var text = string.Join("\n", messages.Select(static message => message.TrimEnd('.')));
        return Fault.Of(CliFault.Usage, FaultKind.Invalid, near is null ? text : $"{text}; did you mean '{near}'?", $"See '{name} --help'.");
    }

    private static IEnumerable<string> Lineage(Command command) => Ancestry(command).Reverse().Select(static c => c is RootCommand ? "entrepot" : c.Name);

    private static IEnumerable<Command> Ancestry(Command command)
    {
        for (Command? at = command; at is not null; at = at.Parents.OfType<Command>().FirstOrDefault())
            yield return at;
    }
}
