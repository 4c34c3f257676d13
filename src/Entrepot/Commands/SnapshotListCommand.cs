using System.CommandLine;
using Entrepot.Cli.Rendering;
using Entrepot.Core.Identities;
using Entrepot.Server.Api;

namespace Entrepot.Cli.Commands;

/// <summary><c>entrepot snapshot list</c>.</summary>
internal static class SnapshotListCommand
{
    public static Command Create(CliEnvironment environment, CommonOptions common)
    {
        var name = MirrorArgument.Create(environment, common);
        var command = common.ForNetwork("list", "List a mirror's snapshots, the newest first", ("entrepot snapshot list images", "What can be gone back to"));
        command.Add(name);
        return command.Runs(environment, common, async (context, cancellation) =>
        {
            var mirror = MirrorName.Parse(context.Get(name));
            var client = await context.ConnectAsync(cancellation);
            var snapshots = await client.ListSnapshotsAsync(mirror, cancellation);
            context.Write(snapshots, ApiJson.Default.IReadOnlyListSnapshotDocument, found => Tables.Write(
                context,
                [new("number", true), "", "published", new("files", true), new("size", true), "root", "actor", "note"],
                [.. found.Select(static snapshot => (string[])
                [
                    Units.Number(snapshot.Number), snapshot.IsCurrent ? "current" : "", Units.Time(snapshot.PublishedAt), Units.Count(snapshot.Files),
                    Units.Size(snapshot.Bytes), Units.Short(snapshot.Root), snapshot.Actor, snapshot.Note,
                ])],
                $"'{mirror}' has no snapshot yet."));
            return ExitCodes.Done;
        });
    }
}
