using Entrepot.Core.Journal;
using Entrepot.Server.Api;

namespace Entrepot.Server.Audit;

/// <summary>A journal that auditors read, prove and take away: a node's own, or the copy of another's.</summary>
public interface IAuditedJournal
{
    /// <summary>The entries that are asked for, oldest first.</summary>
    Task<IReadOnlyList<JournalEntryDocument>> ReadAsync(JournalQuery query, string actor, CancellationToken cancellation);

    /// <summary>Writes the export's lines.</summary>
    /// <param name="start">Where it begins.</param>
    /// <param name="actor">Who reads.</param>
    /// <param name="destination">Takes the lines.</param>
    /// <param name="cancellation">Gives up.</param>
    Task ExportAsync(JournalExportStart start, string actor, Stream destination, CancellationToken cancellation);

    /// <summary>The newest checkpoint, signed now where that can be; null when the journal is empty.</summary>
    Task<CheckpointDocument?> CheckpointAsync(CancellationToken cancellation);

    /// <summary>Proves the journal; the last step has the result.</summary>
    IAsyncEnumerable<AuditProgress> VerifyAsync(AuditRequest request, string actor, CancellationToken cancellation);
}
