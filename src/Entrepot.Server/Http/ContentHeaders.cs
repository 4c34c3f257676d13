using Entrepot.Core.Identities;
using Microsoft.Extensions.Primitives;

namespace Entrepot.Server.Http;

/// <summary>The header values of one blob under one name, made once and reused for every answer.</summary>
public sealed class ContentHeaders
{
    /// <summary>Cache rule for a name whose bytes may be replaced by the next publish.</summary>
    public const string Revalidate = "no-cache";

    /// <summary>For what a credential was needed for: nobody in between keeps it, and the client asks again each time (RFC 9111 §5.2.2.7).</summary>
    public const string Private = "private, no-cache";

    /// <summary>Cache rule for bytes that are named by their digest (RFC 8246).</summary>
    public const string Immutable = "public, max-age=31536000, immutable";

    /// <summary>Prepares the values.</summary>
    /// <param name="digest">The blob.</param>
    /// <param name="fileName">Decides the media type; null for <c>application/octet-stream</c>.</param>
    /// <param name="modified">For <c>Last-Modified</c>; null to leave it out.</param>
    /// <param name="cacheControl"><see cref="Revalidate"/> or <see cref="Immutable"/>.</param>
    public ContentHeaders(Sha256Digest digest, string? fileName, DateTimeOffset? modified, string cacheControl)
    {
        Digest = digest;
        ETag = EntityTag(digest);
        ReprDigest = Representation(digest);
        ContentType = MediaTypes.Of(fileName);
        CacheControl = cacheControl;
        // HTTP dates have whole seconds (RFC 9110 §5.6.7); comparing needs the same.
        Modified = modified is { } at ? DateTimeOffset.FromUnixTimeSeconds(at.ToUnixTimeSeconds()) : null;
        LastModified = Modified is { } whole ? whole.ToString("R") : StringValues.Empty;
    }

    /// <summary>The blob.</summary>
    public Sha256Digest Digest { get; }

    /// <summary>Strong entity tag, quotes included.</summary>
    public StringValues ETag { get; }

    /// <summary><c>Repr-Digest</c> (RFC 9530).</summary>
    public StringValues ReprDigest { get; }

    /// <summary>Media type.</summary>
    public StringValues ContentType { get; init; }

    /// <summary><c>Cache-Control</c>.</summary>
    public StringValues CacheControl { get; }

    /// <summary><c>Last-Modified</c>, or empty.</summary>
    public StringValues LastModified { get; }

    /// <summary>The time in <see cref="LastModified"/>.</summary>
    public DateTimeOffset? Modified { get; }

    /// <summary>The strong entity tag of a blob, quotes included.</summary>
    public static string EntityTag(Sha256Digest digest) => $"\"{digest}\"";

    /// <summary>The <c>Repr-Digest</c> value of a blob: an RFC 8941 byte sequence.</summary>
    public static string Representation(Sha256Digest digest) => $"sha-256=:{Convert.ToBase64String(digest.ToBytes())}:";
}
