using System.CommandLine;
using Entrepot.Cli.Rendering;
using Entrepot.Server.Api;

namespace Entrepot.Cli.Commands;

/// <summary><c>entrepot journal</c>.</summary>
internal static class JournalCommand
{
    /// <summary>Most entries that one call returns.</summary>
    private const int MaxCount = Core.Journal.JournalTable.MaxPage;

    public static Command Create(CliEnvironment environment, CommonOptions common)
    {
        var after = new Option<long?>("--after") { Description = "Those after this position instead of the newest", HelpName = "N" };
        var action = new Option<string?>("--action") { Description = "Only actions that begin so, such as lease or guard", HelpName = "PREFIX" };
        var count = new Option<int>("--count") { Description = $"At most so many, 1–{MaxCount}", HelpName = "N", DefaultValueFactory = static _ => 100 };
        count.Within(1, MaxCount);
        var command = common.ForNetwork(
            "journal", "Read the journal: everything that changed, oldest first",
            ("entrepot journal", "The newest 100 entries"),
            ("entrepot journal --action guard", "What strangers did on the node's ports"),
            ("entrepot journal --after 0 --count 1000 --output json", "From the beginning, for a program"));
        command.Add(after);
        command.Add(count);
        command.Add(action);
        return command.Runs(environment, common, async (context, cancellation) =>
        {
            var client = await context.ConnectAsync(cancellation);
            var entries = await client.ReadJournalAsync(context.Get(after), context.Get(count), context.Get(action), cancellation);
            context.Write(entries, ApiJson.Default.IReadOnlyListJournalEntryDocument, found => Tables.Write(
                context,
                [new("number", true), "at", "actor", "action", "subject", "details"],
                [.. found.Select(static entry => (string[])
                [
                    Units.Number(entry.Sequence), Units.Time(entry.At), entry.From.Length == 0 ? entry.Who : $"{entry.Who}@{entry.From}", entry.Action, entry.Subject, entry.Details.ToString() is "{}" ? "" : entry.Details.ToString(),
                ])],
                "Nothing stands there."));
            return ExitCodes.Done;
        });
    }
}
