using System.CommandLine;
using Entrepot.Cli.Rendering;
using Entrepot.Core.Faults;
using Entrepot.Server.Api;
using Entrepot.Server.Client;

namespace Entrepot.Cli.Commands;

/// <summary><c>entrepot rm</c>.</summary>
internal static class RemoveCommand
{
    public static Command Create(CliEnvironment environment, CommonOptions common)
    {
        var target = new Argument<string>("file") { Description = "mirror/path of the file", HelpName = "FILE" };
        target.CompletionSources.Add(context => MirrorArgument.Names(environment, common, context).Select(static name => name + "/"));
        var command = common.ForNetwork(
            "rm", "Remove one file from a mirror: publishes a snapshot without it; older snapshots keep it",
            ("entrepot rm images/24.04/disk.img --dry-run", "See what would go"),
            ("entrepot rm images/24.04/disk.img --note 'bad kernel'", "Remove it; 'snapshot rollback' brings it back"));
        command.Add(target);
        command.Add(common.Note);
        command.Add(common.Yes);
        command.Add(common.DryRun);
        return command.Runs(environment, common, async (context, cancellation) =>
        {
            var from = PushTarget.Parse(context.Get(target));
            if (from.IsFolder)
                throw Whole(from);
            var client = await context.ConnectAsync(cancellation);
            if ((await client.GetTreeAsync(from.Mirror, from.Path, null, cancellation)).File is not { } file)
                throw Whole(from);
            var what = $"{from} with {Units.Size(file.Size)} and {file.Digest}";
            if (context.Get(common.DryRun))
            {
                context.Write(file, ApiJson.Default.FileDocument, _ => context.Say($"Would remove {what}."));
                return ExitCodes.Done;
            }

            if (!context.Confirm($"Remove {what}?", required: false))
                return ExitCodes.Negative;
            var result = await client.DeleteFileAsync(from.Mirror, file.Path, file.Digest, context.Get(common.Note), cancellation);
            context.Write(result, ApiJson.Default.PushResult, document => context.Say(
                $"Removed {what}. '{from.Mirror}' is at snapshot {document.Snapshot}; older ones keep the file."));
            return ExitCodes.Done;
        });
    }

    private static FaultException Whole(PushTarget target) => Fault.Of(
        CliFault.Usage, FaultKind.Invalid, $"'{target}' is a folder, and this removes one file.",
        "Name a file; 'entrepot push --delete' makes a folder what another one is, 'entrepot mirror delete' deletes a whole mirror.").ToException();
}
