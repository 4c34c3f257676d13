using System.Runtime.CompilerServices;
using System.Text;
using Entrepot.Core.Faults;
using Entrepot.Core.Journal;
using Entrepot.Core.Secrets;
using Entrepot.Core.State;
using Entrepot.Server.Api;

namespace Entrepot.Server.Audit.Copy;

/// <summary>Another node's journal as it was copied, for auditors. Reading it is noted in this node's own journal.</summary>
/// <param name="state">Where the copy is.</param>
/// <param name="sealing">Opens it.</param>
/// <param name="time">The clock.</param>
internal sealed class JournalCopy(StateDatabase state, SealingKey sealing, TimeProvider time) : IAuditedJournal
{
    /// <summary>Entries between two steps of a proof.</summary>
    private const int Step = 10_000;

    private readonly JournalReaders _readers = new(state, time);

    /// <summary>How far the copy is, and whether all of it proves.</summary>
    public JournalCopyDocument Status => CopyTable.ReadHead(state) is not { } head
        ? new JournalCopyDocument("waiting", null, 0, 0, null, null, null, null)
        : new JournalCopyDocument(
            head.Broken is null ? "following" : "broken", head.Journal, head.First, head.Last, Convert.ToHexStringLower(head.Hash), head.AskedAt, head.Broken?.At, head.Broken?.Flaw);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<JournalEntryDocument>> ReadAsync(JournalQuery query, string actor, CancellationToken cancellation)
    {
        await _readers.NoteAsync(actor, "page", query, cancellation);
        var (found, count, isNewest) = (new List<JournalEntry>(), Math.Clamp(query.Count, 1, JournalTable.MaxPage), query.After is null);
        foreach (var segment in CopyTable.Segments(state, isNewest))
        {
            cancellation.ThrowIfCancellationRequested();
            if (found.Count >= count || segment.Last <= query.After || segment.LastAt < query.Since || segment.FirstAt > query.Until)
                continue;
            var entries = CopyTable.Lines(state, sealing, segment.First).Select(JournalExportPass.EntryOf).OfType<JournalEntry>().Where(query.Wants);
            found.AddRange((isNewest ? entries.Reverse() : entries).Take(count - found.Count));
        }

        if (isNewest)
            found.Reverse();
        return [.. found.Select(JournalEntryDocument.Of)];
    }

    /// <inheritdoc/>
    public async Task ExportAsync(JournalExportStart start, string actor, Stream destination, CancellationToken cancellation)
    {
        await _readers.NoteAsync(actor, "export", new JournalQuery(start.After ?? 0, 1) { Since = start.Since }, cancellation);
        var all = CopyTable.Segments(state);
        // The newest checkpoint is always written, as in the original's own export.
        var skipped = start.After is { } after ? all.TakeWhile(segment => segment.Last <= after).ToList() : start.Since is { } since ? all.SkipLast(1).TakeWhile(segment => segment.LastAt < since).ToList() : [];
        if (start.After is { } wanted && wanted != (skipped.Count > 0 ? skipped[^1].Last : Head().First - 1))
            throw Fault.Of(
                JournalFault.Missing, FaultKind.NotFound, $"No checkpoint at entry {wanted} was copied.", "Begin after an entry at which a checkpoint was signed, or leave the parameter out.").ToException();
        foreach (var line in Lines(skipped))
        {
            cancellation.ThrowIfCancellationRequested();
            await destination.WriteAsync(Encoding.UTF8.GetBytes(line + "\n"), cancellation);
        }
    }

    /// <summary>The newest checkpoint that was copied: only the other node can sign one.</summary>
    public Task<CheckpointDocument?> CheckpointAsync(CancellationToken cancellation)
        => Task.FromResult(CopyTable.ReadHead(state) is { } head && Newest() is { } newest ? CheckpointDocument.Of(newest, Ed25519Signature.ToPem(head.PublicKey)) : null);

    /// <inheritdoc/>
    public async IAsyncEnumerable<AuditProgress> VerifyAsync(AuditRequest request, string actor, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var witness = AuditService.WitnessOf(request);
        await _readers.NoteAsync(actor, "verify", null, cancellation);
        var head = Head();
        var total = head.Last - head.First + 1;
        JournalExportPass? pass = null;
        JournalBreak? flaw = null;
        foreach (var line in Lines([]))
        {
            cancellation.ThrowIfCancellationRequested();
            if (pass is null)
                flaw = (pass = JournalExportPass.Begin(line))!.Trust(witness with { PublicKey = witness.PublicKey ?? head.PublicKey });
            else
                flaw = pass.Line(line);
            if (flaw is not null)
                break;
            if (pass.Last % Step == 0)
                yield return new AuditProgress(pass.Last - head.First + 1, total, null);
        }

        var result = pass!.Report(flaw ?? pass.End() ?? head.Broken?.Flaw);
        yield return new AuditProgress(result.Entries, result.Entries, result);
    }

    /// <summary>The lines of an export, the first one made for those that follow.</summary>
    private IEnumerable<string> Lines(List<CopySegment> skipped)
    {
        var (head, newest) = (Head(), Newest() ?? throw Empty());
        var first = skipped.Count > 0 ? skipped[^1].Last + 1 : head.First;
        yield return Encoding.UTF8.GetString(JournalExportPass.BeginningOf(head.Journal, head.PublicKey, first, skipped.Count > 0 ? skipped[^1].Hash : head.Previous, newest)).TrimEnd('\n');
        if ((skipped.Count > 0 ? CopyTable.Lines(state, sealing, skipped[^1].First)[^1] : head.Anchor) is { } anchor)
            yield return anchor;
        foreach (var line in CopyTable.Segments(state).Where(segment => segment.First >= first && segment.Last <= newest.Last).SelectMany(segment => CopyTable.Lines(state, sealing, segment.First)))
            yield return line;
    }

    private JournalCheckpoint? Newest()
        => CopyTable.Segments(state, newestFirst: true) is [var last, ..] ? JournalExportPass.CheckpointOf(CopyTable.Lines(state, sealing, last.First)[^1]) : null;

    private CopyHead Head() => CopyTable.ReadHead(state) ?? throw Empty();

    private static FaultException Empty() => Fault.Of(CopyFault.Empty, FaultKind.NotFound, "Nothing was copied yet.", "Wait until the origin was heard; this node's log says why if it takes long.").ToException();
}
