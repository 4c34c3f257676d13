using System.CommandLine;
using System.Text;
using Entrepot.Cli.Accounts;
using Entrepot.Cli.Changes;
using Entrepot.Cli.Rendering;
using Entrepot.Core.Documents;
using Entrepot.Core.Faults;
using Entrepot.Server.Api;
using Entrepot.Server.Client;
using Entrepot.Trust.Changes;

namespace Entrepot.Cli.Commands;

/// <summary><c>entrepot change</c>: changes of the runtime document, with four eyes.</summary>
internal static class ChangeCommands
{
    private static readonly string[] Documents = [.. Enum.GetNames<ChangedDocument>().Select(static name => name.ToLowerInvariant())];

    public static Command CreatePropose(CliEnvironment environment, CommonOptions common)
    {
        var document = Document();
        var file = new Option<string>("--file", "-f") { Description = "What the document is to be, or - for the standard input", HelpName = "FILE", Required = true };
        var reason = Reason("Why, for whoever approves it");
        reason.Required = true;
        var command = common.ForNetwork(
            "propose", "Propose that a document becomes another one: shows the difference and what it would do",
            ("entrepot change propose portfile --file portfile.yaml --reason 'Web moves to 8443'", "To be approved by somebody else, where that is needed"),
            ("entrepot change propose mirrors --file mirrors.yaml --reason 'A mirror for firmware' --dry-run", "Only look at difference and effect"));
        command.Add(document);
        command.Add(file);
        command.Add(reason);
        command.Add(common.DryRun);
        return command.Runs(environment, common, async (context, cancellation) =>
        {
            var name = context.Get(file)!;
            var bytes = await ReadAsync(environment, name, cancellation);
            var client = await context.ConnectAsync(cancellation);
            var request = new ProposeChangeRequest(context.Get(document), bytes, context.Get(reason)!, name == CommonOptions.Stream ? "<stdin>" : name, context.Get(common.DryRun));
            context.Write(await client.ProposeChangeAsync(request, cancellation), ApiJson.Default.ChangeDocument, change =>
            {
                ChangeView.Show(context, change);
                context.Say("");
                context.Say(change.Id == 0 ? "Nothing was kept."
                    : change.NeedsApproval ? $"Somebody else has to approve it: entrepot change approve {Units.Number(change.Id)}"
                    : $"Apply it: entrepot change apply {Units.Number(change.Id)}");
            });
            return ExitCodes.Done;
        });
    }

    public static Command CreateList(CliEnvironment environment, CommonOptions common)
        => common.ForNetwork("list", "List changes, and what somebody should look at", ("entrepot change list", "Newest first; reviews that are owed stand above"))
            .Runs(environment, common, async (context, cancellation) =>
            {
                var client = await context.ConnectAsync(cancellation);
                context.Write(await client.ListChangesAsync(cancellation), ApiJson.Default.ChangeListDocument, list => ChangeView.Show(context, list));
                return ExitCodes.Done;
            });

    public static Command CreateShow(CliEnvironment environment, CommonOptions common)
    {
        var id = Id();
        var command = common.ForNetwork(
            "show", "Show a change: its difference, its effect as it would be now, who approved it",
            ("entrepot change show 7", "Before it is approved"),
            ("entrepot change show 7 --output json", "With what was signed, the signature and the public key"));
        command.Add(id);
        return command.Runs(environment, common, async (context, cancellation) =>
        {
            var client = await context.ConnectAsync(cancellation);
            context.Write(await client.GetChangeAsync(context.Get(id), cancellation), ApiJson.Default.ChangeDocument, change => ChangeView.Show(context, change));
            return ExitCodes.Done;
        });
    }

    public static Command CreateCurrent(CliEnvironment environment, CommonOptions common)
    {
        var document = Document();
        var command = common.ForNetwork(
            "current", "Print a document as it is in force: what the next change is made from",
            ("entrepot change current mirrors > mirrors.yaml", "Edit it, then propose it"));
        command.Add(document);
        return command.Runs(environment, common, async (context, cancellation) =>
        {
            var client = await context.ConnectAsync(cancellation);
            context.Write(await client.GetDocumentAsync(context.Get(document), cancellation), ApiJson.Default.CurrentDocument, found =>
            {
                if (environment.OutputIsTerminal)
                {
                    environment.Output.Write(Printable.Text(Encoding.UTF8.GetString(found.Bytes)));
                    return;
                }

                // Byte by byte: what is edited and proposed then differs by the edit alone.
                using var output = environment.OpenOutput();
                output.Write(found.Bytes);
            });
            return ExitCodes.Done;
        });
    }

    public static Command CreateApprove(CliEnvironment environment, CommonOptions common) => Prove(
        environment, common, "approve", "Approve a change of somebody else, as a person who is signed in, with a new code of the app",
        ("entrepot change approve 7", "Shows it, then asks for the code"),
        static (client, id, request, cancellation) => client.ApproveChangeAsync(id, request, cancellation),
        static change => $"Change {Units.Number(change.Id)} is approved until {Units.Time(change.Approval!.Until!.Value)}. Apply it: entrepot change apply {Units.Number(change.Id)}");

    public static Command CreateReview(CliEnvironment environment, CommonOptions common) => Prove(
        environment, common, "review", "Say that you have looked at a change that somebody else applied without approval",
        ("entrepot change review 7", "Shows it, then asks for the code of the app"),
        static (client, id, request, cancellation) => client.ReviewChangeAsync(id, request, cancellation),
        static change => $"Change {Units.Number(change.Id)} is reviewed.");

