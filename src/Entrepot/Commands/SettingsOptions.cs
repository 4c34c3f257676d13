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

    public Option<string?> Node { get; } = new("--node") { Description = "This node's name, a DNS label [default: origin; without that role the machine's name]", HelpName = "NAME" };

    public Option<string?> Site { get; } = new("--site") { Description = "Where this node is [default: local]", HelpName = "NAME" };

    public Option<string?> Origin { get; } = new("--origin") { Description = "Metadata surface of the origin, for a node that is not the origin", HelpName = "URL" };

    public static Option<string?> Config() => new("--config") { Description = "Settings file [default: ENTREPOT_CONFIG, else the built-in defaults]", HelpName = "FILE" };

    public void AddTo(Command command)
    {
        command.Add(File);
        command.Add(Edges);
        command.Add(Bind);
    }

    /// <summary>Adds what only a node of a larger network is told.</summary>
    public void AddPlaceTo(Command command)
    {
        command.Add(Node);
        command.Add(Site);
        command.Add(Origin);
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
        var over = new List<(string Key, string Option, string Yaml, Func<Settings, Settings, Settings> Apply)>();
        if (context.Get(Edges) is { } edges)
            over.Add(("edges.count", "--edges", $"edges: {{count: {edges}}}", static (to, from) => to with { Edges = to.Edges with { Count = from.Edges.Count } }));
        if (context.Get(Bind) is { } bind)
            over.Add(("bind", "--bind", $"bind: {Quote(bind)}", static (to, from) => to with { Bind = from.Bind }));
        if (context.Get(Node) is { } node)
            over.Add(("node", "--node", $"node: {Quote(node)}", static (to, from) => to with { Node = from.Node }));
        if (context.Get(Site) is { } site)
            over.Add(("site", "--site", $"site: {Quote(site)}", static (to, from) => to with { Site = from.Site }));
        if (context.Get(Origin) is { } origin)
            over.Add(("origin", "--origin", $"origin: {Quote(origin)}", static (to, from) => to with { Origin = from.Origin }));
        var stated = SettingsReader.Read(string.Join('\n', over.Select(static option => option.Yaml)), "command line");
        if (stated.Settings is null)
            throw Fault.Of(
                CliFault.Usage, FaultKind.Invalid,
                string.Join('\n', stated.Errors.Select(error => over.Aggregate(
                    error.Message, static (text, option) => text.StartsWith(option.Key + " ", StringComparison.Ordinal) ? option.Option + text[option.Key.Length..] : text))),
                "Mend the command line.").ToException();
        settings = over.Aggregate(settings, (current, option) => option.Apply(current, stated.Settings));
        return (settings, result.Given.Concat(over.Select(static option => option.Key)).ToHashSet(StringComparer.Ordinal));
    }

    private static string Quote(string text)
        => $"\"{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";
}
