using System.Collections.Immutable;
using System.IO.Hashing;
using System.Security.Cryptography;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;

namespace Entrepot.Mirror.Integrity;

/// <summary>Computes a <see cref="Fingerprint"/> in one pass over a stream and compares it with what the sender stated.
/// Not safe for use by several threads at once.</summary>
/// <remarks>The first piece is not hashed twice: at its end the running whole-file hash is its hash. So a blob of one piece costs
/// one SHA-256, and larger ones two.</remarks>
public sealed class Verifier : IDisposable
{
    private readonly Expectation _expectation;
    private readonly IncrementalHash _whole = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly IncrementalHash _piece = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly Crc32 _wholeCrc = new();
    private readonly Crc32 _pieceCrc = new();
    private readonly IncrementalHash? _md5;
    private readonly IncrementalHash? _sha1;
    private readonly IncrementalHash? _sha512;
    private readonly ImmutableArray<Piece>.Builder _pieces = ImmutableArray.CreateBuilder<Piece>();
    private readonly int _pieceSize;
    private int _inPiece;

    /// <summary>Starts a pass.</summary>
    /// <param name="expectation">What the sender stated. Without a size the smallest pieces are assumed; see <see cref="IsPieceSizeFinal"/>.</param>
    /// <param name="sizeHint">The length in bytes where it is known from elsewhere; decides the piece size but is not enforced.</param>
    public Verifier(Expectation expectation, long? sizeHint = null)
    {
        _expectation = expectation;
        _pieceSize = PieceSize.For(expectation.Size ?? sizeHint ?? 0);
#pragma warning disable CA5351, CA5350 // MD5 and SHA-1 are compared because the sender stated them; SHA-256 is what is trusted.
        _md5 = expectation.Asks(ChecksumAlgorithm.Md5) ? IncrementalHash.CreateHash(HashAlgorithmName.MD5) : null;
        _sha1 = expectation.Asks(ChecksumAlgorithm.Sha1) ? IncrementalHash.CreateHash(HashAlgorithmName.SHA1) : null;
#pragma warning restore CA5351, CA5350
        _sha512 = expectation.Asks(ChecksumAlgorithm.Sha512) ? IncrementalHash.CreateHash(HashAlgorithmName.SHA512) : null;
    }

    /// <summary>Bytes seen so far.</summary>
    public long Size { get; private set; }

    /// <summary>False when the pieces that were hashed are not those of a blob of this size, which happens only when the size was not
    /// known beforehand and exceeds 512 MiB. Then a second pass with the known size is needed. Bytes that are to be refused for their
    /// number need none.</summary>
    public bool IsPieceSizeFinal => _pieceSize == PieceSize.For(Size) || (_expectation.Size is { } announced && announced != Size);

    /// <summary>Takes the next bytes of the stream.</summary>
    /// <exception cref="FaultException">More bytes than were announced.</exception>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        if (_expectation.Size is { } announced && Size + bytes.Length > announced)
            throw SizeFault(announced, Size + bytes.Length, "at least ").ToException();
        Size += bytes.Length;
        _wholeCrc.Append(bytes);
        _md5?.AppendData(bytes);
        _sha1?.AppendData(bytes);
        _sha512?.AppendData(bytes);
        while (!bytes.IsEmpty)
        {
            var part = bytes[..Math.Min(bytes.Length, _pieceSize - _inPiece)];
            _whole.AppendData(part);
            if (_pieces.Count > 0)
                _piece.AppendData(part);
            _pieceCrc.Append(part);
            _inPiece += part.Length;
            if (_inPiece == _pieceSize)
                EndPiece();
            bytes = bytes[part.Length..];
        }
    }

    /// <summary>Ends the pass: compares everything that was stated, and reports every difference at once.</summary>
    /// <exception cref="FaultException"><see cref="VerificationFault.SizeMismatch"/> or <see cref="VerificationFault.DigestMismatch"/>, naming both values.</exception>
    /// <exception cref="InvalidOperationException"><see cref="IsPieceSizeFinal"/> is false.</exception>
    public Fingerprint Complete()
    {
        if (!IsPieceSizeFinal)
            throw new InvalidOperationException($"The piece size {_pieceSize} is not that of {Size} bytes; a second pass is needed.");
        if (_expectation.Size is { } announced && announced != Size)
            throw SizeFault(announced, Size, "").ToException();
        if (_inPiece > 0)
            EndPiece();
        Span<byte> hash = stackalloc byte[Sha256Digest.Length];
        _whole.GetCurrentHash(hash);
        var digest = new Sha256Digest(hash);
        var md5 = _md5 is null ? (Md5Digest?)null : new Md5Digest(_md5.GetCurrentHash());
        Compare(digest, md5);
        return new Fingerprint(digest, Size, _wholeCrc.GetCurrentHashAsUInt32(), md5, _pieceSize, _pieces.ToImmutable());
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _whole.Dispose();
        _piece.Dispose();
        _md5?.Dispose();
        _sha1?.Dispose();
        _sha512?.Dispose();
    }

    private static Fault SizeFault(long announced, long actual, string qualifier)
        => Fault.Of(
            VerificationFault.SizeMismatch, FaultKind.Mismatch,
            $"{announced} bytes were announced, {qualifier}{actual} arrived.", "Send the file again.");

    private void EndPiece()
    {
        Span<byte> hash = stackalloc byte[Sha256Digest.Length];
        if (_pieces.Count == 0)
            _whole.GetCurrentHash(hash);
        else
            _piece.GetHashAndReset(hash);
        _pieces.Add(new Piece(_pieceCrc.GetCurrentHashAsUInt32(), new Sha256Digest(hash)));
        _pieceCrc.Reset();
        _inPiece = 0;
    }

    private void Compare(Sha256Digest digest, Md5Digest? md5)
    {
        var differences = new List<string>();
        foreach (var stated in _expectation.Checksums)
        {
            var computed = stated.Algorithm switch
            {
                ChecksumAlgorithm.Sha256 => digest.Hex,
                ChecksumAlgorithm.Crc32 => _wholeCrc.GetCurrentHashAsUInt32().ToString("x8", null),
                ChecksumAlgorithm.Md5 => md5!.Value.ToString(),
                ChecksumAlgorithm.Sha1 => Convert.ToHexStringLower(_sha1!.GetCurrentHash()),
                _ => Convert.ToHexStringLower(_sha512!.GetCurrentHash()),
            };
            if (!string.Equals(computed, stated.Value, StringComparison.Ordinal))
                differences.Add($"{stated.Origin} states {stated.Algorithm} {stated.Value}, the received bytes have {computed}");
        }

        if (differences.Count > 0)
            throw Fault.Of(
                VerificationFault.DigestMismatch, FaultKind.Mismatch, string.Join("; ", differences) + ". Nothing was stored.",
                "Check the file at its source and send it again.").ToException();
    }
}
