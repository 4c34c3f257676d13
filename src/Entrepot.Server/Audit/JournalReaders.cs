using System.Globalization;
using Entrepot.Core.Journal;
using Entrepot.Core.State;
using Entrepot.Server.Hosting;

namespace Entrepot.Server.Audit;

/// <summary>Writes down who reads the journal. One who follows it page by page is noted once a minute, not once a page.</summary>
internal sealed class JournalReaders(StateDatabase state, TimeProvider time)
{
    /// <summary>For so long one note stands for all that the same reader asks for in the same words.</summary>
    private static readonly TimeSpan Session = TimeSpan.FromMinutes(1);

    /// <summary>The same for a node that copies: what it reads is known, and that it reads on is no news.</summary>
    private static readonly TimeSpan Following = TimeSpan.FromHours(1);

    /// <summary>Most readers that are remembered; beyond it all are forgotten, and noted again.</summary>
    private const int Most = 1000;

    private readonly Lock _lock = new();
    private readonly Dictionary<(string Actor, string Filter), DateTimeOffset> _noted = [];

    /// <summary>Notes a reader, before anything is read: what can't be journalled is not shown.</summary>
    /// <param name="actor">Who reads.</param>
    /// <param name="way">How: <c>page</c>, <c>export</c>, <c>verify</c>.</param>
    /// <param name="query">What is asked for; null for all of it.</param>
    /// <param name="cancellation">Gives up.</param>
    public async Task NoteAsync(string actor, string way, JournalQuery? query, CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        var filter = JournalDetails.Of(
            ("way", way), ("action", query?.Action is { Length: > 0 } action ? action : null), ("who", query?.Who),
            ("since", query?.Since?.ToString("O", CultureInfo.InvariantCulture)), ("until", query?.Until?.ToString("O", CultureInfo.InvariantCulture)));
        lock (_lock)
        {
            if (_noted.TryGetValue((actor, filter), out var last) && now - last < (actor.StartsWith("node:", StringComparison.Ordinal) ? Following : Session))
                return;
            if (_noted.Count >= Most)
                _noted.Clear();
            _noted[(actor, filter)] = now;
        }

        try
        {
            await state.WriteAsync(
                transaction => JournalTable.Append(transaction, new JournalEntry(
                    now, actor, "journal.read", query?.After is { } after ? string.Create(CultureInfo.InvariantCulture, $"after {after}") : way == "page" ? "newest" : "*", filter)),
                cancellation);
        }
        catch
        {
            lock (_lock)
                _noted.Remove((actor, filter));
            throw;
        }
    }
}
