using System.CommandLine;
using Entrepot.Cli.Rendering;
using Entrepot.Core.Identities;
using Entrepot.Server.Api;

namespace Entrepot.Cli.Commands;

/// <summary><c>entrepot snapshot rollback</c>.</summary>
internal static class SnapshotRollbackCommand
{
    public static Command Create(CliEnvironment environment, CommonOptions common)
    {
        var name = MirrorArgument.Create(environment, common);
        var number = new Argument<long>("number") { Description = "The snapshot to go back to" };
        var command = common.ForNetwork(
            "rollback", "Publish an older snapshot's content again, as a new snapshot",
            ("entrepot snapshot rollback images 3 --dry-run", "See what would change"),
            ("entrepot snapshot rollback images 3 --note 'bad kernel'", "Go back; the versions between stay"));
        command.Add(name);
        command.Add(number);
        command.Add(common.Note);
        command.Add(common.Yes);
        command.Add(common.DryRun);
        return command.Runs(environment, common, async (context, cancellation) =>
        {
            var mirror = MirrorName.Parse(context.Get(name));
            var client = await context.ConnectAsync(cancellation);
            var current = (await client.GetMirrorAsync(mirror, cancellation)).Current;
            var diff = await client.DiffAsync(mirror, current.Number, context.Get(number), cancellation);
            if (context.Get(common.DryRun))
            {
                context.Write(diff, ApiJson.Default.SnapshotDiffDocument, document => SnapshotDiffCommand.Show(context, document));
                return ExitCodes.Done;
            }

            var changes = diff.Added.Count + diff.Changed.Count + diff.Removed.Count;
            if (!context.Confirm($"Change {Units.Of(changes, "file")} of '{mirror}' to what snapshot {context.Get(number)} held?", required: false))
                return ExitCodes.Negative;
            var published = await client.RollbackAsync(mirror, new RollbackRequest(context.Get(number), context.Get(common.Note)), cancellation);
            context.Write(published, ApiJson.Default.SnapshotDocument, document => context.Say(
                $"'{mirror}' is at snapshot {document.Number} now, with the content of {context.Get(number)}: {Units.Of(document.Files, "file")}, {Units.Size(document.Bytes)}."));
            return ExitCodes.Done;
        });
    }
}
