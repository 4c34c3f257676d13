using Entrepot.Cli.Accounts;
using Entrepot.Server.Client;

namespace Entrepot.Cli;

/// <summary>The process around a command; tests put another in its place.</summary>
public sealed class CliEnvironment
{
    /// <summary>Where results go.</summary>
    public required TextWriter Output { get; init; }

    /// <summary>Where errors, progress and questions go.</summary>
    public required TextWriter Error { get; init; }

    /// <summary>Where answers come from.</summary>
    public required TextReader Input { get; init; }

    /// <summary>Reads an answer that is not shown; null where <see cref="Input"/> is no terminal and its lines are taken instead.</summary>
    public Func<string>? ReadSecret { get; init; }

    /// <summary>Opens the standard output for bytes instead of text.</summary>
    public Func<Stream> OpenOutput { get; init; } = Console.OpenStandardOutput;

    /// <summary>Opens the standard input for bytes instead of text.</summary>
    public Func<Stream> OpenInput { get; init; } = Console.OpenStandardInput;

    /// <summary>True when somebody sees the results as they are written.</summary>
    public bool OutputIsTerminal { get; init; }

    /// <summary>True when somebody sees the errors as they are written.</summary>
    public bool ErrorIsTerminal { get; init; }

    /// <summary>True when somebody can answer.</summary>
    public bool InputIsTerminal { get; init; }

    /// <summary>Columns of the terminal.</summary>
    public int Width { get; init; } = 100;

    /// <summary>Reads an environment variable.</summary>
    public Func<string, string?> Variable { get; init; } = static _ => null;

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Makes the client of all calls.</summary>
    public Func<ClientCredential, ClientTrust, HttpClient> CreateHttp { get; init; } = ClientHandler.Create;

    /// <summary>Folder of what commands remember between runs.</summary>
    public required string StateFolder { get; init; }

    /// <summary>True when colours and cursor movements may be written to a terminal (no-color.org; <c>TERM=dumb</c>).</summary>
    public bool AllowsColour => string.IsNullOrEmpty(Variable("NO_COLOR")) && Variable("TERM") != "dumb";

    /// <summary>This process.</summary>
    public static CliEnvironment OfProcess()
    {
        // XDG base directory specification, "state": what should survive restarts and is not worth backing up.
        var state = Environment.GetEnvironmentVariable("XDG_STATE_HOME") is { Length: > 0 } xdg && Path.IsPathRooted(xdg)
            ? xdg
            : OperatingSystem.IsWindows()
                ? Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData)
                : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".local", "state");
        return new CliEnvironment
        {
            Output = Console.Out,
            Error = Console.Error,
            Input = Console.In,
            ReadSecret = Console.IsInputRedirected ? null : SecretPrompt.ReadFromTerminal,
            OutputIsTerminal = !Console.IsOutputRedirected,
            ErrorIsTerminal = !Console.IsErrorRedirected,
            InputIsTerminal = !Console.IsInputRedirected,
            Width = TerminalWidth(),
            Variable = Environment.GetEnvironmentVariable,
            StateFolder = Path.Combine(state, "entrepot"),
        };
    }

    private static int TerminalWidth()
    {
        try
        {
            return Console.IsOutputRedirected && Console.IsErrorRedirected ? 100 : Math.Clamp(Console.WindowWidth, 40, 400);
        }
        catch (IOException)
        {
            return 100;
        }
    }
}
