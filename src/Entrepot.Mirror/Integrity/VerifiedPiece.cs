using System.IO.Hashing;
using System.Security.Cryptography;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;

namespace Entrepot.Mirror.Integrity;

/// <summary>Proof that the bytes of one piece, wherever they are, were hashed and are the right ones. Made only by
/// <see cref="PieceVerifier"/>; what keeps or sends pieces asks for it.</summary>
public sealed class VerifiedPiece
{
    internal VerifiedPiece(Fingerprint blob, int index) => (Blob, Index) = (blob, index);

    /// <summary>The blob that the piece belongs to.</summary>
    public Fingerprint Blob { get; }

    /// <summary>Position of the piece, from 0.</summary>
    public int Index { get; }
}

/// <summary>Hashes one piece as its bytes arrive. Reusable after <see cref="Complete"/>; not safe for use by several threads at once.</summary>
public sealed class PieceVerifier : IDisposable
{
    private readonly IncrementalHash _sha256 = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly Crc32 _crc32 = new();
    private long _length;

    /// <summary>Takes the next bytes of the piece.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        _length += bytes.Length;
        _crc32.Append(bytes);
        _sha256.AppendData(bytes);
    }

    /// <summary>Ends the piece and starts anew.</summary>
    /// <param name="blob">The fingerprint that speaks for the blob.</param>
    /// <param name="index">Which piece the bytes claim to be.</param>
    /// <param name="source">Where they came from, for the error.</param>
    /// <exception cref="FaultException"><see cref="VerificationFault.PieceMismatch"/>, naming both values.</exception>
    public VerifiedPiece Complete(Fingerprint blob, int index, string source)
    {
        Span<byte> hash = stackalloc byte[Sha256Digest.Length];
        _sha256.GetHashAndReset(hash);
        var (length, crc32, sha256) = (_length, _crc32.GetCurrentHashAsUInt32(), new Sha256Digest(hash));
        _crc32.Reset();
        _length = 0;
        var expected = blob.Pieces[index];
        if (length == blob.LengthOf(index) && crc32 == expected.Crc32 && sha256 == expected.Sha256)
            return new VerifiedPiece(blob, index);
        throw Fault.Of(
            VerificationFault.PieceMismatch, FaultKind.Mismatch,
            $"Piece {index} of {blob.Digest} from {source} is wrong: {length} bytes with SHA-256 {sha256.Hex}, expected {blob.LengthOf(index)} bytes with {expected.Sha256.Hex}.",
            "The piece is fetched again from elsewhere; check that source.").ToException();
    }

    /// <inheritdoc/>
    public void Dispose() => _sha256.Dispose();
}
