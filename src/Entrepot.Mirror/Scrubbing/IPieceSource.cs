using Entrepot.Mirror.Integrity;

namespace Entrepot.Mirror.Scrubbing;

/// <summary>Another holder of blobs, from which a rotten piece can be fetched. Its bytes are believed only once they are proven.</summary>
public interface IPieceSource
{
    /// <summary>Its name, for reports: a node's name or an address.</summary>
    string Name { get; }

    /// <summary>Opens one piece for reading. The caller disposes the stream.</summary>
    /// <param name="blob">The blob.</param>
    /// <param name="piece">Which piece, from 0.</param>
    /// <param name="cancellation">Ends the attempt.</param>
    /// <exception cref="Exception">It does not have the piece or can't be reached; the next source is asked.</exception>
    Task<Stream> OpenAsync(Fingerprint blob, int piece, CancellationToken cancellation);
}
