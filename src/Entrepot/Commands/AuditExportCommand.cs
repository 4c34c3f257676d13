using System.CommandLine;
using Entrepot.Cli.Audit;
using Entrepot.Core.Kernel;

namespace Entrepot.Cli.Commands;

/// <summary><c>entrepot audit export</c>.</summary>
internal static class AuditExportCommand
{
    public static Command Create(CliEnvironment environment, CommonOptions common)
    {
        var file = new Argument<string>("file") { Description = "Where it goes, or - for the standard output", HelpName = "FILE" };
        var since = new Option<string?>("--since") { Description = $"Leave out what is older, whole checkpoints at a time: {AuditTime.Form}", HelpName = "TIME" };
        var command = common.ForNetwork(
            "export", "Write the journal as JSON lines in ECS fields, with its hashes and signatures: provable by tools/journal-verify.py without this program",
            ("entrepot audit export journal.jsonl", "All of it"),
            ("entrepot audit export journal.jsonl --since 2026-01-01", "For this year's audit"),
            ("entrepot audit export - | curl --data-binary @- URL", "To a collector"));
        command.Add(file);
        command.Add(since);
        return command.Runs(environment, common, async (context, cancellation) =>
        {
            var begin = AuditTime.Parse(context.Get(since), since.Name, environment.Time.GetUtcNow());
            var client = await context.ConnectAsync(cancellation);
            if (context.Get(file) == CommonOptions.Stream)
            {
                await using var output = environment.OpenOutput();
                await client.ExportJournalAsync(begin, output, cancellation);
                return ExitCodes.Done;
            }

            var path = Path.GetFullPath(context.Get(file));
            var temporary = path + DurableFile.TemporarySuffix;
            await using (var output = new FileStream(temporary, FileMode.Create, FileAccess.Write, FileShare.None))
                await client.ExportJournalAsync(begin, output, cancellation);
            File.Move(temporary, path, overwrite: true);
            context.Say($"Written to {context.Get(file)}. Prove it with 'entrepot audit verify {context.Get(file)}' or tools/journal-verify.py.");
            return ExitCodes.Done;
        });
    }
}
