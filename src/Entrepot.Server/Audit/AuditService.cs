using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Entrepot.Core.Faults;
using Entrepot.Core.Journal;
using Entrepot.Core.Secrets;
using Entrepot.Core.State;
using Entrepot.Server.Api;

namespace Entrepot.Server.Audit;

/// <summary>Reads, proves and exports the journal. Whoever does is noted in it before anything is shown.</summary>
/// <param name="state">Where the journal is.</param>
/// <param name="time">The clock.</param>
public sealed class AuditService(StateDatabase state, TimeProvider time) : IAuditedJournal, IDisposable
{
    private readonly JournalReaders _readers = new(state, time);
    private readonly SemaphoreSlim _oneProof = new(1);

    /// <inheritdoc/>
    public void Dispose() => _oneProof.Dispose();

    /// <summary>The entries that are asked for, oldest first.</summary>
    public async Task<IReadOnlyList<JournalEntryDocument>> ReadAsync(JournalQuery query, string actor, CancellationToken cancellation)
    {
        await _readers.NoteAsync(actor, "page", query, cancellation);
        return [.. JournalTable.Read(state, query, cancellation).Select(JournalEntryDocument.Of)];
    }

    /// <summary>Writes the export's lines.</summary>
    public async Task ExportAsync(JournalExportStart start, string actor, Stream destination, CancellationToken cancellation)
    {
        await _readers.NoteAsync(actor, "export", new JournalQuery(start.After ?? 0, 1) { Since = start.Since }, cancellation);
        await JournalExport.WriteAsync(state, destination, start, time.GetUtcNow(), cancellation);
    }

    /// <summary>Signs what has no checkpoint yet, and tells the newest; null when the journal is empty.</summary>
    public async Task<CheckpointDocument?> CheckpointAsync(CancellationToken cancellation)
        => await JournalKeeping.CheckpointAsync(state, time.GetUtcNow(), cancellation) is { } checkpoint
            ? CheckpointDocument.Of(checkpoint, JournalKeeping.PublicKey(state))
            : null;

    /// <summary>Proves the journal; the last step has the result. One proof at a time, so that nobody keeps the machine busy with them.</summary>
    public async IAsyncEnumerable<AuditProgress> VerifyAsync(AuditRequest request, string actor, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var witness = WitnessOf(request);
        await _readers.NoteAsync(actor, "verify", null, cancellation);
        await _oneProof.WaitAsync(cancellation);
        try
        {
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            var steps = Channel.CreateBounded<JournalProgress>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest });
            var proof = Task.Run(
                () =>
                {
                    try
                    {
                        return JournalVerifier.Verify(state, witness, new Steps(steps.Writer), stop.Token);
                    }
                    finally
                    {
                        steps.Writer.Complete();
                    }
                },
                CancellationToken.None);
            try
            {
                await foreach (var step in steps.Reader.ReadAllAsync(cancellation))
                    yield return new AuditProgress(step.Entries, step.Total, null);
                var result = await proof;
                yield return new AuditProgress(result.Entries, result.Entries, result);
            }
            finally
            {
                await stop.CancelAsync();
                await ((Task)proof).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
        finally
        {
            _oneProof.Release();
        }
    }

    /// <summary>Reads what a proof must agree with.</summary>
    /// <exception cref="FaultException"><see cref="JournalFault.Malformed"/>.</exception>
    internal static JournalWitness WitnessOf(AuditRequest request)
    {
        if (request.Checkpoints?.Count > AuditRequest.MaxCheckpoints)
            throw Fault.Of(JournalFault.Malformed, FaultKind.TooLarge, $"{request.Checkpoints.Count} checkpoints are more than {AuditRequest.MaxCheckpoints}.").ToException();
        return new JournalWitness
        {
            Checkpoints = [.. (request.Checkpoints ?? []).Select(static (text, index) => JournalCheckpoint.Parse(text, $"checkpoint {index + 1}"))],
            PublicKey = request.PublicKey is not { } pem ? null : Ed25519Signature.FromPem(pem) ?? throw Fault.Of(
                JournalFault.Malformed, FaultKind.Invalid, "The public key is no Ed25519 key in PEM.", "'entrepot audit checkpoint --key' prints one.").ToException(),
        };
    }

    private sealed class Steps(ChannelWriter<JournalProgress> writer) : IProgress<JournalProgress>
    {
        public void Report(JournalProgress value) => writer.TryWrite(value);
    }
}
