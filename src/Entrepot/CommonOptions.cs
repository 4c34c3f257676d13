using System.CommandLine;

namespace Entrepot.Cli;

/// <summary>How results are written.</summary>
internal enum OutputFormat
{
    /// <summary>For people.</summary>
    Table,

    /// <summary>For programs: one JSON document, the API's own where there is one.</summary>
    Json,
}

/// <summary>The options that many commands share. One set for each tree of commands: the parser links options to their parents.</summary>
internal sealed class CommonOptions
{
    public const string OutputName = "--output";
    public const string DefaultData = "data";

    /// <summary>The standard input or output in the place of a file.</summary>
    public const string Stream = "-";

    public Option<OutputFormat> Output { get; } = new(OutputName)
    {
        Description = "How results are written [default: table]",
        HelpName = "table|json",
        Recursive = true,
    };

    public Option<string?> Server { get; } = new("--server")
    {
        Description = "Metadata surface of the network, as http://HOST:PORT [default: ENTREPOT_SERVER, else the node running on --data]",
        HelpName = "URL",
    };

    public Option<string?> Data { get; } = new("--data")
    {
        Description = $"Data folder [default: ENTREPOT_DATA, else ./{DefaultData}]",
        HelpName = "DIR",
    };

    public Option<string?> TokenFile { get; } = new("--token-file")
    {
        Description = "File with the token to show [default: ENTREPOT_TOKEN, else the file that ENTREPOT_TOKEN_FILE names, else the session of sign-in, else the credential of the node on --data]",
        HelpName = "FILE",
    };

    public Option<string?> Authority { get; } = new("--ca")
    {
        Description = "PEM file with the network's authority, to be believed beside those of this system [default: ENTREPOT_CA, else the one in the data folder]",
        HelpName = "FILE",
    };

    public Option<string?> Certificate { get; } = new("--certificate")
    {
        Description = "Folder of 'certificate create', or a PEM file with certificate and key, to be shown over TLS [default: ENTREPOT_CERTIFICATE]",
        HelpName = "PATH",
    };

    public Option<bool> Yes { get; } = new("--yes", "-y") { Description = "Do not ask" };

    public Option<bool> DryRun { get; } = new("--dry-run", "-n") { Description = "Only say what would change" };

    public Option<string?> Note { get; } = new("--note") { Description = "Why, for whoever reads the snapshots", HelpName = "TEXT" };

    /// <summary>Makes a command that talks to a network.</summary>
    public ExampleCommand ForNetwork(string name, string description, params IReadOnlyList<(string Line, string Meaning)> examples)
        => new(name, description, examples) { Server, Data, TokenFile, Certificate, Authority };
}
