using Entrepot.Core.Faults;
using Entrepot.Core.Journal;
using Entrepot.Core.Secrets;
using Entrepot.Core.State;
using Entrepot.Server.Hosting;
using Microsoft.Extensions.Logging;

namespace Entrepot.Server.Audit.Copy;

/// <summary>Follows another node's journal and keeps only what follows, by hash and signature, from what is kept already. Whoever rules that node
/// can't take back or rewrite what was copied: the first thing that does not prove is noted, told loudly, and ends the copying.</summary>
/// <param name="feed">The other node's journal.</param>
/// <param name="state">Where the copy is.</param>
/// <param name="sealing">Seals it.</param>
/// <param name="time">The clock, by which entries are old enough to go.</param>
/// <param name="logger">Where it is told.</param>
/// <param name="longestPart">Most characters from one checkpoint to the next: they are held in memory until it proves them.</param>
internal sealed class JournalFollower(
    IJournalFeed feed, StateDatabase state, SealingKey sealing, TimeProvider time, ILogger logger, long longestPart = JournalFollower.LongestPart)
{
    /// <summary>Some 100,000 entries; the journal signs after 1000 unless <c>journal.checkpointEntries</c> says otherwise.</summary>
    internal const long LongestPart = 128 << 20;

    /// <summary>Most segments that are fetched again in one round.</summary>
    private const int CoveredAtOnce = 100;

    /// <summary>By how much the clocks of the two nodes may differ before what goes at the first moment it may is taken for an offence.</summary>
    private static readonly TimeSpan ClocksDiffer = TimeSpan.FromHours(1);

    private const string Actor = "system:audit";

    private JournalCheckpoint? _newest;

    /// <summary>Runs until cancelled.</summary>
    public Task RunAsync(TimeSpan interval, CancellationToken cancellation)
        => Rounds.RunAsync(interval, time, RoundAsync, error => AuditLog.CopyFailed(logger, error.Message), cancellation);

    /// <summary>One round: what is new, then what retention asks for.</summary>
    internal async Task RoundAsync(CancellationToken cancellation)
    {
        if (CopyTable.ReadHead(state)?.Broken is not null)
            return;
        if (await PullAsync(CopyTable.ReadHead(state), cancellation) is { } flaw || (flaw = await ExpireAsync(cancellation)) is not null)
        {
            await BreakAsync(flaw, cancellation);
            return;
        }

        await CoverAsync(cancellation);
    }

    /// <summary>Fetches what follows, proves it and keeps it, checkpoint by checkpoint.</summary>
    /// <returns>What does not prove; null when all does.</returns>
    private async Task<JournalBreak?> PullAsync(CopyHead? head, CancellationToken cancellation)
    {
        JournalExportPass? pass = null;
        var lines = new List<string>();
        var held = 0L;
        var (firstAt, lastAt) = (DateTimeOffset.MaxValue, DateTimeOffset.MinValue);
        try
        {
            await foreach (var line in feed.ReadAsync(head?.Last, cancellation))
            {
                if (pass is null)
                {
                    pass = Begin(line);
                    if (Follows(head, pass) is { } other)
                        return other;
                    head ??= new CopyHead(pass.Journal, pass.PublicKey.ToArray(), pass.First, pass.Previous.ToArray(), null, pass.First - 1, pass.Previous.ToArray(), 0, time.GetUtcNow());
                    continue;
                }

                var signed = pass.Newest;
                if (pass.Line(line) is { } flaw)
                    return Known(head!, flaw);
                if (pass.PseudonymisedAt is { } withheld && IsYoung(withheld))
                    return Known(head!, new JournalBreak(
                        pass.Last, JournalFlaw.Withheld, $"Entry {pass.Last} comes without all that it told, and is of {withheld.UtcDateTime:u}: that is too young for people's time to have ended."));
                lines.Add(line);
                held = Held(held, line);
                if (ReferenceEquals(signed, pass.Newest))
                {
                    // A clock may have been set back in between.
                    (firstAt, lastAt) = (firstAt < pass.LastAt ? firstAt : pass.LastAt, lastAt > pass.LastAt ? lastAt : pass.LastAt);
                    continue;
                }

                if (lines.Count > 1)
                    head = await KeepAsync(head!, pass, lines, firstAt, lastAt, cancellation);
                else if (head!.Last == head.First - 1)
                    head = head with { Anchor = line };
                (lines, held, firstAt, lastAt) = ([], 0, DateTimeOffset.MaxValue, DateTimeOffset.MinValue);
            }
        }
        catch (FaultException error) when (error.Fault.Code == Fault.CodeOf(JournalFault.Missing))
        {
            // Nothing there yet is no flaw; something gone that was there is.
            return head is null ? null : new JournalBreak(
                head.Last, JournalFlaw.Truncated, $"The other node no longer has its journal as it was signed at entry {head.Last}: {error.Message}");
        }

        if (pass is null)
            throw Nonsense();
        _newest = pass.Newest;
        if (pass.End() is { } missing)
            return Known(head!, missing);
        await state.WriteAsync(transaction => CopyTable.PutHead(transaction, head! with { AskedAt = time.GetUtcNow() }), cancellation);
        return null;
    }

    private async Task<CopyHead> KeepAsync(CopyHead head, JournalExportPass pass, List<string> lines, DateTimeOffset firstAt, DateTimeOffset lastAt, CancellationToken cancellation)
    {
        var segment = new CopySegment(head.Last + 1, pass.Last, firstAt, lastAt, false, pass.Hash.ToArray());
        var next = head with { Last = pass.Last, Hash = segment.Hash, Covered = Math.Max(head.Covered, pass.CoveredUpTo), AskedAt = time.GetUtcNow() };
        var packed = CopyTable.Pack(lines, sealing, segment.First);
        await state.WriteAsync(
            transaction =>
            {
                CopyTable.PutSegment(transaction, segment, packed);
                CopyTable.PutHead(transaction, next);
            },
            cancellation);
        return next;
    }

    /// <summary>Lets go what the journal lets go by its retention. It must be old by this node's own clock too: else it was taken away.</summary>
    private async Task<JournalBreak?> ExpireAsync(CancellationToken cancellation)
    {
        if (CopyTable.ReadHead(state) is not { } head || _newest is not { } newest || newest.First <= head.First)
            return null;
        var gone = CopyTable.Segments(state).Where(segment => segment.Last < newest.First).ToList();
        if (gone.Count == 0)
            return null;
        // The youngest, not the last: whoever rules the other node can date what is appended back.
        var youngest = gone.Max(static segment => segment.LastAt);
        if (IsYoung(youngest))
            return new JournalBreak(
                head.First, JournalFlaw.Beginning,
                $"The other node has let go entries up to {newest.First - 1}, and the youngest of them is of {youngest.UtcDateTime:u}: nothing younger than {JournalRetention.Floor.TotalDays:0} days may go.");
        var anchor = CopyTable.Lines(state, sealing, gone[^1].First)[^1];
        await state.WriteAsync(
            transaction =>
            {
                CopyTable.DropUpTo(transaction, gone[^1].Last);
                CopyTable.PutHead(transaction, head with { First = gone[^1].Last + 1, Previous = gone[^1].Hash, Anchor = anchor });
            },
            cancellation);
        return null;
    }

    /// <summary>Fetches those segments again, without people, whose people's time had ended. The hashes stay, and prove that nothing else went.</summary>
    private async Task CoverAsync(CancellationToken cancellation)
    {
        if (CopyTable.ReadHead(state) is not { Covered: > 0 } head)
            return;
        var old = time.GetUtcNow() - JournalRetention.Floor;
        foreach (var segment in CopyTable.Segments(state).Where(segment => !segment.Covered && segment.Last <= head.Covered && segment.LastAt < old).Take(CoveredAtOnce))
        {
            var lines = new List<string>();
            var held = 0L;
            JournalExportPass? pass = null;
            await foreach (var line in feed.ReadAsync(segment.First - 1, cancellation))
            {
                if (pass is null)
                {
                    pass = Begin(line);
                    continue;
                }

                if (pass.Line(line) is { } flaw)
                    throw Fault.Of(CopyFault.Broken, FaultKind.Mismatch, $"Entries {segment.First}–{segment.Last} can't be fetched again without people: {flaw.Message}").ToException();
                if (pass.Last > segment.Last)
                    break;
                held = Held(held, line);
                if (pass.Last >= segment.First)
                    lines.Add(line);
                if (pass.Newest?.Last == segment.Last)
                    break;
            }

            if (pass is null || pass.Last != segment.Last || !pass.Hash.SequenceEqual(segment.Hash))
                throw Fault.Of(CopyFault.Broken, FaultKind.Mismatch, $"Entries {segment.First}–{segment.Last} came back other than they were copied.").ToException();
            var known = CopyTable.Lines(state, sealing, segment.First);
            if (known.Length != lines.Count || known.Zip(lines).Any(static pair => !JournalExportPass.IsWithoutPeople(pair.First, pair.Second)))
                throw Fault.Of(CopyFault.Broken, FaultKind.Mismatch, $"Entries {segment.First}–{segment.Last} came back with more changed than people. They are kept as they were.").ToException();
            var packed = CopyTable.Pack(lines, sealing, segment.First);
            await state.WriteAsync(transaction => CopyTable.PutSegment(transaction, segment with { Covered = true }, packed), cancellation);
        }
    }

    private bool IsYoung(DateTimeOffset at) => time.GetUtcNow() - at < JournalRetention.Floor - ClocksDiffer;

    private long Held(long before, string line) => before + line.Length <= longestPart
        ? before + line.Length
        : throw Fault.Of(
            CopyFault.Endless, FaultKind.TooLarge, $"The other node sends more than {longestPart} characters without a checkpoint.",
            "See that its journal.checkpointEntries is at most 100000; if it is, look into what it sends.").ToException();

    private async Task BreakAsync(JournalBreak flaw, CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        await state.WriteAsync(
            transaction =>
            {
                CopyTable.Break(transaction, flaw, now);
                JournalTable.Append(transaction, new JournalEntry(
                    now, Actor, "journal.copy-broken", FormattableString.Invariant($"entry {flaw.Sequence}"), JournalDetails.Of(("why", flaw.Message))) { Result = JournalResult.Failed });
            },
            cancellation);
        AuditLog.CopyBroken(logger, flaw.Sequence, flaw.Message);
    }

    /// <summary>Says when what comes is another journal than what was copied, or does not follow from it.</summary>
    private static JournalBreak? Follows(CopyHead? head, JournalExportPass pass)
        => head is null ? null
            : pass.Journal != head.Journal ? new JournalBreak(head.Last + 1, JournalFlaw.Replaced, $"The other node has another journal, {pass.Journal[..16]}, than the one that was copied, {head.Journal[..16]}.")
            : !pass.PublicKey.Span.SequenceEqual(head.PublicKey) ? new JournalBreak(head.Last + 1, JournalFlaw.Key, "The other node signs its journal by another key than the one that was noted.")
            : pass.First != head.Last + 1 || !pass.Previous.Span.SequenceEqual(head.Hash) ? new JournalBreak(head.Last, JournalFlaw.Replaced, $"Entry {head.Last} of the other node is not the one that was copied.")
            : null;

    /// <summary>A flaw of a copy that has begun; the first one is no flaw but a failure, as there is nothing to protect yet.</summary>
    private JournalBreak Known(CopyHead head, JournalBreak flaw)
        => CopyTable.ReadHead(state) is not null || head.Last >= head.First ? flaw
            : throw Fault.Of(CopyFault.Broken, FaultKind.Mismatch, $"The other node's journal does not prove: {flaw.Message}", "'entrepot audit verify' there tells more.").ToException();

    private static JournalExportPass Begin(string line) => JournalExportPass.Begin(line) ?? throw Nonsense();

    private static FaultException Nonsense() => Fault.Of(
        CopyFault.Malformed, FaultKind.Unavailable, "What the other node sends is no export of a journal.", "Check that the address is an origin's metadata surface, of a matching version.").ToException();
}
