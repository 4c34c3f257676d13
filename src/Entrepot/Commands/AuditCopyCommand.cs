using System.CommandLine;
using Entrepot.Cli.Rendering;
using Entrepot.Server.Api;

namespace Entrepot.Cli.Commands;

/// <summary><c>entrepot audit copy</c>.</summary>
internal static class AuditCopyCommand
{
    public static Command Create(CliEnvironment environment, CommonOptions common)
        => common.ForNetwork(
            "copy", "Ask an audit service how far its copy of the origin's journal is; exit code 1 when something did not prove",
            ("entrepot audit copy --server https://audit-1:54345 --certificate ann", "By the certificate of an auditor"))
            .Runs(environment, common, async (context, cancellation) =>
            {
                var client = await context.ConnectAsync(cancellation);
                var copy = await client.GetJournalCopyAsync(cancellation);
                context.Write(copy, ApiJson.Default.JournalCopyDocument, found => Show(context, found));
                return copy.Break is null ? ExitCodes.Done : ExitCodes.Negative;
            });

    private static void Show(CommandContext context, JournalCopyDocument copy)
    {
        if (copy.Journal is not { } journal)
        {
            context.Say("Nothing was copied yet.");
            return;
        }

        context.Say($"Copied: {Units.Of(copy.Last - copy.First + 1, "entry", "entries")} ({copy.First}–{copy.Last}) of journal {journal[..16]}; the origin was last heard {Units.Time(copy.HeardAt!.Value)}.");
        if (copy.Break is { } flaw)
            context.Say($"NOT PROVEN since {Units.Time(copy.BrokenAt!.Value)}: {flaw.Message}");
    }
}
