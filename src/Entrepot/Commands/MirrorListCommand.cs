using System.CommandLine;
using Entrepot.Cli.Rendering;
using Entrepot.Server.Api;

namespace Entrepot.Cli.Commands;

/// <summary><c>entrepot mirror list</c>.</summary>
internal static class MirrorListCommand
{
    public static Command Create(CliEnvironment environment, CommonOptions common)
        => common.ForNetwork("list", "List the mirrors", ("entrepot mirror list", "Every mirror with its current snapshot"))
            .Runs(environment, common, async (context, cancellation) =>
            {
                var client = await context.ConnectAsync(cancellation);
                var mirrors = await client.ListMirrorsAsync(cancellation);
                context.Write(mirrors, ApiJson.Default.IReadOnlyListMirrorDocument, found => Tables.Write(
                    context,
                    ["name", "kind", new("snapshot", true), new("files", true), new("size", true), "published", "description"],
                    [.. found.Select(static mirror => (string[])
                    [
                        mirror.Name, mirror.Kind, Units.Number(mirror.Current.Number), Units.Count(mirror.Current.Files),
                        Units.Size(mirror.Current.Bytes), Units.Time(mirror.Current.PublishedAt), mirror.Description,
                    ])],
                    "There is no mirror yet; 'entrepot mirror create NAME' makes one."));
                return ExitCodes.Done;
            });
}
