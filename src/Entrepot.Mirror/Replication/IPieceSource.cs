using Entrepot.Mirror.Integrity;

namespace Entrepot.Mirror.Replication;

/// <summary>Somewhere that pieces can be fetched from: the origin or another edge. It is not trusted: whoever fetches verifies.</summary>
public interface IPieceSource
{
    /// <summary>Short name for logs and errors, such as a node's name or base address. Unique among the sources used together.</summary>
    string Name { get; }

    /// <summary>Begins to send the bytes of one piece. The stream holds the piece from its first byte; it is disposed by the caller and
    /// must honour cancellation, by which stalls are ended.</summary>
    /// <exception cref="Core.Faults.FaultException">Made from a <see cref="SourceFailure"/>. Any other exception but cancellation counts as
    /// <see cref="ReplicationFault.Unreachable"/>.</exception>
    ValueTask<Stream> OpenAsync(Fingerprint blob, int piece, CancellationToken cancellation);
}
