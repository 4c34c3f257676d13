using System.CommandLine;
using Entrepot.Cli.Audit;
using Entrepot.Cli.Rendering;
using Entrepot.Core.Journal;
using Entrepot.Server.Api;

namespace Entrepot.Cli.Commands;

/// <summary><c>entrepot audit log</c>.</summary>
internal static class AuditLogCommand
{
    public static Command Create(CliEnvironment environment, CommonOptions common)
    {
        var folder = new Argument<string>("folder")
        {
            Description = "Data folder of a node or agent that does not run [default: the running one is asked]", HelpName = "FOLDER",
            Arity = ArgumentArity.ZeroOrOne, DefaultValueFactory = static _ => "",
        };
        var since = new Option<string?>("--since") { Description = $"From this time on: {AuditTime.Form}", HelpName = "TIME" };
        var until = new Option<string?>("--until") { Description = "Up to this time", HelpName = "TIME" };
        var who = new Option<string?>("--who") { Description = "Only by this actor or from this address, such as user:ann, ann or 10.0.0.7", HelpName = "NAME" };
        var action = new Option<string?>("--action") { Description = "Only actions that begin so, such as lease or guard", HelpName = "PREFIX" };
        var after = new Option<long?>("--after") { Description = "Those after this position instead of the newest", HelpName = "N" };
        var count = new Option<int>("--count") { Description = $"At most so many, 1–{JournalTable.MaxPage}", HelpName = "N", DefaultValueFactory = static _ => 100 };
        count.Within(1, JournalTable.MaxPage);
        var source = new AuditSource();
        var command = common.ForNetwork(
            "log", "Read the journal: who changed or read what, when, from where and how it ended, oldest first. The reading is journalled too",
            ("entrepot audit log", "The newest 100 entries"),
            ("entrepot audit log --since 24h --who ann", "What ann did since yesterday"),
            ("entrepot audit log --action guard", "What strangers did on the node's ports"),
            ("entrepot audit log --after 0 --count 1000 --output json", "From the beginning, for a program"),
            ("entrepot audit log --agent", "What this machine's agent did to the packet filter"));
        command.Add(folder);
        foreach (var option in new Option[] { since, until, who, action, after, count })
            command.Add(option);
        source.AddTo(command);
        return command.Runs(environment, common, async (context, cancellation) =>
        {
            var now = environment.Time.GetUtcNow();
            var query = new JournalQuery(context.Get(after), context.Get(count))
            {
                Action = context.Get(action) ?? "",
                Who = context.Get(who),
                Since = AuditTime.Parse(context.Get(since), since.Name, now),
                Until = AuditTime.Parse(context.Get(until), until.Name, now),
            };
            var entries = await source.ReadAsync(context, context.Get(folder), query, cancellation);
            context.Write(entries, ApiJson.Default.IReadOnlyListJournalEntryDocument, found => Tables.Write(
                context,
                [new("number", true), "at", "who", "from", "action", "result", "subject", "details"],
                [.. found.Select(static entry => (string[])
                [
                    Units.Number(entry.Sequence), Units.Time(entry.At), entry.Who, entry.From, entry.Action, entry.Result.ToString().ToLowerInvariant(), entry.Subject, Details(entry),
                ])],
                "Nothing stands there."));
            return ExitCodes.Done;
        });
    }

    private static string Details(JournalEntryDocument entry)
    {
        var change = (entry.Before, entry.After) switch
        {
            ({ } before, { } after) => $"{before} → {after} ",
            ({ } before, null) => $"{before} → nothing ",
            (null, { } after) => $"→ {after} ",
            _ => "",
        };
        return change + (entry.Details.ToString() is var details and not "{}" ? details : "");
    }
}