    public static Command CreateReject(CliEnvironment environment, CommonOptions common)
    {
        var (id, reason) = (Id(), Reason("Why, for whoever proposed it"));
        reason.Required = true;
        var command = common.ForNetwork("reject", "Reject a change of somebody else", ("entrepot change reject 7 --reason 'Port 23 again?'", "It can't be applied any more"));
        command.Add(id);
        command.Add(reason);
        return command.Runs(environment, common, async (context, cancellation) =>
        {
            var client = await context.ConnectAsync(cancellation);
            context.Write(
                await client.RejectChangeAsync(context.Get(id), new RejectChangeRequest(context.Get(reason)!), cancellation), ApiJson.Default.ChangeDocument,
                change => context.Say($"Change {Units.Number(change.Id)} is rejected."));
            return ExitCodes.Done;
        });
    }

    public static Command CreateApply(CliEnvironment environment, CommonOptions common)
    {
        var (id, reason) = (Id(), Reason("Why it can't wait, with --break-glass"));
        var glass = new Option<bool>("--break-glass") { Description = "Apply it at once, without approval: this is logged loudly, and somebody else has to review it" };
        var command = common.ForNetwork(
            "apply", "Apply a change: one that is approved, or any one where no approval is needed",
            ("entrepot change apply 7", "Exactly the bytes that were approved"),
            ("entrepot change apply 7 --break-glass --reason 'Site down, nobody to approve'", "An emergency; 'entrepot change review 7' by somebody else is owed"));
        command.Add(id);
        command.Add(glass);
        command.Add(reason);
        command.Add(common.DryRun);
        return command.Runs(environment, common, async (context, cancellation) =>
        {
            if (context.Get(glass) != context.Get(reason) is not null)
                throw Fault.Of(CliFault.Usage, FaultKind.Invalid, "--break-glass and --reason belong together.", "See 'entrepot change apply --help'.").ToException();
            var client = await context.ConnectAsync(cancellation);
            var dry = context.Get(common.DryRun);
            var request = new ApplyChangeRequest(context.Get(reason), dry);
            context.Write(await client.ApplyChangeAsync(context.Get(id), request, cancellation), ApiJson.Default.ChangeDocument, change =>
            {
                if (dry)
                    ChangeView.Show(context, change);
                context.Say(dry ? $"Would apply change {Units.Number(change.Id)}."
                    : change.BreakGlass is { } broken ? $"Change {Units.Number(change.Id)} is applied WITHOUT APPROVAL. Somebody else has to review it until {Units.Time(broken.ReviewDue)}: entrepot change review {Units.Number(change.Id)}"
                    : $"Change {Units.Number(change.Id)} is applied.");
            });
            return ExitCodes.Done;
        });
    }

    private static ExampleCommand Prove(
        CliEnvironment environment, CommonOptions common, string verb, string description, (string, string) example,
        Func<EntrepotClient, long, ProveChangeRequest, CancellationToken, Task<ChangeDocument>> send, Func<ChangeDocument, string> done)
    {
        var id = Id();
        var code = new Option<string?>("--code-file") { Description = "File with the code, instead of being asked for it", HelpName = "FILE" };
        var command = common.ForNetwork(verb, description, example);
        command.Add(id);
        command.Add(code);
        return command.Runs(environment, common, async (context, cancellation) =>
        {
            var client = await context.ConnectAsync(cancellation);
            if (context.Format == OutputFormat.Table)
                ChangeView.Show(context, await client.GetChangeAsync(context.Get(id), cancellation));
            var shown = context.Get(code) is { } file ? DocumentFile.ReadText(file, CliFault.Unreadable, "code").Trim() : SecretPrompt.Ask(environment, "Code of the app");
            context.Write(await send(client, context.Get(id), new ProveChangeRequest(shown), cancellation), ApiJson.Default.ChangeDocument, change => context.Say(done(change)));
            return ExitCodes.Done;
        });
    }

    private static Argument<string> Document()
    {
        var document = new Argument<string>("document") { Description = $"Which: {string.Join(" or ", Documents)}" };
        document.CompletionSources.Add(Documents);
        return document;
    }

    private static Argument<long> Id() => new("id") { Description = "The change's number, as 'entrepot change list' shows it" };

    private static Option<string?> Reason(string description) => new("--reason") { Description = description, HelpName = "TEXT" };

    private static async Task<byte[]> ReadAsync(CliEnvironment environment, string file, CancellationToken cancellation)
    {
        // Its words about files that can't be read are better than the system's.
        if (file != CommonOptions.Stream)
            DocumentFile.ReadText(file, CliFault.Unreadable, "document");
        await using var stream = file == CommonOptions.Stream ? environment.OpenInput() : File.OpenRead(file);
        // One byte more than a document may have is enough to refuse it.
        var buffer = new byte[ChangeBook.MaxBytes + 1];
        var length = await stream.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellation);
        return length <= ChangeBook.MaxBytes ? buffer[..length] : throw Fault.Of(
            ChangeFault.TooLarge, FaultKind.TooLarge, $"'{file}' has more than {ChangeBook.MaxBytes} bytes.", "Make it shorter.").ToException();
    }
}
