using Spectre.Console;

namespace Entrepot.Cli.Rendering;

/// <summary>Makes consoles that write colours only to terminals.</summary>
internal static class Consoles
{
    /// <summary>A width at which nothing is wrapped that a program reads.</summary>
    private const int Unlimited = 4000;

    public static IAnsiConsole Create(TextWriter writer, bool isTerminal, CliEnvironment environment)
    {
        var colour = isTerminal && environment.AllowsColour;
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = colour ? AnsiSupport.Yes : AnsiSupport.No,
            ColorSystem = colour ? ColorSystemSupport.Standard : ColorSystemSupport.NoColors,
            Interactive = isTerminal && colour ? InteractionSupport.Yes : InteractionSupport.No,
            Out = new AnsiConsoleOutput(writer),
        });
        console.Profile.Width = isTerminal ? environment.Width : Unlimited;
        return console;
    }
}
