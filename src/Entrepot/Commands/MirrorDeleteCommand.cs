using System.CommandLine;
using Entrepot.Cli.Rendering;
using Entrepot.Core.Identities;
using Entrepot.Server.Api;

namespace Entrepot.Cli.Commands;

/// <summary><c>entrepot mirror delete</c>.</summary>
internal static class MirrorDeleteCommand
{
    public static Command Create(CliEnvironment environment, CommonOptions common)
    {
        var name = MirrorArgument.Create(environment, common);
        var command = common.ForNetwork(
            "delete", "Delete a mirror with all its snapshots",
            ("entrepot mirror delete images --dry-run", "See what would go"),
            ("entrepot mirror delete images --yes", "Delete it without being asked"));
        command.Add(name);
        command.Add(common.Yes);
        command.Add(common.DryRun);
        return command.Runs(environment, common, async (context, cancellation) =>
        {
            var mirror = MirrorName.Parse(context.Get(name));
            var client = await context.ConnectAsync(cancellation);
            var found = await client.GetMirrorAsync(mirror, cancellation);
            var snapshots = await client.ListSnapshotsAsync(mirror, cancellation);
            var what = $"the mirror '{mirror}' with {Units.Of(snapshots.Count, "snapshot")}, {Units.Of(found.Current.Files, "file")} and {Units.Size(found.Current.Bytes)}";
            if (context.Get(common.DryRun))
            {
                context.Write(found, ApiJson.Default.MirrorDocument, _ => context.Say($"Would delete {what}."));
                return ExitCodes.Done;
            }

            if (!context.Confirm($"Delete {what}? This can't be undone.", required: true))
                return ExitCodes.Negative;
            await client.DeleteMirrorAsync(mirror, cancellation);
            context.Write(found, ApiJson.Default.MirrorDocument, _ => context.Say($"Deleted {what}. Its bytes go with the next garbage collection."));
            return ExitCodes.Done;
        });
    }
}
