using System.Collections.Immutable;
using Entrepot.Core.Faults;
using Entrepot.Mirror.Integrity;
using Microsoft.AspNetCore.Http;

namespace Entrepot.Server.Push;

/// <summary>Reads what a sender states about its bytes: <c>Content-MD5</c> (RFC 1864), <c>Content-Digest</c> and
/// <c>Repr-Digest</c> (RFC 9530), <c>X-Checksum-*</c>. What is stated is compared, or refused as malformed; only algorithms
/// that RFC 9530 §2 lets a recipient ignore are ignored.</summary>
public static class ExpectationHeaders
{
    private const string ChecksumPrefix = "X-Checksum-";
    private const int MaxShown = 80;

    /// <summary>Reads the headers, reporting every malformed one.</summary>
    /// <param name="headers">The request's headers.</param>
    /// <param name="errors">One fault for each malformed statement; empty when all are well formed.</param>
    /// <returns>What was well formed.</returns>
    public static StatedDigests Read(IHeaderDictionary headers, out ImmutableArray<Fault> errors)
    {
        var faults = ImmutableArray.CreateBuilder<Fault>();
        var content = ImmutableArray.CreateBuilder<StatedChecksum>();
        var representation = ImmutableArray.CreateBuilder<StatedChecksum>();
        foreach (var value in headers.ContentMD5)
            Collect(content, faults, () => Expectation.FromBase64(ChecksumAlgorithm.Md5, (value ?? "").Trim(), "Content-MD5"));
        ReadDigestField(headers, "Content-Digest", content, faults);
        ReadDigestField(headers, "Repr-Digest", representation, faults);
        foreach (var (name, values) in headers)
        {
            if (!name.StartsWith(ChecksumPrefix, StringComparison.OrdinalIgnoreCase))
                continue;
            if (AlgorithmOf(name[ChecksumPrefix.Length..]) is not { } algorithm)
            {
                faults.Add(Malformed(
                    $"{name}: this checksum is not known, so it could not be compared.",
                    "Use X-Checksum-Sha256, -Sha512, -Sha1, -Md5 or -Crc32."));
                continue;
            }

            foreach (var value in values)
                Collect(representation, faults, () => Expectation.FromHex(algorithm, value ?? "", name));
        }

        errors = faults.ToImmutable();
        return new StatedDigests(content.ToImmutable(), representation.ToImmutable());
    }

    /// <summary>As <see cref="Read"/>, throwing one fault that tells every error.</summary>
    /// <exception cref="FaultException"><see cref="VerificationFault.MalformedDigest"/>.</exception>
    public static StatedDigests Parse(IHeaderDictionary headers)
    {
        var stated = Read(headers, out var errors);
        return errors switch
        {
            [] => stated,
            [var only] => throw only.ToException(),
            _ => throw Malformed(string.Join(" ", errors.Select(static error => error.Message)), errors[0].Cure).ToException(),
        };
    }

    private static void ReadDigestField(
        IHeaderDictionary headers, string field, ImmutableArray<StatedChecksum>.Builder into, ImmutableArray<Fault>.Builder faults)
    {
        // Several lines of one field are one list (RFC 9110 §5.3).
        var text = string.Join(", ", headers[field].Where(static line => !string.IsNullOrWhiteSpace(line)));
        if (text.Length == 0)
        {
            if (headers.ContainsKey(field))
                faults.Add(Malformed($"{field} is empty.", DigestCure(field)));
            return;
        }

        var members = new Dictionary<string, StructuredItem>(StringComparer.Ordinal);
        if (!new StructuredFieldReader(text).TryReadDictionary(members))
        {
            faults.Add(Malformed($"{field}: '{Shorten(text)}' is not a dictionary of digests.", DigestCure(field)));
            return;
        }

        foreach (var (key, item) in members)
        {
            if (DigestAlgorithmOf(key) is not { } algorithm)
                continue;
            if (item.Bytes is { } bytes && bytes.Length * 2 == Expectation.HexLength(algorithm))
                into.Add(new StatedChecksum(algorithm, Convert.ToHexStringLower(bytes), field));
            else
                faults.Add(Malformed(
                    $"{field}: the value of '{key}' is not {Expectation.HexLength(algorithm) / 2} bytes between colons in base64.",
                    DigestCure(field)));
        }
    }

    private static ChecksumAlgorithm? DigestAlgorithmOf(string key) => key switch
    {
        "sha-256" => ChecksumAlgorithm.Sha256,
        "sha-512" => ChecksumAlgorithm.Sha512,
        "md5" => ChecksumAlgorithm.Md5,
        "sha" => ChecksumAlgorithm.Sha1,
        _ => null,
    };

    private static ChecksumAlgorithm? AlgorithmOf(string suffix) => suffix.ToUpperInvariant() switch
    {
        "SHA256" => ChecksumAlgorithm.Sha256,
        "SHA512" => ChecksumAlgorithm.Sha512,
        "SHA1" => ChecksumAlgorithm.Sha1,
        "MD5" => ChecksumAlgorithm.Md5,
        "CRC32" => ChecksumAlgorithm.Crc32,
        _ => null,
    };

    private static void Collect(
        ImmutableArray<StatedChecksum>.Builder into, ImmutableArray<Fault>.Builder faults, Func<StatedChecksum> read)
    {
        try
        {
            into.Add(read());
        }
        catch (FaultException error)
        {
            faults.Add(error.Fault);
        }
    }

    private static string DigestCure(string field) => $"Send for example '{field}: sha-256=:BASE64:' (RFC 9530).";

    private static string Shorten(string text) => text.Length <= MaxShown ? text : text[..MaxShown] + "…";

    private static Fault Malformed(string message, string? cure)
        => Fault.Of(VerificationFault.MalformedDigest, FaultKind.Invalid, message, cure);
}
