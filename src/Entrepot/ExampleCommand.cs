using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Entrepot.Cli;

/// <summary>A command whose help ends with examples.</summary>
/// <param name="name">Its name.</param>
/// <param name="description">What it does, in one sentence.</param>
/// <param name="examples">Command lines that work, each with what it does.</param>
internal sealed class ExampleCommand(string name, string description, params IReadOnlyList<(string Line, string Meaning)> examples) : Command(name, description)
{
    /// <summary>Command lines that work.</summary>
    public IReadOnlyList<(string Line, string Meaning)> Examples => examples;
}

/// <summary>Writes the package's help and then the command's examples.</summary>
/// <param name="width">Columns after which lines are wrapped.</param>
/// <param name="rootExamples">Those of the root command.</param>
internal sealed class ExampleHelpAction(int width, IReadOnlyList<(string Line, string Meaning)> rootExamples) : SynchronousCommandLineAction
{
    private readonly HelpAction _help = new() { MaxWidth = width };

    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        var code = _help.Invoke(parseResult);
        var examples = parseResult.CommandResult.Command switch
        {
            ExampleCommand command => command.Examples,
            RootCommand => rootExamples,
            _ => [],
        };
        if (examples.Count == 0)
            return code;
        var output = parseResult.InvocationConfiguration.Output;
        output.WriteLine("Examples:");
        foreach (var (line, meaning) in examples)
        {
            output.WriteLine($"  # {meaning}");
            output.WriteLine($"  {line}");
        }

        output.WriteLine();
        return code;
    }
}
