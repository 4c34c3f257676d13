using System.CommandLine;
using Entrepot.Core.Faults;
using Entrepot.Server.Configuration;

namespace Entrepot.Cli.Commands;

/// <summary>The options that decide a node's settings: a file, and what the command line puts over it.</summary>
internal sealed class SettingsOptions
{
    public Option<string?> File { get; } = Config();

    public Option<int?> Edges { get; } = new("--edges") { Description = "Edges in this process, 0–64 [default: 2]", HelpName = "N" };

    public Option<string?> Bind { get; } = new("--bind") { Description = "Address that listeners bind [default: 127.0.0.1]", HelpName = "ADDRESS" };

    public static Option<string?> Config() => new("--config") { Description = "Settings file [default: ENTREPOT_CONFIG, else the built-in defaults]", HelpName = "FILE" };

    public void AddTo(Command command)
    {
        command.Add(File);
        command.Add(Edges);
        command.Add(Bind);
    }

    /// <summary>The settings that take effect. A data folder on the command line is taken from the working folder.</summary>
    /// <exception cref="FaultException">The file or an option is wrong; every error is told.</exception>
    public (Settings Settings, IReadOnlySet<string> Given) Read(CommandContext context)
    {
        var path = context.Get(File) ?? context.Environment.Variable("ENTREPOT_CONFIG");
        var result = path is null ? new SettingsResult(Settings.Default, [], new HashSet<string>()) : SettingsReader.ReadFile(path);
        var settings = result.Require();
        if (context.HasDataFolder || !result.Given.Contains("data"))
            settings = settings with { DataFolder = Path.GetFullPath(context.DataFolder) };

        // Options are settings too: they pass the same checks, under their own names.
        var over = new List<string>();
        if (context.Get(Edges) is { } edges)
            over.Add($"edges: {{count: {edges}}}");
        if (context.Get(Bind) is { } bind)
            over.Add($"bind: \"{bind.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"");
        var checkedOver = SettingsReader.Read(string.Join('\n', over), "command line");
        if (checkedOver.Settings is not { } stated)
            throw Fault.Of(
                CliFault.Usage, FaultKind.Invalid,
                string.Join('\n', checkedOver.Errors.Select(static error => error.Message.Replace("edges.count", "--edges", StringComparison.Ordinal).Replace("bind is", "--bind is", StringComparison.Ordinal))),
                "Mend the command line.").ToException();
        if (context.Get(Edges) is not null)
            settings = settings with { Edges = settings.Edges with { Count = stated.Edges.Count } };
        if (context.Get(Bind) is not null)
            settings = settings with { Bind = stated.Bind };
        return (settings, result.Given);
    }
}
