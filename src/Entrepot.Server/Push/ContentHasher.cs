using System.Collections.Immutable;
using System.Security.Cryptography;
using Entrepot.Core.Faults;
using Entrepot.Mirror.Integrity;

namespace Entrepot.Server.Push;

/// <summary>Compares the content of one request of a resumable upload with what that request states about it; the whole file is the
/// concern of <see cref="Verifier"/>.</summary>
internal sealed class ContentHasher : IDisposable
{
    private readonly List<(StatedChecksum Stated, IncrementalHash Hash)> _hashes;

    private ContentHasher(List<(StatedChecksum Stated, IncrementalHash Hash)> hashes) => _hashes = hashes;

    /// <summary>Makes ready for what was stated.</summary>
    /// <returns>Null when nothing was.</returns>
    public static ContentHasher? For(ImmutableArray<StatedChecksum> stated)
        => stated.IsEmpty ? null : new ContentHasher([.. stated.Select(static one => (one, IncrementalHash.CreateHash(NameOf(one.Algorithm))))]);

    /// <summary>Takes the next bytes of the content.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        foreach (var (_, hash) in _hashes)
            hash.AppendData(bytes);
    }

    /// <summary>Compares.</summary>
    /// <exception cref="FaultException"><see cref="VerificationFault.DigestMismatch"/>, naming both values.</exception>
    public void Verify()
    {
        var differences = new List<string>();
        foreach (var (stated, hash) in _hashes)
        {
            var computed = Convert.ToHexStringLower(hash.GetCurrentHash());
            if (computed != stated.Value)
                differences.Add($"{stated.Origin} states {stated.Algorithm} {stated.Value}, the content of this request has {computed}");
        }

        if (differences.Count > 0)
            throw Fault.Of(
                VerificationFault.DigestMismatch, FaultKind.Mismatch, string.Join("; ", differences) + ". None of it was appended.",
                "Send this part again.").ToException();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var (_, hash) in _hashes)
            hash.Dispose();
    }

    private static HashAlgorithmName NameOf(ChecksumAlgorithm algorithm) => algorithm switch
    {
        ChecksumAlgorithm.Md5 => HashAlgorithmName.MD5,
        ChecksumAlgorithm.Sha1 => HashAlgorithmName.SHA1,
        ChecksumAlgorithm.Sha256 => HashAlgorithmName.SHA256,
        ChecksumAlgorithm.Sha512 => HashAlgorithmName.SHA512,
        // No header that speaks of the content has it.
        _ => throw new ArgumentOutOfRangeException(nameof(algorithm), algorithm, null),
    };
}
