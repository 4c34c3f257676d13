using System.CommandLine;
using Entrepot.Cli.Audit;
using Entrepot.Cli.Rendering;
using Entrepot.Core.Documents;
using Entrepot.Core.Faults;
using Entrepot.Core.Journal;
using Entrepot.Core.Secrets;
using Entrepot.Server.Api;
using Spectre.Console;

namespace Entrepot.Cli.Commands;

/// <summary><c>entrepot audit verify</c>.</summary>
internal static class AuditVerifyCommand
{
    public static Command Create(CliEnvironment environment, CommonOptions common)
    {
        var place = new Argument<string>("place")
        {
            Description = "An export, or a data folder, which is not changed [default: the running node proves its own]", HelpName = "EXPORT|FOLDER",
            Arity = ArgumentArity.ZeroOrOne, DefaultValueFactory = static _ => "",
        };
        var checkpoint = new Option<string[]>("--checkpoint") { Description = "A checkpoint that was kept elsewhere; it must agree", HelpName = "FILE", AllowMultipleArgumentsPerToken = false };
        var key = new Option<string?>("--key") { Description = "The journal's public key as it was noted before, PEM", HelpName = "FILE" };
        var source = new AuditSource();
        var command = common.ForNetwork(
            "verify", "Prove the journal: every hash, every signature, every word; exit code 1 names the first entry that is not proven",
            ("entrepot audit verify", "The running node's"),
            ("entrepot audit verify /var/lib/entrepot --checkpoint monday.checkpoint", "A data folder, against a checkpoint that was kept elsewhere: nothing was cut off"),
            ("entrepot audit verify journal.jsonl --key journal.pem", "An export, against the key that was noted"),
            ("entrepot audit verify --agent", "The journal of this machine's agent"));
        command.Add(place);
        command.Add(checkpoint);
        command.Add(key);
        source.AddTo(command);
        return command.Runs(environment, common, async (context, cancellation) =>
        {
            var texts = (context.Get(checkpoint) ?? []).Select(static file => (File: file, Text: DocumentFile.ReadText(file, CliFault.Unreadable, "checkpoint"))).ToList();
            var pem = context.Get(key) is { } keyFile ? DocumentFile.ReadText(keyFile, CliFault.Unreadable, "public key") : null;
            var witness = new JournalWitness
            {
                Checkpoints = [.. texts.Select(static kept => JournalCheckpoint.Parse(kept.Text, kept.File))],
                PublicKey = pem is null ? null : Ed25519Signature.FromPem(pem) ?? throw Fault.Of(
                    JournalFault.Malformed, FaultKind.Invalid, $"'{context.Get(key)}' holds no Ed25519 public key.", "'entrepot audit checkpoint --key' prints one.").ToException(),
            };
            var result = await ShowProgressAsync(context, report => context.Get(place) switch
            {
                "" => AskAsync(source.VerifyAsync(context, new AuditRequest([.. texts.Select(static kept => kept.Text)], pem), cancellation), report),
                var path when Directory.Exists(path) => Task.Run(() => source.VerifyFolder(context, path, witness, report, cancellation), cancellation),
                var path => VerifyExportAsync(path, witness, report, cancellation),
            });
            context.Write(result, ApiJson.Default.JournalVerification, found => Show(context, found));
            return result.Break is null ? ExitCodes.Done : ExitCodes.Negative;
        });
    }

    private static async Task<JournalVerification> AskAsync(IAsyncEnumerable<AuditProgress> steps, IProgress<JournalProgress> report)
    {
        JournalVerification? result = null;
        await foreach (var step in steps)
        {
            report.Report(new JournalProgress(step.Entries, step.Total));
            result = step.Result;
        }

        return result!;
    }

    private static async Task<JournalVerification> VerifyExportAsync(string path, JournalWitness witness, IProgress<JournalProgress> report, CancellationToken cancellation)
    {
        FileStream file;
        try
        {
            file = File.OpenRead(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Fault.Of(CliFault.Unreadable, FaultKind.NotFound, $"'{path}' can't be read: {error.Message}").ToException(error);
        }

        await using (file)
            return await JournalExportVerifier.VerifyAsync(file, witness, report, cancellation);
    }

    private static async Task<T> ShowProgressAsync<T>(CommandContext context, Func<IProgress<JournalProgress>, Task<T>> work)
    {
        if (!context.ShowsProgress)
            return await work(new Bar(null));
        var console = Consoles.Create(context.Environment.Error, context.Environment.ErrorIsTerminal, context.Environment);
        return await console.Progress().AutoClear(true).Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn())
            .StartAsync(async progress => await work(new Bar(progress.AddTask("proving"))));
    }

    private static void Show(CommandContext context, JournalVerification found)
    {
        if (found.Break is { } flaw)
        {
            context.Say($"NOT PROVEN: {flaw.Message}");
            context.Say(found.Entries > 0 ? $"Entries {found.First}–{found.Last} before it are proven." : "Nothing before it is proven.");
            return;
        }

        context.Say($"Proven: {Units.Of(found.Entries, "entry", "entries")} ({found.First}–{found.Last}) of journal {found.Journal[..16]}, {Units.Of(found.Checkpoints, "signature")}.");
        if (found.Entries > 0)
            context.Say(found.SignedUpTo < found.Last
                ? $"Signed up to entry {found.SignedUpTo}; the {found.Last - Math.Max(found.SignedUpTo, found.First - 1)} after it are chained, and their loss at the end would not be seen yet."
                : $"Signed to the end, {Units.Time(found.SignedAt!.Value)}.");
        if (!found.Opened)
            context.Say("What entries tell was not opened: the sealing key is not there.");
        if (found.Pseudonymised > 0)
            context.Say($"{Units.Of(found.Pseudonymised, "entry", "entries")} name no person: their time had ended.");
    }

    private sealed class Bar(ProgressTask? task) : IProgress<JournalProgress>
    {
        public void Report(JournalProgress value)
        {
            if (task is null)
                return;
            task.MaxValue = Math.Max(1, value.Total);
            task.Value = value.Entries;
        }
    }
}
