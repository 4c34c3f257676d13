using Entrepot.Ports.Truth;
using Entrepot.Server.Api;

namespace Entrepot.Cli.Rendering;

/// <summary>What a node says when it is ready: where everything is, and what to try.</summary>
internal static class Welcome
{
    /// <summary>Writes the surfaces, each with the reason for its port, and three commands to paste.</summary>
    /// <param name="context">The command.</param>
    /// <param name="network">The surfaces.</param>
    /// <param name="sample">A file to download, as <c>mirror/path</c>; null for none.</param>
    /// <param name="dataFolder">The node's data folder.</param>
    /// <param name="ports">What is known of its ports.</param>
    public static void Write(CommandContext context, NetworkDocument network, string? sample, string dataFolder, StatusDocument ports)
    {
        if (context.Format == OutputFormat.Json)
        {
            JsonOutput.Write(context.Environment.Output, network, ApiJson.Default.NetworkDocument);
            return;
        }

        context.Say($"Entrepot {network.Version.Split('+')[0]}, node '{network.Node}', data in {dataFolder}");
        context.Say("");
        Tables.Write(
            context, ["surface", "node", "url", new("port", true), "zone", "why this port"],
            [.. network.Surfaces.Select(static surface => (string[])
                [surface.Surface, surface.Node, surface.Url, Units.Number(surface.Port), surface.Zone, surface.Reason])],
            "No surface listens.");
        context.Say("");
        if (sample is not null && network.Surfaces.FirstOrDefault(static surface => surface.Surface == "scheduler") is { } scheduler)
        {
            context.Say("Try:");
            foreach (var line in Commands(context.Environment, scheduler.Url, sample, dataFolder))
                context.Say("  " + line);
            context.Say("");
        }

        context.Say(Ports(ports));
        context.Say("Ctrl-C stops.");
    }

    /// <summary>The truths of the declared ports in two lines: how many are declared, bound and reached, and what is not known.</summary>
    public static string Ports(StatusDocument status)
    {
        var declared = status.Ports.Where(static row => row.Declared != Declared.No).ToList();
        var bound = declared.Count(static row => row.Bound == Bound.Owner);
        var reached = declared.Count(static row => row.Reachable == Reachable.Open);
        var findings = status.Ports.Count(static row => row.IsFinding);
        var line = $"Ports: {Units.Count(declared.Count)} declared, {Units.Count(bound)} bound by their owner, {Units.Count(reached)} reached from outside, {Units.Of(findings, "finding")}; see 'entrepot ports status'.";
        return status.Notes.Count == 0 ? line : line + "\n" + string.Join('\n', status.Notes.Select(static note => "  " + note));
    }

    /// <summary>Three ways to download the sample.</summary>
    public static IReadOnlyList<string> Commands(CliEnvironment environment, string scheduler, string sample, string dataFolder)
    {
        var program = environment.Variable("ENTREPOT_COMMAND") is { Length: > 0 } command ? command : "entrepot";
        var url = $"{scheduler}/{string.Join('/', sample.Split('/').Select(Uri.EscapeDataString))}";
        var name = sample[(sample.LastIndexOf('/') + 1)..];
        var data = Path.GetFullPath(CommonOptions.DefaultData) == Path.GetFullPath(dataFolder) ? "" : $" --data {Quote(dataFolder)}";
        return
        [
            $"curl -L -o {Quote(name)} {Quote(url)}",
            $"aria2c -x4 {Quote(url + ".meta4")}",
            $"{program} pull {Quote(sample)} -o {Quote(name)}{data}",
        ];
    }

    /// <summary>As a POSIX shell reads it back.</summary>
    private static string Quote(string text)
        => text.Length > 0 && text.All(static c => char.IsAsciiLetterOrDigit(c) || "/:.,_-+@%=".Contains(c, StringComparison.Ordinal))
            ? text
            : "'" + text.Replace("'", "'\\''", StringComparison.Ordinal) + "'";
}
