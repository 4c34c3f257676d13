using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Mirror.Integrity;

namespace Entrepot.Mirror.Oci;

/// <summary>A digest as registries write it: <c>sha256:</c> or <c>sha512:</c> and lower-case hex (OCI Image Specification 1.1, "Descriptors", Digests).</summary>
public readonly record struct OciDigest
{
    private static readonly SearchValues<char> Digits = SearchValues.Create("0123456789abcdef");

    private readonly string? _hex;

    private OciDigest(ChecksumAlgorithm algorithm, string hex) => (Algorithm, _hex) = (algorithm, hex);

    /// <summary>SHA-256 or SHA-512.</summary>
    public ChecksumAlgorithm Algorithm { get; }

    /// <summary>64 or 128 hexadecimal digits in lower case.</summary>
    public string Hex => _hex ?? new string('0', 64);

    /// <summary>The digest as the blob store names bytes; null for SHA-512.</summary>
    public Sha256Digest? Sha256 => Algorithm == ChecksumAlgorithm.Sha256 ? Sha256Digest.Parse(ToString()) : null;

    /// <summary>What a sender states by naming it.</summary>
    public StatedChecksum Stated => new(Algorithm, Hex, "digest");

    /// <summary>The registry's name of stored bytes.</summary>
    public static OciDigest Of(Sha256Digest digest) => new(ChecksumAlgorithm.Sha256, digest.Hex);

    /// <summary>Reads a digest.</summary>
    /// <returns>False for anything but the two registered algorithms with the right number of digits.</returns>
    public static bool TryParse([NotNullWhen(true)] string? text, out OciDigest digest)
    {
        digest = default;
        var algorithm = text?.Length switch { 71 => ChecksumAlgorithm.Sha256, 135 => ChecksumAlgorithm.Sha512, _ => (ChecksumAlgorithm?)null };
        if (algorithm is not { } known || !text!.StartsWith(Prefix(known), StringComparison.Ordinal) || text.AsSpan(7).IndexOfAnyExcept(Digits) >= 0)
            return false;
        digest = new OciDigest(known, text[7..]);
        return true;
    }

    /// <summary>As <see cref="TryParse"/>, throwing the fault.</summary>
    /// <exception cref="FaultException"><see cref="OciFault.DigestInvalid"/>.</exception>
    public static OciDigest Parse(string? text) => TryParse(text, out var digest) ? digest : throw Fault.Of(
        OciFault.DigestInvalid, FaultKind.Invalid, $"'{Shorten(text)}' is no digest that is taken here.", "Write sha256: and 64, or sha512: and 128 hexadecimal digits in lower case.").ToException();

    /// <inheritdoc/>
    public override string ToString() => $"{Prefix(Algorithm)}{Hex}";

    internal static string Shorten(string? text) => text is { Length: > 150 } ? text[..150] + "…" : text ?? "";

    private static string Prefix(ChecksumAlgorithm algorithm) => algorithm == ChecksumAlgorithm.Sha512 ? "sha512:" : "sha256:";
}
