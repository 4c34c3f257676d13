namespace Entrepot.Server.Audit.Copy;

/// <summary>Where a copy's lines come from.</summary>
internal interface IJournalFeed
{
    /// <summary>The lines of an export.</summary>
    /// <param name="after">The entry after which it begins, at which a checkpoint was signed; null for all.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="Core.Faults.FaultException"><see cref="Core.Journal.JournalFault.Missing"/> when there is nothing, or nothing was signed at that entry; others when the
    /// other node can't be reached.</exception>
    IAsyncEnumerable<string> ReadAsync(long? after, CancellationToken cancellation);
}
