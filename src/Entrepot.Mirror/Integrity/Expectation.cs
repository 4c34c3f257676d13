using System.Collections.Immutable;
using Entrepot.Core.Faults;

namespace Entrepot.Mirror.Integrity;

/// <summary>The algorithms by which a sender may state what it sends.</summary>
public enum ChecksumAlgorithm
{
    /// <summary>SHA-256, always computed.</summary>
    Sha256,

    /// <summary>CRC-32 (IEEE 802.3), always computed.</summary>
    Crc32,

    /// <summary>MD5, computed in the same pass when stated.</summary>
    Md5,

    /// <summary>SHA-1, computed only when stated.</summary>
    Sha1,

    /// <summary>SHA-512, computed only when stated.</summary>
    Sha512,
}

/// <summary>One stated checksum.</summary>
/// <param name="Algorithm">By which algorithm.</param>
/// <param name="Value">The value in lower-case hex.</param>
/// <param name="Origin">Where it was stated, for the error: a header's or flag's name.</param>
public sealed record StatedChecksum(ChecksumAlgorithm Algorithm, string Value, string Origin);

/// <summary>What a sender says about the bytes before they have been seen.</summary>
/// <param name="Size">Length in bytes, or null when not announced.</param>
/// <param name="Checksums">The stated checksums, possibly none.</param>
public sealed record Expectation(long? Size, ImmutableArray<StatedChecksum> Checksums)
{
    /// <summary>Nothing stated.</summary>
    public static Expectation None { get; } = new(null, []);

    /// <summary>True when the algorithm must be computed for this sender.</summary>
    public bool Asks(ChecksumAlgorithm algorithm) => Checksums.Any(stated => stated.Algorithm == algorithm);

    /// <summary>Length of an algorithm's value in hex digits.</summary>
    public static int HexLength(ChecksumAlgorithm algorithm) => algorithm switch
    {
        ChecksumAlgorithm.Crc32 => 8,
        ChecksumAlgorithm.Md5 => 32,
        ChecksumAlgorithm.Sha1 => 40,
        ChecksumAlgorithm.Sha256 => 64,
        _ => 128,
    };

    /// <summary>Reads one stated checksum given in hex.</summary>
    /// <exception cref="FaultException"><see cref="VerificationFault.MalformedDigest"/>.</exception>
    public static StatedChecksum FromHex(ChecksumAlgorithm algorithm, string value, string origin)
    {
        var hex = value.Trim().ToLowerInvariant();
        if (hex.Length != HexLength(algorithm) || !hex.All(char.IsAsciiHexDigit))
            throw Fault.Of(
                VerificationFault.MalformedDigest, FaultKind.Invalid,
                $"{origin}: '{value}' is not a {algorithm} value; expected {HexLength(algorithm)} hex digits.").ToException();
        return new StatedChecksum(algorithm, hex, origin);
    }

    /// <summary>Reads one stated checksum given in base64, as <c>Content-MD5</c> and RFC 9530 have it.</summary>
    /// <exception cref="FaultException"><see cref="VerificationFault.MalformedDigest"/>.</exception>
    public static StatedChecksum FromBase64(ChecksumAlgorithm algorithm, string value, string origin)
    {
        var bytes = new byte[value.Length];
        if (!Convert.TryFromBase64String(value, bytes, out var written) || written * 2 != HexLength(algorithm))
            throw Fault.Of(
                VerificationFault.MalformedDigest, FaultKind.Invalid,
                $"{origin}: '{value}' is not a {algorithm} value; expected {HexLength(algorithm) / 2} bytes in base64.").ToException();
        return new StatedChecksum(algorithm, Convert.ToHexStringLower(bytes.AsSpan(0, written)), origin);
    }
}
